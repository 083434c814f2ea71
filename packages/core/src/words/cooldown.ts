/**
 * Why nothing may be sent for a while.
 *
 * - `dead`: Zoho refused the grant.
 * - `revoked`: the connection was revoked on purpose.
 * - `throttled`: Zoho said that too many tokens were asked for.
 * - `budget`: our own share of Zoho's limit is spent.
 * - `backoff`: the accounts server failed lately.
 */
export type CooldownReason = 'dead' | 'revoked' | 'throttled' | 'budget' | 'backoff'

/** Why one process asks nobody for a while. Says nothing about the grant, so no shared store hears of it. */
export type ProcessCooldownReason = 'client' | 'unreachable' | 'store'

/** A time in which nothing may be sent, counted from now on the store's own clock. */
export interface Cooldown {
  readonly reason: CooldownReason
  readonly ms: number
}
