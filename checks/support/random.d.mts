/** A small seeded generator (mulberry32): the same seed gives the same numbers on every machine. */
export class Random {
  constructor(seed: number)
  /** From 0 up to, not including, 1. */
  next(): number
}
