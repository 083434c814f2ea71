/** A stream that can be a terminal. */
export interface Output {
  write(text: string): unknown
  /** Lines of the terminal. */
  readonly rows?: number
}

const UP_AND_CLEAR = (lines: number): string => `\u001b[${lines}A\r\u001b[0J`

/** A line that is too long is cut by the terminal: wrapped, it would be two, and the way up too short. */
const NO_WRAP = '\u001b[?7l'
const WRAP = '\u001b[?7h'

/** Lines that replace what was there before: a live table, a progress bar. For terminals only. */
export class LiveLines {
  readonly #output: Output
  #shown = 0

  constructor(output: Output) {
    this.#output = output
  }

  show(lines: readonly string[]): void {
    this.clear()
    // What left the screen at its top cannot be written again.
    const fitting = this.#output.rows ? lines.slice(0, this.#output.rows - 1) : lines
    if (fitting.length === 0) return
    this.#output.write(`${NO_WRAP}${fitting.join('\n')}\n${WRAP}`)
    this.#shown = fitting.length
  }

  clear(): void {
    if (this.#shown > 0) this.#output.write(UP_AND_CLEAR(this.#shown))
    this.#shown = 0
  }

  /** Leaves what is shown where it is. */
  keep(): void {
    this.#shown = 0
  }
}
