import type { Row } from '../../../support/report.mjs'
import { ExampleFleet, PROCESSES, TENANTS } from '../example-fleet.js'
import type { Scenario } from '../scenario.js'
import { installed } from '../servers.js'
import type { Visitor } from '../visitor.js'

/** How long a refresh takes, in milliseconds. */
const LATENCY_MS = 200
/** Every process must say that a tenant is disconnected within this, in milliseconds. */
const TOLD_MS = 5_000

const lifeMs = (full: boolean): number => (full ? 60_000 : 12_000)
const outageMs = (full: boolean): number => (full ? 30_000 : 3_000)
/** How often each process is killed. */
const rounds = (full: boolean): number => (full ? 5 : 1)

/** `examples/multi-tenant` itself, under load of both its tenants, and what befalls a fleet. */
export const multiTenant: Scenario = {
  name: 'multi-tenant',
  emulator: (full) => ({
    dataCenters: TENANTS.map(({ dataCenter }) => dataCenter),
    tokenLifeMs: lifeMs(full),
    latencyMs: LATENCY_MS,
  }),
  async play(stage) {
    const { full } = stage
    // Its own, to be stopped: here it is only reported if there is none.
    if (!installed.redis) await stage.places(['redis'])
    const [postgres] = await stage.places(['postgres'])
    if (!installed.redis || postgres === undefined) return
    const fleet = await ExampleFleet.start(stage, postgres.url)
    try {
      await stage.row(`example: Redis stopped for ${outageMs(full) / 1_000} s, back empty`, () =>
        loseRedis(fleet, full),
      )
      await stage.row(`example: kill −9 of each process × ${rounds(full)}`, () => killEach(fleet, full))
      await stage.row('example: one tenant disconnects', () => disconnect(fleet))
    } finally {
      await fleet.end()
    }
    await stage.row('example: one refresh per connection and expiry', () => judgeRefreshes(fleet, full))
    await stage.row('example: what Redis held', async () => {
      const { records, secrets } = fleet.left
      return {
        ok: records >= TENANTS.length && secrets === 0,
        figure: `${secrets} secrets in ${records} records`,
      }
    })
  },
}

async function loseRedis(fleet: ExampleFleet, full: boolean): Promise<Row> {
  // The tokens at hand outlast it, with time to spare on a slow machine.
  await fleet.untilLifeLeft(lifeMs(full) * 0.8)
  const before = tally(fleet.everyone)
  await fleet.emptyRedis(outageMs(full))
  await fleet.untilRefreshed(TENANTS)
  const after = tally(fleet.everyone)
  const failed = after.failed - before.failed
  const served = after.served - before.served
  return {
    ok: failed === 0 && served > 0,
    figure: `${failed} of ${served + failed} requests failed, until the next refresh`,
    seen: fleet.describe(),
  }
}

async function killEach(fleet: ExampleFleet, full: boolean): Promise<Row> {
  const before = tally(fleet.everyone)
  let servedByOther = Number.POSITIVE_INFINITY
  let slowestMs = 0
  for (let kill = 0; kill < rounds(full) * PROCESSES; kill++) {
    const index = kill % PROCESSES
    // Not in the middle of a refresh: that is another scenario, and costs a request more.
    await fleet.untilLifeLeft(lifeMs(full) / 4)
    const visitors = fleet.visitors[index] ?? []
    const others = fleet.visitors.filter((_, other) => other !== index).flat()
    for (const visitor of visitors) visitor.down = true
    const { served } = tally(others)
    const killedAt = performance.now()
    await fleet.restart(index)
    servedByOther = Math.min(servedByOther, tally(others).served - served)
    const counts = visitors.map((visitor) => visitor.served)
    for (const visitor of visitors) visitor.down = false
    await fleet.until('answers of the process that was started again', () =>
      visitors.every((visitor, nth) => visitor.served > (counts[nth] ?? 0)),
    )
    slowestMs = Math.max(slowestMs, performance.now() - killedAt)
  }
  const failed = tally(fleet.everyone).failed - before.failed
  return {
    ok: failed === 0 && servedByOther > 0,
    figure: `${failed} failed, the other served ${servedByOther} or more meanwhile, back in ${seconds(slowestMs)}`,
    seen: fleet.describe(),
  }
}

async function disconnect(fleet: ExampleFleet): Promise<Row> {
  const [leaving, staying] = [0, 1]
  const gone = fleet.visitors.flatMap((visitors) => visitors[leaving] ?? [])
  const before = tally(fleet.everyone)
  const sentAt = performance.now()
  const first = await fleet.disconnect(leaving, 0)
  const { counters: then } = await fleet.seen(leaving)
  await fleet.until('the news', () => gone.every(({ told }) => told > 0))
  const toldMs = performance.now() - sentAt
  // A second time, at another process, changes nothing.
  const second = await fleet.disconnect(leaving, 1)
  // The tokens of both were as old: a refresh would be due for the one that left, too.
  await fleet.untilRefreshed([TENANTS[staying] ?? TENANTS[1]])
  const { counters: now } = await fleet.seen(leaving)
  const requests = now.tokenRequests - then.tokenRequests
  const failed = tally(fleet.everyone).failed - before.failed
  const { servedInVain } = tally(gone)
  return {
    ok:
      first === 204 &&
      second === 204 &&
      toldMs <= TOLD_MS &&
      now.revocations === 1 &&
      requests === 0 &&
      failed === 0 &&
      servedInVain === 0,
    figure: `409 at both in ${seconds(toldMs)}, ${now.revocations} revocation, then ${requests} token requests, ${failed} failed`,
    seen: { statuses: [first, second], servedInVain, visitors: fleet.describe() },
  }
}

/** When tokens were made, that nothing else was asked of Zoho's accounts servers, and whose tokens were used. */
async function judgeRefreshes(fleet: ExampleFleet, full: boolean): Promise<Row> {
  const lines = await Promise.all(
    TENANTS.map(async ({ connection, dataCenter }, nth) => {
      const { counters } = await fleet.seen(nth)
      const at = fleet.tokens.issuedAt(dataCenter)
      const gaps = at.slice(1).map((later, index) => later - (at[index] ?? 0))
      const seenAs = [...new Set(fleet.visitors.flatMap((visitors) => [...(visitors[nth]?.seenAs ?? [])]))]
      return { connection, dataCenter, requests: counters.tokenRequests, gaps, seenAs }
    }),
  )
  const shortestMs = Math.min(...lines.flatMap(({ gaps }) => gaps))
  return {
    ok:
      // Two refreshes for one expiry would be less than half a life apart.
      shortestMs > lifeMs(full) / 2 &&
      lines.every(
        ({ requests, gaps, seenAs, dataCenter }) =>
          gaps.length > 0 &&
          requests === gaps.length + 1 &&
          seenAs.length === 1 &&
          seenAs[0]?.endsWith(` in ${dataCenter}`),
      ),
    figure: `token requests: ${lines.map(({ connection, requests }) => `${connection} ${requests}`).join(', ')}; ${seconds(shortestMs)} or more apart`,
    seen: lines,
  }
}

function tally(visitors: readonly Visitor[]): Record<'served' | 'failed' | 'servedInVain', number> {
  const all = { served: 0, failed: 0, servedInVain: 0 }
  for (const { served, failures, servedInVain } of visitors) {
    all.served += served
    all.failed += failures
    all.servedInVain += servedInVain
  }
  return all
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`
}
