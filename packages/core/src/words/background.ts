import type { Clock } from './clock.js'
import { describeFault } from './errors.js'
import type { Logger } from './logger.js'
import type { Scope } from './scope.js'

/** Most pieces of work that wait for their time at once; what comes on top is left to whoever looks next. */
const MAX_WAITING = 1_000

/** Work that `close` waits for: what no caller waits for, and what must not be cut when its caller is gone. */
export class Background {
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #scope: Scope
  readonly #stopping: AbortSignal
  readonly #mask: (text: string) => string
  readonly #running = new Set<Promise<unknown>>()
  #waiting = 0

  /**
   * @param scope Work runs outside of it, in nobody's.
   * @param stopping Ends waits for the time of later work.
   * @param mask Takes secrets out of what others say.
   */
  constructor(
    clock: Clock,
    logger: Logger,
    scope: Scope,
    stopping: AbortSignal,
    mask: (text: string) => string,
  ) {
    this.#clock = clock
    this.#logger = logger
    this.#scope = scope
    this.#stopping = stopping
    this.#mask = mask
  }

  /** Starts work now. Its fault is a warning. */
  run(work: () => Promise<unknown>): void {
    const running = this.#scope
      .outside(work)
      .then(
        () => {},
        (error: unknown) => {
          if (!this.#stopping.aborted)
            this.#logger.warn(`work in the background failed: ${describeFault(error, this.#mask).message}`)
        },
      )
      .finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  /** Does a caller's work, which goes on to its end also if the caller leaves, or the engine is closed meanwhile. */
  during<T>(work: () => Promise<T>): Promise<T> {
    const running = this.#scope.outside(work)
    const ended = running.then(
      () => {},
      () => {},
    )
    this.#running.add(ended)
    void ended.then(() => this.#running.delete(ended))
    return running
  }

  /** Starts work after `ms` milliseconds. Does not keep the process running, and not the engine open. */
  later(ms: number, work: () => Promise<unknown>): void {
    if (this.#waiting >= MAX_WAITING) return
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

  /** Settles when nothing runs any more, what was begun meanwhile included. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running)
  }
}
