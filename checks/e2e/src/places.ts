import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { migrate } from '@zoho-auth/store-postgres'
import pg from 'pg'
import { createClient } from 'redis'
import { dumpFolder, dumpRedis as dumpHashes, dumpPostgres } from '../../support/dumps.mjs'
import { installed, startPostgres, startRedis } from './servers.js'

export type PlaceName = 'redis' | 'postgres' | 'file'
export const PLACES: readonly PlaceName[] = ['redis', 'postgres', 'file']

/** Where a fleet shares tokens and connections. */
export interface Place {
  readonly name: PlaceName
  readonly url: string
  /** Everything that is stored there, one text per record. */
  dump(): Promise<readonly string[]>
  close(): Promise<void>
}

/** SQLSTATE of a server that is starting, how long that may take and how often it is asked, in milliseconds. */
const CANNOT_CONNECT_NOW = '57P03'
const STARTING_MS = 20_000
const STARTING_POLL_MS = 50

const OPEN: Readonly<Record<PlaceName, () => Promise<Place>>> = {
  async redis() {
    const server = await startRedis()
    return { name: 'redis', url: server.url, dump: () => dumpRedis(server.url), close: () => server.stop() }
  },
  async postgres() {
    const server = await startPostgres()
    const pool = new pg.Pool({ connectionString: server.url, max: 2, allowExitOnIdle: true })
    pool.on('error', () => {})
    await untilUp(pool)
    await migrate(pool)
    return {
      name: 'postgres',
      url: server.url,
      dump: () => dumpPostgres(pool),
      async close() {
        await pool.end()
        await server.stop()
      },
    }
  },
  async file() {
    const folder = mkdtempSync(join(tmpdir(), 'zoho-auth-e2e-'))
    return {
      name: 'file',
      url: pathToFileURL(folder).href,
      dump: async () => dumpFolder(folder),
      close: async () => rmSync(folder, { recursive: true, force: true }),
    }
  },
}

/** The places of one run, each opened at its first use. */
export class Places {
  readonly #open = new Map<PlaceName, Promise<Place>>()

  /** `undefined`: its server is not installed. */
  async get(name: PlaceName): Promise<Place | undefined> {
    if (name !== 'file' && !installed[name]) return undefined
    let place = this.#open.get(name)
    if (place === undefined) {
      place = OPEN[name]()
      this.#open.set(name, place)
    }
    return place
  }

  /** Everything that is stored in the places opened so far. */
  async dump(): Promise<readonly string[]> {
    const dumps = await Promise.all([...this.#open.values()].map(async (place) => (await place).dump()))
    return dumps.flat()
  }

  async close(): Promise<void> {
    // What could not be opened was reported by whoever opened it.
    await Promise.allSettled([...this.#open.values()].map(async (place) => (await place).close()))
    this.#open.clear()
  }
}

/** PostgreSQL accepts connections a moment before it answers questions. */
async function untilUp(pool: pg.Pool): Promise<void> {
  const end = Date.now() + STARTING_MS
  for (;;) {
    try {
      await pool.query('select 1')
      return
    } catch (error) {
      if ((error as { code?: unknown }).code !== CANNOT_CONNECT_NOW || Date.now() > end) throw error
      await sleep(STARTING_POLL_MS)
    }
  }
}

/** Everything that a Redis holds, one text per record. */
export async function dumpRedis(url: string): Promise<readonly string[]> {
  const client = createClient({ url })
  client.on('error', () => {})
  await client.connect()
  try {
    return await dumpHashes(client)
  } finally {
    client.destroy()
  }
}
