import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe } from '@jest/globals'
import type { TokenStore } from '@zoho-auth/core'
import type { AcquireRequest, RefreshLease } from '@zoho-auth/core/store'
import pg from 'pg'
import { migrate } from '../src/index.js'

/** Set by `checks/support/global-setup.ts` if PostgreSQL is installed. */
export const url = process.env.TEST_POSTGRES_URL ?? ''

export const onPostgres: (name: string, tests: () => void) => void = url === '' ? describe.skip : describe

/** Long enough never to end in a test, in milliseconds. */
export const LONG_MS = 60_000

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** A schema that no other test uses. */
export const freshSchema = (): string => `test_${randomUUID().replaceAll('-', '').slice(0, 20)}`

/** A pool on the test server. */
export function openPool(options: pg.PoolConfig = {}): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max: 4, ...options })
  pool.on('error', () => {})
  return pool
}

/** One pool and one migrated schema for the tests of a file. Use it inside {@link onPostgres} only. */
export function database(options: pg.PoolConfig = {}): { readonly pool: pg.Pool; readonly schema: string } {
  const schema = freshSchema()
  const pool = openPool({ max: 20, ...options })
  beforeAll(() => migrate(pool, { schema }))
  afterAll(async () => {
    await pool.query(`drop schema if exists ${schema} cascade`)
    await pool.end()
  })
  return { pool, schema }
}

export function ask(request: Partial<AcquireRequest> = {}): AcquireRequest {
  return {
    holder: 'a',
    minGeneration: 0,
    leaseMs: LONG_MS,
    budget: { limit: 8, windowMs: LONG_MS },
    ...request,
  }
}

export async function acquired(
  store: TokenStore,
  key: string,
  request: Partial<AcquireRequest> = {},
): Promise<RefreshLease> {
  const result = await store.acquire(key, ask(request))
  if (result.kind !== 'acquired') throw new Error(`expected "acquired" and got ${JSON.stringify(result)}`)
  return result.lease
}

/** The server's number for a connection. */
export async function pidOf(client: pg.PoolClient): Promise<number> {
  return (await client.query('select pg_backend_pid() as pid')).rows[0].pid
}

/** Whether a statement waits for something that this connection has locked. */
export async function isWaitedFor(pool: pg.Pool, pid: number): Promise<boolean> {
  const { rows } = await pool.query(
    'select exists (select from pg_stat_activity where $1 = any(pg_blocking_pids(pid))) as waits',
    [pid],
  )
  return rows[0].waits
}

/** Runs something while another transaction has the row locked, and then ends that transaction. */
export async function whileLocked<T>(
  pool: pg.Pool,
  table: string,
  key: string,
  run: (end: () => Promise<void>, pid: number) => Promise<T>,
): Promise<T> {
  const holder = await pool.connect()
  const pid = await pidOf(holder)
  let ended = false
  const end = async () => {
    if (ended) return
    ended = true
    await holder.query('rollback')
    holder.release()
  }
  try {
    await holder.query('begin')
    await holder.query(`select from ${table} where key = $1 for update`, [key])
    return await run(end, pid)
  } finally {
    await end()
  }
}
