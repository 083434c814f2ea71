import { monitorEventLoopDelay } from 'node:perf_hooks'

/** How finely it is measured, in milliseconds. */
const RESOLUTION_MS = 10

/** Begins to measure how long this process stood still, because the machine was busy with others. */
export function watchStandstill(): { readonly longestMs: number } {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delays.enable()
  return {
    get longestMs() {
      return Math.round(delays.max / 1e6)
    },
  }
}
