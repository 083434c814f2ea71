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

/** Most keys kept; beyond it a new one takes the room of the one that is missed least: see {@link weightOf}. */
const MOST_KEYS_IN_MEMORY = 200_000

/** What has a lease or a throttle weighs this much, and so does a budget of which as many attempts are spent. */
const HEAVIEST = 8

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
  /** Where its key is filed. */
  weight: number
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
  /** Keys by what dropping them would lose, as it was at their last change. */
  readonly #weights = Array.from({ length: HEAVIEST + 1 }, () => new Ring())

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
    this.#file(key, row, now)
    return turn
  }

  async commit(key: string, turn: GoTurn, value: string, lifeMs: number): Promise<StoredToken | undefined> {
    const now = this.#clock.now()
    const row = this.#rows.get(key) ?? this.#insert(key, now)
    free(row, turn)
    if (turn.generation <= row.generation) {
      this.#file(key, row, now)
      return row.value === undefined || row.endsAt <= now ? undefined : stored(row, now)
    }
    row.value = value
    row.generation = turn.generation
    row.endsAt = turn.at + lifeMs
    recover(row)
    this.#file(key, row, now)
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
    this.#file(key, row, now)
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
    this.#file(key, row, now)
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
    if (this.#rows.size >= MOST_KEYS_IN_MEMORY) this.#dropOne(now)
    const row: Row = {
      value: undefined,
      generation: 0,
      endsAt: 0,
      used: NONE,
      windowMs: 0,
      weight: 0,
      pending: undefined,
      lease: undefined,
      trouble: undefined,
    }
    this.#rows.set(key, row)
    this.#file(key, row, now)
    return row
  }

  #file(key: string, row: Row, now: number): void {
    this.#weights[row.weight]?.delete(key)
    row.weight = weightOf(row, now)
    this.#weights[row.weight]?.add(key)
  }

  /** Drops one of the lightest rows, which has not changed for longest. */
  #dropOne(now: number): void {
    const lightest = this.#weights.findIndex((ring) => ring.size > 0)
    // Rows get lighter as time goes by, and nobody touches them: one of each greater weight is weighed again.
    for (const ring of this.#weights.slice(lightest + 1)) {
      const key = ring.next()
      const row = key === undefined ? undefined : this.#rows.get(key)
      if (key !== undefined && row !== undefined) this.#file(key, row, now)
    }
    const ring = this.#weights.find((one) => one.size > 0)
    const key = ring?.next()
    if (key === undefined) return
    ring?.delete(key)
    this.#rows.delete(key)
  }
}

/** Keys, and a hand that goes round them: the one that it passed longest ago is next. */
class Ring {
  readonly #keys = new Set<string>()
  /** Goes on where it was, so that it never walks over what was deleted before it. */
  #hand: Iterator<string> | undefined

  get size(): number {
    return this.#keys.size
  }

  add(key: string): void {
    this.#keys.add(key)
  }

  delete(key: string): void {
    this.#keys.delete(key)
  }

  next(): string | undefined {
    const step = this.#hand?.next()
    if (step?.done === false) return step.value
    this.#hand = this.#keys.values()
    const again = this.#hand.next()
    return again.done === true ? undefined : again.value
  }
}

/**
 * What dropping a row would lose: nothing (0), a token or a quiet (1), and one more for each attempt that counts against a
 * budget. A lease or a throttle weighs as much as a spent budget.
 *
 * A visitor who starts consents makes keys with one attempt and ten minutes of life each. So that they do not wipe out what
 * grants have spent, a token that is good beyond the window of its budget weighs one more.
 */
function weightOf(row: Row, now: number): number {
  const { value, endsAt, lease, trouble, used, windowMs } = row
  if ((lease && lease.endsAt > now) || (trouble && trouble.throttledUntil > now)) return HEAVIEST
  const hasToken = value !== undefined && endsAt > now
  let weight = hasToken || quietOf(row, now) ? 1 : 0
  for (let place = used.length - 1; place >= 0 && weight < HEAVIEST; place--) {
    if ((used[place] ?? 0) <= now - windowMs) break
    weight += 1
  }
  const outlives = hasToken && weight > 1 && endsAt > (used.at(-1) ?? 0) + windowMs
  return Math.min(weight + (outlives ? 1 : 0), HEAVIEST)
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
