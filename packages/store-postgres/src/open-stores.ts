import type { OpenedStores } from '@zoho-auth/core/store'
import type pg from 'pg'
import { postgresConnectionStore } from './connection-store.js'
import type { PostgresPool } from './pool.js'
import { postgresTokenStore } from './token-store.js'

/** Connections of the pool that is opened for one process (four): every operation is one short statement. */
const POOL_SIZE = 4

/** How long a connection may take to come, in milliseconds (five seconds). */
const CONNECT_TIMEOUT_MS = 5_000

/** How long a statement may take before its connection is given up, in milliseconds (five seconds). */
const QUERY_TIMEOUT_MS = 5_000

/**
 * Opens both stores in the database of a URL: `postgres://user:password@host:5432/database?schema=public`. Everything but
 * `schema` is read by `pg`, `sslmode` for one. Connects at the first use. Does not make the tables: run {@link migrate}.
 *
 * @throws TypeError for a URL that cannot be right. Its message never shows the URL.
 */
export function openStores(url: string): OpenedStores {
  const { connectionString, schema } = parse(url)
  const pool = new LazyPool(connectionString)
  const options = schema === undefined ? {} : { schema }
  const ready = () => pool.ready()
  return {
    tokens: Object.assign(postgresTokenStore(pool, options), { ready }),
    connections: Object.assign(postgresConnectionStore(pool, options), { ready }),
    close: () => pool.close(),
  }
}

function parse(text: string): { readonly connectionString: string; readonly schema: string | undefined } {
  const wrong = (what: string): TypeError => new TypeError(`the URL of the PostgreSQL store ${what}`)
  if (!URL.canParse(text))
    throw wrong('is not a URL; special characters in the password must be percent-encoded')
  const url = new URL(text)
  if (!['postgres:', 'postgresql:'].includes(url.protocol)) throw wrong('must begin with postgres://')
  // A bare #, ? or / in the password ends the host early: the rest of the password would be taken for a port or a path.
  if (url.hash !== '' || (url.username === '' && `${url.pathname}${url.search}`.includes('@')))
    throw wrong('has a special character in its password that must be percent-encoded')
  try {
    for (const part of [url.username, url.password, url.pathname]) decodeURIComponent(part)
  } catch {
    throw wrong('has a % that is not followed by two digits; write it %25')
  }
  const schema = url.searchParams.get('schema') ?? undefined
  url.searchParams.delete('schema')
  return { connectionString: url.href, schema }
}

/** A pool that is made at the first query. */
class LazyPool implements PostgresPool {
  readonly #connectionString: string
  #pool: Promise<pg.Pool> | undefined
  #closed = false

  constructor(connectionString: string) {
    this.#connectionString = connectionString
  }

  async query(text: string, values?: unknown[]): Promise<{ readonly rows: readonly object[] }> {
    if (this.#closed) throw new Error('the store is closed')
    this.#pool ??= this.#open()
    return (await this.#pool).query(text, values)
  }

  /** Loads the package. Never rejects. */
  async ready(): Promise<void> {
    if (this.#closed) return
    this.#pool ??= this.#open()
    await this.#pool.catch(() => {})
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    // What could not be opened need not be closed; whoever asked was told.
    const pool = await this.#pool?.catch(() => undefined)
    await pool?.end()
  }

  async #open(): Promise<pg.Pool> {
    const { default: postgres } = await import('pg').catch((error: unknown) => {
      throw new Error('the store needs the package pg: npm install pg', { cause: error })
    })
    const pool = new postgres.Pool({
      connectionString: this.#connectionString,
      max: POOL_SIZE,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: QUERY_TIMEOUT_MS,
      fallback_application_name: 'zoho-auth',
      allowExitOnIdle: true,
    })
    // An idle connection that breaks is thrown away by the pool; without a listener it would end the process.
    pool.on('error', () => {})
    return pool
  }
}
