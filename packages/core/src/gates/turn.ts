import type { BudgetPolicy, GoTurn, Quiet, StoredToken, TokenStore } from '../stores/ports.js'
import { ended } from '../words/abortable.js'
import type { EngineClock } from '../words/engine-clock.js'
import { ZohoAuthError } from '../words/errors.js'
import type { Stop } from '../words/stop.js'
import { CODE_OF_QUIET, QUIET_REMEMBERED_MS, type QuietMemory, type RememberedQuiet } from './quiet-memory.js'
import type { Slot } from './request-limit.js'
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
  /** Ends every wait in here, because nobody wants the token any more. */
  readonly stop: Stop
  /** Room for one request, where there is some at once. */
  enterNow(): Slot | undefined
  /**
   * Waits for room for one request. The store is asked for a lease only then: one that waited in a queue would keep the rest
   * of the fleet waiting, and end before the request does.
   *
   * @param again Whether this flight had its turn before.
   */
  enter(again: boolean): Promise<Slot>
  /** Another process is refreshing. */
  elsewhere(): void
}

/** The answer, with the moment at which the question was sent. With `go` and `alone` comes the right to one request. */
export type Turn =
  | { readonly kind: 'go'; readonly turn: GoTurn; readonly slot: Slot }
  | { readonly kind: 'adopt'; readonly token: StoredToken; readonly askedAt: number }
  | { readonly kind: 'quiet'; readonly quiet: RememberedQuiet; readonly learned: boolean }
  /** The store is down, and this process may make one token on its own. */
  | { readonly kind: 'alone'; readonly slot: Slot }

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
  clock: EngineClock,
  random: () => number,
): Promise<Turn> {
  const { key, lease, newerThan, leaseMs, budget, stop } = request
  let waited = false
  let again = false
  for (let pollMs = POLL_FIRST_MS; ; pollMs = Math.min(pollMs * 2, POLL_LONGEST_MS)) {
    const known = quiets.get(key, clock.now())
    if (known) return { kind: 'quiet', quiet: known, learned: false }
    let slot = request.enterNow()
    if (slot === undefined && !again) {
      const settled = await lookFirst(request, store, health, quiets, clock)
      if (settled) return settled
    }
    slot ??= await request.enter(again)
    again = true
    const askedAt = clock.now()
    // Asked before the question, so that nothing that happens in between is missed; not for the first one.
    const watch = waited && store.changed !== undefined ? new AbortController() : undefined
    let kept = false
    try {
      const changed = watch && store.changed?.(key, watch.signal).catch(() => ended(watch.signal))
      const turn = await health.run(() => store.begin(key, { lease, newerThan, leaseMs, budget }))
      if (turn.kind === 'adopt') return { kind: 'adopt', token: turn.token, askedAt }
      if (turn.kind === 'go') {
        const late = clock.now() - askedAt > request.graceMs
        if (!late && !stop.stopped) {
          kept = true
          return { kind: 'go', turn, slot }
        }
        await health.run(() => store.abandon(key, turn, { unspent: true }))
        stop.throwIfStopped()
        if (clock.now() < request.deadline) continue
        throw new StoreFault('the store answers too slowly to refresh safely')
      }
      if (turn.kind === 'quiet') return quietOf(key, turn, askedAt, quiets)
      const left = request.deadline - clock.now()
      if (left <= 0) throw new ZohoAuthError('ERR_ZOHO_TIMEOUT', { connection: request.connection })
      waited = true
      slot.leave()
      request.elsewhere()
      await stop.pause(Math.min(turn.ms, left, pollMs * (0.5 + random() / 2)), clock, changed)
    } catch (error) {
      if (!(error instanceof StoreFault)) throw error
      stop.throwIfStopped()
      const local = health.takeLocally(key)
      if (local.ok) {
        kept = true
        return { kind: 'alone', slot }
      }
      throw new ZohoAuthError('ERR_ZOHO_STORE', {
        connection: request.connection,
        retryAfterMs: Math.min(local.ms, QUIET_REMEMBERED_MS),
        cause: error.cause,
      })
    } finally {
      watch?.abort()
      if (!kept) slot.leave()
    }
  }
}

/**
 * Whether the shared store settles it, before there is room for a request: another process has a newer token, or nothing may
 * be sent. Without this, who needs no request would wait behind those who do. A store that does not answer settles nothing.
 */
async function lookFirst(
  { key, newerThan }: TurnRequest,
  store: TokenStore,
  health: StoreHealth,
  quiets: QuietMemory,
  clock: EngineClock,
): Promise<Turn | undefined> {
  // What is in this process was made by it.
  if (health.inProcess) return undefined
  const askedAt = clock.now()
  const record = await health.run(() => store.inspect(key)).catch(() => undefined)
  const { token, quiet } = record ?? {}
  if (token && token.generation > newerThan && token.lifeMs > 0) return { kind: 'adopt', token, askedAt }
  return quiet && quietOf(key, quiet, askedAt, quiets)
}

function quietOf(key: string, { reason, ms }: Quiet, askedAt: number, quiets: QuietMemory): Turn {
  const quiet = { reason, code: CODE_OF_QUIET[reason], untilAt: askedAt + ms }
  quiets.set(key, quiet, askedAt)
  return { kind: 'quiet', quiet, learned: true }
}
