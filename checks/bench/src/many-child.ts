import { randomBytes } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'
import { createZohoAuth, sealedConnectionStore, systemClock } from '@zoho-auth/core'
import { redisConnectionStore, redisTokenStore } from '@zoho-auth/store-redis'
import { createClient } from 'redis'
import { collect } from './collect.js'
import { delayed } from './delay.js'
import type { Many } from './many.js'
import { startStub } from './stub-process.js'

/** Connections that are used before anything is counted: code and caches. */
const WARM_UP = 1_000
/** Callers at once. */
const CALLERS = 64
/** Refreshes a second that 100 000 connections need, and that fewer get here too: each about every 52 minutes. */
const REFRESHES_PER_SECOND = 32
const REFRESH_AHEAD_MS = 300_000
/** The stub's tokens live so long at least; then the first of them go stale. */
const STALE_AFTER_MS = 7_200_000 - REFRESH_AHEAD_MS
const SERVE_MS = 10_000

const connections = Number(process.argv[2])
const client = createClient({ url: process.argv[3] ?? '' })
await client.connect()

const spreadMs = ((connections + WARM_UP) / REFRESHES_PER_SECOND) * 1000
const stub = await startStub(spreadMs)
const startedAt = performance.now()

const encryptionKeys = [`bench:${randomBytes(32).toString('base64')}`]
const grants = sealedConnectionStore(redisConnectionStore(client), { encryptionKeys })
const clock = systemClock()
let aheadMs = 0
const zoho = createZohoAuth({
  clientId: '1000.THECLIENTIDOFTHEBENCHISASLONGASONE',
  clientSecret: 'the-client-secret',
  accountsUrl: stub.accountsUrl,
  connections: grants,
  tokens: redisTokenStore(client),
  encryptionKeys,
  expiry: { refreshAheadMs: REFRESH_AHEAD_MS, refreshJitterMs: 0 },
  clock: { now: () => clock.now() + aheadMs, sleep: (ms, signal) => clock.sleep(ms, signal) },
})
let refreshes = 0
zoho.on('token.refreshed', () => {
  refreshes += 1
})

/** Work for each number, so many at a time. */
async function each(count: number, work: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0
  const caller = async () => {
    while (next < count) await work(next++)
  }
  await Promise.all(Array.from({ length: CALLERS }, caller))
}

async function add(name: string, count: number): Promise<void> {
  const now = Date.now()
  await each(count, (index) =>
    grants.put({
      id: `${name}-${index}`,
      refreshToken: `${name}-${index}-${randomBytes(24).toString('hex')}`,
      dataCenter: 'us',
      state: 'active',
      version: 0,
      createdAt: now,
      updatedAt: now,
    }),
  )
}

async function redisBytes(): Promise<number> {
  const info = await client.info('memory')
  return Number(/used_memory:(\d+)/.exec(info)?.[1])
}

const get = (connection: string) => zoho.getToken({ connection })

await add('warm', WARM_UP)
await each(WARM_UP, (index) => get(`warm-${index}`))

const emptyBytes = await redisBytes()
await add('customer', connections)
const grantBytes = await redisBytes()
await collect()
const before = process.memoryUsage()

const fillingAt = performance.now()
const filling = await delayed(() => each(connections, (index) => get(`customer-${index}`)))
const fillMs = performance.now() - fillingAt
await collect()
const after = process.memoryUsage()
const tokenBytes = await redisBytes()

// From now on tokens go stale, one after the other.
aheadMs = STALE_AFTER_MS - (performance.now() - startedAt)
refreshes = 0
let gets = 0
const servingAt = performance.now()
const serving = await delayed(async () => {
  const caller = async () => {
    while (performance.now() - servingAt < SERVE_MS) {
      await get(`customer-${Math.floor(Math.random() * connections)}`)
      gets += 1
      await turn()
    }
  }
  await Promise.all(Array.from({ length: CALLERS }, caller))
})
const servedMs = performance.now() - servingAt

const many: Many = {
  heapBytes: (after.heapUsed - before.heapUsed) / connections,
  rssBytes: (after.rss - before.rss) / connections,
  redisTokenBytes: (tokenBytes - grantBytes) / connections,
  redisConnectionBytes: (grantBytes - emptyBytes) / connections,
  fillsPerSecond: (connections / fillMs) * 1000,
  filling,
  getsPerSecond: (gets / servedMs) * 1000,
  refreshesPerSecond: (refreshes / servedMs) * 1000,
  serving,
}
await zoho.close()
await client.close()
stub.stop()
console.log(JSON.stringify(many))
