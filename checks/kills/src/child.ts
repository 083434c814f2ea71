import type { ChildProcess } from 'node:child_process'
import { ended, startProgram } from 'e2e/children'
import { within } from '../../support/within.mjs'
import {
  type Act,
  BEGINS,
  ENDS,
  LEARN,
  type Outcome,
  type Reply,
  type Setup,
  type Space,
  STEP,
} from './messages.js'

const START = new URL('./start.js', import.meta.url).href

/** Longer than anything that ends well on a busy machine, in milliseconds: what takes longer hangs. */
const ANSWER_MS = 60_000
/** Most output that is kept, in characters. More is a failure, because it would not be searched. */
const MAX_OUTPUT = 4_000_000

/** What came of an act, and how long it took in milliseconds. */
export interface Done extends Outcome {
  readonly ms: number
}

/** One process, seen from outside. */
export class Child {
  readonly #child: ChildProcess
  readonly #waiting = new Map<
    number,
    { readonly resolve: (done: Done) => void; readonly reject: (fault: Error) => void }
  >()
  #asked = 0
  #killed = false
  output = ''
  /** How it ended, if nobody killed it. */
  endedByItself: string | undefined
  readonly gone: Promise<void>

  /** @param args Of `start.ts`. */
  constructor(args: readonly string[], setup: Setup) {
    const child = startProgram(START, args)
    this.#child = child
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => this.#print(text))
    child.once('exit', (code, signal) => {
      const how = `a process ended: ${signal ?? code}`
      if (!this.#killed && signal !== 'SIGKILL') this.endedByItself = how
      for (const { reject: fail } of this.#waiting.values()) fail(new Error(how))
      this.#waiting.clear()
    })
    child.on('message', (reply: Reply | typeof LEARN) => {
      if (reply !== LEARN) this.#receive(reply)
    })
    child.on('error', () => {})
    child.send(setup)
    this.gone = ended(child)
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /**
   * Asks it to do something.
   *
   * @param steps Its steps are told, and it ends itself at the one of this number or name.
   */
  do(act: Act, space: Space, steps?: { readonly dieAt?: string | number }): Promise<Done> {
    const id = ++this.#asked
    const answer = new Promise<Done>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      const task = { id, act, space, steps: steps !== undefined, dieAt: steps?.dieAt }
      this.#child.send(task, (error) => error && reject(error))
    })
    return within(ANSWER_MS, `hang: a process asked to ${act.do}`, answer)
  }

  /** Lets it keep its compiled code for those that start later. */
  async learn(): Promise<void> {
    const learned = new Promise<void>((resolve) => {
      const listen = (message: unknown) => message === LEARN && resolve()
      this.#child.on('message', listen)
    })
    this.#child.send(LEARN)
    await within(ANSWER_MS, 'a process that learns', learned)
  }

  /** The steps of the last operation that told them, and whether it is under way: it has begun, and has not ended. */
  steps(): { readonly names: readonly string[]; readonly underWay: boolean } {
    const begin = this.output.lastIndexOf(BEGINS)
    const lines = begin < 0 ? [] : this.output.slice(begin).split('\n').slice(1)
    const names = lines.filter((line) => line.startsWith(STEP) && line !== ENDS)
    return {
      names: names.map((line) => line.slice(STEP.length)),
      underWay: begin >= 0 && !lines.includes(ENDS),
    }
  }

  /** kill −9. */
  async kill(): Promise<void> {
    this.#killed = true
    this.#child.kill('SIGKILL')
    await this.gone
  }

  #receive(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id)
    this.#waiting.delete(reply.id)
    if ('fault' in reply) waiting?.reject(new Error(reply.fault))
    else waiting?.resolve({ ...reply.outcome, ms: reply.ms })
  }

  #print(text: string): void {
    if (this.output.length + text.length <= MAX_OUTPUT) this.output += text
    else this.endedByItself ??= `a process printed more than ${MAX_OUTPUT} characters`
  }
}
