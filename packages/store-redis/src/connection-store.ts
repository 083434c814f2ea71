import { type Connection, ZohoAuthError } from '@zoho-auth/core'
import { type ConnectionStore, hasGrant, type PutOptions } from '@zoho-auth/core/store'
import { type Commands, commandsOf, type RedisClientLike, type Send } from './client.js'
import { PUT } from './connection-scripts.js'
import { RedisFault, tooNew, unreadable } from './faults.js'
import { connectionKey, literally, prefixOf, type RedisStoreOptions } from './keys.js'
import { textOf } from './script.js'

export type RedisConnectionStoreOptions = RedisStoreOptions

/** About how many keys a node looks at for one page of `list`; no more are read at once. */
const PAGE = 100

/** What deleting an unreadable connection costs. */
const LOSS = 'this connection: its Zoho user has to consent again'

/**
 * Keeps connections in Redis or Valkey, one hash each, without expiry. Compare-and-set is one Lua script. The client is
 * neither connected nor closed here.
 *
 * The server has to be durable (`appendonly yes`) and must not evict (`maxmemory-policy noeviction`): `checkRedis` tells.
 * Not promised: Redis replicates in the background, so a failover can lose what was just written.
 *
 * `list` goes through all keys of the database page by page (`SCAN`), on every master of a cluster. It gives what is
 * there from beginning to end once each, and of what is written or deleted meanwhile it gives some. It keeps the ids it
 * has seen. A record that cannot be read is told by an error after the readable ones.
 *
 * @throws TypeError for a client of neither `redis` nor `ioredis`.
 */
export function redisConnectionStore(
  client: RedisClientLike,
  options: RedisConnectionStoreOptions = {},
): ConnectionStore {
  return connectionStoreOn(commandsOf(client), prefixOf(options))
}

/** The same, on commands that may connect at their first use. */
export function connectionStoreOn(commands: Commands, prefix: string): ConnectionStore {
  return new CommandsConnectionStore(commands, prefix)
}

class CommandsConnectionStore implements ConnectionStore {
  readonly durable = true
  readonly #commands: Commands
  readonly #prefix: string

  constructor(commands: Commands, prefix: string) {
    this.#commands = commands
    this.#prefix = prefix
  }

  async get(id: string): Promise<Connection | undefined> {
    const key = connectionKey(this.#prefix, id)
    const row = await this.#row(key)
    return row && connectionOf(key, id, row)
  }

  async put(connection: Connection, { ifVersion }: PutOptions = {}): Promise<Connection> {
    const { version: _, ...rest } = connection
    const key = connectionKey(this.#prefix, connection.id)
    const wanted = ifVersion === undefined ? '' : String(ifVersion)
    const write = globalThis.crypto.randomUUID()
    const [kind, what = ''] = await PUT.run(this.#commands, key, [wanted, write, JSON.stringify(rest)])
    if (kind === 'unreadable') throw unreadable(key, what, LOSS)
    if (kind === 'format') throw tooNew(key, what)
    if (kind === 'conflict') throw new ZohoAuthError('ERR_ZOHO_CONFLICT', { connection: connection.id })
    return Object.freeze({ ...connection, version: Number(what) })
  }

  async delete(id: string): Promise<void> {
    const key = connectionKey(this.#prefix, id)
    await this.#commands.send(['DEL', key], key)
  }

  async *list(): AsyncIterable<Connection> {
    const seen = new Set<string>()
    let fault: unknown
    for (const node of await this.#commands.nodes()) {
      for await (const ids of this.#pages(node)) {
        const fresh = ids.filter((id) => !seen.has(id))
        for (const id of fresh) seen.add(id)
        const answers = await Promise.allSettled(fresh.map((id) => this.get(id)))
        for (const answer of answers) {
          if (answer.status === 'fulfilled' && answer.value) yield answer.value
          if (answer.status !== 'rejected') continue
          // Redis itself failed: what would come now is not the whole list.
          if (answer.reason instanceof RedisFault) throw answer.reason
          fault ??= answer.reason
        }
      }
    }
    if (fault !== undefined) throw fault
  }

  /** The ids on one node, {@link PAGE} at most at a time. */
  async *#pages(node: Send): AsyncIterable<readonly string[]> {
    const start = this.#commands.keyPrefix + connectionKey(this.#prefix, '').slice(0, -1)
    const pattern = `${literally(start)}*}`
    let cursor = '0'
    do {
      const answer = await node(['SCAN', cursor, 'MATCH', pattern, 'COUNT', String(PAGE)])
      const [next, keys] = answer as [unknown, unknown[]]
      const ids = [...new Set(keys.map((key) => textOf(key).slice(start.length, -1)))]
      for (let from = 0; from < ids.length; from += PAGE) yield ids.slice(from, from + PAGE)
      cursor = textOf(next)
    } while (cursor !== '0')
  }

  async #row(key: string): Promise<Row | undefined> {
    try {
      const answer = (await this.#commands.send(['HMGET', key, 'v', 'version', 'json'], key)) as unknown[]
      const [format, version, json] = answer.map((field) => (field === null ? undefined : textOf(field)))
      if (format === undefined && version === undefined && json === undefined) return undefined
      return { format, version, json }
    } catch (error) {
      if ((error as Error).message.startsWith('WRONGTYPE')) throw unreadable(key, 'it is not a hash', LOSS)
      throw error
    }
  }
}

interface Row {
  readonly format: string | undefined
  readonly version: string | undefined
  readonly json: string | undefined
}

function connectionOf(key: string, id: string, { format, version, json }: Row): Connection {
  if (format === undefined) throw unreadable(key, 'the field v (format) is missing', LOSS)
  if (format !== '1' && /^\d+$/.test(format)) throw tooNew(key, format)
  if (format !== '1') throw unreadable(key, 'the field v (format) is not a number', LOSS)
  if (version === undefined || !/^\d{1,15}$/.test(version))
    throw unreadable(key, 'the field version is not a number', LOSS)
  const connection = parsed(json ?? '')
  if (connection === undefined) throw unreadable(key, 'the field json is not a connection', LOSS)
  if (connection.id !== id) throw unreadable(key, 'it holds the connection of another id', LOSS)
  return Object.freeze({ ...connection, version: Number(version) })
}

function parsed(json: string): Connection | undefined {
  try {
    const value = JSON.parse(json) as Partial<Connection> | null
    const texts = [value?.id, value?.dataCenter, value?.state]
    const good = value !== null && texts.every((text) => typeof text === 'string') && hasGrant(value)
    return good ? (value as Connection) : undefined
  } catch {
    return undefined
  }
}
