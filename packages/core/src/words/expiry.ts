/**
 * How long a token may still be handed out.
 *
 * - `fresh`: use it.
 * - `stale`: use it, and start a refresh that nobody waits for.
 * - `expired`: wait for a refresh.
 */
export type Freshness = 'fresh' | 'stale' | 'expired'

/** When a token stops being fresh. All times are counted back from its expiry. */
export interface ExpiryPolicy {
  /** The background refresh starts at least this long before expiry, in milliseconds. Default 300 000 (5 minutes). */
  readonly refreshAheadMs: number
  /**
   * Each process starts up to this much earlier, at one random point of its own, so that a fleet does not start at
   * once, in milliseconds. Default 300 000 (5 minutes), which gives 5 to 10 minutes before expiry.
   */
  readonly refreshJitterMs: number
  /**
   * A token is not handed out this long before expiry, in milliseconds. It pays for the difference between clocks and
   * for the time the request itself takes. Default 30 000 (30 seconds).
   */
  readonly safetyMarginMs: number
}

export const DEFAULT_EXPIRY_POLICY: ExpiryPolicy = Object.freeze({
  refreshAheadMs: 300_000,
  refreshJitterMs: 300_000,
  safetyMarginMs: 30_000,
})

/** The life for which the policy is meant, in milliseconds: Zoho's hour. Shorter lives shrink all its times in proportion. */
export const REFERENCE_LIFE_MS = 3_600_000

/** The policy of one process: its own point in `refreshJitterMs` is drawn. @param draw A number between 0 and 1. */
export function drawnPolicy(policy: ExpiryPolicy, draw: number): ExpiryPolicy {
  const refreshAheadMs = policy.refreshAheadMs + policy.refreshJitterMs * draw
  return { ...policy, refreshAheadMs, refreshJitterMs: 0 }
}

/**
 * Classifies a token by the time it has left. Total: `NaN` gives `expired`.
 *
 * @param expiresAt Expiry of the token, in milliseconds since the epoch.
 * @param lifeMs Its whole life when it was made, in milliseconds. A token that lives for seconds gets margins of
 *   milliseconds, so that there is always a time in which it is fresh.
 * @param policy From {@link drawnPolicy}.
 */
export function freshness(expiresAt: number, lifeMs: number, now: number, policy: ExpiryPolicy): Freshness {
  const left = expiresAt - now
  const scale = proportion(lifeMs)
  if (left > policy.refreshAheadMs * scale) return 'fresh'
  if (left > policy.safetyMarginMs * scale) return 'stale'
  return 'expired'
}

/** How much of the policy's times a token of this life gets. */
export function proportion(lifeMs: number): number {
  return lifeMs >= REFERENCE_LIFE_MS ? 1 : Math.max(0, lifeMs / REFERENCE_LIFE_MS)
}
