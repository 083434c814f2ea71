import { monitorEventLoopDelay } from 'node:perf_hooks'

/** Interval of the timer whose lateness is the delay of the event loop, in milliseconds. */
const RESOLUTION_MS = 1

/** How late the event loop is, in milliseconds. */
export interface Delay {
  readonly p50: number
  readonly p99: number
}

/** How late the event loop is while work is done. */
export async function delayed(work: () => Promise<void>): Promise<Delay> {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  histogram.enable()
  await work()
  histogram.disable()
  const late = (percent: number) => Math.max(0, histogram.percentile(percent) / 1e6 - RESOLUTION_MS)
  return { p50: late(50), p99: late(99) }
}
