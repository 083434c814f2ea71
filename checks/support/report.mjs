// What a check that lets real processes or a real browser work prints.
import { inspect } from 'node:util'
import { figure } from './figures.mjs'

/** A line per result, and how many there were of each kind. */
export class Report {
  #nameWidth
  #figureWidth
  #passed = 0
  #failed = 0
  #skipped = 0

  constructor(nameWidth, figureWidth) {
    this.#nameWidth = nameWidth
    this.#figureWidth = figureWidth
  }

  get failed() {
    return this.#failed
  }

  async row(name, measure) {
    const since = performance.now()
    const {
      ok,
      figure: counted,
      seen,
      ...proof
    } = await measure().catch((error) => ({
      ok: false,
      figure: 'did not finish',
      seen: error,
    }))
    const seconds = ((performance.now() - since) / 1_000).toFixed(1)
    if (ok) this.#passed += 1
    else this.#failed += 1
    console.log(
      `${ok ? 'ok     ' : 'FAILED '} ${name.padEnd(this.#nameWidth)} ${counted.padEnd(this.#figureWidth)} ${seconds.padStart(6)} s`,
    )
    if (!ok && seen !== undefined)
      console.log(inspect(seen, { depth: 8, maxArrayLength: 100 }).replaceAll(/^/gm, '        '))
    figure(name, ok, counted, { seconds: Number(seconds), ...proof })
  }

  skip(name, why) {
    const required = process.env.REQUIRE_SERVERS === '1'
    if (required) this.#failed += 1
    else this.#skipped += 1
    console.log(`${required ? 'FAILED ' : 'skipped'} ${name.padEnd(this.#nameWidth)} ${why}`)
    figure(name, !required, `skipped: ${why}`)
  }

  summary() {
    const skipped = this.#skipped === 0 ? '' : `, ${this.#skipped} skipped`
    return `${this.#passed} passed, ${this.#failed} failed${skipped}`
  }
}
