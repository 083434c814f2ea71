import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { memoryTokenStore, type TokenStore } from '@zoho-auth/core'
import type { AcquireRequest } from '@zoho-auth/core/store'
import { fileTokenStore } from '@zoho-auth/store-file'
import { migrate, postgresTokenStore } from '@zoho-auth/store-postgres'
import { redisTokenStore } from '@zoho-auth/store-redis'
import pg from 'pg'
import { createClient } from 'redis'
import { figure } from '../../support/figures.mjs'
import { interleaved, line, type Quantiles } from './sample.js'
import { withPostgres, withRedis } from './servers.js'

/** Samples of each operation. */
const SAMPLES = { bounded: 1_000, full: 20_000 }
/** The same for files, which wait for the disk. */
const DISK_SAMPLES = { bounded: 100, full: 2_000 }
/** Records that are written, in turn. */
const RECORDS = 64
/** What a round trip may cost at most, in round trips of the server's shortest command on the same connection. */
const MAX_RATIO = 1.5
/** As long as a sealed token. */
const VALUE = randomBytes(300).toString('base64url')
const LIFE_MS = 3_600_000

/** A store under measurement, with its server's shortest command. */
interface Subject {
  readonly name: string
  readonly store: TokenStore
  readonly floor?: { readonly name: string; readonly call: () => Promise<unknown> }
  /** Commands sent so far. */
  readonly sent?: () => number
}

/** One operation of each token store at a time, in turn with the shortest command of its server on the same connection. */
export async function stores(full: boolean): Promise<void> {
  const size = full ? 'full' : 'bounded'
  console.log('\ntoken stores, one operation at a time')
  line('', 'p50 ms', 'p99 ms', 'x floor (p50)', 'x floor (p99)')
  await measure({ name: 'memory', store: memoryTokenStore() }, SAMPLES[size])
  const folder = mkdtempSync(join(tmpdir(), 'zoho-auth-bench-'))
  await measure({ name: 'file', store: fileTokenStore(folder) }, DISK_SAMPLES[size])
  rmSync(folder, { recursive: true, force: true })
  await withRedis('redis', async (url) => {
    const client = createClient({ url })
    await client.connect()
    let sent = 0
    const sendCommand = (args: string[]) => {
      sent += 1
      return client.sendCommand(args)
    }
    const floor = { name: 'PING', call: () => client.sendCommand(['PING']) }
    const store = redisTokenStore({ sendCommand })
    await measure({ name: 'redis', store, floor, sent: () => sent }, SAMPLES[size])
    await client.close()
  })
  await withPostgres('postgres', async (url) => {
    const pool = new pg.Pool({ connectionString: url })
    // The server stops while the last connection says goodbye.
    pool.on('error', () => {})
    await migrate(pool)
    let sent = 0
    const query = (text: string, values?: unknown[]) => {
      sent += 1
      return pool.query(text, values)
    }
    const floor = { name: 'select 1', call: () => pool.query('select 1') }
    const store = postgresTokenStore({ query })
    await measure({ name: 'postgres', store, floor, sent: () => sent }, SAMPLES[size])
    await pool.end()
  })
}

async function measure({ name, store, floor, sent }: Subject, samples: number): Promise<void> {
  const generations = new Array<number>(RECORDS).fill(0)
  let written = 0
  let sentByWrites = 0
  const write = async () => {
    const record = written++ % RECORDS
    const before = sent?.() ?? 0
    const result = await store.acquire(`us:the-client:${record}`, asking(generations[record] ?? 0))
    if (result.kind !== 'acquired') throw new Error(`${name}: the answer was ${result.kind}`)
    await store.commit(`us:the-client:${record}`, result.lease, VALUE, LIFE_MS)
    sentByWrites += (sent?.() ?? 0) - before
    generations[record] = result.lease.generation
  }
  const hit = async () => {
    const result = await store.acquire('us:the-client:0', asking(0))
    if (result.kind !== 'hit') throw new Error(`${name}: the answer was ${result.kind}`)
  }
  for (let record = 0; record < RECORDS; record++) await write()
  written = 0
  sentByWrites = 0
  const times = await interleaved({ hit, write, floor: floor?.call }, samples)

  const row = (what: string, time: Quantiles, base?: Quantiles) =>
    line(
      what,
      time.p50.toFixed(3),
      time.p99.toFixed(3),
      ...(base ? [(time.p50 / base.p50).toFixed(2), (time.p99 / base.p99).toFixed(2)] : []),
    )
  if (floor === undefined) {
    row(`${name}: acquire, a hit`, times.hit)
    row(`${name}: acquire and commit`, times.write)
    return
  }
  const trips = sentByWrites / written
  const each = { p50: times.write.p50 / trips, p99: times.write.p99 / trips }
  row(`floor, ${name}: ${floor.name}`, times.floor, times.floor)
  row(`${name}: acquire, a hit`, times.hit, times.floor)
  row(`${name}: acquire and commit`, times.write, times.floor)
  row(`${name}: the same, per round trip (${trips})`, each, times.floor)
  const ratio = times.hit.p50 / times.floor.p50
  const text = ({ p50, p99 }: Quantiles) => `p50 ${p50.toFixed(2)} p99 ${p99.toFixed(2)} ms`
  figure(
    `acquire, a hit, ${name}`,
    ratio <= MAX_RATIO,
    `${ratio.toFixed(2)} x ${floor.name}: ${text(times.hit)} beside ${text(times.floor)}`,
  )
  figure(
    `acquire and commit, ${name}`,
    trips === 2,
    `${trips} round trips: ${text(times.write)} beside ${text(times.floor)}`,
  )
}

/** A question like those of core. Its window is short: thousands of turns of one record are within the budget. */
function asking(minGeneration: number): AcquireRequest {
  return { holder: randomUUID(), minGeneration, leaseMs: 9_000, budget: { limit: 8, windowMs: 1 } }
}
