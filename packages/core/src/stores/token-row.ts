import type { Cooldown, CooldownReason } from '../words/cooldown.js'
import type {
  AcquireRequest,
  AcquireResult,
  RefreshLease,
  ReleaseOptions,
  StoredToken,
  TokenRecord,
} from './ports.js'

/** Most leases of one key that are remembered as not ended; the oldest are those of processes that died. */
const MAX_PENDING = 32

/** One key of a token store. All instants are on the store's own clock, in milliseconds. Small: there can be very many. */
export interface TokenRow {
  readonly value: string | undefined
  readonly generation: number
  readonly endsAt: number
  /** When tokens were asked for, oldest first; what left the window is dropped at the next lease. */
  readonly used: readonly number[]
  /** The longest window asked for yet. */
  readonly windowMs: number
  /** Leases that have not ended, oldest first. */
  readonly pending: readonly PendingLease[]
  readonly lease: { readonly lease: RefreshLease; readonly endsAt: number } | undefined
  readonly trouble: Trouble | undefined
}

/** A lease that has not ended: in flight, or of a process that died. */
export interface PendingLease {
  readonly holder: string
  readonly generation: number
  /** When it was counted, as in `used`. */
  readonly at: number
}

/** What went wrong since the last token. */
export interface Trouble {
  readonly failures: number
  readonly lastCooldown: CooldownReason | undefined
  readonly cooldown: { readonly reason: CooldownReason; readonly endsAt: number } | undefined
  /** A throttle outlives a commit and an `invalidate`, so it is kept apart. */
  readonly throttledUntil: number
}

/** An answer, and the row to write for it, if any. */
export interface Ruling<Answer> {
  readonly answer: Answer
  readonly write?: TokenRow | undefined
}

const NONE: readonly never[] = Object.freeze([])

export const EMPTY_ROW: TokenRow = Object.freeze({
  value: undefined,
  generation: 0,
  endsAt: 0,
  used: NONE,
  windowMs: 0,
  pending: NONE,
  lease: undefined,
  trouble: undefined,
})

const NO_TROUBLE: Trouble = Object.freeze({
  failures: 0,
  lastCooldown: undefined,
  cooldown: undefined,
  throttledUntil: 0,
})

/** `TokenStore.acquire` on one row. */
export function acquire(row: TokenRow, request: AcquireRequest, now: number): Ruling<AcquireResult> {
  const { holder, minGeneration, leaseMs, budget } = request
  const token = tokenOf(row, now)
  if (token && token.generation > minGeneration) return { answer: { kind: 'hit', token } }
  const cooldown = cooldownOf(row, now)
  if (cooldown) return { answer: { kind: 'cooldown', ...cooldown } }
  if (row.lease && row.lease.endsAt > now) {
    const { lease, endsAt } = row.lease
    return {
      answer: lease.holder === holder ? { kind: 'acquired', lease } : { kind: 'wait', ms: endsAt - now },
    }
  }
  const used = row.used.filter((at) => at > now - budget.windowMs)
  if (used.length >= budget.limit) {
    const next = used[used.length - budget.limit] ?? now
    return { answer: { kind: 'cooldown', reason: 'budget', ms: next + budget.windowMs - now } }
  }
  const lease: RefreshLease = {
    holder,
    generation: Math.max(row.generation, minGeneration, Math.floor(now)) + 1,
    at: now,
    used: used.length + 1,
    failures: row.trouble?.failures ?? 0,
    ...(row.trouble?.lastCooldown === undefined ? {} : { lastCooldown: row.trouble.lastCooldown }),
  }
  const pending = [...without(row.pending, holder), { holder, generation: lease.generation, at: now }]
  const write = {
    ...row,
    // Not spread: that leaves room for sixteen more.
    used: used.concat(now),
    windowMs: Math.max(row.windowMs, budget.windowMs),
    pending: pending.slice(-MAX_PENDING),
    lease: { lease, endsAt: now + leaseMs },
  }
  return { answer: { kind: 'acquired', lease }, write }
}

/** `TokenStore.commit` on one row. */
export function commit(
  before: TokenRow,
  lease: RefreshLease,
  value: string,
  lifeMs: number,
  now: number,
): Ruling<StoredToken | undefined> {
  const row = freed(before, lease)
  if (lease.generation <= row.generation)
    return { answer: tokenOf(row, now), write: row === before ? undefined : row }
  // A lease from the future is one from before the clock was set back.
  const endsAt = Math.min(lease.at, now) + lifeMs
  const write: TokenRow = { ...recovered(row), value, generation: lease.generation, endsAt }
  return { answer: stored(write, now), write }
}

/** `TokenStore.release` on one row. */
export function release(
  before: TokenRow,
  lease: RefreshLease,
  { cooldown, unspent }: ReleaseOptions,
  now: number,
): Ruling<void> {
  const pending = before.pending.find(({ holder }) => holder === lease.holder)
  let row = freed(before, lease)
  if (pending === undefined) {
    // Ended before: a call that is repeated, after a time-out perhaps, changes nothing. Or the store lost what it knew while the
    // call was under way: a throttle is then still news.
    const isNews =
      cooldown?.reason === 'throttled' && row.generation < lease.generation && !row.trouble?.throttledUntil
    if (isNews) row = { ...row, trouble: cooled(row.trouble, cooldown, now) }
    return { answer: undefined, write: row === before ? undefined : row }
  }
  if (unspent) {
    const counted = row.used.indexOf(pending.at)
    row = { ...row, used: row.used.filter((_, index) => index !== counted) }
  }
  if (cooldown !== undefined && row.generation < lease.generation) {
    const trouble = cooled(row.trouble, cooldown, now)
    row = { ...row, trouble: { ...trouble, failures: trouble.failures + 1, lastCooldown: cooldown.reason } }
  }
  return { answer: undefined, write: row }
}

/** `TokenStore.invalidate` on one row. */
export function invalidate(before: TokenRow, cooldown: Cooldown | undefined, now: number): Ruling<void> {
  const inFlight = before.pending.map(({ generation }) => generation)
  const row = recovered(before)
  const write: TokenRow = {
    ...row,
    value: undefined,
    endsAt: 0,
    generation: Math.max(row.generation, Math.floor(now), ...inFlight) + 1,
    lease: undefined,
    trouble: cooldown ? cooled(row.trouble, cooldown, now) : row.trouble,
  }
  return { answer: undefined, write }
}

/** `TokenStore.inspect` on one row. */
export function inspect(row: TokenRow, now: number): TokenRecord {
  const { lease, used, windowMs } = row
  return {
    token: tokenOf(row, now),
    used: used.filter((at) => at > now - windowMs).length,
    cooldown: cooldownOf(row, now),
    leaseMs: lease && lease.endsAt > now ? lease.endsAt - now : undefined,
  }
}

/**
 * When nothing is left in a row but a generation and a count of failures: no live token, lease, cooldown or throttle, and no
 * attempt in its window.
 *
 * @param withToken Whether a live token counts. Losing one costs one refresh.
 */
export function emptyAt(
  { endsAt, lease, trouble, used, windowMs, value }: TokenRow,
  withToken: boolean,
): number {
  return Math.max(
    withToken && value !== undefined ? endsAt : 0,
    lease?.endsAt ?? 0,
    trouble?.cooldown?.endsAt ?? 0,
    trouble?.throttledUntil ?? 0,
    used.length === 0 ? 0 : (used[used.length - 1] ?? 0) + windowMs,
  )
}

function tokenOf(row: TokenRow, now: number): StoredToken | undefined {
  return row.value === undefined || row.endsAt <= now ? undefined : stored(row, now)
}

function stored({ value, generation, endsAt }: TokenRow, now: number): StoredToken {
  return { value: value ?? '', generation, lifeMs: endsAt - now }
}

/** The cooldown that lasts longest. */
function cooldownOf({ trouble }: TokenRow, now: number): Cooldown | undefined {
  if (trouble === undefined) return undefined
  const { cooldown, throttledUntil } = trouble
  const other = cooldown && cooldown.endsAt > now ? cooldown : undefined
  if (throttledUntil > Math.max(now, other?.endsAt ?? 0))
    return { reason: 'throttled', ms: throttledUntil - now }
  return other && { reason: other.reason, ms: other.endsAt - now }
}

/** The later end wins. */
function cooled(trouble: Trouble = NO_TROUBLE, { reason, ms }: Cooldown, now: number): Trouble {
  const endsAt = now + ms
  if (reason === 'throttled') return { ...trouble, throttledUntil: Math.max(trouble.throttledUntil, endsAt) }
  return trouble.cooldown && trouble.cooldown.endsAt >= endsAt
    ? trouble
    : { ...trouble, cooldown: { reason, endsAt } }
}

/** Ends a lease. The same row if it had ended. */
function freed(row: TokenRow, { holder }: RefreshLease): TokenRow {
  const pending = without(row.pending, holder)
  const lease = row.lease?.lease.holder === holder ? undefined : row.lease
  return pending === row.pending && lease === row.lease ? row : { ...row, pending, lease }
}

function without(pending: readonly PendingLease[], holder: string): readonly PendingLease[] {
  if (!pending.some((one) => one.holder === holder)) return pending
  return pending.length === 1 ? NONE : pending.filter((one) => one.holder !== holder)
}

/** Forgets what went wrong, but for a throttle. */
function recovered(row: TokenRow): TokenRow {
  const { throttledUntil = 0 } = row.trouble ?? {}
  return { ...row, trouble: throttledUntil > 0 ? { ...NO_TROUBLE, throttledUntil } : undefined }
}
