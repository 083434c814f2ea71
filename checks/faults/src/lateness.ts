/** A timer of this process that comes so late, in milliseconds, says that the machine is too busy to judge by time. */
const LATE_MS = 200

/** How often it is looked, in milliseconds. */
const LOOK_MS = 20

/** Notices when this process does not get to run. */
export class Lateness {
  #last = performance.now()
  #lateAt = Number.NEGATIVE_INFINITY

  constructor() {
    setInterval(() => this.#look(), LOOK_MS).unref()
  }

  /** Whether this process was late at any time since, on the scale of `performance.now()`. */
  since(at: number): boolean {
    this.#look()
    return this.#lateAt >= at
  }

  #look(): void {
    const now = performance.now()
    if (now - this.#last > LOOK_MS + LATE_MS) this.#lateAt = now
    this.#last = now
  }
}
