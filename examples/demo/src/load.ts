import { setTimeout as sleep } from 'node:timers/promises'

/** Most calls of one load: two minutes at 50 a second. The story ends long before. */
const MAX_SLOTS = 6_000

/** Most calls of one load under way at once; the next waits. Far above what a healthy run has. */
const MAX_UNDER_WAY = 200

/** One call, by its number. Must not reject. */
export type Send = (slot: number) => Promise<void>

/** Ends a load. Settles when its last call has. */
export type StopLoad = () => Promise<void>

/**
 * Calls `send` so many times a second, whatever becomes of the calls.
 *
 * Paced by absolute times: a busy machine falls behind and catches up, and the number of calls stays right.
 */
export function drive(perSecond: number, send: Send): StopLoad {
  const startedAt = performance.now()
  const underWay = new Set<Promise<void>>()
  let stopped = false
  const run = async (): Promise<void> => {
    for (let slot = 0; slot < MAX_SLOTS; slot++) {
      await sleep(Math.max(0, startedAt + (slot * 1000) / perSecond - performance.now()))
      while (underWay.size >= MAX_UNDER_WAY) await Promise.race(underWay)
      if (stopped) break
      const call: Promise<void> = send(slot).finally(() => underWay.delete(call))
      underWay.add(call)
    }
    await Promise.all(underWay)
  }
  const ended = run()
  return () => {
    stopped = true
    return ended
  }
}
