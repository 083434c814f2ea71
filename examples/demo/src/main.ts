// Zoho 600 times faster: an hour takes 6 s, and its ten minutes 1 s. Three apps share one engine of zoho-auth and are
// asked 50 times a second each, while tokens expire, are deleted and refused; a hand-written cache does the same work
// beside them. Takes about 20 s, and ends with 0 if every promise was kept.

import { setTimeout as sleep } from 'node:timers/promises'
import { startExpressApp } from './apps/express.js'
import { startNestApp } from './apps/nest.js'
import { startWorker } from './apps/worker.js'
import { callApp, callCache } from './callers.js'
import { CUSTOMERS } from './customers.js'
import { Disasters } from './disasters.js'
import { createEngine } from './engine.js'
import { HandWrittenCache } from './hand-written-cache.js'
import { drive } from './load.js'
import { SPEED, startPretendZoho } from './pretend-zoho.js'
import { judge } from './promises.js'
import { type Sources, standings } from './scoreboard.js'
import { openScreen } from './screen.js'
import { watchStandstill } from './standstill.js'
import { summaryOf } from './summary.js'
import { Tally } from './tally.js'
import { TokenLedger } from './token-ledger.js'

/** Calls per second to each app; for each of them the hand-written cache gets as many. */
const CALLS_PER_SECOND = 50

// The stage: one Zoho, one engine, three apps that share it, and the cache beside them.
const zoho = await startPretendZoho()
const { emulator, ours, theirs } = zoho
const auth = createEngine(zoho)
const web = await startExpressApp(auth)
const apps = [web, await startNestApp(auth), startWorker(auth)]
const caches = {
  acme: new HandWrittenCache(emulator, theirs.acme),
  globex: new HandWrittenCache(emulator, theirs.globex),
}

const ledgers = { ours: new TokenLedger(emulator, ours), theirs: new TokenLedger(emulator, theirs) }
const tallies = apps.map(({ name }) => new Tally(name))
const handWritten = new Tally('hand-written cache')
const screen = openScreen()
const disasters = new Disasters(zoho, auth, [ledgers.ours, ledgers.theirs], screen.announce)
const sources: Sources = { zoho, auth, disasters, apps: tallies, handWritten, ledgers }

console.log(
  `Zoho ${SPEED} times faster: tokens live ${emulator.rules.tokenLifeMs / 1000} s, new ones take 0.2 s.\n`,
)

// Everybody's first token is waited for; that is not what this measures.
await Promise.all(CUSTOMERS.map((customer) => Promise.all([web.ask(customer), caches[customer].ask()])))

// The run: load on everything, disasters by the clock, and a screen that watches.
const startedAt = performance.now()
const standstill = watchStandstill()
const loads = apps.flatMap((app, index) => {
  const tally = tallies[index] as Tally
  return [
    drive(CALLS_PER_SECOND, callApp(app, auth, ours, disasters, tally)),
    drive(CALLS_PER_SECOND, callCache(caches, theirs, disasters, handWritten)),
  ]
})

let running = true
async function watch(): Promise<void> {
  while (running) {
    screen.show(await standings(sources, performance.now() - startedAt))
    await sleep(screen.everyMs)
  }
  screen.show(await standings(sources, performance.now() - startedAt))
}
const watching = watch()

const atRevocation = await disasters.run()
await Promise.all(loads.map((stop) => stop()))
running = false
await watching

// The end: plain words, the exit code, and everything closed.
const verdicts = judge(sources, atRevocation, standstill.longestMs)
console.log(summaryOf(sources, verdicts))
process.exitCode = verdicts.every(({ kept }) => kept) ? 0 : 1

await Promise.all(apps.map((app) => app.close()))
await auth.close()
await emulator.close()
