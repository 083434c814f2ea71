import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from '../../../support/within.mjs'
import { type AppSettings, type StartApp } from '../apps/app.js'
import { startAppProcess } from '../apps/start-process.js'
import type { Check } from '../check.js'
import { Closers } from '../closers.js'

/** How long the other process may take to learn of a disconnection, in milliseconds (five seconds). */
const LEARN_MS = 5_000

/**
 * Two processes with one folder of connections and tokens. The callback of the first is served by the second: cookies
 * belong to a host, whatever its port.
 */
export const startTwoProcesses: StartApp = async (settings: AppSettings) => {
  const closers = new Closers()
  try {
    const folder = await mkdtemp(join(tmpdir(), 'zoho-auth-browser-'))
    closers.add(() => rm(folder, { recursive: true }))
    const second = await startAppProcess({ ...settings, folder })
    closers.add(() => second.close())
    const redirectUri = `${second.origin}/zoho/callback`
    const first = await startAppProcess({ ...settings, folder, redirectUri })
    closers.add(() => first.close())
    return { origin: first.origin, close: () => closers.close() }
  } catch (error) {
    await closers.close()
    throw error
  }
}

export const TWO_PROCESSES: readonly Check[] = [
  {
    name: 'the callback is served by another process than the start; what one disconnects, both refuse',
    async play(stage) {
      const first = stage.app.origin
      const visitor = await stage.visitor()
      await visitor.consent({ user: 'Alan Turing', organization: 'Imitation Games', dataCenter: 'in' })
      assert.equal((await visitor.result()).Organisation, 'Imitation Games')
      const second = new URL(visitor.page.url()).origin
      assert.notEqual(second, first)
      await visitor.button('Yes, keep it').click()
      await visitor.sees('Settings')
      for (const origin of [first, second]) {
        const { echo } = await visitor.call(origin)
        assert.deepEqual([echo?.user, echo?.dataCenter], ['alan', 'in'])
      }
      assert.equal(stage.emulator.counters.tokenRequests, 1)

      await visitor.open(`${second}/zoho/disconnect`)
      await visitor.button('Disconnect').click()
      await visitor.sees('Zoho is disconnected')
      for (const origin of [second, first])
        await until(LEARN_MS, `a 409 of ${origin}`, async () => (await visitor.call(origin)).status === 409)
      assert.deepEqual(stage.grants, [])
    },
  },
]
