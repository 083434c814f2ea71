import { randomUUID } from 'node:crypto'
import { afterEach } from '@jest/globals'
import type { AcquireRequest, RefreshLease, TokenStore } from '@zoho-auth/core/store'
import type { RedisClientLike } from '@zoho-auth/store-redis'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { startRedis } from '../../../checks/support/servers.mjs'
import { until } from '../../../checks/support/waiting.mjs'

/** What is closed after each test, last opened first. */
const opened: (() => unknown)[] = []

afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close()
})

export function closing<T>(one: T, close: () => unknown): T {
  opened.push(close)
  return one
}

/** The server all tests share: each uses a prefix of its own. */
export const SHARED_URL: string = process.env.TEST_REDIS_URL ?? ''

export const ASK: AcquireRequest = Object.freeze({
  holder: 'the-holder',
  minGeneration: 0,
  leaseMs: 60_000,
  budget: Object.freeze({ limit: 8, windowMs: 600_000 }),
})

/** The lease that nobody else holds. */
export async function acquired(
  store: TokenStore,
  key: string,
  request: Partial<AcquireRequest> = {},
): Promise<RefreshLease> {
  const result = await store.acquire(key, { ...ASK, ...request })
  if (result.kind !== 'acquired') throw new Error(`expected "acquired" and got "${result.kind}"`)
  return result.lease
}

export function ownPrefix(): string {
  return `test-${randomUUID()}:`
}

export interface TestServer {
  readonly url: string
  readonly port: number
  stop(): Promise<void>
}

/** A server that a test may stop, fill or configure. */
export async function ownServer(options: Parameters<typeof startRedis>[0] = {}): Promise<TestServer> {
  const server = await startRedis(options)
  return closing(server, () => server.stop())
}

export type NodeRedis = ReturnType<typeof createClient>

/** A connected client of `redis`. */
export async function nodeRedis(url: string = SHARED_URL): Promise<NodeRedis> {
  const client = createClient({ url })
  client.on('error', () => {})
  await client.connect()
  return closing(client, () => client.isOpen && client.destroy()) as NodeRedis
}

/** A client of `ioredis`. */
export function ioredis(url: string = SHARED_URL, options: { keyPrefix?: string } = {}): Redis {
  const client = new Redis(url, options)
  client.on('error', () => {})
  return closing(client, () => client.disconnect())
}

/** Both clients, for rules that hold with either. */
export const CLIENTS: readonly { name: string; connect: (url?: string) => Promise<RedisClientLike> }[] = [
  { name: 'node-redis', connect: (url) => nodeRedis(url) },
  { name: 'ioredis', connect: async (url) => ioredis(url) },
]

/** One server that is a whole cluster: it has all slots. Stopped by whoever started it. */
export async function startCluster(): Promise<TestServer> {
  const server = await startRedis({
    arguments: ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1'],
  })
  const client = new Redis(server.url)
  await client.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
  const info = async () => String(await client.call('CLUSTER', 'INFO'))
  await until(async () => (await info()).includes('cluster_state:ok'), 'the cluster is ready')
  client.disconnect()
  return server
}
