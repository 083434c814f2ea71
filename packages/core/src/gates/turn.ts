import type { BudgetPolicy, GoTurn, StoredToken, TokenStore } from '../stores/ports.js'
import { ended } from '../words/abortable.js'
import type { Clock } from '../words/clock.js'
import { ZohoAuthError } from '../words/errors.js'
import { CODE_OF_QUIET, QUIET_REMEMBERED_MS, type QuietMemory, type RememberedQuiet } from './quiet-memory.js'
import { StoreFault, type StoreHealth } from './store-health.js'

/** Waiting for somebody else's refresh: the store is asked again after 50 ms, then less and less often up to 400 ms. */
const POLL_FIRST_MS = 50
const POLL_LONGEST_MS = 400

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
  let waited = false
  for (let pollMs = POLL_FIRST_MS; ; pollMs = Math.min(pollMs * 2, POLL_LONGEST_MS)) {
    const askedAt = clock.now()
    const watch = new AbortController()
    let changed: Promise<void> | undefined
    const remembered = quiets.get(key, askedAt)
    if (remembered) return { kind: 'quiet', quiet: remembered, learned: false }
    try {
      // Asked before the question, so that nothing that happens in between is missed; not for the first one.
      if (waited) changed = store.changed?.(key, watch.signal).catch(() => ended(watch.signal))
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
      waited = true
      const pause = clock.sleep(Math.min(turn.ms, left, pollMs * (0.5 + random() / 2)), closing)
      // One of them may be left over, and end with the engine.
      pause.catch(() => {})
      await (changed === undefined ? pause : Promise.race([pause, changed]))
    } catch (error) {
      if (!(error instanceof StoreFault)) throw error
      const local = health.takeLocally(key)
      if (local.ok) return { kind: 'alone' }
      throw new ZohoAuthError('ERR_ZOHO_STORE', {
        connection: request.connection,
        retryAfterMs: Math.min(local.ms, QUIET_REMEMBERED_MS),
        cause: error.cause,
      })
    } finally {
      watch.abort()
    }
  }
}
