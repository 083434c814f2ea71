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

/** One line of a table. */
export function line(name: string, ...cells: readonly string[]): void {
  console.log(`  ${name.padEnd(46)}${cells.map((cell) => cell.padStart(16)).join('')}`)
}
