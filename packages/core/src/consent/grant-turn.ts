import type { StoreHealth } from '../gates/store-health.js'
import type { AbandonOptions, BeginRequest, BudgetPolicy, GoTurn, TokenStore } from '../stores/ports.js'
import type { Clock } from '../words/clock.js'
import { ZohoAuthError } from '../words/errors.js'

/** New refresh tokens that Zoho gives a user in a minute (zoho-facts: five; Recruit, Creator). */
const GRANTS_A_MINUTE = 5

/** Zoho's ten minutes are the window of the token budget; a tenth of it is the minute of this one. */
const MINUTES_OF_WINDOW = 10

/**
 * How long a turn keeps others out, in milliseconds (two seconds). It saves work, and is no lock: where making a grant takes
 * longer, or its process was killed, the next one goes on, and compare-and-set keeps the connection right.
 */
const GRANT_LEASE_MS = 2_000

/** Waiting for another consent of the same connection: the store is asked again after this, in milliseconds. */
const POLL_MS = 100

/** What {@link takeGrantTurn} needs. */
export interface GrantTurnParts {
  readonly clientId: string
  readonly clock: Clock
  readonly store: TokenStore
  readonly health: StoreHealth
  readonly budget: BudgetPolicy
  readonly timeoutMs: number
  readonly closing: AbortSignal
}

/** The right to make one new grant. It has to be ended, whatever came of it. */
export interface GrantTurn {
  end(options?: AbandonOptions): Promise<void>
}

/** Whose grants are counted: those of a connection, and those of a Zoho user where it is known who that is. */
export type Whose = `connection:${string}` | `user:${string}`

/**
 * One new grant after the other for a connection, and five a minute, in the whole fleet: Zoho refuses the sixth.
 *
 * @throws ZohoAuthError `ERR_ZOHO_THROTTLED` with the time to wait; `ERR_ZOHO_TIMEOUT` where others hold the turn.
 * @throws StoreFault
 */
export async function takeGrantTurn(whose: Whose, parts: GrantTurnParts): Promise<GrantTurn> {
  const { clock, store, health, timeoutMs, closing } = parts
  const key = keyOf(whose, parts)
  const request = requestOf(parts)
  const deadline = clock.now() + request.leaseMs + timeoutMs
  for (;;) {
    const turn = await health.run(() => store.begin(key, request))
    if (turn.kind === 'go') return { end: (options) => end(key, turn, options, parts) }
    if (turn.kind === 'quiet') throw throttled(turn.ms)
    if (turn.kind === 'adopt') throw new Error('a turn for a grant holds no token')
    if (clock.now() >= deadline) throw new ZohoAuthError('ERR_ZOHO_TIMEOUT')
    await clock.sleep(Math.min(POLL_MS, turn.ms), closing)
  }
}

/** Counts a grant that was made for somebody who was not known before. If that fails, Zoho counts. */
export async function countGrant(whose: Whose, parts: GrantTurnParts): Promise<void> {
  const { store, health } = parts
  const key = keyOf(whose, parts)
  try {
    const turn = await health.run(() => store.begin(key, requestOf(parts)))
    if (turn.kind === 'go') await end(key, turn, {}, parts)
  } catch {
    // The store is down.
  }
}

/**
 * Whether a turn could be had now, without taking one: nobody should be sent to Zoho for a grant that cannot be made.
 *
 * @throws ZohoAuthError `ERR_ZOHO_THROTTLED`
 * @throws StoreFault
 */
export async function assertGrantPossible(whose: Whose, parts: GrantTurnParts): Promise<void> {
  const { store, health } = parts
  const key = keyOf(whose, parts)
  const turn = await health.run(() => store.begin(key, requestOf(parts)))
  if (turn.kind === 'quiet') throw throttled(turn.ms)
  if (turn.kind === 'go') await end(key, turn, { unspent: true }, parts)
}

/** How long Zoho's refusal is respected, in milliseconds. */
export const minuteOf = ({ budget }: Pick<GrantTurnParts, 'budget'>): number =>
  budget.windowMs / MINUTES_OF_WINDOW

const requestOf = (parts: GrantTurnParts): BeginRequest => ({
  lease: globalThis.crypto.randomUUID(),
  newerThan: 0,
  leaseMs: GRANT_LEASE_MS,
  budget: { limit: GRANTS_A_MINUTE, windowMs: minuteOf(parts) },
})

async function end(
  key: string,
  turn: GoTurn,
  options: AbandonOptions | undefined,
  { store, health }: GrantTurnParts,
): Promise<void> {
  const write = () => store.abandon(key, turn, options)
  await health.run(write).catch(() => void health.persist(write))
}

const keyOf = (whose: Whose, { clientId }: GrantTurnParts): string => ['grants', clientId, whose].join(':')

function throttled(retryAfterMs: number): ZohoAuthError {
  return new ZohoAuthError('ERR_ZOHO_THROTTLED', {
    retryAfterMs,
    action:
      'Zoho makes five new refresh tokens a minute for one user. Wait for retryAfterMs and consent again.',
  })
}
