import type { ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { within } from '../../support/within.mjs'
import { ended, startProgram } from './children.js'
import type { Watched } from './stage.js'

/** The program of `examples/multi-tenant` as it stands there. */
const PROGRAM = '../../../examples/multi-tenant/dist/server.js'

/** How long it may take to listen, and how often it is asked for its health, in milliseconds. */
const START_MS = 60_000
const POLL_MS = 20
/** Most output that is kept, in characters. More is a failure, because it would not be searched. */
const MAX_OUTPUT = 1_000_000

/** One process of the example, on a port of its own. */
export class AppProcess implements Watched {
  readonly #child: ChildProcess
  #expected = false
  output = ''
  endedByItself: string | undefined
  /** 0 until it listens. */
  port = 0

  /** @param port 0: any free one. */
  constructor(port: number, variables: Readonly<Record<string, string>>) {
    this.#child = startProgram(PROGRAM, [], { ...variables, PORT: String(port) })
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => this.#print(text))
    this.#child.once('exit', (code, signal) => {
      if (!this.#expected) this.endedByItself = `a process of the example ended: ${signal ?? code}`
    })
  }

  /** Waits until it serves. @throws Error where it ends instead, or takes too long. */
  async up(): Promise<void> {
    const listening = async () => {
      for (; this.endedByItself === undefined; await sleep(POLL_MS)) {
        this.port = Number(/^(\d+) listening/m.exec(this.output)?.[1] ?? 0)
        if (this.port === 0) continue
        const answer = await fetch(`http://127.0.0.1:${this.port}/healthz`).catch(() => undefined)
        if (answer?.ok) return
      }
      throw new Error(`${this.endedByItself}\n${this.output}`)
    }
    await within(START_MS, 'a process of the example', listening())
  }

  /** kill −9. */
  async kill(): Promise<void> {
    this.#expected = true
    this.#child.kill('SIGKILL')
    await ended(this.#child)
  }

  #print(text: string): void {
    if (this.output.length + text.length <= MAX_OUTPUT) this.output += text
    else this.endedByItself ??= `a process of the example printed more than ${MAX_OUTPUT} characters`
  }
}
