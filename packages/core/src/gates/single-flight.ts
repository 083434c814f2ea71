/** One refresh under way in this process. */
export interface Flight<Outcome> {
  readonly outcome: Promise<Outcome>
  /** Settles when the flight has to pause: who has a token to fall back on need not wait any longer. */
  readonly paused: Promise<void>
  /** Whether a caller without any usable token waits: only then is a pause waited out. */
  needed: boolean
}

/** What a running task can do to its own flight. */
export interface FlightControl {
  /** Whether somebody without a usable token waits. */
  needed(): boolean
  /** Tells those who have something to fall back on that this will take longer. */
  pause(): void
}

/**
 * Gate 2, single flight: one task per connection at a time in this process; whoever asks while it runs shares its
 * outcome.
 *
 * Covers one process; for many see `turn.ts`. A caller's `AbortSignal` never ends a task that others share. A failed
 * task leaves nothing behind: the next caller starts another.
 */
export class SingleFlight<Outcome> {
  readonly #flights = new Map<string, Flight<Outcome>>()

  /** The flight of a key; starts one with `task` where none is under way. */
  join(key: string, needed: boolean, task: (control: FlightControl) => Promise<Outcome>): Flight<Outcome> {
    const running = this.#flights.get(key)
    if (running) {
      running.needed ||= needed
      return running
    }
    let pause = (): void => {}
    const paused = new Promise<void>((resolve) => {
      pause = resolve
    })
    const control: FlightControl = { needed: () => flight.needed, pause: () => pause() }
    const outcome = Promise.resolve()
      .then(() => task(control))
      .finally(() => this.#flights.delete(key))
    // Nobody may be waiting: a background refresh that fails is reported by its task.
    outcome.catch(() => {})
    const flight: Flight<Outcome> = { outcome, paused, needed }
    this.#flights.set(key, flight)
    return flight
  }

  has(key: string): boolean {
    return this.#flights.has(key)
  }

  /** Settles, never rejects, when nothing is under way any more. */
  async settled(): Promise<void> {
    await Promise.allSettled([...this.#flights.values()].map((flight) => flight.outcome))
  }
}
