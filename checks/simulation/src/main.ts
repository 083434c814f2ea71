import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { figure } from '../../support/figures.mjs'
import { addCounts, addRecord, newCounts } from './counts.js'
import { plot } from './plot.js'
import { SABOTAGES, type Sabotage } from './shared-store.js'
import { type Outcome, simulate } from './simulate.js'
import { failedCalls, tableText } from './table.js'
import { simulatedTime } from './trace.js'
import { START_AT } from './world.js'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    seconds: { type: 'string', default: '600' },
    trace: { type: 'boolean', default: false },
    break: { type: 'string' },
    ignore: { type: 'string', multiple: true },
    all: { type: 'boolean', default: false },
    table: { type: 'boolean', default: false },
    plot: { type: 'boolean', default: false },
  },
})

/** New tokens that Zoho gives per refresh token in any ten minutes. */
const MAX_TOKENS = 10

// Stacks of errors that core throws by the thousand take longer than the rest.
Error.stackTraceLimit = 0

const sabotage = values.break as Sabotage | undefined
if (sabotage !== undefined && !SABOTAGES.includes(sabotage))
  throw new TypeError(`--break takes ${SABOTAGES.join(', ')}`)

if (values.table || values.plot) await table(values.plot)
else if (values.seed !== undefined) await replay(Number(values.seed))
else await many(Number(values.from), Number(values.seeds), Number(values.seconds) * 1000)

/** Failed calls by fleet and cap, and as a picture beside the sources if that is asked for. */
async function table(picture: boolean): Promise<void> {
  const cells = await failedCalls()
  console.log(tableText(cells))
  if (picture) writeFileSync(new URL('../failed-calls.svg', import.meta.url), plot(cells))
}

/** One seed, with its trace, and once more to see that it is the same. */
async function replay(seed: number): Promise<void> {
  const print = (line: string) => console.log(line)
  const outcome = await simulate(seed, { sabotage, print, ignore: values.ignore })
  const again = await simulate(seed, { sabotage, turns: 4, ignore: values.ignore })
  report(outcome)
  console.log(`trace ${outcome.hash}, replayed ${again.hash}`)
  if (outcome.hash !== again.hash) throw new Error('the replay was another run')
}

/** Many seeds, within a time. The first violation ends them, unless all are asked for. */
async function many(from: number, count: number, budgetMs: number): Promise<void> {
  const startedAt = performance.now()
  const counts = newCounts()
  const faults: Record<string, number> = {}
  const violations: Record<string, number[]> = {}
  let steps = 0
  let hours = 0
  let seeds = 0
  let broken = 0
  for (let seed = from; seed < from + count && performance.now() - startedAt < budgetMs; seed++) {
    const outcome = await simulate(seed, { sabotage, ignore: values.ignore })
    seeds += 1
    steps += outcome.steps
    hours += outcome.simulatedMs / 3_600_000
    addCounts(counts, outcome.counts)
    addRecord(faults, outcome.faults)
    if (outcome.violation === undefined) continue
    broken += 1
    violations[outcome.violation.invariant] ??= []
    violations[outcome.violation.invariant]?.push(seed)
    if (values.all) continue
    report(outcome)
    break
  }
  const seconds = (performance.now() - startedAt) / 1000
  const cpu = process.cpuUsage()
  const busy = (cpu.user + cpu.system) / 1_000_000
  console.log(`${hours.toFixed(0)} simulated hours, ${steps} steps, ${counts.calls} calls`)
  console.log(
    `${counts.requests} token requests (${counts.alone} without the store), ${counts.minted} tokens, ${counts.overdrawn} too many by local buckets, ${counts.denied} denied, ` +
      `${counts.revocations} revocations, ${counts.storeCommands} store commands, ${counts.apiRefusals} refusals`,
  )
  console.log(
    `at most ${counts.mostInWindow} new tokens of a fleet in ten minutes; longest wait ${Math.round(counts.longestWaitMs)} ms`,
  )
  console.log(`failed calls: ${list(counts.failed)}`)
  console.log(`faults: ${list(faults)}`)
  for (const [invariant, found] of Object.entries(violations))
    console.log(`  ${invariant}: ${found.length}, such as seeds ${found.slice(0, 8).join(' ')}`)
  console.log(`${seeds} seeds, ${broken} violations`)
  console.log(
    `${seconds.toFixed(1)} s, ${(seeds / seconds).toFixed(0)} seeds/s (${(seeds / busy).toFixed(0)} per second of a core)`,
  )
  if (broken > 0) process.exitCode = 1
  figure('seeds', broken === 0 && seeds === count, `${seeds}, ${broken} violations`, {
    trials: seeds,
    failures: broken,
    seconds: (performance.now() - startedAt) / 1_000,
    seed: from,
  })
  const most = counts.mostInWindow
  figure('most new tokens of a grant in any 10 minutes', most <= MAX_TOKENS, `${most}`)
}

function report({ seed, violation, trace, scenario }: Outcome): void {
  console.log(
    `seed ${seed}: ${scenario.processes} processes, ${scenario.connections.length} connections, ` +
      `${simulatedTime(scenario.endsAt - START_AT)}${scenario.calm ? ', calm' : ''}`,
  )
  if (violation === undefined) return
  process.exitCode = 1
  for (const line of trace) console.log(`  ${line}`)
  console.log(
    `seed ${seed} broke "${violation.invariant}" at ${simulatedTime(violation.at - START_AT)}: ${violation.detail}`,
  )
}

function list(record: Readonly<Record<string, number>>): string {
  const entries = Object.entries(record).sort(([one], [other]) => (one < other ? -1 : 1))
  return entries.map(([name, count]) => `${name} ${count}`).join(', ') || 'none'
}
