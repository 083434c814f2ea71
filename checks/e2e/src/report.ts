import { inspect } from 'node:util'
import { figure as note } from '../../support/figures.mjs'

/** How one figure came out. */
export interface Row {
  readonly ok: boolean
  /** What was counted, in words. */
  readonly figure: string
  /** What was seen, printed where it is not as it should be. */
  readonly seen?: unknown
}

const NAME_WIDTH = 56
const FIGURE_WIDTH = 62

/** Prints a line per figure, and counts them. */
export class Report {
  #passed = 0
  #failed = 0
  #skipped = 0

  get failed(): number {
    return this.#failed
  }

  /** Takes one figure, and prints it. A scenario that throws is a figure that failed. */
  async row(name: string, measure: () => Promise<Row>): Promise<void> {
    const since = performance.now()
    const { ok, figure, seen } = await measure().catch(
      (error: unknown): Row => ({ ok: false, figure: 'did not finish', seen: error }),
    )
    const seconds = ((performance.now() - since) / 1_000).toFixed(1)
    if (ok) this.#passed += 1
    else this.#failed += 1
    console.log(
      `${ok ? 'ok     ' : 'FAILED '} ${name.padEnd(NAME_WIDTH)} ${figure.padEnd(FIGURE_WIDTH)} ${seconds.padStart(6)} s`,
    )
    if (!ok && seen !== undefined) console.log(indented(seen))
    note(name, ok, figure)
  }

  /** Something that cannot be measured here; with `REQUIRE_SERVERS=1` that is a failure. */
  skip(name: string, why: string): void {
    const required = process.env.REQUIRE_SERVERS === '1'
    if (required) this.#failed += 1
    else this.#skipped += 1
    console.log(`${required ? 'FAILED ' : 'skipped'} ${name.padEnd(NAME_WIDTH)} ${why}`)
    note(name, !required, `skipped: ${why}`)
  }

  summary(): string {
    const skipped = this.#skipped === 0 ? '' : `, ${this.#skipped} skipped`
    return `${this.#passed} passed, ${this.#failed} failed${skipped}`
  }
}

function indented(seen: unknown): string {
  return inspect(seen, { depth: 8, maxArrayLength: 100 }).replaceAll(/^/gm, '        ')
}
