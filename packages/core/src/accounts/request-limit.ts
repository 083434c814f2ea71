import { ZohoAuthError, type ZohoAuthErrorDetails } from '../words/errors.js'
import type { Stop } from '../words/stop.js'

/** Most requests that wait for their turn, about eleven kilobytes each; one more is told to come back. */
const MAX_QUEUED = 50_000

/** Connections that are looked at at once, while there is no room for a request: what was sent has the machine first. */
const MAX_LOOKS = 20

/** What a request is taken to last before one has been seen, in milliseconds. */
const FIRST_GUESS_MS = 500

/** How much the newest request counts in the running mean of their durations. */
const NEWEST_SHARE = 1 / 8

/** Whoever could not be served comes back after this at the earliest, in milliseconds; the rest depends on the queue. */
const MIN_RETRY_MS = 1_000

/** What `status` tells of the requests of one process. */
export interface RequestCounts {
  readonly underWay: number
  readonly queued: number
  readonly max: number
}

/** A slot among those of one process. Whoever has it gives it back, whatever happens; twice does no harm. */
export interface Slot {
  /** Gives the slot to whoever waits longest. @param sent Whether a request was made. */
  leave(sent?: 'sent'): void
}

/** How to wait for a slot. */
export interface EnterOptions {
  /** Ends the wait, and leaves no trace in the queue. */
  readonly stop: Stop
  /** Goes before those who have not had a turn yet: it had one already, or a person or a revocation waits for it. */
  readonly ahead?: boolean
  /** Called once if there is no slot at once, with how many go before. */
  readonly onQueued?: (before: number) => void
}

/**
 * Bounds how many requests one process has under way at the accounts servers: a deploy, a Monday morning or a queue that
 * wakes up asks for thousands of connections in one moment, and each request is a socket, a timer and memory. First come,
 * first served, across all connections.
 *
 * Bounds also how many connections are looked at at once, in the connection store and in the shared store: nobody needs a
 * request whose token another process has made. Few while there is no room for requests, so that they get the machine.
 *
 * Covers one process; a fleet is bounded by the budget of each grant.
 */
export class RequestLimit {
  readonly #max: number
  readonly #random: () => number
  readonly #requests: Slots
  readonly #looks: Slots
  #meanMs = FIRST_GUESS_MS

  constructor(max: number, random: () => number) {
    this.#max = max
    this.#random = random
    this.#requests = new Slots(() => max)
    this.#looks = new Slots(() => (this.#requests.isFull ? MAX_LOOKS : Math.max(max, MAX_LOOKS)))
  }

  get counts(): RequestCounts {
    const { taken: underWay, waiting } = this.#requests
    return { underWay, queued: waiting + this.#looks.waiting, max: this.#max }
  }

  /** How long it takes from a slot to a token at the moment, in milliseconds: a running mean. */
  get meanMs(): number {
    return this.#meanMs
  }

  /** Takes note of how long one took, whatever came of it. */
  took(ms: number): void {
    this.#meanMs += (ms - this.#meanMs) * NEWEST_SHARE
  }

  /** Waits for its turn to look at a connection. Throws as {@link enter} does. */
  async look(options: EnterOptions): Promise<Slot> {
    await this.#enter(this.#looks, options)
    return once(() => this.#looks.leave())
  }

  /** Room for one request, if there is some at once. */
  enterNow(): Slot | undefined {
    return this.#requests.take() ? this.#slot() : undefined
  }

  /**
   * Waits for room for one request.
   *
   * @throws What it is stopped with; ZohoAuthError `ERR_ZOHO_UNAVAILABLE` if too many wait already.
   */
  async enter(options: EnterOptions): Promise<Slot> {
    await this.#enter(this.#requests, options)
    return this.#slot()
  }

  /** The error of a caller for whom there was no room in time. Nothing is wrong with Zoho, nor with the connection. */
  noRoom(connection: string | undefined, what: string): ZohoAuthError {
    const message = 'Too many Zoho connections are needed at once; try again later'
    return this.notInTime(connection, what, { message })
  }

  /** The error of a caller who could not be served in time. */
  notInTime(
    connection: string | undefined,
    what: string,
    extra: Pick<ZohoAuthErrorDetails, 'message' | 'cause'>,
  ): ZohoAuthError {
    return new ZohoAuthError('ERR_ZOHO_UNAVAILABLE', {
      ...extra,
      connection,
      retryAfterMs: this.#retryAfterMs(),
      action: `${what}. Try again after retryAfterMs.`,
    })
  }

  /**
   * When there is likely to be room. Those who are turned away one after the other see an ever shorter queue, so that they
   * come back evenly over the time that the queue takes; those who are turned away at the same length are spread at random.
   */
  #retryAfterMs(): number {
    const drainMs = (this.counts.queued / this.#max) * this.#meanMs
    return MIN_RETRY_MS + Math.round((MIN_RETRY_MS + drainMs) * (0.5 + this.#random() / 2))
  }

  async #enter(slots: Slots, { stop, ahead = false, onQueued }: EnterOptions): Promise<void> {
    stop.throwIfStopped()
    if (slots.take()) return
    if (slots.waiting >= MAX_QUEUED)
      throw this.noRoom(undefined, `${slots.waiting} requests wait for their turn already`)
    onQueued?.(ahead ? slots.waitingAhead : slots === this.#looks ? this.counts.queued : slots.waiting)
    return slots.wait(stop, ahead)
  }

  #slot(): Slot {
    return once((sent) => {
      // A turn of the event loop later the socket of a request is free for the next one, which would open another.
      if (sent) setImmediate(() => this.#passOn())
      else this.#passOn()
    })
  }

  #passOn(): void {
    this.#requests.leave()
    if (!this.#requests.isFull) this.#looks.fill()
  }
}

function once(leave: (sent?: 'sent') => void): Slot {
  let left = false
  return {
    leave(sent) {
      if (left) return
      left = true
      leave(sent)
    },
  }
}

/** A number of slots, and those who wait for one, in order. */
class Slots {
  readonly #max: () => number
  readonly #ahead = new Set<() => void>()
  readonly #others = new Set<() => void>()
  #taken = 0

  constructor(max: () => number) {
    this.#max = max
  }

  get taken(): number {
    return this.#taken
  }

  get waiting(): number {
    return this.#ahead.size + this.#others.size
  }

  get waitingAhead(): number {
    return this.#ahead.size
  }

  get isFull(): boolean {
    return this.#taken >= this.#max()
  }

  /** Takes a slot, if one is free and nobody waits for it. */
  take(): boolean {
    if (this.isFull || this.waiting > 0) return false
    this.#taken += 1
    return true
  }

  wait(stop: Stop, ahead: boolean): Promise<void> {
    const queue = ahead ? this.#ahead : this.#others
    return new Promise((resolve, reject) => {
      const enter = () => {
        callOff()
        resolve()
      }
      const callOff = stop.onStop((reason) => {
        queue.delete(enter)
        reject(reason)
      })
      queue.add(enter)
    })
  }

  leave(): void {
    this.#taken -= 1
    this.fill()
  }

  /** Lets in who waits, as long as there are slots. */
  fill(): void {
    for (const queue of [this.#ahead, this.#others])
      for (const enter of queue) {
        if (this.isFull) return
        queue.delete(enter)
        this.#taken += 1
        enter()
      }
  }
}
