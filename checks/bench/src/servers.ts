import { line } from './sample.js'

/** A server on loopback, with its data in a temporary folder. */
interface RunningServer {
  readonly url: string
  stop(): Promise<void>
}

/** `checks/support/servers.mjs`, which every package's tests use. */
interface Servers {
  redisServer(): string | undefined
  postgresServer(): string | undefined
  startRedis(): Promise<RunningServer>
  startPostgres(): Promise<RunningServer>
}

const servers = (await import(
  new URL('../../support/servers.mjs', import.meta.url).href
)) as unknown as Servers

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

async function using(server: RunningServer, work: Work): Promise<void> {
  try {
    await work(server.url)
  } finally {
    await server.stop()
  }
}
