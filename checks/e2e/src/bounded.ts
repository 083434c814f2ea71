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
