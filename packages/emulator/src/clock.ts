import type { EmulatorClock } from './options.js'

/** The emulator's own time: the given clock plus what was added by hand, or standing still. */
export class TurnableClock implements EmulatorClock {
  readonly #source: EmulatorClock
  #offsetMs = 0
  #frozenAt: number | undefined

  constructor(source: EmulatorClock) {
    this.#source = source
  }

  get frozen(): boolean {
    return this.#frozenAt !== undefined
  }

  now(): number {
    return this.#frozenAt ?? this.#source.now() + this.#offsetMs
  }

  /** Moves the time forward, also while it stands still. @throws {TypeError} for a time that would run back. */
  advance(ms: number): void {
    if (!(Number.isFinite(ms) && ms >= 0)) throw new TypeError('ms must be a finite number, 0 or more')
    if (this.#frozenAt === undefined) this.#offsetMs += ms
    else this.#frozenAt += ms
  }

  /** Stops the time where it is. */
  freeze(): void {
    this.#frozenAt ??= this.now()
  }

  /** Lets the time run on from where it stands. */
  unfreeze(): void {
    if (this.#frozenAt === undefined) return
    this.#offsetMs = this.#frozenAt - this.#source.now()
    this.#frozenAt = undefined
  }
}
