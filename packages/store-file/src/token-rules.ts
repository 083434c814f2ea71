import type {
  AbandonOptions,
  BeginRequest,
  GoTurn,
  Quiet,
  QuietReason,
  RefreshTurn,
  StoredToken,
  TokenRecord,
} from '@zoho-auth/core'

/** One key of a token store. All instants are on the scale of the store in whose memory it is, in milliseconds. */
export interface TokenRow {
  readonly value: string | undefined
  readonly generation: number
  readonly endsAt: number
  /** When tokens were asked for, oldest first; what left the window is dropped at the next turn. */
  readonly used: readonly number[]
  /** Turns that have not ended, oldest first. */
  readonly pending: readonly Pending[]
  /** The longest window asked for yet. */
  readonly windowMs: number
  readonly lease: { readonly turn: GoTurn; readonly endsAt: number } | undefined
  readonly failures: number
  readonly lastQuiet: QuietReason | undefined
  readonly quiet: { readonly reason: QuietReason; readonly endsAt: number } | undefined
  /** A throttle outlives a commit and a `forget`, so it is kept apart. */
  readonly throttledUntil: number
}

/** A turn that has not ended: in flight, or of a process that was killed. */
export interface Pending {
  readonly lease: string
  readonly generation: number
  /** When it was counted, as in `used`. */
  readonly at: number
}

/** Most turns of one key that are remembered as not ended; the oldest are those of killed processes. */
const MOST_PENDING = 32

/** An answer, and the row to write for it, where there is one. */
export interface Ruling<Answer> {
  readonly answer: Answer
  readonly write?: TokenRow | undefined
}

export const EMPTY_ROW: TokenRow = Object.freeze({
  value: undefined,
  generation: 0,
  endsAt: 0,
  used: [],
  pending: [],
  windowMs: 0,
  lease: undefined,
  failures: 0,
  lastQuiet: undefined,
  quiet: undefined,
  throttledUntil: 0,
})

/** `TokenStore.begin` on one row. */
export function begin(row: TokenRow, request: BeginRequest, now: number): Ruling<RefreshTurn> {
  const { lease, newerThan, leaseMs, budget } = request
  const token = tokenOf(row, now)
  if (token && token.generation > newerThan) return { answer: { kind: 'adopt', token } }
  const quiet = quietOf(row, now)
  if (quiet) return { answer: { kind: 'quiet', ...quiet } }
  if (row.lease && row.lease.endsAt > now) {
    if (row.lease.turn.lease === lease) return { answer: row.lease.turn }
    return { answer: { kind: 'wait', ms: row.lease.endsAt - now } }
  }
  const used = row.used.filter((at) => at > now - budget.windowMs)
  if (used.length >= budget.limit) {
    const next = used[used.length - budget.limit] ?? now
    return { answer: { kind: 'quiet', reason: 'budget', ms: next + budget.windowMs - now } }
  }
  const turn: GoTurn = {
    kind: 'go',
    lease,
    generation: Math.max(row.generation, newerThan, Math.floor(now)) + 1,
    at: now,
    used: used.length + 1,
    failures: row.failures,
    ...(row.lastQuiet === undefined ? {} : { lastQuiet: row.lastQuiet }),
  }
  const write = {
    ...row,
    used: [...used, now],
    pending: [...without(row.pending, lease), { lease, generation: turn.generation, at: now }].slice(
      -MOST_PENDING,
    ),
    windowMs: Math.max(row.windowMs, budget.windowMs),
    lease: { turn, endsAt: now + leaseMs },
  }
  return { answer: turn, write }
}

/** `TokenStore.commit` on one row. */
export function commit(
  before: TokenRow,
  turn: GoTurn,
  value: string,
  lifeMs: number,
  now: number,
): Ruling<StoredToken | undefined> {
  const row = freed(before, turn)
  if (turn.generation <= row.generation)
    return { answer: tokenOf(row, now), write: row === before ? undefined : row }
  const write: TokenRow = {
    ...recovered(row),
    value,
    generation: turn.generation,
    // A turn from the future is one from before the clock was set back.
    endsAt: Math.min(turn.at, now) + lifeMs,
  }
  return { answer: stored(write, now), write }
}

/** `TokenStore.abandon` on one row. */
export function abandon(before: TokenRow, turn: GoTurn, options: AbandonOptions, now: number): Ruling<void> {
  const { quiet, unspent } = options
  const pending = before.pending.find(({ lease }) => lease === turn.lease)
  let row = freed(before, turn)
  // Ended before: a call that is repeated, after a time-out perhaps, changes nothing.
  if (pending === undefined) return { answer: undefined, write: row === before ? undefined : row }
  if (unspent) {
    const counted = row.used.indexOf(pending.at)
    row = { ...row, used: row.used.filter((_, index) => index !== counted) }
  }
  if (quiet !== undefined && row.generation < turn.generation)
    row = { ...silenced(row, quiet, now), failures: row.failures + 1, lastQuiet: quiet.reason }
  return { answer: undefined, write: row }
}

/** `TokenStore.forget` on one row. */
export function forget(row: TokenRow, quiet: Quiet | undefined, now: number): Ruling<void> {
  const inFlight = row.pending.map(({ generation }) => generation)
  const write: TokenRow = {
    ...recovered(row),
    value: undefined,
    endsAt: 0,
    generation: Math.max(row.generation, Math.floor(now), ...inFlight) + 1,
    lease: undefined,
  }
  return { answer: undefined, write: quiet ? silenced(write, quiet, now) : write }
}

/** `TokenStore.inspect` on one row. */
export function inspect(row: TokenRow, now: number): TokenRecord {
  const { lease } = row
  return {
    token: tokenOf(row, now),
    used: row.used.filter((at) => at > now - row.windowMs).length,
    quiet: quietOf(row, now),
    leaseMs: lease && lease.endsAt > now ? lease.endsAt - now : undefined,
  }
}

function tokenOf(row: TokenRow, now: number): StoredToken | undefined {
  return row.value === undefined || row.endsAt <= now ? undefined : stored(row, now)
}

function stored(row: TokenRow, now: number): StoredToken {
  return { value: row.value ?? '', generation: row.generation, lifeMs: row.endsAt - now }
}

/** What is quiet now, whichever lasts longer. */
function quietOf({ quiet, throttledUntil }: TokenRow, now: number): Quiet | undefined {
  const other = quiet && quiet.endsAt > now ? quiet : undefined
  if (throttledUntil > Math.max(now, other?.endsAt ?? 0))
    return { reason: 'throttled', ms: throttledUntil - now }
  return other && { reason: other.reason, ms: other.endsAt - now }
}

/** The later end wins. */
function silenced(row: TokenRow, { reason, ms }: Quiet, now: number): TokenRow {
  const endsAt = now + ms
  if (reason === 'throttled') return { ...row, throttledUntil: Math.max(row.throttledUntil, endsAt) }
  return row.quiet && row.quiet.endsAt >= endsAt ? row : { ...row, quiet: { reason, endsAt } }
}

/** Ends a turn, and frees its own lease. The same row where there was nothing to end. */
function freed(row: TokenRow, turn: GoTurn): TokenRow {
  const pending = without(row.pending, turn.lease)
  const lease = row.lease?.turn.lease === turn.lease ? undefined : row.lease
  return pending === row.pending && lease === row.lease ? row : { ...row, pending, lease }
}

function without(pending: readonly Pending[], lease: string): readonly Pending[] {
  return pending.some((one) => one.lease === lease) ? pending.filter((one) => one.lease !== lease) : pending
}

/** Forgets what went wrong, but for a throttle. */
function recovered(row: TokenRow): TokenRow {
  return { ...row, failures: 0, lastQuiet: undefined, quiet: undefined }
}
