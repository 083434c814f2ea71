import type { Clock } from '../words/clock.js'

/** Turns of the event loop that `advance` lets pass between two sleepers, so that what they woke can run. */
const TURNS_BETWEEN = 2

interface Sleeper {
  readonly at: number
  readonly wake: () => void
}

/** A clock that only moves when it is told to. */
export class ManualClock implements Clock {
  #now: number
  readonly #sleepers = new Set<Sleeper>()

  /** @param startAt Milliseconds since the epoch. Default 1 800 000 000 000, in January 2027. */
  constructor(startAt = 1_800_000_000_000) {
    this.#now = startAt
  }

  now(): number {
    return this.#now
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const onAbort = () => {
        this.#sleepers.delete(sleeper)
        reject(signal?.reason)
      }
      const sleeper: Sleeper = {
        at: this.#now + Math.max(0, ms),
        wake: () => {
          signal?.removeEventListener('abort', onAbort)
          resolve()
        },
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#sleepers.add(sleeper)
    })
  }

  /** How many are asleep. */
  get sleeping(): number {
    return this.#sleepers.size
  }

  /** Jumps without waking anyone, as a suspended machine does. */
  jump(ms: number): void {
    this.#now += ms
  }

  /**
   * Moves on, and wakes whoever is due, in order, at their own moment. Those who go to sleep meanwhile and are due are
   * woken too. Real work, such as HTTP, is not waited for.
   */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    for (;;) {
      await turns()
      let next: Sleeper | undefined
      for (const sleeper of this.#sleepers) if (next === undefined || sleeper.at < next.at) next = sleeper
      if (next === undefined || next.at > end) break
      this.#sleepers.delete(next)
      this.#now = Math.max(this.#now, next.at)
      next.wake()
    }
    this.#now = end
    await turns()
  }
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < TURNS_BETWEEN; turn++) await new Promise((resolve) => setImmediate(resolve))
}
