/**
 * Real faults of the network, in every state of the library: between it and the accounts server, Redis and PostgreSQL.
 *
 * `node dist/main.js` plays a part of the table that has every fault and every state in it, `--full` all of it; `--seed N`
 * another part; `--only TEXT` the cases with this in their name, all of them.
 */
import { inspect, parseArgs } from 'node:util'
import { createZohoAuth } from '@zoho-auth/core'
import { type Emulator, startEmulator } from '@zoho-auth/emulator'
import { Report } from '../../support/report.mjs'
import type { Violation } from './judge.js'
import { Lanes } from './lanes.js'
import { answerNames } from './names.js'
import { play, type State } from './play.js'
import type { Family, FaultRow } from './row.js'
import { Scene, type Setting } from './scene.js'
import { beforeAccounts } from './settings.js'
import { ACCOUNTS_FAULTS } from './tables/accounts-faults.js'
import { ACCOUNTS_STATES } from './tables/accounts-states.js'

/** Cases at once. Most of their time is waiting. */
const LANES = 32

/** The bounded form plays every so-manyth case: each fault in some states, each state with some faults. */
const STRIDE = 6

const { values } = parseArgs({
  options: {
    full: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
  },
})
const seed = Number(values.seed)
if (!Number.isSafeInteger(seed) || seed < 0) {
  console.error('--seed takes a whole number')
  process.exit(2)
}

/** What nobody caught, wherever it came from. */
const uncaught: string[] = []
process.on('unhandledRejection', (reason) => void uncaught.push(`unhandled rejection: ${inspect(reason)}`))
process.on('uncaughtException', (error) => void uncaught.push(`uncaught exception: ${inspect(error)}`))

/** One server that goes wrong. */
interface Target {
  readonly name: string
  readonly faults: readonly Family[]
  readonly states: readonly State[]
  setting(id: string, row: FaultRow): Promise<Setting>
}

interface Failed {
  readonly case: string
  readonly wrong: readonly Violation[]
}

const lanes = new Lanes(LANES)
let ids = 0

function isChosen(name: string, fault: number, state: number): boolean {
  if (values.only !== undefined) return name.includes(values.only)
  return values.full || (fault + state + seed) % STRIDE === 0
}

async function playCase(
  target: Target,
  row: FaultRow,
  state: State,
  name: string,
): Promise<Failed | undefined> {
  ids += 1
  const id = `case-${ids}`
  const setting = await target.setting(id, row)
  try {
    const wrong = await play(state, new Scene(id, setting))
    return wrong.length === 0 ? undefined : { case: name, wrong }
  } catch (error) {
    return { case: name, wrong: [{ kind: 'state', what: `the case broke off: ${String(error)}` }] }
  } finally {
    await setting.proxy.close()
  }
}

/** Begins with all cases of a target; gives what came of each family. */
function begin({ faults, states, ...target }: Target): Map<string, Promise<Failed | undefined>[]> {
  const begun = new Map<string, Promise<Failed | undefined>[]>()
  let index = 0
  for (const family of faults) {
    const cases: Promise<Failed | undefined>[] = []
    for (const row of family.rows) {
      index += 1
      for (const [at, state] of states.entries()) {
        const name = `${target.name} / ${row.name} / ${state.name}`
        if (isChosen(name, index, at))
          cases.push(lanes.run(() => playCase({ ...target, faults, states }, row, state, name)))
      }
    }
    begun.set(family.name, cases)
  }
  return begun
}

async function tell(
  report: Report,
  name: string,
  cases: readonly Promise<Failed | undefined>[],
): Promise<Failed[]> {
  let failed: Failed[] = []
  await report.row(name, async () => {
    failed = (await Promise.all(cases)).filter((one) => one !== undefined)
    const count = (kind: Violation['kind']) =>
      failed.filter(({ wrong }) => wrong.some((one) => one.kind === kind)).length
    return {
      ok: failed.length === 0 && cases.length > 0,
      figure: `${cases.length} cases, ${count('hang')} hangs, ${count('code')} wrong codes`,
      seen: failed.map((one) => ({
        case: one.case,
        wrong: one.wrong.map(({ kind, what }) => `${kind}: ${what}`),
      })),
      trials: cases.length,
      failures: failed.length,
      seed,
    }
  })
  return failed
}

/** Loads what the library loads at its first refresh, which no case shall wait for. */
async function warmUp(): Promise<void> {
  const { clientId, clientSecret, refreshToken, accountsUrl } = emulator
  const zoho = createZohoAuth({ clientId, clientSecret, refreshToken, accountsUrl })
  await zoho.getToken()
  await zoho.close()
}

answerNames()
const emulator: Emulator = await startEmulator()
await warmUp()
const report = new Report(56, 44)
console.log(`seed ${seed}${values.full ? ', the whole table' : ''}`)
const targets: Target[] = [
  {
    name: 'accounts server',
    faults: ACCOUNTS_FAULTS,
    states: ACCOUNTS_STATES,
    setting: (id, row) => beforeAccounts(emulator, id, row),
  },
]
const begun = targets.map((target) => ({ target, families: begin(target) }))
for (const { target, families } of begun)
  for (const [family, cases] of families)
    if (cases.length > 0 || values.only === undefined) await tell(report, `${target.name}: ${family}`, cases)
await emulator.close()
await report.row('unhandled rejections and exceptions', async () => ({
  ok: uncaught.length === 0,
  figure: String(uncaught.length),
  seen: uncaught.slice(0, 20),
  trials: ids,
  failures: uncaught.length,
  seed,
}))
console.log(report.summary())
process.exit(report.failed === 0 ? 0 : 1)
