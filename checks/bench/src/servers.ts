import * as servers from '../../support/servers.mjs'
import { line } from './sample.js'

type Work = (url: string) => Promise<void>

/** Work with a Redis of its own; without one it is skipped, and said so. */
export async function withRedis(name: string, work: Work): Promise<void> {
  if (servers.redisServer() === undefined) line(`${name}: skipped, Redis is not installed`)
  else await using(await servers.startRedis(), work)
}

/** The same with a PostgreSQL. */
export async function withPostgres(name: string, work: Work): Promise<void> {
  if (servers.postgresServer() === undefined) line(`${name}: skipped, PostgreSQL is not installed`)
  else await using(await servers.startPostgres(), work)
}

async function using(server: servers.RunningServer, work: Work): Promise<void> {
  try {
    await work(server.url)
  } finally {
    await server.stop()
  }
}
