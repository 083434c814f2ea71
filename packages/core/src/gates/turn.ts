import type { BudgetPolicy, GoTurn, QuietReason, StoredToken, TokenStore } from '../stores/ports.js'
import type { Clock } from '../words/clock.js'
import { ZohoAuthError, type ZohoAuthErrorCode } from '../words/errors.js'
import { StoreFault, type StoreHealth } from './store-health.js'

/** What a shared store said about quiet is believed for this long without asking again, in milliseconds. */
export const QUIET_REMEMBERED_MS = 5_000

/** Waiting for somebody else's refresh: the store is asked again after 50 ms, then less and less often up to 400 ms. */
const POLL_FIRST_MS = 50
const POLL_LONGEST_MS = 400

/** Most keys whose quiet is remembered. */
const MOST_REMEMBERED = 100_000

/** A time in which this process asks nobody. */
export interface RememberedQuiet {
  readonly untilAt: number
  /** `client`, `unreachable` and `store` say something about this process alone; they never go into a shared store. */
  readonly reason: QuietReason | 'client' | 'unreachable' | 'store'
  /** The error that callers get, without its retry time. */
  readonly code: ZohoAuthErrorCode
  readonly action?: string | undefined
  readonly cause?: unknown
}

const OWN_REASONS: ReadonlySet<string> = new Set(['client', 'unreachable', 'store'])

/** Remembers quiet in this process, by key, so that a thousand callers cost no thousand questions. */
export class QuietMemory {
  readonly #entries = new Map<string, { readonly quiet: RememberedQuiet; readonly askAgainAt: number }>()

  /** Remembers until the quiet ends; what a shared store said is asked again after {@link QUIET_REMEMBERED_MS}. */
  set(key: string, quiet: RememberedQuiet, now: number): void {
    if (this.#entries.size >= MOST_REMEMBERED) this.#entries.clear()
    const askAgainAt = OWN_REASONS.has(quiet.reason)
      ? quiet.untilAt
      : Math.min(quiet.untilAt, now + QUIET_REMEMBERED_MS)
    this.#entries.set(key, { quiet, askAgainAt })
  }

  get(key: string, now: number): RememberedQuiet | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    if (entry.askAgainAt > now) return entry.quiet
    this.#entries.delete(key)
    return undefined
  }

  delete(key: string): void {
    this.#entries.delete(key)
  }

  clear(): void {
    this.#entries.clear()
  }
}

/** What a flight asks. */
export interface TurnRequest {
  readonly key: string
  readonly connection: string
  readonly lease: string
  readonly newerThan: number
  readonly leaseMs: number
  /** How long after `begin` the POST may still be sent, in milliseconds. */
  readonly graceMs: number
  readonly budget: BudgetPolicy
  /** When this flight gives up, in milliseconds since the epoch. */
  readonly deadline: number
}

/** The answer, with the moment at which the question was sent. */
export type Turn =
  | { readonly kind: 'go'; readonly turn: GoTurn }
  | { readonly kind: 'adopt'; readonly token: StoredToken; readonly askedAt: number }
  | { readonly kind: 'quiet'; readonly quiet: RememberedQuiet; readonly learned: boolean }
  /** The store is down, and this process may make one token on its own. */
  | { readonly kind: 'alone' }

/** The codes that callers get for each reason of quiet. */
export const CODE_OF_QUIET: Readonly<Record<QuietReason, ZohoAuthErrorCode>> = Object.freeze({
  dead: 'ERR_ZOHO_CONSENT_REQUIRED',
  revoked: 'ERR_ZOHO_REVOKED',
  throttled: 'ERR_ZOHO_THROTTLED',
  budget: 'ERR_ZOHO_THROTTLED',
  backoff: 'ERR_ZOHO_UNAVAILABLE',
})

/**
 * Gate 4, turn: one atomic question to the shared store decides who refreshes, for the whole fleet.
 *
 * Waits while another process refreshes. A turn that took too long to arrive is given back unspent and asked for again,
 * because its lease would end before the request does.
 *
 * @throws ZohoAuthError `ERR_ZOHO_TIMEOUT` when others still hold the lease at the deadline; `ERR_ZOHO_STORE` when the
 *   store is down and nothing may be made without it.
 */
export async function takeTurn(
  request: TurnRequest,
  store: TokenStore,
  health: StoreHealth,
  quiets: QuietMemory,
  clock: Clock,
  random: () => number,
  closing: AbortSignal,
): Promise<Turn> {
  const { key, lease, newerThan, leaseMs, budget } = request
  for (let pollMs = POLL_FIRST_MS; ; pollMs = Math.min(pollMs * 2, POLL_LONGEST_MS)) {
    const askedAt = clock.now()
    const remembered = quiets.get(key, askedAt)
    if (remembered) return { kind: 'quiet', quiet: remembered, learned: false }
    try {
      const turn = await health.run(() => store.begin(key, { lease, newerThan, leaseMs, budget }))
      if (turn.kind === 'adopt') return { kind: 'adopt', token: turn.token, askedAt }
      if (turn.kind === 'go') {
        if (clock.now() - askedAt <= request.graceMs) return { kind: 'go', turn }
        await health.run(() => store.abandon(key, turn, { unspent: true }))
        if (clock.now() < request.deadline) continue
        throw new StoreFault('the store answers too slowly to refresh safely')
      }
      if (turn.kind === 'quiet') {
        const quiet = { reason: turn.reason, code: CODE_OF_QUIET[turn.reason], untilAt: askedAt + turn.ms }
        quiets.set(key, quiet, askedAt)
        return { kind: 'quiet', quiet, learned: true }
      }
      const left = request.deadline - clock.now()
      if (left <= 0) throw new ZohoAuthError('ERR_ZOHO_TIMEOUT', { connection: request.connection })
      await clock.sleep(Math.min(turn.ms, left, pollMs * (0.5 + random() / 2)), closing)
    } catch (error) {
      if (!(error instanceof StoreFault)) throw error
      const local = health.takeLocally(key)
      if (local.ok) return { kind: 'alone' }
      throw new ZohoAuthError('ERR_ZOHO_STORE', {
        connection: request.connection,
        retryAfterMs: Math.min(local.ms, QUIET_REMEMBERED_MS),
        cause: error.cause,
      })
    }
  }
}
