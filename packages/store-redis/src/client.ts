import { redisFault } from './faults.js'

/** What is called on a client, a pool of clients (`createClient`, `createClientPool`) of `redis`. */
export interface NodeRedisLike {
  sendCommand(args: string[]): Promise<unknown>
}

/** What is called on a cluster client (`createCluster`) of `redis`. */
export interface NodeRedisClusterLike {
  readonly masters: readonly unknown[]
  sendCommand(firstKey: string | undefined, isReadonly: boolean, args: string[]): Promise<unknown>
  nodeClient(node: never): unknown
}

/** What is called on a sentinel client (`createSentinel`) of `redis`. */
export interface NodeRedisSentinelLike {
  sendCommand(isReadonly: boolean, args: string[]): Promise<unknown>
  getMasterNode(): unknown
}

/** What is called on a client (`new Redis`) of `ioredis`. */
export interface IoredisLike {
  call(command: string, ...args: string[]): Promise<unknown>
}

/** What is called on a cluster client (`new Cluster`) of `ioredis`. */
export interface IoredisClusterLike extends IoredisLike {
  nodes(role: 'master'): readonly IoredisLike[]
}

/**
 * A client of `redis` (node-redis) or `ioredis`, described by the few methods that are called. It is used as it is:
 * connected, watched for errors and closed by whoever made it.
 */
export type RedisClientLike =
  | NodeRedisLike
  | NodeRedisClusterLike
  | NodeRedisSentinelLike
  | IoredisLike
  | IoredisClusterLike

/** One command, name first. */
export type Send = (args: readonly string[]) => Promise<unknown>

/** The same few calls on every kind of client. Rejects with a {@link RedisFault}. */
export interface Commands {
  /** @param key The one key of the command: a cluster client finds the node by it. */
  send(args: readonly string[], key: string): Promise<unknown>
  /** One sender for each node that holds keys of its own; just one without a cluster. */
  nodes(): Promise<readonly Send[]>
  /** What the client itself puts before every key (`keyPrefix` of ioredis). */
  readonly keyPrefix: string
}

/** @throws TypeError for what is no client of either package. */
export function commandsOf(client: RedisClientLike): Commands {
  const methods = client as Partial<IoredisClusterLike & NodeRedisClusterLike & NodeRedisSentinelLike> | null
  if (typeof methods?.call === 'function') return ioredis(client as IoredisLike | IoredisClusterLike)
  if (typeof methods?.sendCommand !== 'function')
    throw new TypeError('client must be a client of "redis" or "ioredis"')
  if (typeof methods.nodeClient === 'function') return nodeRedisCluster(client as NodeRedisClusterLike)
  const sentinel = typeof methods.getMasterNode === 'function'
  const send = clean((args) =>
    sentinel
      ? (client as NodeRedisSentinelLike).sendCommand(false, [...args])
      : (client as NodeRedisLike).sendCommand([...args]),
  )
  return { send, nodes: async () => [send], keyPrefix: '' }
}

function nodeRedisCluster(client: NodeRedisClusterLike): Commands {
  return {
    send: (args, key) => clean(() => client.sendCommand(key, false, [...args]))(args),
    async nodes() {
      const nodes = await Promise.all(client.masters.map((node) => client.nodeClient(node as never)))
      return nodes.map((node) => clean((args) => (node as NodeRedisLike).sendCommand([...args])))
    },
    keyPrefix: '',
  }
}

function ioredis(client: IoredisLike | IoredisClusterLike): Commands {
  const sender = (one: IoredisLike) => clean(([name = '', ...args]) => one.call(name, ...args))
  const send = sender(client)
  const { options } = client as { options?: { keyPrefix?: string | Buffer } }
  return {
    send,
    nodes: async () => ('nodes' in client ? client.nodes('master').map(sender) : [send]),
    keyPrefix: (options?.keyPrefix ?? '').toString(),
  }
}

/** The errors of the clients hold the arguments of the command, and so tokens: they are not passed on. */
function clean(send: Send): Send {
  return async (args) => {
    try {
      return await send(args)
    } catch (error) {
      throw redisFault(error)
    }
  }
}
