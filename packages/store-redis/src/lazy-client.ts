import { type Commands, commandsOf, type Send } from './client.js'
import { RedisFault, redisFault } from './faults.js'

/** How long an operation waits for an attempt to connect, in milliseconds; core gives a store 2 seconds. */
const CONNECT_MS = 1_500
/** An attempt to connect is given up after this long, in milliseconds (5 seconds). */
const GIVE_UP_MS = 5_000
/** How long after one attempt to connect began the next one may, in milliseconds. */
const RETRY_MS = 250
/** A connection that does not answer the handshake, or a command, within this time is given up, in milliseconds (5 seconds). */
const ANSWER_MS = 5_000
/** How long `close` lets what was sent be answered, in milliseconds (1 second). */
const CLOSE_MS = 1_000

const CLOSED = 'the Redis stores are closed'

/** A client that was made here, with one connection: once that is lost, the client is over. */
export interface OwnClient {
  readonly commands: Commands
  /** Resolves when the attempt to connect has ended, well or not, or takes too long to be waited for. */
  readonly tried: Promise<void>
  /** Resolves when it has ended. */
  readonly ended: Promise<void>
  isReady(): boolean
  /** It did not connect, or lost its connection. */
  isOver(): boolean
  /** Why it is not connected, as far as known. */
  fault(): string | undefined
  /** Whether its connection, if there is one, keeps the process alive. It does at first. */
  hold(held: boolean): void
  /** Lets what was sent be answered. */
  end(): Promise<unknown>
  /** Drops the connection. */
  drop(): void
}

/** Makes a client of one package. Rejects if the package is not installed. */
export type Make = (url: string) => Promise<OwnClient>

/**
 * A client that is made and connected at the first command, and again at the first one after its connection was lost. While
 * the server cannot be reached commands fail, and none is queued or sent twice. A connection may be lost without anybody
 * saying so (a firewall that forgot it, a server that was moved): one that leaves a command unanswered is given up as well.
 *
 * It keeps the process alive while a command is under way, {@link ANSWER_MS} at most, and not otherwise: nothing is tried
 * again on a timer, and a connection that is not used is no reason to stay.
 */
export class LazyClient implements Commands {
  readonly keyPrefix = ''
  readonly #server: URL
  readonly #makers: readonly Make[]
  readonly #answerMs: number
  #opening: Promise<OwnClient> | undefined
  /** On the scale of `performance.now()`. */
  #openedAt = 0
  #underWay = 0
  #closed = false

  /** @param answerMs Only tests are in a greater hurry. */
  constructor(server: URL, makers: readonly Make[] = [nodeRedis, ioredis], answerMs: number = ANSWER_MS) {
    this.#server = server
    this.#makers = makers
    this.#answerMs = answerMs
  }

  send(args: readonly string[], key: string): Promise<unknown> {
    return this.#held(async () => {
      const own = await this.#usable()
      const late = setTimeout(() => own.drop(), this.#answerMs)
      late.unref()
      return own.commands.send(args, key).finally(() => clearTimeout(late))
    })
  }

  async nodes(): Promise<readonly Send[]> {
    return [(args) => this.send(args, '')]
  }

  /** Loads the package and gives connecting a chance. Never rejects. */
  async ready(): Promise<void> {
    try {
      await this.#held(() => this.#connecting())
    } catch {
      // The first command says what is wrong.
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    const own = await this.#opening?.catch(() => undefined)
    if (own === undefined) return
    if (await fulfilledIn(CLOSE_MS, own.end())) return
    own.drop()
  }

  /** Keeps the process alive until work is done. */
  #held<T>(work: () => Promise<T>): Promise<T> {
    this.#underWay += 1
    this.#hold()
    const result = work()
    void fulfilledIn(ANSWER_MS, result).then(() => {
      this.#underWay -= 1
      this.#hold()
    })
    return result
  }

  #hold(): void {
    this.#opening?.then(
      (own) => own.isReady() && own.hold(this.#underWay > 0),
      () => {},
    )
  }

  async #connecting(): Promise<OwnClient> {
    if (this.#closed) throw new Error(CLOSED)
    const before = this.#opening
    const isOver = before === undefined || (await before).isOver()
    if (this.#closed) throw new Error(CLOSED)
    // Of many who see that it is over, the first one opens another.
    if (isOver && this.#opening === before) {
      const now = performance.now()
      if (before === undefined || now - this.#openedAt >= RETRY_MS) {
        void before?.then((own) => own.drop())
        this.#openedAt = now
        const opening = this.#open()
        this.#opening = opening
        // Who wanted it may be gone by the time it is connected.
        opening.then((own) => this.#untilEnded(own)).catch(() => {})
      }
    }
    const own = await (this.#opening as Promise<OwnClient>)
    if (!own.isReady()) await own.tried
    return own
  }

  /** An attempt to connect can fall silent, too: behind a connection that was made, where the drivers have no limit. */
  async #untilEnded(own: OwnClient): Promise<void> {
    const late = setTimeout(() => own.drop(), this.#answerMs)
    late.unref()
    await own.ended
    clearTimeout(late)
    this.#hold()
  }

  async #usable(): Promise<OwnClient> {
    const own = await this.#connecting()
    if (own.isReady()) return own
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
  const socket = { reconnectStrategy: false, connectTimeout: GIVE_UP_MS } as const
  const client = createClient({ url, disableOfflineQueue: true, socket })
  const attempt = attemptOf(client)
  return {
    ...attempt,
    commands: commandsOf(client),
    isReady: () => client.isReady,
    isOver: () => attempt.isEnded() && !client.isReady,
    hold: (held) => (held ? client.ref() : client.unref()),
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
    connectTimeout: GIVE_UP_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  })
  const attempt = attemptOf(client)
  const isReady = () => client.status === 'ready'
  return {
    ...attempt,
    commands: commandsOf(client),
    isReady,
    isOver: () => attempt.isEnded() && !isReady(),
    hold: (held) => void (held ? client.stream?.ref() : client.stream?.unref()),
    end: () => (isReady() ? client.quit() : Promise.reject(new Error('not connected'))),
    drop: () => client.disconnect(),
  }
}

/** Connects, once. */
function attemptOf(client: {
  on(event: 'error', listener: (error: unknown) => void): unknown
  connect(): Promise<unknown>
}) {
  let fault: string | undefined
  let isEnded = false
  client.on('error', (error) => {
    fault = redisFault(error).message
  })
  const ended = client.connect().then(
    () => {
      isEnded = true
    },
    (error) => {
      isEnded = true
      fault ??= redisFault(error).message
    },
  )
  return {
    ended,
    tried: fulfilledIn(CONNECT_MS, ended).then(() => {}),
    isEnded: () => isEnded,
    fault: () => fault,
  }
}

/** Whether it was fulfilled in time. */
async function fulfilledIn(ms: number, work: Promise<unknown>): Promise<boolean> {
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
