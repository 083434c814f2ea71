import type { Failure } from '../failure.js'
import { Interrupted } from '../interrupts.js'
import { bar } from './bar.js'
import { LiveLines } from './live.js'
import { type Paint, paintFor } from './paint.js'

/** How often the sign of a running step turns, in milliseconds. */
const TURN_MS = 100
const TURNING = Object.freeze(['◐', '◓', '◑', '◒'])

/** Under a pipe a progress is so many lines at most. */
const PROGRESS_LINES = 10

/** A bar that grows. */
export interface Progress {
  at(done: number, detail?: string): void
  end(): void
}

/**
 * The one place that writes. Results go to standard output; progress, hints, questions and errors to standard error. With
 * `--json` standard output holds JSON and nothing else, and there is no progress.
 */
export class Screen {
  readonly json: boolean
  readonly paint: Paint = paintFor(process.stdout)
  readonly #notes: Paint = paintFor(process.stderr)

  constructor(json: boolean) {
    this.json = json
  }

  /** Whether standard output is a terminal that can be written again. */
  get isLive(): boolean {
    return !this.json && process.stdout.isTTY === true && process.env.TERM !== 'dumb'
  }

  /** Whether somebody can be asked. */
  get canAsk(): boolean {
    return !this.json && process.stdin.isTTY === true && process.stderr.isTTY === true
  }

  /** A line of the result, for people. */
  line(text = ''): void {
    if (!this.json) process.stdout.write(`${text}\n`)
  }

  /** The result, or one of several, for programs: one line of JSON. */
  data(value: unknown): void {
    if (this.json) process.stdout.write(`${JSON.stringify(value)}\n`)
  }

  /** Something to know, beside the result. */
  note(text: string): void {
    if (!this.json) process.stderr.write(`${this.#notes('dim', text)}\n`)
  }

  /** What has to be seen by whoever runs the command, with `--json` too. */
  tell(text: string): void {
    process.stderr.write(`${text}\n`)
  }

  warn(text: string): void {
    if (!this.json) process.stderr.write(`${this.#notes('yellow', '!')} ${text}\n`)
  }

  /** A step that is done. */
  done(text: string): void {
    if (!this.json) process.stderr.write(`${this.#notes('green', '✓')} ${text}\n`)
  }

  /** A step that takes a while. What `work` returns may replace the words. */
  async step<T>(doing: string, work: () => Promise<T>, done?: (answer: T) => string): Promise<T> {
    if (this.json) return work()
    const spinner = this.#spinner(doing)
    try {
      const answer = await work()
      spinner()
      this.done(done?.(answer) ?? doing)
      return answer
    } catch (error) {
      spinner()
      if (!(error instanceof Interrupted)) process.stderr.write(`${this.#notes('red', '✗')} ${doing}\n`)
      throw error
    }
  }

  /** Shows that something is under way, until the answer is called. */
  #spinner(text: string): () => void {
    if (process.stderr.isTTY !== true || process.env.TERM === 'dumb') {
      process.stderr.write(`… ${text}\n`)
      return () => {}
    }
    const live = new LiveLines(process.stderr)
    let turn = 0
    const show = (): void => {
      live.show([`${this.#notes('cyan', TURNING[turn++ % TURNING.length] ?? '')} ${text}`])
    }
    show()
    const timer = setInterval(show, TURN_MS)
    return () => {
      clearInterval(timer)
      live.clear()
    }
  }

  /** A bar on a terminal; a few lines under a pipe; nothing with `--json`. */
  progress(text: string, total: number): Progress {
    if (this.json) return { at() {}, end() {} }
    const write = (done: number, detail = ''): string =>
      `${text} ${bar(total === 0 ? 1 : done / total)} ${done}/${Math.max(total, done)}${detail && ` ${detail}`}`
    if (process.stderr.isTTY === true && process.env.TERM !== 'dumb') {
      const live = new LiveLines(process.stderr)
      return { at: (done, detail) => live.show([write(done, detail)]), end: () => live.keep() }
    }
    let shown = 0
    return {
      at(done, detail) {
        const share = Math.floor((done / Math.max(1, total)) * PROGRESS_LINES)
        if (share <= shown || share > PROGRESS_LINES) return
        shown = share
        process.stderr.write(`${write(done, detail)}\n`)
      },
      end() {},
    }
  }

  /** @throws Interrupted if the prompt was left. */
  async confirm(message: string, signal: AbortSignal): Promise<boolean> {
    const { confirm } = await import('@clack/prompts')
    return answered(await confirm({ message, initialValue: false, output: process.stderr, signal }))
  }

  async askText(message: string, placeholder: string, signal: AbortSignal): Promise<string> {
    const { text } = await import('@clack/prompts')
    const validate = notEmpty
    return answered(await text({ message, placeholder, validate, output: process.stderr, signal })).trim()
  }

  async askSecret(message: string, signal: AbortSignal): Promise<string> {
    const { password } = await import('@clack/prompts')
    return answered(await password({ message, validate: notEmpty, output: process.stderr, signal })).trim()
  }

  /** An error, in full: code, message, action. */
  failure(failure: Failure): void {
    if (this.json) {
      this.data({ error: failure })
      return
    }
    const { code, message, action, cause, help } = failure
    const lines = [`${this.#notes('red', '✗')} ${this.#notes('bold', code)} ${message}`]
    if (cause !== undefined && !message.includes(cause)) lines.push(`  because: ${cause}`)
    lines.push(`  → ${action}`)
    if (help !== undefined) lines.push(`  ${this.#notes('dim', help)}`)
    process.stderr.write(`${lines.join('\n')}\n`)
  }
}

/** A prompt that was left answers with a symbol. */
function answered<T>(answer: T): Exclude<T, symbol> {
  if (typeof answer === 'symbol') throw new Interrupted()
  return answer as Exclude<T, symbol>
}

function notEmpty(value: string | undefined): string | undefined {
  return value === undefined || value.trim() === '' ? 'Please enter something' : undefined
}
