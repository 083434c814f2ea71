import { inspect } from 'node:util'
import { within } from './within.js'

/** How long one check may take, in milliseconds (one minute). Each takes about a second. */
const CHECK_MS = 60_000

const NAME_WIDTH = 96

/** Runs checks one after the other, prints a line for each, and counts them. */
export class Report {
  #passed = 0
  #failed = 0

  get failed(): number {
    return this.#failed
  }

  /** A check passes if it ends without throwing. */
  async check(name: string, play: () => Promise<void>): Promise<void> {
    const since = performance.now()
    const failure = await within(CHECK_MS, name, play()).then(
      () => undefined,
      (error: unknown) => ({ error }),
    )
    const seconds = ((performance.now() - since) / 1_000).toFixed(1)
    if (failure === undefined) this.#passed += 1
    else this.#failed += 1
    console.log(`${failure ? 'FAILED ' : 'ok     '} ${name.padEnd(NAME_WIDTH)} ${seconds.padStart(5)} s`)
    if (failure) console.log(inspect(failure.error, { depth: 4 }).replaceAll(/^/gm, '        '))
  }

  summary(): string {
    return `${this.#passed} passed, ${this.#failed} failed`
  }
}
