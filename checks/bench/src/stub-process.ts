import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Manner, StubCounts } from './accounts-stub.js'

/** The accounts server of `accounts-stub.ts`, in a process of its own. */
export interface Stub {
  readonly accountsUrl: string
  /** Changes how it answers, and begins its counts anew. */
  tell(manner: Manner): Promise<void>
  counts(): Promise<StubCounts>
  stop(): void
}

/** @param spreadMs The tokens end within so many milliseconds, two hours from now. */
export async function startStub(spreadMs: number): Promise<Stub> {
  const child = fork(fileURLToPath(new URL('./accounts-stub.js', import.meta.url)), [String(spreadMs)])
  const ask = async <T>(message: Manner | 'counts'): Promise<T> => {
    child.send(message)
    const [reply] = (await once(child, 'message')) as [T]
    return reply
  }
  const [accountsUrl] = (await once(child, 'message')) as [string]
  return {
    accountsUrl,
    tell: (manner) => ask(manner),
    counts: () => ask('counts'),
    stop: () => child.disconnect(),
  }
}
