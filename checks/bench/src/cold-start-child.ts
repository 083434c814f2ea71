import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Connection, createZohoAuth, isZohoAuthError, systemClock, type ZohoAuth } from '@zoho-auth/core'
import type { AtOnce, Expiry, Outage, Run, Served } from './cold-start.js'
import { delayed } from './delay.js'
import { type Stub, startStub } from './stub-process.js'

/** Connections that are used before anything is counted: code and caches. */
const WARM_UP = 50
/** How often the curve is looked at, in milliseconds. */
const SAMPLE_MS = 100
const REFRESH_AHEAD_MS = 300_000
/** The stub's tokens live so long at least; then the first of them go stale. */
const STALE_AFTER_MS = 7_200_000 - REFRESH_AHEAD_MS
/** Connections that are filled at once before a fleet counts as warm. */
const FILLERS = 64
/** A call that takes longer than this had to wait, in milliseconds. */
const WAITED_MS = 50

const run = JSON.parse(process.argv[2] ?? '{}') as Run

function connectionOf(id: string): Connection {
  return {
    id,
    refreshToken: `the-refresh-token-of-${id}`,
    dataCenter: 'us',
    state: 'active',
    version: 1,
    createdAt: 0,
    updatedAt: 0,
  }
}

/** What became of calls, one by one. */
class Outcomes {
  served = 0
  readonly failed: Record<string, number> = {}
  withoutRetry = 0
  waited = 0
  longestMs = 0
  waiting = 0
  mostWaiting = 0

  async take(get: () => Promise<unknown>): Promise<void> {
    const since = performance.now()
    this.waiting += 1
    this.mostWaiting = Math.max(this.mostWaiting, this.waiting)
    try {
      await get()
      this.served += 1
    } catch (error) {
      const code = isZohoAuthError(error) ? error.code : String(error)
      this.failed[code] = (this.failed[code] ?? 0) + 1
      if (!isZohoAuthError(error) || !error.retryable || error.retryAfterMs === undefined)
        this.withoutRetry += 1
    } finally {
      this.waiting -= 1
      const ms = performance.now() - since
      this.longestMs = Math.max(this.longestMs, ms)
      if (ms > WAITED_MS) this.waited += 1
    }
  }

  get turnedAway(): number {
    return Object.values(this.failed).reduce((sum, count) => sum + count, 0)
  }

  async report(stub: Stub, ms: number, lateMs: number): Promise<Served> {
    const { served, failed, withoutRetry, waited, longestMs, mostWaiting } = this
    const { requests, mostUnderWay, mostSockets } = await stub.counts()
    // Kilobytes, of the whole process at its largest.
    const memoryMb = process.resourceUsage().maxRSS / 1024
    return {
      ...{ served, failed, withoutRetry, waited, longestMs, mostWaiting },
      ...{ requests, mostUnderWay, mostSockets },
      ...{ ms, lateMs, memoryMb },
    }
  }
}

async function atOnce(zoho: ZohoAuth, stub: Stub, { connections, latencyMs }: AtOnce): Promise<Served> {
  for (let index = 0; index < WARM_UP; index++) await zoho.getToken({ connection: `warm-${index}` })
  await stub.tell({ latencyMs })
  const outcomes = new Outcomes()
  const curve: [number, number, number][] = []
  const since = performance.now()
  const look = () => curve.push([Math.round(performance.now() - since), outcomes.served, outcomes.turnedAway])
  const timer = setInterval(look, SAMPLE_MS)
  let ms = 0
  const { p99 } = await delayed(async () => {
    await Promise.all(
      Array.from({ length: connections }, (_, index) =>
        outcomes.take(() => zoho.getToken({ connection: `customer-${index}` })),
      ),
    )
    ms = performance.now() - since
  })
  look()
  clearInterval(timer)
  // What was under way when the last caller left ends, and would be counted.
  await sleep(2 * latencyMs)
  return { ...(await outcomes.report(stub, ms, p99)), curve }
}

async function expiry(
  zoho: ZohoAuth,
  stub: Stub,
  { connections, latencyMs, perSecond, limitMs }: Expiry,
  goStale: () => void,
): Promise<Served> {
  let next = 0
  const filler = async () => {
    while (next < connections) await zoho.getToken({ connection: `customer-${next++}` })
  }
  await Promise.all(Array.from({ length: FILLERS }, filler))
  await stub.tell({ latencyMs })
  let refreshed = 0
  zoho.on('token.refreshed', () => {
    refreshed += 1
  })
  goStale()
  const outcomes = new Outcomes()
  const since = performance.now()
  const { p99 } = await delayed(async () => {
    let asked = 0
    const calls: Promise<void>[] = []
    while (refreshed < connections && performance.now() - since < limitMs) {
      // Each connection in turn, so that none is left out.
      for (const due = ((performance.now() - since) / 1000) * perSecond; asked < due; asked++) {
        const connection = `customer-${asked % connections}`
        const call = outcomes.take(() => zoho.getToken({ connection }))
        if (calls.length < MAX_KEPT) calls.push(call)
      }
      await sleep(5)
    }
    await Promise.all(calls)
  })
  return { ...(await outcomes.report(stub, performance.now() - since, p99)), refreshed }
}

/** Calls whose end is waited for. */
const MAX_KEPT = 1_000_000

async function outage(
  zoho: ZohoAuth,
  stub: Stub,
  { perSecond, seconds, latencyMs, status }: Outage,
): Promise<Served> {
  await zoho.getToken({ connection: 'warm' })
  await stub.tell({ latencyMs, ...(status === undefined ? {} : { status }) })
  const outcomes = new Outcomes()
  const calls: Promise<void>[] = []
  const since = performance.now()
  const { p99 } = await delayed(async () => {
    for (let asked = 0; asked < perSecond * seconds; asked++) {
      const dueMs = (asked / perSecond) * 1000 - (performance.now() - since)
      if (dueMs > 0) await sleep(dueMs)
      calls.push(outcomes.take(() => zoho.getToken({ connection: 'acme' })))
    }
    await Promise.all(calls)
  })
  return outcomes.report(stub, performance.now() - since, p99)
}

const stub = await startStub(run.kind === 'expiry' ? run.spreadMs : 0)
const startedAt = performance.now()
const clock = systemClock()
let aheadMs = 0
const zoho = createZohoAuth({
  clientId: `1000.THECLIENTIDOFTHEBENCH${randomBytes(4).toString('hex').toUpperCase()}`,
  clientSecret: 'the-client-secret',
  accountsUrl: stub.accountsUrl,
  connections: async (id) => connectionOf(id),
  expiry: { refreshAheadMs: REFRESH_AHEAD_MS, refreshJitterMs: 0 },
  clock: { now: () => clock.now() + aheadMs, sleep: (ms, signal) => clock.sleep(ms, signal) },
})
const goStale = () => {
  aheadMs = STALE_AFTER_MS - (performance.now() - startedAt)
}
const served =
  run.kind === 'at-once'
    ? await atOnce(zoho, stub, run)
    : run.kind === 'expiry'
      ? await expiry(zoho, stub, run, goStale)
      : await outage(zoho, stub, run)
stub.stop()
await zoho.close()
console.log(JSON.stringify(served))
