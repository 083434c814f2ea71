import { type Commands, commandsOf, type Send } from './client.js'
import { RedisFault, redisFault } from './faults.js'

/** How long an operation waits for the first attempt to connect, in milliseconds; core gives a store 2 seconds. */
const CONNECT_MS = 1_500
/** How long `close` lets what was sent be answered, in milliseconds (1 second). */
const CLOSE_MS = 1_000

/** A client that was made here: connecting, and reconnecting by itself. */
export interface OwnClient {
  readonly commands: Commands
  /** Resolves when the first attempt to connect has ended, well or not. */
  readonly tried: Promise<void>
  isReady(): boolean
  /** Why it does not connect, as far as known. */
  fault(): string | undefined
  /** Lets what was sent be answered. */
  end(): Promise<unknown>
  /** Drops the connection. */
  drop(): void
}

/** Makes a client of one package. Rejects where the package is not installed. */
export type Make = (url: string) => Promise<OwnClient>

/**
 * A client that is made and connected at the first command. While the server cannot be reached commands fail, and none
 * is queued or sent twice; the client itself goes on trying, as its package does.
 */
export class LazyClient implements Commands {
  readonly keyPrefix = ''
  readonly #server: URL
  readonly #makers: readonly Make[]
  #opening: Promise<OwnClient> | undefined
  #closed = false

  constructor(server: URL, makers: readonly Make[] = [nodeRedis, ioredis]) {
    this.#server = server
    this.#makers = makers
  }

  async send(args: readonly string[], key: string): Promise<unknown> {
    return (await this.#commands()).send(args, key)
  }

  async nodes(): Promise<readonly Send[]> {
    return (await this.#commands()).nodes()
  }

  /** Loads the package and gives connecting a chance. Never rejects. */
  async ready(): Promise<void> {
    try {
      await this.#connecting()
    } catch {
      // The first command says what is wrong.
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    const own = await this.#opening?.catch(() => undefined)
    if (own === undefined) return
    if (await within(CLOSE_MS, own.end())) return
    own.drop()
  }

  async #connecting(): Promise<OwnClient> {
    if (this.#closed) throw new Error('the Redis stores are closed')
    this.#opening ??= this.#open()
    const own = await this.#opening
    if (!own.isReady()) await within(CONNECT_MS, own.tried)
    return own
  }

  async #commands(): Promise<Commands> {
    const own = await this.#connecting()
    if (own.isReady()) return own.commands
    const why = own.fault() ?? `no answer within ${CONNECT_MS} ms`
    throw new RedisFault(`Redis at ${this.#server.host} cannot be used: ${why}`, undefined)
  }

  async #open(): Promise<OwnClient> {
    for (const make of this.#makers) {
      try {
        return await make(this.#server.href)
      } catch (error) {
        if ((error as { code?: unknown }).code !== 'ERR_MODULE_NOT_FOUND') throw error
      }
    }
    throw new Error('a Redis store needs a client: npm install redis')
  }
}

export async function nodeRedis(url: string): Promise<OwnClient> {
  const { createClient } = await import('redis')
  const client = createClient({ url, disableOfflineQueue: true })
  let fault: string | undefined
  const tried = new Promise<void>((resolve) => {
    client.once('ready', () => resolve())
    client.on('error', (error) => {
      fault = redisFault(error).message
      resolve()
    })
  })
  client.connect().catch((error) => {
    fault = redisFault(error).message
  })
  return {
    commands: commandsOf(client),
    tried,
    isReady: () => client.isReady,
    fault: () => fault,
    end: () => (client.isReady ? client.close() : Promise.reject(new Error('not connected'))),
    drop: () => {
      if (client.isOpen) client.destroy()
    },
  }
}

export async function ioredis(url: string): Promise<OwnClient> {
  const { Redis } = await import('ioredis')
  const client = new Redis(url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
  })
  let fault: string | undefined
  const tried = new Promise<void>((resolve) => {
    client.once('ready', () => resolve())
    client.on('error', (error) => {
      fault = redisFault(error).message
      resolve()
    })
  })
  client.connect().catch((error) => {
    fault ??= redisFault(error).message
  })
  return {
    commands: commandsOf(client),
    tried,
    isReady: () => client.status === 'ready',
    fault: () => fault,
    end: () => (client.status === 'ready' ? client.quit() : Promise.reject(new Error('not connected'))),
    drop: () => client.disconnect(),
  }
}

/** Whether it was fulfilled in time. */
async function within(ms: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms)
  })
  try {
    return await Promise.race([
      work.then(
        () => true,
        () => false,
      ),
      late,
    ])
  } finally {
    clearTimeout(timer)
  }
}
