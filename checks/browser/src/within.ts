import { setTimeout as sleep } from 'node:timers/promises'

/** How often {@link until} looks, in milliseconds. */
const LOOK_MS = 20

/** Waits for something, and no longer than `ms` milliseconds. @throws Error that says what did not come. */
export async function within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
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

/** Looks until something is so, and no longer than `ms` milliseconds. @throws Error that says what did not come. */
export async function until(ms: number, what: string, look: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + ms
  while (!(await look())) {
    if (performance.now() > end) throw new Error(`${what}: not so within ${ms} ms`)
    await sleep(LOOK_MS)
  }
}
