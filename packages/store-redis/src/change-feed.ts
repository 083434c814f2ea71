/** What is called on a subscribing client of `redis`. */
export interface NodeRedisSubscriberLike {
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>
  unsubscribe(channel: string, listener: (message: string) => void): Promise<unknown>
}

/** What is called on a subscribing client of `ioredis`. */
export interface IoredisSubscriberLike {
  call: unknown
  subscribe(channel: string): Promise<unknown>
  unsubscribe(channel: string): Promise<unknown>
  on(event: 'message', listener: (channel: string, message: string) => void): unknown
  off(event: 'message', listener: (channel: string, message: string) => void): unknown
}

/** A client that is in subscriber mode, or may enter it. It is closed by whoever made it. */
export type RedisSubscriberLike = NodeRedisSubscriberLike | IoredisSubscriberLike

/** Most who wait for a change at once in this process; who comes later is woken by the abort signal only. */
const MAX_LISTENERS = 10_000

/** How long after a refused subscription the next is tried, in milliseconds (30 seconds). */
const RETRY_MS = 30_000

/** Tells who waits that a key may have changed. One channel for all keys, subscribed to at the first question. */
export class ChangeFeed {
  readonly #subscriber: RedisSubscriberLike
  readonly #channel: string
  readonly #listeners = new Map<string, Set<() => void>>()
  #waiting = 0
  #subscribed: Promise<void> | undefined
  #retry: NodeJS.Timeout | undefined
  #closed = false

  constructor(subscriber: RedisSubscriberLike, channel: string) {
    const { subscribe, unsubscribe } = subscriber as Partial<RedisSubscriberLike>
    if (typeof subscribe !== 'function' || typeof unsubscribe !== 'function')
      throw new TypeError('subscriber must be a client of "redis" or "ioredis"')
    this.#subscriber = subscriber
    this.#channel = channel
  }

  of(key: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted || this.#closed) return resolve()
      this.#listen()
      const counted = this.#waiting < MAX_LISTENERS
      const wake = () => {
        signal.removeEventListener('abort', wake)
        if (counted) this.#remove(key, wake)
        resolve()
      }
      signal.addEventListener('abort', wake, { once: true })
      if (counted) this.#add(key, wake)
    })
  }

  /** Ends the subscription and wakes everyone. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    clearTimeout(this.#retry)
    for (const key of [...this.#listeners.keys()]) this.#tell(key)
    const subscribed = this.#subscribed
    this.#subscribed = undefined
    await subscribed
    if (subscribed === undefined) return
    try {
      if (isIoredis(this.#subscriber)) {
        this.#subscriber.off('message', this.#onMessage)
        await this.#subscriber.unsubscribe(this.#channel)
      } else await this.#subscriber.unsubscribe(this.#channel, this.#tell)
    } catch {
      // The connection is gone, and the subscription with it.
    }
  }

  #listen(): void {
    this.#subscribed ??= this.#subscribe().catch(() => {
      if (isIoredis(this.#subscriber)) this.#subscriber.off('message', this.#onMessage)
      this.#retry = setTimeout(() => {
        this.#subscribed = undefined
      }, RETRY_MS)
      this.#retry.unref()
    })
  }

  async #subscribe(): Promise<void> {
    if (!isIoredis(this.#subscriber)) {
      await this.#subscriber.subscribe(this.#channel, this.#tell)
      return
    }
    this.#subscriber.on('message', this.#onMessage)
    await this.#subscriber.subscribe(this.#channel)
  }

  #add(key: string, wake: () => void): void {
    this.#waiting += 1
    const listeners = this.#listeners.get(key)
    if (listeners) listeners.add(wake)
    else this.#listeners.set(key, new Set([wake]))
  }

  #remove(key: string, wake: () => void): void {
    const listeners = this.#listeners.get(key)
    if (!listeners?.delete(wake)) return
    this.#waiting -= 1
    if (listeners.size === 0) this.#listeners.delete(key)
  }

  readonly #tell = (key: string): void => {
    for (const wake of [...(this.#listeners.get(key) ?? [])]) wake()
  }

  readonly #onMessage = (channel: string, message: string): void => {
    if (channel === this.#channel) this.#tell(message)
  }
}

function isIoredis(subscriber: RedisSubscriberLike): subscriber is IoredisSubscriberLike {
  return typeof (subscriber as Partial<IoredisSubscriberLike>).call === 'function'
}
