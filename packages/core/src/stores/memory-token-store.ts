import { type Clock, systemClock } from '../words/clock.js'
import type {
  AbandonOptions,
  BeginRequest,
  BudgetPolicy,
  GoTurn,
  Quiet,
  QuietReason,
  RefreshTurn,
  StoredToken,
  TokenRecord,
  TokenStore,
} from './ports.js'

/** Most keys kept; beyond it the keys whose tokens are the oldest are dropped, at a cost of one refresh each. */
export const MOST_KEYS_IN_MEMORY = 200_000

export interface MemoryTokenStoreOptions {
  /** Default: the clock of this process. */
  readonly clock?: Clock
}

/** One key. All instants are the store's own clock, in milliseconds. */
interface Row {
  value: string | undefined
  generation: number
  endsAt: number
  /** When tokens were asked for, oldest first; what left the window is dropped at the next `begin`. */
  readonly used: Attempt[]
  windowMs: number
  lease: Lease | undefined
  quiet: { reason: QuietReason; endsAt: number } | undefined
  /** A throttle outlives a commit and a `forget`, so it is kept apart. */
  throttledUntil: number
  failures: number
  lastQuiet: QuietReason | undefined
}

/** One attempt of the budget; who asked is forgotten once a token came of it. */
interface Attempt {
  readonly at: number
  lease: string
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

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async begin(key: string, request: BeginRequest): Promise<RefreshTurn> {
    const now = this.#clock.now()
    const row = this.#rows.get(key) ?? this.#insert(key)
    if (row.value !== undefined && row.generation > request.newerThan && row.endsAt > now)
      return { kind: 'adopt', token: stored(row, now) }
    const quiet = quietOf(row, now)
    if (quiet) return { kind: 'quiet', ...quiet }
    if (row.lease && row.lease.endsAt > now) {
      if (row.lease.turn.lease === request.lease) return row.lease.turn
      return { kind: 'wait', ms: row.lease.endsAt - now }
    }
    const used = spend(row, now, request.budget)
    if (used >= request.budget.limit)
      return { kind: 'quiet', reason: 'budget', ms: (row.used[0]?.at ?? now) + request.budget.windowMs - now }
    row.used.push({ at: now, lease: request.lease })
    const generation = Math.max(row.generation, request.newerThan, Math.floor(now)) + 1
    const turn: GoTurn = {
      kind: 'go',
      lease: request.lease,
      generation,
      at: now,
      used: used + 1,
      failures: row.failures,
      ...(row.lastQuiet === undefined ? {} : { lastQuiet: row.lastQuiet }),
    }
    row.lease = { turn, endsAt: now + request.leaseMs }
    return turn
  }

  async commit(key: string, turn: GoTurn, value: string, lifeMs: number): Promise<StoredToken | undefined> {
    const now = this.#clock.now()
    const row = this.#rows.get(key) ?? this.#insert(key)
    free(row, turn)
    if (turn.generation <= row.generation)
      return row.value === undefined || row.endsAt <= now ? undefined : stored(row, now)
    row.value = value
    for (const attempt of row.used) if (attempt.lease === turn.lease) attempt.lease = ''
    row.generation = turn.generation
    row.endsAt = turn.at + lifeMs
    row.quiet = undefined
    row.failures = 0
    row.lastQuiet = undefined
    // Re-inserted at the end, so that the oldest tokens are the first to be dropped.
    this.#rows.delete(key)
    this.#rows.set(key, row)
    return stored(row, now)
  }

  async abandon(key: string, turn: GoTurn, { quiet, unspent }: AbandonOptions = {}): Promise<void> {
    const row = this.#rows.get(key)
    if (row === undefined) return
    const now = this.#clock.now()
    free(row, turn)
    if (unspent) {
      const index = row.used.findIndex(({ lease }) => lease === turn.lease)
      if (index >= 0) row.used.splice(index, 1)
    }
    if (quiet === undefined || row.generation >= turn.generation) return
    silence(row, quiet, now)
    row.failures += 1
    row.lastQuiet = quiet.reason
  }

  async forget(key: string, quiet?: Quiet): Promise<void> {
    const now = this.#clock.now()
    const row = this.#rows.get(key) ?? this.#insert(key)
    row.generation = Math.max(row.generation, row.lease?.turn.generation ?? 0, Math.floor(now)) + 1
    row.value = undefined
    row.lease = undefined
    row.quiet = undefined
    row.failures = 0
    row.lastQuiet = undefined
    if (quiet) silence(row, quiet, now)
  }

  async inspect(key: string): Promise<TokenRecord | undefined> {
    const row = this.#rows.get(key)
    if (row === undefined) return undefined
    const now = this.#clock.now()
    const lease = row.lease && row.lease.endsAt > now ? row.lease : undefined
    return {
      token: row.value !== undefined && row.endsAt > now ? stored(row, now) : undefined,
      used: row.used.filter(({ at }) => at > now - row.windowMs).length,
      quiet: quietOf(row, now),
      leaseMs: lease && lease.endsAt - now,
    }
  }

  #insert(key: string): Row {
    if (this.#rows.size >= MOST_KEYS_IN_MEMORY) {
      for (const oldest of this.#rows.keys()) {
        this.#rows.delete(oldest)
        break
      }
    }
    const row: Row = {
      value: undefined,
      generation: 0,
      endsAt: 0,
      used: [],
      windowMs: 0,
      lease: undefined,
      quiet: undefined,
      throttledUntil: 0,
      failures: 0,
      lastQuiet: undefined,
    }
    this.#rows.set(key, row)
    return row
  }
}

function stored(row: Row, now: number): StoredToken {
  return { value: row.value ?? '', generation: row.generation, lifeMs: row.endsAt - now }
}

/** Drops what left the window and says how much is spent in it. */
function spend(row: Row, now: number, budget: BudgetPolicy): number {
  row.windowMs = budget.windowMs
  while (row.used[0] !== undefined && row.used[0].at <= now - budget.windowMs) row.used.shift()
  return row.used.length
}

function free(row: Row, turn: GoTurn): void {
  if (row.lease?.turn.lease === turn.lease) row.lease = undefined
}

/** The later end wins. */
function silence(row: Row, quiet: Quiet, now: number): void {
  const endsAt = now + quiet.ms
  if (quiet.reason === 'throttled') {
    row.throttledUntil = Math.max(row.throttledUntil, endsAt)
  } else if (row.quiet === undefined || row.quiet.endsAt < endsAt) {
    row.quiet = { reason: quiet.reason, endsAt }
  }
}

/** What is quiet now, whichever lasts longer. */
function quietOf(row: Row, now: number): Quiet | undefined {
  const other = row.quiet && row.quiet.endsAt > now ? row.quiet : undefined
  if (row.throttledUntil > Math.max(now, other?.endsAt ?? 0))
    return { reason: 'throttled', ms: row.throttledUntil - now }
  return other && { reason: other.reason, ms: other.endsAt - now }
}
