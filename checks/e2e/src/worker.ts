/**
 * One process of a fleet: engines on shared stores, and commands from its parent. What it hears and what fails goes to its
 * output, which the parent searches for secrets; results go back as messages.
 */
import { inspect } from 'node:util'
import type { Reply, Request, WorkerConfig } from './messages.js'
import { WorkerEngines } from './worker-engines.js'

let engines: WorkerEngines | undefined

function send(message: Reply | 'ready'): void {
  process.send?.(message)
}

async function obey({ id, command }: Request): Promise<void> {
  try {
    if (engines === undefined) throw new Error('a worker is configured first')
    send({ id, result: await engines.obey(command) })
  } catch (error) {
    console.error(error)
    send({ id, fault: inspect(error) })
  }
}

process.on('message', (message: WorkerConfig | Request) => {
  if ('command' in message) void obey(message)
  else {
    engines = new WorkerEngines(message)
    send('ready')
  }
})
process.once('disconnect', () => process.exit())
// As an app that was told to stop: what is under way is finished.
process.once('SIGTERM', () => {
  void (async () => {
    await engines?.close()
    process.exit()
  })()
})
