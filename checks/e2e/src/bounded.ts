import { setTimeout as sleep } from 'node:timers/promises'

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

/** Does something `count` times, at most `parallel` at once, and gives the results in order. */
export async function times<T>(
  count: number,
  parallel: number,
  work: (index: number) => Promise<T>,
): Promise<T[]> {
  const results: T[] = []
  let next = 0
  const lane = async () => {
    for (let index = next++; index < count; index = next++) results[index] = await work(index)
  }
  await Promise.all(Array.from({ length: Math.min(count, parallel) }, lane))
  return results
}

/** Adds numbers up by name. */
export function sum(parts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const all: Record<string, number> = {}
  for (const part of parts)
    for (const [name, value] of Object.entries(part)) all[name] = (all[name] ?? 0) + value
  return all
}

/** Adds all numbers up. */
export function total(parts: readonly Readonly<Record<string, number>>[]): number {
  return parts.flatMap((part) => Object.values(part)).reduce((left, right) => left + right, 0)
}

/** How often a condition is looked at, in milliseconds. */
const POLL_MS = 50

/** Waits until something holds, `ms` milliseconds at most; looks every `pollMs`. @throws Error that says what did not come. */
export async function until(
  ms: number,
  what: string,
  holds: () => Promise<boolean>,
  pollMs: number = POLL_MS,
): Promise<void> {
  const deadline = performance.now() + ms
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`${what}: nothing came within ${ms} ms`)
    await sleep(pollMs)
  }
}
