import type { GoTurn, QuietReason } from '@zoho-auth/core'
import type { MachineTime, Stamp } from './machine-time.js'
import type { Codec } from './record-folder.js'
import { EMPTY_ROW, type Pending, type TokenRow } from './token-rules.js'

/**
 * How long a record is kept at least after the last write to it, in milliseconds (one hour, the life of a token). It protects
 * what has no end of its own: the generation, so that a commit that comes after `forget` loses, and the count of failures. A
 * commit that is later still brings a token whose life is over.
 */
const KEEP_MS = 3_600_000

/**
 * A row as its file keeps it: a stamp, and every instant as milliseconds after it (before it where negative). So it means
 * the same to every process of this machine, whatever their clocks went through.
 */
export interface StampedRow {
  readonly stamp: Stamp
  readonly row: TokenRow
}

/** Puts a row of this process on a stamp. */
export function stamped(row: TokenRow, time: MachineTime, now: number): StampedRow {
  return { stamp: time.stamp(), row: moved(row, -now) }
}

/**
 * Puts a stored row on the scale of this process.
 *
 * Where the clock was set back since, its age cannot be known: the row then counts as just written, so that nothing lasts
 * longer than its own duration from now, and its token is not handed out.
 *
 * @returns `stepped`: this happened, and the row has to be written so that it happens once.
 */
export function unstamped(
  record: StampedRow | undefined,
  time: MachineTime,
  now: number,
): { readonly row: TokenRow; readonly stepped: boolean } {
  if (record === undefined) return { row: EMPTY_ROW, stepped: false }
  const age = time.since(record.stamp)
  if (age !== undefined) return { row: moved(record.row, now - age), stepped: false }
  return { row: { ...moved(record.row, now), value: undefined, endsAt: 0 }, stepped: true }
}

/**
 * Whether nothing is left that matters: no live token, lease, quiet or throttle, and no attempt in its window. Removing such
 * a record costs nothing: the next generation is above the clock, and so above those that are gone.
 */
export function isOver({ stamp, row }: StampedRow, time: MachineTime): boolean {
  const { value, endsAt, lease, quiet, throttledUntil, used, windowMs } = row
  const ends = [value === undefined ? 0 : endsAt, lease?.endsAt ?? 0, quiet?.endsAt ?? 0, throttledUntil]
  const age = time.since(stamp)
  return age !== undefined && age >= Math.max(KEEP_MS, ...ends, (used.at(-1) ?? 0) + windowMs)
}

function moved(row: TokenRow, by: number): TokenRow {
  return {
    ...row,
    endsAt: row.endsAt + by,
    used: row.used.map((at) => at + by),
    pending: row.pending.map((one) => ({ ...one, at: one.at + by })),
    lease: row.lease && { ...row.lease, endsAt: row.lease.endsAt + by },
    quiet: row.quiet && { ...row.quiet, endsAt: row.quiet.endsAt + by },
    throttledUntil: row.throttledUntil + by,
  }
}

/** The form of {@link StampedRow} in a file. */
export const tokenCodec: Codec<StampedRow> = {
  encode: ({ stamp, row }) => ({ stamp, ...row }),
  decode(fields) {
    const { stamp, value, generation, endsAt, used, pending, windowMs } = fields
    const { lease, failures, lastQuiet, quiet, throttledUntil } = fields
    const good =
      isStamp(stamp) &&
      isOptional(value, isText) &&
      [generation, endsAt, windowMs, failures, throttledUntil].every(isNumber) &&
      Array.isArray(used) &&
      used.every(isNumber) &&
      Array.isArray(pending) &&
      pending.every(isPending) &&
      isOptional(lease, isLease) &&
      isOptional(lastQuiet, isReason) &&
      isOptional(quiet, (it) => isObject(it) && isReason(it.reason) && isNumber(it.endsAt))
    if (!good) return undefined
    // Every field was looked at above.
    const row = { value, generation, endsAt, used, pending, windowMs, lease, failures, lastQuiet, quiet }
    return { stamp, row: { ...row, throttledUntil } as TokenRow }
  },
}

const REASONS: Readonly<Record<QuietReason, true>> = Object.freeze({
  dead: true,
  revoked: true,
  throttled: true,
  budget: true,
  backoff: true,
})

function isReason(value: unknown): value is QuietReason {
  return isText(value) && Object.hasOwn(REASONS, value)
}

function isStamp(value: unknown): value is Stamp {
  return (
    isObject(value) &&
    isNumber(value.wall) &&
    isOptional(value.boot, isText) &&
    isOptional(value.steady, isNumber)
  )
}

function isPending(value: unknown): value is Pending {
  return isObject(value) && isText(value.lease) && isNumber(value.generation) && isNumber(value.at)
}

function isLease(value: unknown): boolean {
  return isObject(value) && isNumber(value.endsAt) && isTurn(value.turn)
}

function isTurn(value: unknown): value is GoTurn {
  return (
    isObject(value) &&
    value.kind === 'go' &&
    isText(value.lease) &&
    [value.generation, value.at, value.used, value.failures].every(isNumber) &&
    isOptional(value.lastQuiet, isReason)
  )
}

function isOptional(value: unknown, is: (value: unknown) => boolean): boolean {
  return value === undefined || is(value)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}
