import { type Connection, memoryConnectionStore } from '@zoho-auth/core'
import { Accounts } from './accounts.js'
import type { Counts } from './counts.js'
import { Fleet } from './fleet.js'
import { replaceGlobals } from './globals.js'
import { Judge, type Tenant, type Violation } from './judge.js'
import { Random } from './random.js'
import { drawScenario, type Scenario } from './scenario.js'
import { type Sabotage, SharedStore } from './shared-store.js'
import { Weather } from './weather.js'
import { START_AT, World } from './world.js'

/** After the end nobody calls any more, but who waits is waited for, in milliseconds. */
const AFTERMATH_MS = 60_000

export interface SimulateOptions {
  /** Breaks the store on purpose. */
  readonly sabotage?: Sabotage | undefined
  /** Called with each line of the trace. */
  readonly print?: ((line: string) => void) | undefined
  /** Turns of the event loop per step; more must change nothing. Default 1. */
  readonly turns?: number | undefined
  /** Invariants that are not checked. */
  readonly ignore?: readonly string[] | undefined
}

/** What a seed did. */
export interface Outcome {
  readonly seed: number
  readonly scenario: Scenario
  readonly steps: number
  readonly simulatedMs: number
  readonly counts: Counts
  readonly faults: Readonly<Record<string, number>>
  readonly violation: Violation | undefined
  /** The last lines of the trace. */
  readonly trace: readonly string[]
  /** Of everything that happened: the same for the same seed and the same code. */
  readonly hash: string
}

/**
 * Runs one seed: a fleet with core's real code, in virtual time, with whatever befalls it.
 *
 * Replaces `Math.random` and a few other globals while it runs; do not run two at once in one process.
 */
export async function simulate(seed: number, options: SimulateOptions = {}): Promise<Outcome> {
  await warmUp()
  return run(seed, options)
}

async function run(seed: number, options: SimulateOptions, given?: Scenario): Promise<Outcome> {
  const random = new Random(Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995)
  const scenario = given ?? drawScenario(random.fork())
  const world = new World(options.turns, options.print)
  const restore = replaceGlobals(random.fork())
  try {
    const accounts = new Accounts(world, scenario.rules)
    const weather = new Weather(world, random.fork(), scenario.episodes)
    const store = new SharedStore(world, random.between(-5_000, 5_000), options.sabotage)
    const judge = new Judge(world, accounts, weather, store, scenario.processes, new Set(options.ignore))
    const rows = scenario.connections.map((dataCenter, index) => {
      const grant = accounts.consent(`c${index}`, dataCenter)
      const row: Connection = {
        id: grant.connection,
        refreshToken: grant.refreshToken,
        dataCenter,
        state: 'active',
        version: 1,
        createdAt: START_AT,
        updatedAt: START_AT,
      }
      const tenant: Tenant = { id: row.id, grant, revocations: new Set(), changedAt: 0, row }
      judge.tenants.set(row.id, tenant)
      return row
    })
    const connections = memoryConnectionStore(rows)
    const fleet = new Fleet({
      world,
      random: random.fork(),
      accounts,
      weather,
      judge,
      store,
      connections,
      scenario,
    })
    fleet.begin()
    world.at(scenario.endsAt - AFTERMATH_MS, () => fleet.askEverywhere())
    await world.run(scenario.endsAt, () => {
      fleet.afterStep()
      return judge.violation !== undefined
    })
    judge.deadGrantsNoticed()
    if (scenario.calm) judgeEconomy(scenario, accounts, judge)
    return {
      seed,
      scenario,
      steps: world.steps,
      simulatedMs: world.now - START_AT,
      counts: judge.counts,
      faults: weather.faults,
      violation: judge.violation,
      trace: world.trace.last(),
      hash: world.trace.hash,
    }
  } finally {
    restore()
  }
}

/** With nothing in the way, one token per expiry serves everyone. */
function judgeEconomy({ rules, endsAt }: Scenario, accounts: Accounts, judge: Judge): void {
  const shortestUse = rules.lifeMs * (1 - 600_000 / 3_600_000)
  const most = 1 + Math.floor((endsAt - START_AT) / shortestUse)
  for (const grant of accounts.grants.values()) {
    let made = 0
    for (const token of accounts.tokens.values()) if (token.grant === grant) made += 1
    if (made > most)
      judge.fail('one refresh per expiry', `${grant.connection} got ${made} tokens instead of ${most}`)
  }
}

/** What core loads at the first refresh and at the first revocation takes real time: it is loaded before. */
export function warmUp(): Promise<void> {
  warm ??= runUntilWarm()
  return warm
}

/** Warm is when a run has done it all, and no longer differs from the one before. */
async function runUntilWarm(): Promise<void> {
  let last = ''
  for (let round = 0; round < MAX_WARM_UPS; round++) {
    const { hash, counts } = await run(0, {}, WARM_UP)
    if (hash === last && counts.minted > 0 && counts.revocations > 0) return
    last = hash
  }
  throw new Error('the same run is never the same')
}

let warm: Promise<void> | undefined

/** Runs until everything must be loaded. */
const MAX_WARM_UPS = 100

const WARM_UP: Scenario = {
  processes: 1,
  connections: ['us'],
  endsAt: START_AT + 600_000,
  rules: { cap: 10, lifeMs: 3_600_000, lockExtends: false },
  callGapMs: 1_000,
  foreignGapMs: undefined,
  episodes: [],
  plans: [{ at: START_AT + 300_000, deed: 'revoke' }],
  skewMs: 0,
  freezes: false,
  calm: false,
  maxConcurrentRefreshes: 100,
}
