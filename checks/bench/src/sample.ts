/** Rounds of one comparison; each side runs once per round, in turn, so that both see the same machine. */
const ROUNDS = 15

/** One side of a comparison: does `calls` calls. */
export type Side = (calls: number) => void | Promise<void>

/** The best of all rounds per side, in nanoseconds per call: what the code costs when nothing disturbs it. */
export async function compare<Name extends string>(
  sides: Readonly<Record<Name, Side>>,
  calls: number,
): Promise<Record<Name, { readonly best: number; readonly median: number }>> {
  const names = Object.keys(sides) as Name[]
  const samples = new Map(names.map((name) => [name, [] as number[]]))
  for (let round = 0; round <= ROUNDS; round++) {
    for (const name of names) {
      const start = process.hrtime.bigint()
      await sides[name](calls)
      const ns = Number(process.hrtime.bigint() - start) / calls
      // The first round warms up.
      if (round > 0) samples.get(name)?.push(ns)
    }
  }
  return Object.fromEntries(
    names.map((name) => {
      const sorted = (samples.get(name) ?? []).sort((a, b) => a - b)
      return [name, { best: sorted[0] ?? Number.NaN, median: sorted[sorted.length >> 1] ?? Number.NaN }]
    }),
  ) as Record<Name, { best: number; median: number }>
}

/** Times of one side, in milliseconds. */
export interface Quantiles {
  readonly p50: number
  readonly p99: number
}

/**
 * Times of single calls. Each side is called once per round, so that a disturbance meets all of them; there and back, so
 * that none always comes after the same other one.
 */
export async function interleaved<
  Sides extends Readonly<Record<string, (() => Promise<unknown>) | undefined>>,
>(sides: Sides, rounds: number): Promise<{ [Name in keyof Sides]: Quantiles }> {
  const all = Object.entries(sides).map(([name, call]) => ({ name, call, samples: [] as number[] }))
  const warmUp = Math.ceil(rounds / 10)
  for (let round = -warmUp; round < rounds; round++) {
    for (const { call, samples } of all.reverse()) {
      const since = performance.now()
      await call?.()
      if (round >= 0) samples.push(performance.now() - since)
    }
  }
  const times = all.map(({ name, samples }) => [name, quantiles(samples)])
  return Object.fromEntries(times) as { [Name in keyof Sides]: Quantiles }
}

/** The middle one, and the one that 99 of 100 do not exceed. */
function quantiles(samples: readonly number[]): Quantiles {
  const sorted = samples.toSorted((a, b) => a - b)
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
  return { p50: at(0.5), p99: at(0.99) }
}

/** One line of a table. */
export function line(name: string, ...cells: readonly string[]): void {
  console.log(`  ${name.padEnd(46)}${cells.map((cell) => cell.padStart(16)).join('')}`)
}
