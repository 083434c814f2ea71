import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll } from '@jest/globals'
import type { Connection, TokenStore } from '@zoho-auth/core'
import type { AcquireRequest, RefreshLease } from '@zoho-auth/core/store'

/** Long enough never to end in a test, in milliseconds. */
export const LONG_MS = 3_600_000

/** Children are given this long to answer, in milliseconds (four minutes): only one that hangs takes as long. */
const ANSWER_MS = 240_000

const made: string[] = []
const children = new Set<ChildProcess>()

afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
  for (const folder of made) rmSync(folder, { recursive: true, force: true })
})

/** A new folder, deleted after the tests of this file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'zoho-auth-store-file-'))
  made.push(folder)
  return folder
}

/** Most of that which is kept, in characters. */
const MAX_FAULTS = 4_000

/** A process of its own, on the compiled packages. It says `ready`, and starts its job at `go`. */
export class Child {
  readonly process: ChildProcess
  readonly ready: Promise<unknown>
  readonly ended: Promise<void>
  /** Everything it said after `ready`. */
  readonly said: Record<string, unknown>[] = []
  /** The end of what it printed about what went wrong. */
  #faults = ''

  constructor(job: Record<string, unknown>) {
    const script = fileURLToPath(new URL('child.mjs', import.meta.url))
    const child = fork(script, [JSON.stringify(job)], {
      execArgv: [],
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    })
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#faults = (this.#faults + text).slice(-MAX_FAULTS)
    })
    this.process = child
    children.add(child)
    // What it said last can arrive after its exit is known: nothing comes any more once the channel is closed.
    const over = [once(child, 'exit'), once(child, 'disconnect')]
    this.ended = Promise.all(over).then(() => {
      children.delete(child)
    })
    this.ready = new Promise((resolve) => child.once('message', resolve))
    child.on('message', (message) => {
      if (message !== 'ready') this.said.push(message as Record<string, unknown>)
    })
  }

  /** Starts the job and waits for its end. */
  async run(): Promise<Record<string, unknown>> {
    await this.ready
    const timer = setTimeout(() => this.process.kill('SIGKILL'), ANSWER_MS)
    this.process.send('acquired')
    await this.ended
    clearTimeout(timer)
    const last = this.said.at(-1)
    if (last === undefined) throw new Error(`a child ended without an answer: ${this.#faults}`)
    return last
  }
}

/** Runs the same job in many processes that start it together. */
export async function runAll(count: number, job: Record<string, unknown>) {
  const all = Array.from({ length: count }, (_, index) => new Child({ ...job, index }))
  await Promise.all(all.map(({ ready }) => ready))
  return Promise.all(all.map((child) => child.run()))
}

/** Every file below a folder. */
export function filesIn(folder: string, ending = ''): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory() && entry.name.endsWith(ending))
    .map((entry) => join(entry.parentPath, entry.name))
}

export function ask(request: Partial<AcquireRequest> = {}): AcquireRequest {
  return {
    holder: 'a',
    minGeneration: 0,
    leaseMs: LONG_MS,
    budget: { limit: 1_000, windowMs: 600_000 },
    ...request,
  }
}

export async function acquired(
  store: TokenStore,
  key: string,
  request: Partial<AcquireRequest> = {},
): Promise<RefreshLease> {
  const result = await store.acquire(key, ask(request))
  if (result.kind === 'acquired') return result.lease
  throw new Error(`expected "acquired" and got ${JSON.stringify(result)}`)
}

export function connection(id: string): Connection {
  return {
    id,
    refreshToken: 'the-refresh-token',
    dataCenter: 'eu',
    state: 'active',
    version: 0,
    createdAt: 1_800_000_000_000,
    updatedAt: 1_800_000_000_000,
  }
}
