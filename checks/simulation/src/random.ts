import { Random as Seeded } from '../../support/random.mjs'

/** Draws of the simulation. */
export class Random extends Seeded {
  chance(probability: number): boolean {
    return this.next() < probability
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.next()
  }

  /** A whole number, both ends included. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1))
  }

  pick<T>(values: readonly T[]): T {
    return values[Math.floor(this.next() * values.length)] as T
  }

  /** Waits between independent events. */
  exponential(mean: number): number {
    return -mean * Math.log(1 - this.next())
  }

  /** In the shape of `crypto.randomUUID()`. */
  uuid(): `${string}-${string}-${string}-${string}-${string}` {
    const part = () =>
      Math.floor(this.next() * 65_536)
        .toString(16)
        .padStart(4, '0')
    return `${part()}${part()}-${part()}-${part()}-${part()}-${part()}${part()}${part()}`
  }

  /** Another stream, so that one part's draws do not shift another's. */
  fork(): Random {
    return new Random(Math.floor(this.next() * 4_294_967_296))
  }
}
