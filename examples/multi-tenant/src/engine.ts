import { type ConnectionStore, createZohoAuth, sealedConnectionStore, type ZohoAuth } from '@zoho-auth/core'
import { migrate, postgresConnectionStore } from '@zoho-auth/store-postgres'
import { openStores } from '@zoho-auth/store-redis'
import pg from 'pg'
import { settings } from './settings.js'

/** Processes of this app. Each may spend that part of what is spent while Redis is down. */
const PROCESSES = 2
/** Limit of one question to PostgreSQL, and of connecting to it, in milliseconds. */
const DATABASE_MS = 5_000

const encryptionKeys = settings.ZOHO_AUTH_KEYS.split(',')

// Tokens: losing them costs one refresh each. The question loads the client and connects it now, not while the first
// visitor waits; if Redis is down it is asked again when it is needed.
const redis = openStores(settings.REDIS_URL)
await redis.tokens.inspect('warm-up').catch(() => {})

// Connections: losing them means asking every customer again.
const pool = new pg.Pool({
  connectionString: settings.DATABASE_URL,
  connectionTimeoutMillis: DATABASE_MS,
  query_timeout: DATABASE_MS,
})
pool.on('error', (error) => console.error('an idle connection to PostgreSQL broke:', error.message))
await migrate(pool)
export const connections: ConnectionStore = sealedConnectionStore(postgresConnectionStore(pool), {
  encryptionKeys,
})

export const zoho: ZohoAuth = createZohoAuth({
  tokens: redis.tokens,
  connections,
  encryptionKeys,
  expectedInstances: PROCESSES,
})

/** Lets a refresh under way finish, and closes what was opened here. */
export async function close(): Promise<void> {
  await zoho.close()
  await redis.close()
  await pool.end()
}
