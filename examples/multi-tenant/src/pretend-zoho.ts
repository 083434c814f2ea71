import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Emulator, startEmulator } from '@zoho-auth/emulator'
import * as servers from '../../../checks/support/servers.mjs'

/** Short enough to watch, and long enough for the budget: eight new tokens per refresh token and ten minutes. */
const TOKEN_LIFE_MS = 120_000

/** Who has connected which Zoho: a company in the United States, and one in India. */
const TENANTS = { acme: 'us', globex: 'in' } as const

const CONNECT = fileURLToPath(new URL('connect.js', import.meta.url))

/** What was started here. */
export interface PretendZoho {
  stop(): Promise<void>
}

/**
 * Zoho in two data centres, with two tenants connected; and a Redis and a PostgreSQL to throw away, if `REDIS_URL` and
 * `DATABASE_URL` name none. Points the variables of this process at all of them.
 *
 * @throws Error that says what to install or to set.
 */
export async function startPretendZoho(): Promise<PretendZoho> {
  const { env } = process
  const missing = [
    ...(env.REDIS_URL || servers.redisServer() ? [] : ['install redis-server, or set REDIS_URL']),
    ...(env.DATABASE_URL || servers.postgresServer() ? [] : ['install PostgreSQL, or set DATABASE_URL']),
  ]
  if (missing.length > 0) throw new Error(`this example wants two servers: ${missing.join('; ')}`)

  const ownDatabase = Boolean(env.DATABASE_URL)
  const started: servers.RunningServer[] = []
  const stopServers = () => Promise.all(started.map((server) => server.stop()))
  try {
    env.REDIS_URL ||= await thrownAway('Redis', servers.startRedis(), started)
    env.DATABASE_URL ||= await thrownAway('PostgreSQL', servers.startPostgres(), started)
    env.ZOHO_AUTH_KEYS ||= `example:${randomBytes(32).toString('base64')}`
    env.SESSION_SECRET ||= randomBytes(32).toString('base64')
    const emulator = await startEmulator({ dataCenters: ['us', 'in'], tokenLifeMs: TOKEN_LIFE_MS })
    console.log(`ZOHO_CLIENT_ID is not set, so this talks to an emulator of Zoho: ${emulator.url}`)
    env.ZOHO_CLIENT_ID = emulator.clientId
    env.ZOHO_CLIENT_SECRET = emulator.clientSecret
    env.ZOHO_ACCOUNTS_URL_US = emulator.accountsUrls.us
    env.ZOHO_ACCOUNTS_URL_IN = emulator.accountsUrls.in
    await connectTenants(emulator)
    return {
      async stop() {
        if (ownDatabase) await forgetTenants()
        await emulator.close()
        await stopServers()
      },
    }
  } catch (error) {
    await stopServers()
    throw error
  }
}

async function thrownAway(
  name: string,
  starting: Promise<servers.RunningServer>,
  started: servers.RunningServer[],
): Promise<string> {
  const server = await starting
  started.push(server)
  console.log(`${name} to throw away: ${server.url}`)
  return server.url
}

async function connectTenants(emulator: Emulator): Promise<void> {
  for (const [tenant, dataCenter] of Object.entries(TENANTS)) {
    const { refreshToken } = emulator.createGrant({ user: tenant, dataCenter })
    const consent = { ZOHO_REFRESH_TOKEN: refreshToken, ZOHO_DATA_CENTER: dataCenter }
    await promisify(execFile)(process.execPath, [CONNECT, tenant], { env: { ...process.env, ...consent } })
  }
}

/** Leaves nothing of the emulator in a database that stays. */
async function forgetTenants(): Promise<void> {
  const { close, connections } = await import('./engine.js')
  for (const tenant of Object.keys(TENANTS)) await connections.delete(tenant)
  await close()
}
