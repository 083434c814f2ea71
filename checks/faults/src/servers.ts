import { migrate, openStores as openPostgres } from '@zoho-auth/store-postgres'
import { openStores as openRedis } from '@zoho-auth/store-redis'
import pg from 'pg'
import * as servers from '../../support/servers.mjs'
import type { StoreServer } from './settings.js'

/** A server for all cases, and how it is stopped. */
export interface OwnServer extends StoreServer {
  stop(): Promise<void>
}

export async function startRedis(): Promise<OwnServer> {
  const server = await servers.startRedis()
  const { port } = server
  const open = (host: string) => openRedis(`redis://${host}`)
  const direct = open(`127.0.0.1:${port}`)
  // What is loaded at the first use is loaded now.
  await direct.tokens.ready?.()
  return { port, open, direct, stop: () => direct.close().then(() => server.stop()) }
}

export async function startPostgres(): Promise<OwnServer> {
  const server = await servers.startPostgres()
  const { url, port } = server
  const pool = new pg.Pool({ connectionString: url, max: 1 })
  await migrate(pool)
  await pool.end()
  const open = (host: string) => openPostgres(`postgres://postgres@${host}/postgres`)
  const direct = open(`127.0.0.1:${port}`)
  return { port, open, direct, stop: () => direct.close().then(() => server.stop()) }
}

export const installed: Readonly<Record<'redis' | 'postgres', boolean>> = {
  redis: servers.redisServer() !== undefined,
  postgres: servers.postgresServer() !== undefined,
}
