import type { ChildProcess } from 'node:child_process'
import { within } from '../../support/within.mjs'
import { times } from './bounded.js'
import { ended, startProgram } from './children.js'
import type { Command, Reply, Results, WorkerConfig } from './messages.js'

/** Processes that start at the same time, if they are started gently. */
export const START_PARALLEL = 4
/** Node on a busy machine, in milliseconds. */
const START_MS = 60_000
const ANSWER_MS = 60_000
/** Most output that is kept of one worker, in characters. More is a failure, because it would not be searched. */
const MAX_OUTPUT = 4_000_000

/** One worker process, seen from outside. */
export class Worker {
  readonly #child: ChildProcess
  readonly #waiting = new Map<
    number,
    { readonly resolve: (result: never) => void; readonly reject: (fault: Error) => void }
  >()
  readonly ready: Promise<void>
  #asked = 0
  #expected = false
  /** How it ended, if nobody asked it to. */
  endedByItself: string | undefined
  output = ''

  constructor(config: WorkerConfig) {
    const child = startProgram('./worker.js')
    this.#child = child
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => this.#print(text))
    this.ready = new Promise((resolve, reject) => {
      child.once('exit', (code, signal) => {
        const how = `a worker ended: ${signal ?? code}`
        if (!this.#expected) this.endedByItself = how
        reject(new Error(how))
        for (const { reject: fail } of this.#waiting.values()) fail(new Error(how))
        this.#waiting.clear()
      })
      child.on('message', (message: Reply | 'ready') => {
        if (message === 'ready') resolve()
        else this.#receive(message)
      })
      child.on('error', reject)
    })
    this.ready.catch(() => {})
    child.send(config)
  }

  /** Asks it to do something. Commands that are sent before it is up wait in its channel. */
  ask<Name extends Command['do']>(command: Extract<Command, { do: Name }>): Promise<Results[Name]> {
    const id = ++this.#asked
    const answer = new Promise<Results[Name]>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#child.send({ id, command }, (error) => error && reject(error))
    })
    return within(ANSWER_MS, `a worker asked to ${command.do}`, answer)
  }

  /** SIGTERM, and what it makes of that. */
  async stop(): Promise<void> {
    this.#expected = true
    this.#child.kill('SIGTERM')
    await ended(this.#child)
  }

  /** kill −9. */
  async kill(): Promise<void> {
    this.#expected = true
    this.#child.kill('SIGKILL')
    await ended(this.#child)
  }

  #receive(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id)
    this.#waiting.delete(reply.id)
    if ('fault' in reply) waiting?.reject(new Error(reply.fault))
    else waiting?.resolve(reply.result as never)
  }

  #print(text: string): void {
    if (this.output.length + text.length <= MAX_OUTPUT) this.output += text
    else this.endedByItself ??= `a worker printed more than ${MAX_OUTPUT} characters`
  }
}

/** Worker processes that are told to do the same thing at the same moment. */
export class Fleet {
  readonly workers: readonly Worker[]

  constructor(workers: readonly Worker[]) {
    this.workers = workers
  }

  /** Starts so many, a few at a time, and waits until all are up. */
  static async gently(count: number, start: () => Worker): Promise<Fleet> {
    const workers = await times(count, START_PARALLEL, async () => {
      const worker = start()
      await within(START_MS, 'a worker', worker.ready)
      return worker
    })
    return new Fleet(workers)
  }

  /** Starts so many at once, as a rollout does, and waits for none. */
  static atOnce(count: number, start: () => Worker): Fleet {
    return new Fleet(Array.from({ length: count }, start))
  }

  /** The first so many of it. */
  first(count: number): Fleet {
    return new Fleet(this.workers.slice(0, count))
  }

  ask<Name extends Command['do']>(command: Extract<Command, { do: Name }>): Promise<Results[Name][]> {
    return Promise.all(this.workers.map((worker) => worker.ask<Name>(command)))
  }

  /** A moment at which all of them can be asked to act, in milliseconds since the epoch. */
  soon(): number {
    return Date.now() + LEAD_MS + this.workers.length * LEAD_PER_WORKER_MS
  }
}

/** Time for a message to arrive everywhere. */
const LEAD_MS = 100
const LEAD_PER_WORKER_MS = 4
