import type { Proof } from './figures.mjs'

/** How one check came out. */
export interface Row extends Proof {
  readonly ok: boolean
  /** What was counted, in words. */
  readonly figure: string
  /** What was seen, printed if it is not as it should be. */
  readonly seen?: unknown
}

/** Prints a line per check, and counts them. */
export class Report {
  /** How wide the columns of names and figures are, in characters. */
  constructor(nameWidth: number, figureWidth: number)
  get failed(): number
  /** Takes one figure, and prints it. One that throws has failed. */
  row(name: string, measure: () => Promise<Row>): Promise<void>
  /** Something that cannot be measured here; with `REQUIRE_SERVERS=1` that is a failure. */
  skip(name: string, why: string): void
  /** `N passed, N failed`. */
  summary(): string
}
