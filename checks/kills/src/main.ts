/**
 * kill −9 of real processes in the middle of everything that a store must survive, on file, Redis and PostgreSQL.
 *
 * `node dist/main.js` is the bounded form, `--full` the whole one; `--seed N`, `--only TEXT` (of `operation, store`),
 * `--at MOMENT` for one kill.
 */
import { parseArgs } from 'node:util'
import { startEmulator } from '@zoho-auth/emulator'
import { endAll } from 'e2e/children'
import { PLACES, type PlaceName, Places } from 'e2e/places'
import { Random } from '../../support/random.mjs'
import { Report } from '../../support/report.mjs'
import { afterwards } from './afterwards.js'
import { LATENCY_MS, play } from './play.js'
import { bundleProgram } from './program.js'
import { Stage } from './stage.js'
import { type Operation, TABLE } from './table.js'

const DEFAULT_SEED = '20261128'
/** Kills of the whole form, on all stores together. */
const MIN_KILLS = 1_000
/** Kills of each operation on each store in the bounded form. */
const BOUNDED = 2

const { values } = parseArgs({
  options: {
    full: { type: 'boolean', default: false },
    seed: { type: 'string', default: DEFAULT_SEED },
    only: { type: 'string', default: '' },
    at: { type: 'string' },
  },
})
const { full, only, at } = values
const seed = Number(values.seed)
const titles = PLACES.flatMap((name) => TABLE.map((operation) => titleOf(operation, name)))
/** Whether one row is named. */
const exact = titles.includes(only)
if (!titles.some((title) => title.includes(only))) {
  console.error(`the rows are ${titles.join('; ')}`)
  process.exit(2)
}
const report = new Report(36, 72)
const places = new Places()
const program = await bundleProgram()
const emulator = await startEmulator({ latencyMs: LATENCY_MS })

process.once('exit', () => {
  endAll()
  program.remove()
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => {
    endAll()
    void places.close().finally(() => process.exit(130))
  })

console.log(`seed ${seed}`)
const counts = { kills: 0, failures: 0 }
await Promise.all(
  PLACES.map((name) =>
    attack(name).catch((error: unknown) => report.row(`kills, ${name}`, () => Promise.reject(error))),
  ),
)
await emulator.close()
await places.close()
if (only === '')
  await report.row('kills altogether', async () => ({
    ok: counts.kills >= (full ? MIN_KILLS : 1) && counts.failures === 0,
    figure: `${counts.failures} of ${counts.kills} went wrong`,
    trials: counts.kills,
    failures: counts.failures,
    seed,
  }))
console.log(report.summary())
process.exit(report.failed === 0 ? 0 : 1)

function titleOf(operation: Operation, name: PlaceName): string {
  return `${operation.name}, ${name}`
}

async function attack(name: PlaceName): Promise<void> {
  const rows = TABLE.map((operation) => ({ operation, title: titleOf(operation, name) })).filter(
    ({ title }) => (exact ? title === only : title.includes(only)),
  )
  if (rows.length === 0) return
  const place = await places.get(name)
  if (place === undefined) return report.skip(`kills, ${name}`, `${name} is not installed`)
  const stage = await Stage.set(place, emulator, program)
  await Promise.all(
    rows.map(({ operation, title }, index) =>
      report.row(title, async () => {
        const count = full ? operation.kills : BOUNDED
        const row = await play(operation, stage, count, new Random(seed + index), at)
        counts.kills += row.trials ?? 0
        counts.failures += row.failures ?? 0
        return { ...row, seed }
      }),
    ),
  )
  await stage.close()
  await report.row(`afterwards, ${name}`, () => afterwards(stage))
}
