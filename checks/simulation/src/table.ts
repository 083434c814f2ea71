import {
  type Connection,
  createZohoAuth,
  isZohoAuthError,
  memoryConnectionStore,
  type TokenStore,
} from '@zoho-auth/core'
import { Accounts, CLIENT_SECRET } from './accounts.js'
import { connectionLink } from './connection-link.js'
import { replaceGlobals } from './globals.js'
import { Judge, type Tenant } from './judge.js'
import { networkOf } from './network.js'
import { Random } from './random.js'
import { SharedStore } from './shared-store.js'
import { warmUp } from './simulate.js'
import { tokenLink } from './token-link.js'
import { type Life, VirtualProcess } from './virtual-process.js'
import { Weather } from './weather.js'
import { START_AT, World } from './world.js'

export const FLEETS: readonly number[] = [1, 5, 8, 10, 11, 12, 16, 31, 60, 100]
/** Zoho's limits of live tokens per grant, by product. */
export const CAPS: readonly number[] = [10, 15, 30]

/** Simulated time of one cell, in milliseconds (two hours). */
const DURATION_MS = 7_200_000
/** Between two calls of one process, in milliseconds, on average (0.2 calls a second). */
const CALL_GAP_MS = 5_000
/** Processes start within this time, in milliseconds. */
const START_SPREAD_MS = 30_000
/** One way to an API, in milliseconds. */
const API_MS = 50
const MAX_REPLAYS = 2
const SEED = 1

/** One cell: how many of a fleet's API calls failed. */
export interface Cell {
  readonly processes: number
  readonly cap: number
  readonly shared: boolean
  readonly calls: number
  readonly failed: number
}

/** Every fleet with every cap, without and with a shared store. Nothing is disturbed: only the number of processes counts. */
export async function failedCalls(onCell: (cell: Cell) => void = () => {}): Promise<Cell[]> {
  await warmUp()
  const cells: Cell[] = []
  for (const shared of [false, true])
    for (const cap of CAPS)
      for (const processes of FLEETS) {
        const cell = await measure(processes, cap, shared)
        cells.push(cell)
        onCell(cell)
      }
  return cells
}

async function measure(processes: number, cap: number, shared: boolean): Promise<Cell> {
  const random = new Random(SEED * 1_000_003 + processes)
  const world = new World()
  const restore = replaceGlobals(random.fork())
  try {
    const accounts = new Accounts(world, { cap, lifeMs: 3_600_000, lockExtends: false })
    const weather = new Weather(world, random.fork(), [])
    const store = new SharedStore(world, 0)
    // Violations are for `simulate`; here a fleet without a store is meant to break the rules.
    const judge = new Judge(world, accounts, weather, store, processes, new Set())
    const grant = accounts.consent('c0', 'us')
    const dates = { createdAt: START_AT, updatedAt: START_AT }
    const row: Connection = {
      id: 'c0',
      refreshToken: grant.refreshToken,
      dataCenter: 'us',
      state: 'active',
      version: 1,
      ...dates,
    }
    const tenant: Tenant = { id: row.id, grant, revocations: new Set(), changedAt: 0, row }
    judge.tenants.set(row.id, tenant)
    const connections = memoryConnectionStore([row])
    const parts = { world, random, accounts, weather, judge, store, connections }
    const tally = { calls: 0, failed: 0 }
    for (let index = 0; index < processes; index++) {
      const life = new VirtualProcess(world, random, index).begin()
      const tokens: TokenStore | undefined = shared ? tokenLink(life, parts) : undefined
      life.engine = createZohoAuth({
        clientId: 'the-client',
        clientSecret: CLIENT_SECRET,
        connections: connectionLink(life, parts),
        tokens,
        expectedInstances: shared ? processes : 1,
        clock: life.clock,
        fetch: networkOf(life, parts),
        logger: { warn: () => {} },
      })
      callAgain(life, world, random, accounts, tally, random.between(0, START_SPREAD_MS))
    }
    await world.run(START_AT + DURATION_MS, () => false)
    return { processes, cap, shared, ...tally }
  } finally {
    restore()
  }
}

interface Tally {
  calls: number
  failed: number
}

function callAgain(
  life: Life,
  world: World,
  random: Random,
  accounts: Accounts,
  tally: Tally,
  waitMs: number,
): void {
  world.after(waitMs, () => {
    tally.calls += 1
    send(life, world, accounts, tally, undefined, 0)
    callAgain(life, world, random, accounts, tally, random.exponential(CALL_GAP_MS))
  })
}

function send(
  life: Life,
  world: World,
  accounts: Accounts,
  tally: Tally,
  refused: string | undefined,
  replays: number,
): void {
  life.engine?.getToken({ connection: 'c0', rejectedToken: refused }).then(
    ({ value }) => {
      world.after(API_MS, () => {
        if (accounts.accepts(value)) return
        if (replays === MAX_REPLAYS) tally.failed += 1
        else world.after(API_MS, () => send(life, world, accounts, tally, value, replays + 1))
      })
    },
    (error: unknown) => {
      if (!isZohoAuthError(error)) throw error
      tally.failed += 1
    },
  )
}

/** The table in words: a row per fleet, a column per cap. */
export function tableText(cells: readonly Cell[]): string {
  const lines = [['processes', ...['without', 'with'].flatMap((how) => CAPS.map((cap) => `${how}, ${cap}`))]]
  for (const processes of FLEETS)
    lines.push([
      String(processes),
      ...[false, true].flatMap((shared) => CAPS.map((cap) => share(cells, processes, cap, shared))),
    ])
  return lines.map((line) => `| ${line.map((text) => text.padStart(11)).join(' | ')} |`).join('\n')
}

function share(cells: readonly Cell[], processes: number, cap: number, shared: boolean): string {
  const found = cells.find(
    (cell) => cell.processes === processes && cell.cap === cap && cell.shared === shared,
  )
  return found === undefined ? '' : `${((100 * found.failed) / found.calls).toFixed(1)} %`
}
