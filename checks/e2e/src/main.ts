/**
 * Many real processes on real servers, against the emulator in a process of its own; counted is what arrives there.
 *
 * `node dist/main.js` is the bounded form, `--full` the whole one, `--only NAME` one scenario of either.
 */
import { parseArgs } from 'node:util'
import { Report } from '../../support/report.mjs'
import { within } from '../../support/within.mjs'
import { endAll } from './children.js'
import { Places } from './places.js'
import type { Scenario } from './scenario.js'
import { callers } from './scenarios/callers.js'
import { consentCloses } from './scenarios/consent-closes.js'
import { consentElsewhere } from './scenarios/consent-elsewhere.js'
import { multiTenant } from './scenarios/multi-tenant.js'
import { newKeys } from './scenarios/new-keys.js'
import { outage } from './scenarios/outage.js'
import { reconsent } from './scenarios/reconsent.js'
import { refusals } from './scenarios/refusals.js'
import { revokeInUse } from './scenarios/revoke-in-use.js'
import { rollout } from './scenarios/rollout.js'
import { stopServers } from './servers.js'
import { setStage } from './stage.js'

/** Longest time for servers to stop after an interruption, in milliseconds, and the exit code then. */
const STOP_MS = 10_000
const INTERRUPTED = 130

const SCENARIOS: readonly Scenario[] = [
  callers,
  rollout,
  refusals,
  newKeys,
  outage,
  consentElsewhere,
  consentCloses,
  revokeInUse,
  reconsent,
  multiTenant,
]

const { values } = parseArgs({
  options: { full: { type: 'boolean', default: false }, only: { type: 'string', multiple: true } },
})
const { full, only } = values
const chosen = SCENARIOS.filter(({ name }) => only === undefined || only.includes(name))
if (chosen.length === 0 || (only !== undefined && chosen.length < only.length)) {
  console.error(`the scenarios are ${SCENARIOS.map(({ name }) => name).join(', ')}`)
  process.exit(2)
}

const report = new Report(56, 62)
let places = new Places()
let interrupted = false

process.once('exit', endAll)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => {
    interrupted = true
    endAll()
    const stopped = Promise.allSettled([places.close(), stopServers()])
    void within(STOP_MS, 'the servers', stopped).finally(() => process.exit(INTERRUPTED))
  })

for (const scenario of chosen) {
  places = new Places()
  await play(scenario).catch((error: unknown) => report.row(scenario.name, () => Promise.reject(error)))
  if (interrupted) await new Promise(() => {})
  await places.close()
}
await stopServers()
console.log(report.summary())
process.exit(report.failed === 0 ? 0 : 1)

async function play(scenario: Scenario): Promise<void> {
  const stage = await setStage(scenario.name, full, report, places, scenario.emulator?.(full) ?? {})
  try {
    await scenario.play(stage)
  } catch (error) {
    await stage.row(scenario.name, () => Promise.reject(error))
  }
  if (!interrupted) await stage.finish()
}
