import type { Clock } from './words/clock.js'
import { describeFault } from './words/errors.js'
import type { Logger } from './words/logger.js'

/** Most pieces of work that wait for their time at once; what comes on top is left to whoever looks next. */
const MOST_WAITING = 1_000

/** Work that no caller waits for. `close` does. */
export class Background {
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #outside: (work: () => Promise<unknown>) => Promise<unknown>
  readonly #stopping: AbortSignal
  readonly #running = new Set<Promise<void>>()
  #waiting = 0

  /**
   * @param outside Runs work in nobody's scope.
   * @param stopping Ends waits for the time of later work.
   */
  constructor(
    clock: Clock,
    logger: Logger,
    outside: (work: () => Promise<unknown>) => Promise<unknown>,
    stopping: AbortSignal,
  ) {
    this.#clock = clock
    this.#logger = logger
    this.#outside = outside
    this.#stopping = stopping
  }

  /** Starts work now. Its fault is a warning. */
  run(work: () => Promise<unknown>): void {
    const running = this.#outside(work)
      .then(
        () => {},
        (error: unknown) => {
          if (!this.#stopping.aborted)
            this.#logger.warn(`work in the background failed: ${describeFault(error).message}`)
        },
      )
      .finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  /** Starts work after `ms` milliseconds. Does not keep the process running, and not the engine open. */
  later(ms: number, work: () => Promise<unknown>): void {
    if (this.#waiting >= MOST_WAITING) return
    this.#waiting += 1
    this.#clock
      .sleep(Math.max(0, ms), this.#stopping, { unref: true })
      .then(
        () => this.run(work),
        () => {},
      )
      .finally(() => {
        this.#waiting -= 1
      })
  }

  /** Settles when nothing runs any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#running)
  }
}
