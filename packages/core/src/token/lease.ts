import type { Slot } from '../accounts/request-limit.js'
import { type GuardedTokenStore, StoreFault } from '../stores/guarded-token-store.js'
import type { BudgetPolicy, RefreshLease, StoredToken } from '../stores/ports.js'
import type { Cooldown } from '../words/cooldown.js'
import type { EngineClock } from '../words/engine-clock.js'
import { ZohoAuthError } from '../words/errors.js'
import type { Stop } from '../words/stop.js'
import {
  CODE_OF_COOLDOWN,
  COOLDOWN_REMEMBERED_MS,
  type CooldownCache,
  type RememberedCooldown,
} from './cooldowns.js'

/** Waiting for somebody else's refresh: the store is asked again after 50 ms, then less and less often up to 400 ms. */
const MIN_POLL_MS = 50
const MAX_POLL_MS = 400

/** What a flight asks. */
export interface LeaseRequest {
  readonly key: string
  readonly connection: string
  readonly holder: string
  readonly minGeneration: number
  readonly leaseMs: number
  /** How long after `acquire` the POST may still be sent, in milliseconds. */
  readonly graceMs: number
  readonly budget: BudgetPolicy
  /** When this flight gives up, in milliseconds since the epoch. */
  readonly deadline: number
  /** Ends every wait in here, because nobody wants the token any more. */
  readonly stop: Stop
  /** Room for one request, if there is some at once. */
  enterNow(): Slot | undefined
  /**
   * Waits for room for one request. The store is asked for a lease only then: one that waited in a queue would keep the rest
   * of the fleet waiting, and end before the request does.
   *
   * @param again Whether this flight had its lease before.
   */
  enter(again: boolean): Promise<Slot>
  /** Another process is refreshing. */
  elsewhere(): void
}

/** The answer, with the moment at which the question was sent. With `acquired` and `alone` comes the right to one request. */
export type LeaseAnswer =
  | { readonly kind: 'acquired'; readonly lease: RefreshLease; readonly slot: Slot }
  | { readonly kind: 'hit'; readonly token: StoredToken; readonly askedAt: number }
  | { readonly kind: 'cooldown'; readonly cooldown: RememberedCooldown; readonly learned: boolean }
  /** The store is down, and this process may make one token on its own. */
  | { readonly kind: 'alone'; readonly slot: Slot }

/**
 * Gate 4, lease: one atomic question to the shared store decides who refreshes, for the whole fleet.
 *
 * Waits while another process refreshes. A lease that took too long to arrive is given back unspent and asked for again,
 * because it would end before the request does.
 *
 * @throws ZohoAuthError `ERR_ZOHO_TIMEOUT` when others still hold the lease at the deadline; `ERR_ZOHO_STORE` when the
 *   store is down and nothing may be made without it.
 */
export async function acquireLease(
  request: LeaseRequest,
  store: GuardedTokenStore,
  cooldowns: CooldownCache,
  clock: EngineClock,
  random: () => number,
): Promise<LeaseAnswer> {
  const { key, holder, minGeneration, leaseMs, budget, stop } = request
  let waited = false
  let again = false
  for (let pollMs = MIN_POLL_MS; ; pollMs = Math.min(pollMs * 2, MAX_POLL_MS)) {
    const known = cooldowns.get(key, clock.now())
    if (known) return { kind: 'cooldown', cooldown: known, learned: false }
    let slot = request.enterNow()
    if (slot === undefined && !again) {
      const settled = await lookFirst(request, store, cooldowns, clock)
      if (settled) return settled
    }
    slot ??= await request.enter(again)
    again = true
    const askedAt = clock.now()
    // Asked before the question, so that nothing that happens in between is missed; not for the first one.
    const watch = waited && store.changed ? new AbortController() : undefined
    let kept = false
    try {
      const changed = watch && store.changed?.(key, watch.signal)
      const result = await store.acquire(key, { holder, minGeneration, leaseMs, budget })
      if (result.kind === 'hit') return { kind: 'hit', token: result.token, askedAt }
      if (result.kind === 'acquired') {
        const { lease } = result
        const late = clock.now() - askedAt > request.graceMs
        if (!late && !stop.stopped) {
          kept = true
          return { kind: 'acquired', lease, slot }
        }
        await store.release(key, lease, { unspent: true })
        stop.throwIfStopped()
        if (clock.now() < request.deadline) continue
        throw new StoreFault('the store answers too slowly to refresh safely')
      }
      if (result.kind === 'cooldown') return cooldownOf(key, result, askedAt, cooldowns)
      const left = request.deadline - clock.now()
      if (left <= 0) throw new ZohoAuthError('ERR_ZOHO_TIMEOUT', { connection: request.connection })
      waited = true
      slot.leave()
      request.elsewhere()
      await stop.pause(Math.min(result.ms, left, pollMs * (0.5 + random() / 2)), clock, changed)
    } catch (error) {
      if (!(error instanceof StoreFault)) throw error
      stop.throwIfStopped()
      const local = store.takeLocally(key)
      if (local.ok) {
        kept = true
        return { kind: 'alone', slot }
      }
      throw new ZohoAuthError('ERR_ZOHO_STORE', {
        connection: request.connection,
        retryAfterMs: Math.min(local.ms, COOLDOWN_REMEMBERED_MS),
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
  { key, minGeneration }: LeaseRequest,
  store: GuardedTokenStore,
  cooldowns: CooldownCache,
  clock: EngineClock,
): Promise<LeaseAnswer | undefined> {
  // What is in this process was made by it.
  if (store.inProcess) return undefined
  const askedAt = clock.now()
  const record = await store.inspect(key).catch(() => undefined)
  const { token, cooldown } = record ?? {}
  if (token && token.generation > minGeneration && token.lifeMs > 0) return { kind: 'hit', token, askedAt }
  return cooldown && cooldownOf(key, cooldown, askedAt, cooldowns)
}

function cooldownOf(
  key: string,
  { reason, ms }: Cooldown,
  askedAt: number,
  cooldowns: CooldownCache,
): LeaseAnswer {
  const cooldown = { reason, code: CODE_OF_COOLDOWN[reason], untilAt: askedAt + ms }
  cooldowns.set(key, cooldown, askedAt)
  return { kind: 'cooldown', cooldown, learned: true }
}
