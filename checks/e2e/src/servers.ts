import * as servers from '../../support/servers.mjs'

type RunningServer = Pick<servers.RunningServer, 'url' | 'port' | 'stop'>

const running = new Set<RunningServer>()

/** Whether the program of a server is installed. */
export const installed: Readonly<Record<'redis' | 'postgres', boolean>> = {
  redis: servers.redisServer() !== undefined,
  postgres: servers.postgresServer() !== undefined,
}

export async function startRedis(port?: number): Promise<RunningServer> {
  return watched(await servers.startRedis(port === undefined ? {} : { port }))
}

export async function startPostgres(): Promise<RunningServer> {
  return watched(await servers.startPostgres())
}

/** Stops what was started here and still runs. */
export async function stopServers(): Promise<void> {
  await Promise.all([...running].map((server) => server.stop()))
}

function watched(server: RunningServer): RunningServer {
  const known: RunningServer = {
    url: server.url,
    port: server.port,
    async stop() {
      if (running.delete(known)) await server.stop()
    },
  }
  running.add(known)
  return known
}
