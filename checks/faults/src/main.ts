/**
 * Real faults of the network, in every state of the library: between it and the accounts server, Redis and PostgreSQL.
 *
 * `node dist/main.js` plays a part of the table that has every fault and every state in it, `--full` all of it; `--seed N`
 * another part; `--only TEXT` the cases with this in their name, all of them.
 */
import { inspect, parseArgs } from 'node:util'
import { createZohoAuth } from '@zoho-auth/core'
import { startEmulator } from '@zoho-auth/emulator'
import { Report } from '../../support/report.mjs'
import { freePort } from '../../support/servers.mjs'
import type { Violation } from './judge.js'
import { Lanes } from './lanes.js'
import { Lateness } from './lateness.js'
import { answerNames, withNames } from './names.js'
import { play, type State } from './play.js'
import type { Family, FaultRow } from './row.js'
import { Scene, type Setting } from './scene.js'
import { installed, type OwnServer, startPostgres, startRedis } from './servers.js'
import { beforeAccounts, beforeStores, type Place } from './settings.js'
import { ACCOUNTS_FAULTS } from './tables/accounts-faults.js'
import { ACCOUNTS_STATES } from './tables/accounts-states.js'
import { POSTGRES_FAULTS, REDIS_FAULTS } from './tables/store-faults.js'
import { STORE_STATES } from './tables/store-states.js'

/** The bounded form plays every so-manyth case: each fault in some states, each state with some faults. */
const STRIDE = 11

/** The whole table has at least so many cases for the accounts server, and as many for the stores. */
const LEAST = 450

/** Each case has an address of loopback of its own below this (Linux answers to all of them). */
const NETWORK = '127.77'

/** How often a case is played at most. */
const MAX_ROUNDS = 4

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
  /** Cases at once. Most of their time is waiting. */
  readonly lanes: Lanes
  setting(place: Place, row: FaultRow): Promise<Setting>
}

interface Failed {
  readonly case: string
  readonly wrong: readonly Violation[]
}

/** The one port of all proxies. */
const port = await freePort()
const lateness = new Lateness()
let ids = 0
let again = 0

function isChosen(name: string, fault: number, state: number): boolean {
  if (values.only !== undefined) return name.includes(values.only)
  return values.full || (fault + state + seed) % STRIDE === 0
}

/** A case that failed while this process was late proves nothing: it is played again. */
async function playCase(
  target: Target,
  row: FaultRow,
  state: State,
  name: string,
): Promise<Failed | undefined> {
  for (let round = 1; ; round++) {
    const since = performance.now()
    const failed = await playOnce(target, row, state, name)
    const hangs = failed?.wrong.some(({ kind }) => kind === 'hang') === true
    if (failed === undefined || hangs || round === MAX_ROUNDS || !lateness.since(since)) return failed
    again += 1
  }
}

async function playOnce(
  target: Target,
  row: FaultRow,
  state: State,
  name: string,
): Promise<Failed | undefined> {
  ids += 1
  const address = `${NETWORK}.${(ids >> 8) & 0xff}.${ids & 0xff}`
  const setting = await target.setting({ id: `case-${ids}`, address, port }, row)
  try {
    const wrong = await withNames(setting.proxy.names, () => play(state, new Scene(setting)))
    return wrong.length === 0 ? undefined : { case: name, wrong }
  } catch (error) {
    return {
      case: name,
      wrong: [
        { kind: 'state', what: `the case broke off: ${String(error)}, ${String((error as Error).cause)}` },
      ],
    }
  } finally {
    await Promise.all([setting.proxy.close(), setting.emulator.close()])
  }
}

/** Begins with all cases of a target; gives what came of each family. */
function begin(target: Target): Map<string, Promise<Failed | undefined>[]> {
  const begun = new Map<string, Promise<Failed | undefined>[]>()
  let index = 0
  for (const family of target.faults) {
    const cases: Promise<Failed | undefined>[] = []
    for (const row of family.rows) {
      index += 1
      for (const [at, state] of target.states.entries()) {
        const name = `${target.name} / ${row.name} / ${state.name}`
        if (isChosen(name, index, at)) cases.push(target.lanes.run(() => playCase(target, row, state, name)))
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
  const emulator = await startEmulator()
  const { clientId, clientSecret, refreshToken, accountsUrl } = emulator
  const zoho = createZohoAuth({ clientId, clientSecret, refreshToken, accountsUrl })
  await zoho.getToken()
  await zoho.close()
  await emulator.close()
}

answerNames()
await warmUp()
const servers: OwnServer[] = []
const targets: Target[] = [
  {
    name: 'accounts server',
    faults: ACCOUNTS_FAULTS,
    states: ACCOUNTS_STATES,
    lanes: new Lanes(20),
    setting: beforeAccounts,
  },
]
const report = new Report(56, 44)
console.log(`seed ${seed}${values.full ? ', the whole table' : ''}`)
await addStores('Redis', installed.redis, startRedis, REDIS_FAULTS)
await addStores('PostgreSQL', installed.postgres, startPostgres, POSTGRES_FAULTS)

const begun = targets.map((target) => ({ target, families: begin(target) }))
for (const { target, families } of begun)
  for (const [family, cases] of families)
    if (cases.length > 0 || values.only === undefined) await tell(report, `${target.name}: ${family}`, cases)
await total('the accounts server', ['accounts server'])
await total('the stores', ['Redis', 'PostgreSQL'])
await Promise.all(servers.map((server) => server.stop()))
await report.row('unhandled rejections and exceptions', async () => ({
  ok: uncaught.length === 0 && ids > 0,
  figure: `${uncaught.length} in ${ids} cases, ${again} of them played again`,
  seen: uncaught.slice(0, 20),
  trials: ids,
  failures: uncaught.length,
  seed,
}))
console.log(report.summary())
process.exit(report.failed === 0 ? 0 : 1)

/** All cases of some targets. The whole table has at least {@link LEAST} of them. */
async function total(name: string, of: readonly string[]): Promise<void> {
  const cases = begun
    .filter(({ target }) => of.includes(target.name))
    .flatMap(({ families }) => [...families.values()].flat())
  if (values.only !== undefined) return
  await report.row(`all faults × states, ${name}`, async () => {
    const failures = (await Promise.all(cases)).filter((one) => one !== undefined).length
    const least = values.full ? LEAST : 1
    return {
      ok: failures === 0 && cases.length >= least,
      figure: `${cases.length} cases, ${failures} failed`,
      trials: cases.length,
      failures,
      seed,
    }
  })
}

/** The stores on a server of their own, where it is installed. */
async function addStores(
  name: string,
  isInstalled: boolean,
  start: () => Promise<OwnServer>,
  faults: readonly Family[],
): Promise<void> {
  if (!isInstalled) return report.skip(name, 'is not installed')
  const server = await start()
  servers.push(server)
  const setting = (place: Place, row: FaultRow) => beforeStores(server, place, row)
  targets.push({ name, faults, states: STORE_STATES, lanes: new Lanes(12), setting })
}
