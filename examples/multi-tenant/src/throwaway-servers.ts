/** A server on loopback, with its data in a temporary folder. */
export interface ThrowawayServer {
  readonly url: string
  stop(): Promise<void>
}

/** `checks/support/servers.mjs`, with which the tests of this repository start theirs. */
interface Servers {
  redisServer(): string | undefined
  postgresServer(): string | undefined
  startRedis(): Promise<ThrowawayServer>
  startPostgres(): Promise<ThrowawayServer>
  freePort(): Promise<number>
}

export const servers: Servers = (await import(
  new URL('../../../checks/support/servers.mjs', import.meta.url).href
)) as unknown as Servers
