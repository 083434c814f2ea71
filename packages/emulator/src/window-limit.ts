/** How many times something may happen inside a window that moves with the time. */
export interface WindowRule {
  readonly limit: number
  readonly windowMs: number
  /** Whether a refused attempt starts the window again. */
  readonly prolongs: boolean
}

/**
 * Keeps the instants of one thing that Zoho rations, such as the new access tokens of one refresh token.
 *
 * Something at instant t leaves the window at t + windowMs, that instant included. A refusal holds until the
 * first of the counted instants leaves the window: "the rest of the ten minutes".
 */
export class WindowLimit {
  readonly #rule: WindowRule
  #instants: number[] = []
  #blockedUntil = Number.NEGATIVE_INFINITY
  #peak = 0

  constructor(rule: WindowRule) {
    this.#rule = rule
  }

  /** The largest number that one window has held so far. */
  get peak(): number {
    return this.#peak
  }

  /** Whether one more is possible at `now`. Does not count it: see `record`. A refusal may begin a block. */
  admits(now: number): boolean {
    const { limit, windowMs, prolongs } = this.#rule
    if (now < this.#blockedUntil) {
      if (prolongs) this.#blockedUntil = now + windowMs
      return false
    }
    if (this.used(now) < limit) return true
    this.#blockedUntil = (this.#instants[0] ?? now) + windowMs
    return false
  }

  record(now: number): void {
    const used = this.used(now) + 1
    this.#instants.push(now)
    if (used > this.#peak) this.#peak = used
  }

  /** How many the window that ends at `now` holds. */
  used(now: number): number {
    const start = now - this.#rule.windowMs
    let gone = 0
    while (gone < this.#instants.length && (this.#instants[gone] as number) <= start) gone += 1
    if (gone > 0) this.#instants.splice(0, gone)
    return this.#instants.length
  }

  /** How long everything is still refused, in milliseconds; 0 if it is not. */
  blockedForMs(now: number): number {
    return Math.max(0, this.#blockedUntil - now)
  }

  /** Refuses everything until `now + ms`. */
  block(now: number, ms: number): void {
    this.#blockedUntil = now + ms
  }

  /** Ends a block, and forgets what was counted. The peak stays. */
  forget(): void {
    this.#instants = []
    this.#blockedUntil = Number.NEGATIVE_INFINITY
  }

  resetPeak(): void {
    this.#peak = 0
  }
}
