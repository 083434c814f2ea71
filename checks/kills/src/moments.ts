import type { PlaceName } from 'e2e/places'
import type { Random } from '../../support/random.mjs'
import { type Operation, STORE_MOMENTS } from './table.js'

/**
 * When a process is killed: at a step by its name (`sent /oauth/v2/token`) or by its number (`#7`), by itself; or from outside
 * after a part of the time that the operation takes (`43 %`).
 */
export type Moment = string

/** Kills from outside go on for a little longer than the operation took when nobody killed it: this one may be slower. */
const OVERTIME = 1.15

/** How an operation went that nobody killed. */
export interface Rehearsal {
  readonly steps: readonly string[]
  readonly ms: number
}

/** So many moments: those that the table names, then steps and times in equal parts, each spread over the whole operation. */
export function momentsOf(
  operation: Operation,
  store: PlaceName,
  { steps }: Rehearsal,
  count: number,
  random: Random,
): readonly Moment[] {
  const [special, ...ofStore] = STORE_MOMENTS[store].filter((name) => steps.includes(name))
  const specials = special === undefined ? [] : [special]
  // A file is half written by nobody else.
  const ordered = store === 'file' ? [...specials, ...operation.at] : [...operation.at, ...specials]
  const named = [...ordered, ...ofStore]
  // One at least falls anywhere.
  const chosen = named.slice(0, count - 1)
  const left = count - chosen.length
  const spread = (index: number) => (index + random.next()) / left
  const byTime = Math.round(random.next())
  const others = Array.from({ length: left }, (_, index) =>
    index % 2 === byTime
      ? `${(spread(index) * 100 * OVERTIME).toFixed(1)} %`
      : `#${Math.floor(spread(index) * steps.length)}`,
  )
  return [...chosen, ...others]
}

/** The part of the operation's time, from 0; `undefined`: it is a step. */
export function timeOf(moment: Moment): number | undefined {
  const percent = /^([\d.]+) %$/.exec(moment)?.[1]
  return percent === undefined ? undefined : Number(percent) / 100
}

/** The number or the name of a step. */
export function stepOf(moment: Moment): number | string {
  const number = /^#(\d+)$/.exec(moment)?.[1]
  return number === undefined ? moment : Number(number)
}
