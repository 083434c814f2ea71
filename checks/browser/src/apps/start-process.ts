import { fork } from 'node:child_process'
import events from 'node:events'
import { within } from '../../../support/within.mjs'
import type { App, AppSettings } from './app.js'

const START_MS = 30_000

/** The Express app in a process of its own. */
export async function startAppProcess(settings: AppSettings): Promise<App> {
  const child = fork(new URL('./app-process.js', import.meta.url), [JSON.stringify(settings)])
  const ended = new Promise<never>((_resolve, reject) => {
    child.once('exit', (code, signal) => reject(new Error(`an app ended: ${signal ?? code}`)))
  })
  ended.catch(() => {})
  const first = events.once(child, 'message') as Promise<[Pick<App, 'origin'>]>
  const [{ origin }] = await within(START_MS, 'an app', Promise.race([first, ended]))
  return {
    origin,
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill()
      await events.once(child, 'exit')
    },
  }
}
