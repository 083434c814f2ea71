import { AsyncResource } from 'node:async_hooks'
import type { Clock } from './clock.js'

/** Why a sleep that nobody needs any more ends. Made once: a reason of one's own costs a stack trace each time. */
const NOT_NEEDED = new Error('nobody waits any more')

/**
 * The clock of one engine: the app's, and limits of waits, many on one timer. Those of one length end in the order in which
 * they began, so one sleep for each length is enough: ten thousand callers who begin to wait in one moment cost ten thousand
 * small objects, not as many timers and signals.
 *
 * Who waits here keeps the process running, and nothing else does.
 */
export class EngineClock implements Clock {
  readonly #clock: Clock
  readonly #lanes = new Map<number, Lane>()
  /** A lane outlives the caller who began it, and must not keep what that one had around it. */
  readonly #root = new AsyncResource('ZohoAuthClock')

  constructor(clock: Clock) {
    this.#clock = clock
  }

  now(): number {
    return this.#clock.now()
  }

  sleep(ms: number, signal?: AbortSignal, options?: { readonly unref?: boolean }): Promise<void> {
    return this.#clock.sleep(ms, signal, options)
  }

  /** Calls `end` after `ms` milliseconds. @returns What calls that off. */
  after(ms: number, end: () => void): () => void {
    let lane = this.#lanes.get(ms)
    if (lane === undefined) {
      const added = new Lane(this.#clock, this.#root, () => {
        if (this.#lanes.get(ms) === added) this.#lanes.delete(ms)
      })
      this.#lanes.set(ms, added)
      lane = added
    }
    return lane.add({ at: this.#clock.now() + ms, end })
  }

  /** The outcome of `work`, or after `ms` milliseconds the error that `late` makes. The work itself goes on. */
  withTimeout<T>(work: Promise<T> | T, ms: number, late: () => Error): Promise<T> {
    return new Promise((resolve, reject) => {
      const callOff = this.after(ms, () => reject(late()))
      Promise.resolve(work).then(
        (outcome) => {
          callOff()
          resolve(outcome)
        },
        (error: unknown) => {
          callOff()
          reject(error)
        },
      )
    })
  }
}

interface Timeout {
  readonly at: number
  end(): void
}

/**
 * Timeouts of one length. Whether there is anything to sleep for is looked at once in a turn of the event loop: what begins
 * and ends within one, as most of it does, costs no timer.
 */
class Lane {
  readonly #clock: Clock
  readonly #root: AsyncResource
  readonly #gone: () => void
  readonly #timeouts = new Set<Timeout>()
  #checks = false
  #sleep: AbortController | undefined

  constructor(clock: Clock, root: AsyncResource, gone: () => void) {
    this.#clock = clock
    this.#root = root
    this.#gone = gone
  }

  add(timeout: Timeout): () => void {
    this.#timeouts.add(timeout)
    this.#check()
    return () => {
      if (this.#timeouts.delete(timeout) && this.#timeouts.size === 0) this.#check()
    }
  }

  #check(): void {
    if (this.#checks) return
    this.#checks = true
    setImmediate(() => {
      this.#checks = false
      if (this.#timeouts.size === 0) this.#leave()
      else if (this.#sleep === undefined) void this.#root.runInAsyncScope(() => this.#run())
    })
  }

  /** Sleeps until the first is due, again and again, until there is none. */
  async #run(): Promise<void> {
    this.#sleep = new AbortController()
    const { signal } = this.#sleep
    for (let next = this.#first(); next !== undefined; next = this.#first()) {
      try {
        await this.#clock.sleep(Math.max(0, next.at - this.#clock.now()), signal)
      } catch {
        return
      }
      const now = this.#clock.now()
      for (const timeout of this.#timeouts) {
        if (timeout.at > now) break
        this.#timeouts.delete(timeout)
        timeout.end()
      }
    }
    this.#leave()
  }

  #first(): Timeout | undefined {
    for (const timeout of this.#timeouts) return timeout
    return undefined
  }

  /** The next timeout of this length makes another lane. */
  #leave(): void {
    this.#gone()
    this.#sleep?.abort(NOT_NEEDED)
  }
}
