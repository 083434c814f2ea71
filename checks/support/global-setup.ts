import { postgresServer, type RunningServer, redisServer, startPostgres, startRedis } from './servers.mjs'

const SERVERS = [
  { name: 'Redis', variable: 'TEST_REDIS_URL', installed: redisServer, start: startRedis },
  { name: 'PostgreSQL', variable: 'TEST_POSTGRES_URL', installed: postgresServer, start: startPostgres },
] as const

/** Real servers are used if they are installed; CI sets `REQUIRE_SERVERS=1`, so that none is skipped there. */
export default async function globalSetup(): Promise<void> {
  const started: RunningServer[] = []
  ;(globalThis as { startedServers?: RunningServer[] }).startedServers = started
  for (const { name, variable, installed, start } of SERVERS) {
    if (process.env[variable]) continue
    if (installed() !== undefined) {
      const server = await start()
      started.push(server)
      process.env[variable] = server.url
    } else if (process.env.REQUIRE_SERVERS) {
      throw new Error(`REQUIRE_SERVERS is set, and ${name} is not installed`)
    } else {
      console.warn(`\n${name} is not installed: the tests on a real server are skipped`)
    }
  }
}
