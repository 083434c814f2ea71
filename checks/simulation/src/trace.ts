/** Lines kept for a violation. */
const TRACE_LINES = 40

interface Line {
  readonly at: number
  readonly who: string
  readonly what: string
  readonly detail: string | number
}

/** What happened, as a hash of everything and the last lines in words. Equal hashes: the same run. */
export class Trace {
  #hash = 0x811c9dc5
  readonly #lines: Line[] = []
  #next = 0
  readonly #print: ((line: string) => void) | undefined
  readonly #startAt: number

  constructor(startAt: number, print?: (line: string) => void) {
    this.#startAt = startAt
    this.#print = print
  }

  add(at: number, who: string, what: string, detail: string | number = ''): void {
    const line = { at, who, what, detail }
    this.#mix(String(at - this.#startAt))
    this.#mix(who)
    this.#mix(what)
    this.#mix(String(detail))
    this.#lines[this.#next] = line
    this.#next = (this.#next + 1) % TRACE_LINES
    this.#print?.(this.#format(line))
  }

  get hash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, '0')
  }

  /** The last lines, oldest first. */
  last(): string[] {
    return [...this.#lines.slice(this.#next), ...this.#lines.slice(0, this.#next)].map((line) =>
      this.#format(line),
    )
  }

  #mix(text: string): void {
    let hash = this.#hash
    for (let index = 0; index < text.length; index++)
      hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
    this.#hash = Math.imul(hash ^ 0x1f, 0x01000193)
  }

  #format({ at, who, what, detail }: Line): string {
    return `${simulatedTime(at - this.#startAt)}  ${who.padEnd(6)} ${what} ${detail}`.trimEnd()
  }
}

/** Hours, minutes and seconds since the start. */
export function simulatedTime(ms: number): string {
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0')
  return `${two(ms / 3_600_000)}:${two((ms / 60_000) % 60)}:${((ms / 1000) % 60).toFixed(3).padStart(6, '0')}`
}
