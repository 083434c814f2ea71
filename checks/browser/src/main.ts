/**
 * The consent flow in a real Chromium, against the emulator's consent page.
 *
 * `node dist/main.js` runs all checks, `--only TEXT` those with it in their name.
 */
import { parseArgs } from 'node:util'
import type { Browser } from 'playwright-core'
import { Report } from '../../support/report.mjs'
import { within } from '../../support/within.mjs'
import type { StartApp } from './apps/app.js'
import { startExpressApp } from './apps/express-app.js'
import { startNestApp } from './apps/nest-app.js'
import type { Check } from './check.js'
import { findChromium, startChromium } from './chromium.js'
import { BROWSER_RULES } from './scenarios/browser-rules.js'
import { HOSTILE_CALLBACKS } from './scenarios/hostile-callbacks.js'
import { JOURNEY } from './scenarios/journey.js'
import { OTHER_PEOPLE } from './scenarios/other-people.js'
import { OTHER_SITES } from './scenarios/other-sites.js'
import { REPEATS } from './scenarios/repeats.js'
import { startTwoProcesses, TWO_PROCESSES } from './scenarios/two-processes.js'
import { WATCHES } from './scenarios/watches.js'
import { Stage } from './stage.js'

/** How long one check may take, in milliseconds (five minutes). Each takes seconds; only one that hangs takes as long. */
const CHECK_MS = 300_000

/** How many checks run at once, each in a world of its own: they wait more than they work. */
const LANES = 4

/** Which checks each app has to pass. */
const PROGRAM: readonly (readonly [app: string, start: StartApp, checks: readonly Check[]])[] = [
  [
    'express',
    startExpressApp,
    [
      ...JOURNEY,
      ...REPEATS,
      ...HOSTILE_CALLBACKS,
      ...OTHER_PEOPLE,
      ...OTHER_SITES,
      ...BROWSER_RULES,
      ...WATCHES,
    ],
  ],
  ['nest', startNestApp, JOURNEY],
  ['two processes', startTwoProcesses, TWO_PROCESSES],
]

// Nothing of this shell's own configuration reaches an app.
for (const name of Object.keys(process.env)) if (name.startsWith('ZOHO_')) delete process.env[name]

const { only = '' } = parseArgs({ options: { only: { type: 'string' } } }).values
const report = new Report(96, 0)
const path = findChromium()
if (path === undefined) {
  const required = process.env.REQUIRE_SERVERS === '1'
  console.log('no Chromium is installed (apt-get install chromium, or CHROMIUM_PATH)')
  console.log(required ? '0 passed, 1 failed' : '0 passed, 0 failed, all skipped')
  process.exit(required ? 1 : 0)
}

const browser = await startChromium(path)
const waiting = PROGRAM.flatMap(([app, start, checks]) =>
  checks.map((check) => ({ name: `${app}: ${check.name}`, check, start })),
).filter(({ name }) => name.includes(only))
const lane = async () => {
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const { name, check, start } = next
    await report.row(name, async () => {
      await within(CHECK_MS, name, play(check, browser, start))
      return { ok: true, figure: '' }
    })
  }
}
await Promise.all(Array.from({ length: LANES }, lane))
await browser.close()
console.log(report.summary())
process.exit(report.failed === 0 ? 0 : 1)

async function play(check: Check, browser: Browser, start: StartApp): Promise<void> {
  const stage = await Stage.set(browser, start)
  try {
    await check.play(stage)
    await stage.assertClean(check.complaints)
  } catch (error) {
    console.log(await stage.scene())
    throw error
  } finally {
    await stage.close()
  }
}
