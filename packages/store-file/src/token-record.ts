import {
  type CooldownReason,
  EMPTY_ROW,
  emptyAt,
  type PendingLease,
  type RefreshLease,
  type TokenRow,
  type Trouble,
} from '@zoho-auth/core/store'
import type { MachineTime, Stamp } from './machine-time.js'
import type { Codec } from './record-folder.js'

/**
 * How long a record is kept at least after the last write to it, in milliseconds (one hour, the life of a token). It protects
 * what has no end of its own: the generation, so that a commit that comes after `invalidate` loses, and the count of failures. A
 * commit that is later still brings a token whose life is over.
 */
const KEEP_MS = 3_600_000

/**
 * A row as its file keeps it: a stamp, and every instant as milliseconds after it (before it if negative). So it means
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
 * Whether nothing is left that matters: no live token, lease, cooldown or throttle, and no attempt in its window. Removing such
 * a record costs nothing: the next generation is above the clock, and so above those that are gone.
 */
export function isOver({ stamp, row }: StampedRow, time: MachineTime): boolean {
  const age = time.since(stamp)
  return age !== undefined && age >= Math.max(KEEP_MS, emptyAt(row, true))
}

function moved(row: TokenRow, by: number): TokenRow {
  return {
    ...row,
    endsAt: row.endsAt + by,
    used: row.used.map((at) => at + by),
    pending: row.pending.map((one) => ({ ...one, at: one.at + by })),
    lease: row.lease && { ...row.lease, endsAt: row.lease.endsAt + by },
    trouble: row.trouble && {
      ...row.trouble,
      cooldown: row.trouble.cooldown && {
        ...row.trouble.cooldown,
        endsAt: row.trouble.cooldown.endsAt + by,
      },
      throttledUntil: row.trouble.throttledUntil + by,
    },
  }
}

/** The form of {@link StampedRow} in a file. */
export const tokenCodec: Codec<StampedRow> = {
  encode: ({ stamp, row }) => ({ stamp, ...row }),
  decode(fields) {
    const { stamp, value, generation, endsAt, used, windowMs, pending, lease, trouble } = fields
    const good =
      isStamp(stamp) &&
      isOptional(value, isText) &&
      [generation, endsAt, windowMs].every(isNumber) &&
      Array.isArray(used) &&
      used.every(isNumber) &&
      Array.isArray(pending) &&
      pending.every(isPending) &&
      isOptional(lease, isHeld) &&
      isOptional(trouble, isTrouble)
    if (!good) return undefined
    // Every field was looked at above.
    return { stamp, row: { value, generation, endsAt, used, windowMs, pending, lease, trouble } as TokenRow }
  },
}

const REASONS: Readonly<Record<CooldownReason, true>> = Object.freeze({
  dead: true,
  revoked: true,
  throttled: true,
  budget: true,
  backoff: true,
})

function isReason(value: unknown): value is CooldownReason {
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

function isPending(value: unknown): value is PendingLease {
  return isObject(value) && isText(value.holder) && isNumber(value.generation) && isNumber(value.at)
}

function isHeld(value: unknown): boolean {
  return isObject(value) && isNumber(value.endsAt) && isLease(value.lease)
}

function isLease(value: unknown): value is RefreshLease {
  return (
    isObject(value) &&
    isText(value.holder) &&
    [value.generation, value.at, value.used, value.failures].every(isNumber) &&
    isOptional(value.lastCooldown, isReason)
  )
}

function isTrouble(value: unknown): value is Trouble {
  return (
    isObject(value) &&
    [value.failures, value.throttledUntil].every(isNumber) &&
    isOptional(value.lastCooldown, isReason) &&
    isOptional(value.cooldown, (it) => isObject(it) && isReason(it.reason) && isNumber(it.endsAt))
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
