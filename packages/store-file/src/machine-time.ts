import { type Clock, systemClock } from '@zoho-auth/core'
import { bootId } from './owner.js'

/** A moment, so that any process of this machine can tell how long ago it was. */
export interface Stamp {
  /** Wall clock, in milliseconds since the epoch. */
  readonly wall: number
  /** Which start of the machine {@link Stamp.steady} counts from. */
  readonly boot?: string
  /** Milliseconds since that start, by a clock that nobody can set. */
  readonly steady?: number
}

/** The time of a store: one scale for its own process, and stamps for the others. */
export interface MachineTime {
  /** Milliseconds since the epoch. */
  now(): number
  stamp(): Stamp
  /**
   * How long ago a stamp was made, in milliseconds. Never too short: the longer of what both clocks say, so that neither
   * a wall clock that is set back nor a suspend makes an old token look young.
   *
   * `undefined` where it lies in the future: the clock was set back, and the age cannot be known.
   */
  since(stamp: Stamp): number | undefined
}

/** A clock that lags this much behind a stamp is taken as equal, in milliseconds (5 seconds); tokens have a margin of 30. */
const SLACK_MS = 5_000

/** @param clock In place of the machine's own, for tests. */
export function machineTime(clock?: Clock): MachineTime {
  if (clock !== undefined) {
    return {
      now: () => clock.now(),
      stamp: () => ({ wall: clock.now() }),
      since: ({ wall }) => sane(clock.now() - wall),
    }
  }
  const own = systemClock()
  const now = () => own.now()
  const boot = bootId()
  // Where the system has no boot id, a steady clock could be that of an earlier start.
  if (boot === '')
    return { now, stamp: () => ({ wall: Date.now() }), since: ({ wall }) => sane(Date.now() - wall) }
  return {
    now,
    stamp: () => ({ wall: Date.now(), boot, steady: steadyMs() }),
    since(stamp) {
      const byWall = Date.now() - stamp.wall
      return sane(
        stamp.boot === boot && stamp.steady !== undefined
          ? Math.max(byWall, steadyMs() - stamp.steady)
          : byWall,
      )
    },
  }
}

/** `CLOCK_MONOTONIC`: the same for all processes of a machine, other than `performance.now()`, which starts with each. */
function steadyMs(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000
}

function sane(ms: number): number | undefined {
  return ms < -SLACK_MS ? undefined : Math.max(0, ms)
}
