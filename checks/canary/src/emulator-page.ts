import type { Scans } from './scans.js'
import type { World } from './world.js'

/** What the emulator shows people: nothing of it holds a whole secret. `/env` is left out, which is asked for secrets. */
const PATHS = [
  '/',
  '/overview',
  '/counters',
  '/requests',
  '/grants',
  '/tokens',
  '/faults',
  '/rules',
  '/clock',
]

/** Reads the emulator's page and its lists. */
export async function readEmulator(world: World, scans: Scans): Promise<void> {
  world.learn()
  // What the cases before it put into their faults was no secret to the emulator.
  world.emulator.clearFaults()
  world.emulator.fault({ on: 'token', kind: 'hang', refreshToken: world.emulator.refreshToken })
  for (const path of PATHS) {
    const answer = await fetch(`${world.emulator.url}/__emulator${path}`, {
      headers: { accept: 'text/html, application/json' },
    })
    const sink = path === '/' ? 'the page of the emulator' : 'a list of the emulator'
    scans.text(`emulator: ${path}`, sink, await answer.text(), undefined)
  }
  scans.text('emulator: log', 'the log of the emulator', JSON.stringify(world.emulator.requests), undefined)
}
