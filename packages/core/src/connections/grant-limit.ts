import type { Runtime } from '../runtime.js'
import type { AcquireRequest, ReleaseOptions } from '../stores/ports.js'
import { ZohoAuthError } from '../words/errors.js'

/** New refresh tokens that Zoho gives a user in a minute (zoho-facts: five; Recruit, Creator). */
const GRANTS_A_MINUTE = 5

/** Zoho's ten minutes are the window of the token budget; a tenth of it is the minute of this one. */
const MINUTES_OF_WINDOW = 10

/**
 * How long the right to make a grant keeps others out, in milliseconds (two seconds). It saves work, and is no lock: if making a grant takes
 * longer, or its process was killed, the next one goes on, and compare-and-set keeps the connection right.
 */
const GRANT_LEASE_MS = 2_000

/** Waiting for another consent of the same connection: the store is asked again after this, in milliseconds. */
const POLL_MS = 100

/** The right to make one new grant. It has to be ended, whatever came of it. */
export interface GrantLease {
  release(options?: ReleaseOptions): Promise<void>
}

/** Whose grants are counted: those of a connection, and those of a Zoho user if it is known who that is. */
export type Whose = `connection:${string}` | `user:${string}`

/**
 * One new grant after the other for a connection, and five a minute, in the whole fleet: Zoho refuses the sixth.
 *
 * @throws ZohoAuthError `ERR_ZOHO_THROTTLED` with the time to wait; `ERR_ZOHO_TIMEOUT` if others hold the right until then.
 * @throws StoreFault
 */
export async function acquireGrantLease(whose: Whose, runtime: Runtime): Promise<GrantLease> {
  const { clock, store, timeoutMs, closing } = runtime
  const key = keyOf(whose, runtime)
  const request = requestOf(runtime)
  const deadline = clock.now() + request.leaseMs + timeoutMs
  for (;;) {
    const result = await store.acquire(key, request)
    if (result.kind === 'acquired') return { release: (options) => store.release(key, result.lease, options) }
    if (result.kind === 'cooldown') throw throttled(result.ms)
    if (result.kind === 'hit') throw new Error('the limit of grants holds no token')
    if (clock.now() >= deadline) throw new ZohoAuthError('ERR_ZOHO_TIMEOUT')
    await clock.sleep(Math.min(POLL_MS, result.ms), closing)
  }
}

/** Counts a grant that was made for somebody who was not known before. If that fails, Zoho counts. */
export async function countGrant(whose: Whose, runtime: Runtime): Promise<void> {
  const { store } = runtime
  const key = keyOf(whose, runtime)
  try {
    const result = await store.acquire(key, requestOf(runtime))
    if (result.kind === 'acquired') await store.release(key, result.lease)
  } catch {
    // The store is down.
  }
}

/**
 * Whether a grant could be made now, without counting one: nobody should be sent to Zoho for a grant that cannot be made.
 *
 * @throws ZohoAuthError `ERR_ZOHO_THROTTLED`
 * @throws StoreFault
 */
export async function assertGrantPossible(whose: Whose, runtime: Runtime): Promise<void> {
  const { store } = runtime
  const key = keyOf(whose, runtime)
  const result = await store.acquire(key, requestOf(runtime))
  if (result.kind === 'cooldown') throw throttled(result.ms)
  if (result.kind === 'acquired') await store.release(key, result.lease, { unspent: true })
}

/** How long Zoho's refusal is respected, in milliseconds. */
export const minuteOf = ({ budget }: Pick<Runtime, 'budget'>): number => budget.windowMs / MINUTES_OF_WINDOW

const requestOf = (runtime: Runtime): AcquireRequest => ({
  holder: globalThis.crypto.randomUUID(),
  minGeneration: 0,
  leaseMs: GRANT_LEASE_MS,
  budget: { limit: GRANTS_A_MINUTE, windowMs: minuteOf(runtime) },
})

const keyOf = (whose: Whose, { clientId }: Runtime): string => ['grants', clientId, whose].join(':')

function throttled(retryAfterMs: number): ZohoAuthError {
  return new ZohoAuthError('ERR_ZOHO_THROTTLED', {
    retryAfterMs,
    action:
      'Zoho makes five new refresh tokens a minute for one user. Wait for retryAfterMs and consent again.',
  })
}
