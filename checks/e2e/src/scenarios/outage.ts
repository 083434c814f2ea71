import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import type { Row } from '../../../support/report.mjs'
import { sum, times, total } from '../bounded.js'
import { Fleet } from '../fleet.js'
import type { Gets } from '../messages.js'
import type { Scenario } from '../scenario.js'
import { installed, startRedis } from '../servers.js'
import type { Customer, Stage } from '../stage.js'

const PROCESSES = 4
/** Processes that come up after the outage, and know nothing. */
const NEWCOMERS = 2
const CONNECTIONS = 5
/** Each process asks for each connection this often, in milliseconds. */
const EVERY_MS = 10
/** The outage begins this long after the first tokens, in milliseconds. */
const BEFORE_MS = 2_000
/** Load after the restart, in milliseconds: a client reconnects within two seconds. */
const AFTER_MS = 5_000

/**
 * Tokens go stale in the middle of the outage, and live on: 40 to 45 minutes of an hour before they end, in proportion.
 * With a life of twice the outage and the rest they are usable all the time.
 */
const EXPIRY = { refreshAheadMs: 2_400_000, refreshJitterMs: 300_000 }

const outageMs = (full: boolean): number => (full ? 30_000 : 5_000)
const lifeMs = (full: boolean): number => 2 * (outageMs(full) + BEFORE_MS + AFTER_MS)

/** Redis stops under load, and comes back empty. Connections are elsewhere, as losing those loses customers. */
export const outage: Scenario = {
  name: 'outage',
  emulator: (full) => ({ tokenLifeMs: lifeMs(full), latencyMs: 200 }),
  async play(stage) {
    const name = `Redis stopped for ${outageMs(stage.full) / 1_000} s, back empty`
    if (!installed.redis) {
      await stage.places(['redis'])
      return
    }
    const folder = mkdtempSync(join(tmpdir(), 'zoho-auth-e2e-'))
    try {
      await stage.row(name, () => stop(stage, pathToFileURL(folder).href))
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
}

async function stop(stage: Stage, connections: string): Promise<Row> {
  const redis = await startRedis()
  const engine = 'redis'
  const place = { name: engine, url: redis.url, dump: async () => [], close: async () => {} } as const
  const start = stage.worker([place], { connections, expiry: EXPIRY })
  const customers = await times(CONNECTIONS, CONNECTIONS, (index) =>
    stage.customer({ url: connections }, `customer-${index}`),
  )
  const ids = customers.map(({ connection }) => connection)
  const fleet = await Fleet.gently(PROCESSES, start)
  const first = await Promise.all(
    ids.map((connection) => fleet.ask({ do: 'get', engine, connection, callers: 1 })),
  )
  stage.learn(first.flat())
  await fleet.ask({ do: 'load', engine, connections: ids, everyMs: EVERY_MS })
  await sleep(BEFORE_MS)
  const before = await requestsOf(stage, customers)

  await redis.stop()
  await sleep(outageMs(stage.full))
  const again = await startRedis(redis.port)
  const newcomers = await Fleet.gently(NEWCOMERS, start)
  const late = await Promise.all(
    ids.map((connection) => newcomers.ask({ do: 'get', engine, connection, callers: 1 })),
  )
  await sleep(AFTER_MS)
  const loads = await fleet.ask({ do: 'rest' })
  const after = await requestsOf(stage, customers)
  await again.stop()

  const all: Gets[] = [...first.flat(), ...late.flat(), ...loads.flatMap((load) => Object.values(load))]
  stage.learn(all)
  const failed = sum(all.map((one) => one.failed))
  const calls = all.reduce((served, one) => served + one.served, 0)
  // One refresh was due in this time: the tokens went stale.
  const extra = after.map((requests, index) => requests - (before[index] ?? 0) - 1)
  // Every process has the newest token of each connection.
  const apart = ids.filter((connection) => {
    const newest = loads.map((load) => load[connection]?.tokens.at(-1))
    return new Set(newest).size !== 1
  })
  return {
    ok:
      total([failed]) === 0 &&
      apart.length === 0 &&
      extra.every((count) => count >= 0 && count <= 1) &&
      before.every((requests) => requests === 1),
    figure: `${total([failed])} of ${calls} calls failed, ${Math.max(...extra)} extra refreshes per connection`,
    seen: { failed, before, after, extra, apart },
  }
}

function requestsOf(stage: Stage, customers: readonly Customer[]): Promise<number[]> {
  return times(customers.length, customers.length, async (index) => {
    const { counters } = await stage.emulator.seen(customers[index]?.refreshToken ?? '')
    return counters.tokenRequests
  })
}
