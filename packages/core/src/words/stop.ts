import type { EngineClock } from './engine-clock.js'

/**
 * What ends the waits of one piece of work. An `AbortSignal` does the same; but if thousands begin in one moment, fifty
 * microseconds and a kilobyte for each tell.
 */
export class Stop {
  #reason: Error | undefined
  readonly #ends = new Set<(reason: Error) => void>()

  get stopped(): boolean {
    return this.#reason !== undefined
  }

  throwIfStopped(): void {
    if (this.#reason !== undefined) throw this.#reason
  }

  /** Ends every wait, with this reason. */
  stop(reason: Error): void {
    this.#reason ??= reason
    for (const end of this.#ends) end(this.#reason)
    this.#ends.clear()
  }

  /** Calls `end` when it is stopped. @returns What calls that off. */
  onStop(end: (reason: Error) => void): () => void {
    if (this.#reason !== undefined) end(this.#reason)
    else this.#ends.add(end)
    return () => {
      this.#ends.delete(end)
    }
  }

  /** The outcome of `work`, unless it is stopped before. The work itself goes on. */
  wait<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const callOff = this.onStop(reject)
      work.then(
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

  /** A pause of `ms` milliseconds, or until `early` settles. */
  async pause(ms: number, clock: EngineClock, early?: Promise<void>): Promise<void> {
    let callOff = (): void => {}
    const over = new Promise<void>((resolve) => {
      callOff = clock.after(ms, resolve)
    })
    try {
      await this.wait(early === undefined ? over : Promise.race([over, early]))
    } finally {
      callOff()
    }
  }
}
