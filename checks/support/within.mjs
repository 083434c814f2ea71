// Waiting with an end, in checks that let real processes work.
import { setTimeout as sleep } from 'node:timers/promises'

/** Waits for something, and no longer than `ms` milliseconds. */
export async function within(ms, what, work) {
  const timer = new AbortController()
  const late = sleep(ms, undefined, { signal: timer.signal }).then(() => {
    throw new Error(`${what}: nothing came within ${ms} ms`)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    timer.abort()
  }
}

/** Looks until something is so, and no longer than `ms` milliseconds. */
export async function until(ms, what, holds, everyMs = 20) {
  const end = performance.now() + ms
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`${what}: not so within ${ms} ms`)
    await sleep(everyMs)
  }
}
