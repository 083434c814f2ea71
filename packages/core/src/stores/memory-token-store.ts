import { type Clock, systemClock } from '../words/clock.js'
import type {
  AbandonOptions,
  BeginRequest,
  GoTurn,
  Quiet,
  QuietReason,
  RefreshTurn,
  StoredToken,
  TokenRecord,
  TokenStore,
} from './ports.js'

/** Most keys kept; beyond it those go in which nothing is left that matters: see {@link matters}. */
const MOST_KEYS_IN_MEMORY = 200_000

/** How many keys one new one looks at to find room. */
const MAX_LOOKED_AT = 64

/** Keys beyond the most, while room is being looked for; from here on one goes whatever it holds. */
const MAX_BEYOND = 20_000

/** Most turns of one key that are remembered until they end; a caller that went away never ends its own. */
const MOST_PENDING = 32

export interface MemoryTokenStoreOptions {
  /** Default: the clock of this process. */
  readonly clock?: Clock
}

/** One key. All instants are the store's own clock, in milliseconds. Small, because there can be very many. */
interface Row {
  value: string | undefined
  generation: number
  endsAt: number
  /** When tokens were asked for, oldest first; what left the window is dropped at the next `begin`. */
  used: readonly number[]
  /** The longest window asked for yet. */
  windowMs: number
  /** Turns that have not ended, by lease. */
  pending: Map<string, GoTurn> | undefined
  lease: Lease | undefined
  trouble: Trouble | undefined
}

/** What went wrong since the last token. */
interface Trouble {
  failures: number
  lastQuiet: QuietReason | undefined
  quiet: { reason: QuietReason; endsAt: number } | undefined
  /** A throttle outlives a commit and a `forget`, so it is kept apart. */
  throttledUntil: number
}

interface Lease {
  readonly turn: GoTurn
  readonly endsAt: number
}

/** Keeps tokens in this process: the default, right for one process per refresh token. */
export function memoryTokenStore(options: MemoryTokenStoreOptions = {}): TokenStore {
  return new MemoryTokenStore(options.clock ?? systemClock())
}

/** Whether a store was made by {@link memoryTokenStore}: it cannot be shared, nor be down. */
export function isMemoryTokenStore(store: TokenStore): boolean {
  return store instanceof MemoryTokenStore
}

class MemoryTokenStore implements TokenStore {
  readonly #clock: Clock
  readonly #rows = new Map<string, Row>()
  /** Goes round the keys to find room, on from where it was. */
  #hand: Iterator<[string, Row]> | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async begin(key: string, request: BeginRequest): Promise<RefreshTurn> {
    const now = this.#clock.now()
    const row = this.#rows.get(key) ?? this.#insert(key, now)
    if (row.value !== undefined && row.generation > request.newerThan && row.endsAt > now)
      return { kind: 'adopt', token: stored(row, now) }
    const quiet = quietOf(row, now)
    if (quiet) return { kind: 'quiet', ...quiet }
    if (row.lease && row.lease.endsAt > now) {
      if (row.lease.turn.lease === request.lease) return row.lease.turn
      return { kind: 'wait', ms: row.lease.endsAt - now }
    }
    row.windowMs = Math.max(row.windowMs, request.budget.windowMs)
    row.used = row.used.filter((at) => at > now - request.budget.windowMs)
    if (row.used.length >= request.budget.limit)
      return {
        kind: 'quiet',
        reason: 'budget',
        ms: (row.used[row.used.length - request.budget.limit] ?? now) + request.budget.windowMs - now,
      }
    row.used = row.used.concat(now)
    const generation = Math.max(row.generation, request.newerThan, Math.floor(now)) + 1
    const turn: GoTurn = {
      kind: 'go',
      lease: request.lease,
      generation,
      at: now,
      used: row.used.length,
      failures: row.trouble?.failures ?? 0,
      ...(row.trouble?.lastQuiet === undefined ? {} : { lastQuiet: row.trouble.lastQuiet }),
    }
    row.pending ??= new Map()
    row.pending.set(turn.lease, turn)
    for (const [oldest] of row.pending) {
      if (row.pending.size <= MOST_PENDING) break
      row.pending.delete(oldest)
    }
    row.lease = { turn, endsAt: now + request.leaseMs }
    return turn
  }

  async commit(key: string, turn: GoTurn, value: string, lifeMs: number): Promise<StoredToken | undefined> {
    const now = this.#clock.now()
    const row = this.#rows.get(key) ?? this.#insert(key, now)
    free(row, turn)
    if (turn.generation <= row.generation) {
      return row.value === undefined || row.endsAt <= now ? undefined : stored(row, now)
    }
    row.value = value
    row.generation = turn.generation
    row.endsAt = turn.at + lifeMs
    recover(row)
    return stored(row, now)
  }

  async abandon(key: string, turn: GoTurn, { quiet, unspent }: AbandonOptions = {}): Promise<void> {
    const row = this.#rows.get(key)
    if (row === undefined) return
    const now = this.#clock.now()
    // Ended before: a call that is repeated, after a time-out perhaps, changes nothing.
    const ended = free(row, turn)
    if (ended === undefined) return
    if (unspent) {
      const index = row.used.indexOf(ended.at)
      row.used = row.used.filter((_, place) => place !== index)
    }
    if (quiet !== undefined && row.generation < turn.generation) {
      const trouble = silence(row, quiet, now)
      trouble.failures += 1
      trouble.lastQuiet = quiet.reason
    }
  }

  async forget(key: string, quiet?: Quiet): Promise<void> {
    const now = this.#clock.now()
    const row = this.#rows.get(key) ?? this.#insert(key, now)
    const inFlight = [...(row.pending?.values() ?? [])].map(({ generation }) => generation)
    row.generation = Math.max(row.generation, Math.floor(now), ...inFlight) + 1
    row.value = undefined
    row.lease = undefined
    recover(row)
    if (quiet) silence(row, quiet, now)
  }

  async inspect(key: string): Promise<TokenRecord | undefined> {
    const row = this.#rows.get(key)
    if (row === undefined) return undefined
    const now = this.#clock.now()
    const lease = row.lease && row.lease.endsAt > now ? row.lease : undefined
    return {
      token: row.value !== undefined && row.endsAt > now ? stored(row, now) : undefined,
      used: row.used.filter((at) => at > now - row.windowMs).length,
      quiet: quietOf(row, now),
      leaseMs: lease && lease.endsAt - now,
    }
  }

  #insert(key: string, now: number): Row {
    if (this.#rows.size >= MOST_KEYS_IN_MEMORY) this.#makeRoom(now)
    const row: Row = {
      value: undefined,
      generation: 0,
      endsAt: 0,
      used: NONE,
      windowMs: 0,
      pending: undefined,
      lease: undefined,
      trouble: undefined,
    }
    this.#rows.set(key, row)
    return row
  }

  /** Looks at a few keys, the oldest first, and drops those in which nothing matters any more. */
  #makeRoom(now: number): void {
    const full = this.#rows.size >= MOST_KEYS_IN_MEMORY + MAX_BEYOND
    for (let looked = 0; looked < MAX_LOOKED_AT && this.#rows.size >= MOST_KEYS_IN_MEMORY; looked++) {
      const step = this.#hand?.next()
      if (step === undefined || step.done === true) this.#hand = this.#rows.entries()
      else if ((full && looked === 0) || !matters(step.value[1], now)) this.#rows.delete(step.value[0])
    }
  }
}

/**
 * Whether dropping a row would lose more than a token, which costs one refresh: an attempt that counts against a budget, a
 * throttle or another quiet, a lease.
 */
function matters(row: Row, now: number): boolean {
  const { lease, used, windowMs } = row
  return (
    (lease !== undefined && lease.endsAt > now) ||
    (used.at(-1) ?? Number.NEGATIVE_INFINITY) > now - windowMs ||
    quietOf(row, now) !== undefined
  )
}

function stored(row: Row, now: number): StoredToken {
  return { value: row.value ?? '', generation: row.generation, lifeMs: row.endsAt - now }
}

/** Ends a turn and frees its own lease. `undefined` for one that had ended already. */
function free(row: Row, turn: GoTurn): GoTurn | undefined {
  if (row.lease?.turn.lease === turn.lease) row.lease = undefined
  const pending = row.pending?.get(turn.lease)
  row.pending?.delete(turn.lease)
  if (row.pending?.size === 0) row.pending = undefined
  return pending
}

/** Forgets what went wrong, but for a throttle. */
function recover(row: Row): void {
  const throttledUntil = row.trouble?.throttledUntil ?? 0
  row.trouble = throttledUntil > 0 ? { ...NO_TROUBLE, throttledUntil } : undefined
}

/** The later end wins. */
function silence(row: Row, quiet: Quiet, now: number): Trouble {
  const endsAt = now + quiet.ms
  row.trouble ??= { ...NO_TROUBLE }
  const { trouble } = row
  if (quiet.reason === 'throttled') trouble.throttledUntil = Math.max(trouble.throttledUntil, endsAt)
  else if (trouble.quiet === undefined || trouble.quiet.endsAt < endsAt)
    trouble.quiet = { reason: quiet.reason, endsAt }
  return trouble
}

/** What is quiet now, whichever lasts longer. */
function quietOf({ trouble }: Row, now: number): Quiet | undefined {
  if (trouble === undefined) return undefined
  const other = trouble.quiet && trouble.quiet.endsAt > now ? trouble.quiet : undefined
  if (trouble.throttledUntil > Math.max(now, other?.endsAt ?? 0))
    return { reason: 'throttled', ms: trouble.throttledUntil - now }
  return other && { reason: other.reason, ms: other.endsAt - now }
}

const NONE: readonly number[] = Object.freeze([])
const NO_TROUBLE: Trouble = Object.freeze({
  failures: 0,
  lastQuiet: undefined,
  quiet: undefined,
  throttledUntil: 0,
})
