/**
 * Looks for secrets wherever people, logs and other tenants see something.
 *
 * `node dist/main.js` plays a part of all cases, `--full` all of them, `--only TEXT` those with it in their name, and
 * `--seed N` another part.
 */
import { parseArgs } from 'node:util'
import { Report, type Row } from '../../support/report.mjs'
import { appsOf } from './apps.js'
import { CALLS, playCall } from './calls.js'
import { CHILDREN, playChild } from './children.js'
import { playCommands } from './cli.js'
import { clientsOf } from './clients.js'
import { CONSENTS, ConsentWorld } from './consents.js'
import { readEmulator } from './emulator-page.js'
import { isBaited, nameOf, playAll, suits } from './requests.js'
import { Scans, sinksRead } from './scans.js'
import { Canaries, FORMS } from './secrets.js'
import { SINKS } from './sinks.js'
import { SITUATIONS } from './situations.js'
import { PLACES, playStore } from './stores.js'
import { World } from './world.js'

/** What the whole form must have looked at, and the bounded one. */
const WHOLE = { scans: 9_000, sinks: 40 }
const BOUNDED = { scans: 3_000, sinks: 40 }

/** The bounded form plays one situation of so many with each client, each client others, and one of so many calls and consents. */
const ONE_OF = { situations: 8, calls: 2 }

const { values } = parseArgs({
  options: {
    full: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    seed: { type: 'string', default: '1' },
  },
})
const { full, only } = values
const seed = Number(values.seed)
if (!Number.isInteger(seed)) throw new TypeError('--seed is a whole number')
// Nothing of this shell's own configuration reaches an engine.
for (const name of Object.keys(process.env)) if (name.startsWith('ZOHO_')) delete process.env[name]

const canaries = new Canaries()
const report = new Report(56, 36)
const all: Scans[] = []

/** Whether the form that is played has the case at this place. */
function isPlayed(place: number, oneOf: number): boolean {
  return full || only !== '' || (place + seed) % oneOf === 0
}

const isPlayedCall = (_: unknown, place: number): boolean => isPlayed(place, ONE_OF.calls)

/** Cases under one name: those of them that `--only` asks for, and the line that says how it was. */
async function group<T>(
  name: string,
  cases: readonly T[],
  caseName: (one: T) => string,
  play: (cases: readonly T[], scans: Scans) => Promise<void>,
): Promise<void> {
  const asked = cases.filter((one) => caseName(one).includes(only))
  if (asked.length === 0) return
  await report.row(name, async (): Promise<Row> => {
    const scans = new Scans(canaries)
    await play(asked, scans)
    all.push(scans)
    return rowOf(scans)
  })
}

function rowOf({ trials, hits, failures }: Scans): Row {
  for (const failure of failures) console.log(`        ${failure.replaceAll('\n', '\n        ')}`)
  return {
    ok: failures.length === 0 && trials > 0,
    figure: `${trials} scans, ${hits} hits`,
    trials,
    failures: failures.length,
    seed,
  }
}

/** Plays cases one after the other. One that throws has failed, and the next is played. */
async function eachOf<T>(
  cases: readonly T[],
  scans: Scans,
  caseName: (one: T) => string,
  play: (one: T, index: number) => Promise<void>,
): Promise<void> {
  for (const [index, one] of cases.entries())
    await play(one, index).catch((error: unknown) => scans.fail(caseName(one), String(error)))
}

/** Each form of a secret, as text and inside other text: a search that finds nothing proves nothing. */
function findsEveryForm(): Row {
  const [own, probe] = [new Canaries(), world.secret()]
  own.add('access token', probe, 'probe')
  const texts = Object.values(FORMS).flatMap((form) => form(probe))
  const pieces = texts.flatMap((text) => [text, text.slice(0, 16), text.slice(-16)])
  const placed = pieces.flatMap((piece) =>
    Array.from({ length: 20 }, (_, before) => `${'-'.repeat(before)}${piece}${'-'.repeat(before % 7)}`),
  )
  const missed = placed.filter((text) => own.find(text).length === 0).length
  const wrong = own.find(placed.join('').replaceAll(/./g, '-')).length
  const failures = missed + wrong
  return {
    ok: failures === 0,
    figure: `${placed.length} planted, ${missed} missed`,
    trials: placed.length,
    failures,
    seed,
  }
}

console.log(`${full ? 'whole' : 'bounded'} form, seed ${seed}`)
const world = await World.start(canaries)
const standardError = process.stderr.write.bind(process.stderr)
process.stderr.write = ((chunk: string | Uint8Array) => {
  world.say('standard error of this process', String(chunk))
  return true
}) as typeof process.stderr.write

if (only === '') await report.row('every form of a secret is found', async () => findsEveryForm())

const clients = [...(await clientsOf(world)), ...(await appsOf(world))]
const requests = Promise.all(
  clients.map((client, index) => {
    const situations = SITUATIONS.filter(
      (situation, place) => suits(client, situation) && isPlayed(place + index, ONE_OF.situations),
    )
    return group(
      client.name,
      situations,
      (one) => nameOf(client, one),
      (some, scans) => playAll(world, client, some, scans),
    )
  }),
)
/** Programs of their own, one after the other in two folders. */
const commands = [true, ...(full ? [false] : [])].map((odd) =>
  group(`zoho-auth, ${odd ? 'some' : 'the others'} with --json`, ['zoho-auth'], String, (_, scans) =>
    playCommands(canaries, odd, scans),
  ),
)
const calls = ({ name }: { name: string }): string => `calls: ${name}`
const children = ({ name }: { name: string }): string => `a process: ${name}`
const others = [
  group('calls of an engine', CALLS.filter(isPlayedCall), calls, (some, scans) =>
    eachOf(some, scans, calls, (call) => playCall(world, call, scans)),
  ),
  group('processes that end badly', CHILDREN, children, (some, scans) =>
    eachOf(some, scans, children, (child) => playChild(world, child, scans)),
  ),
  consents(),
]

/** The same consents in both ways, in a world of their own. */
async function consents(): Promise<void> {
  const own = await ConsentWorld.start(canaries)
  for (const [way, prefix] of [
    ['finish', 'consent.finish'],
    ['browse', 'zohoConnect'],
  ] as const) {
    const named = ({ name }: { name: string }): string => `${prefix}: ${name}`
    await group(prefix, CONSENTS.filter(isPlayedCall), named, (some, scans) =>
      eachOf(some, scans, named, (one, index) => own[way](one, index, scans)),
    )
  }
  await group(
    'what was said in consents',
    [own.world],
    () => 'said',
    async (_, scans) => own.world.heard(scans),
  )
  await own.close()
}

await Promise.all([requests, ...others])
// After what keeps this process busy: a store that does not answer for two seconds counts as down.
for (const [place, { isHere }] of Object.entries(PLACES)) {
  const play = (_: unknown, scans: Scans): Promise<void> => playStore(world, place, scans)
  if (isHere) await group(`what lies in ${place}`, [place], (one) => `store ${one}`, play)
  else if (only === '') report.skip(`what lies in ${place}`, 'is not installed')
}

await Promise.all(commands)

await group('what the emulator shows', ['emulator'], String, (_, scans) => readEmulator(world, scans))
await group('events, logs, warnings, channels, probes', ['said'], String, async (_, scans) =>
  world.heard(scans),
)
if (only === '')
  await report.row('tokens of others are within reach of what is shared', async () => {
    const sharing = clients.filter(({ shared }) => shared !== undefined)
    const failures = sharing.filter((client) => !isBaited(world, client)).map(({ name }) => name)
    return {
      ok: failures.length === 0,
      figure: `${sharing.length} clients`,
      seen: failures,
      trials: sharing.length,
      failures: failures.length,
      seed,
    }
  })
const unread = SINKS.map(([name]) => name).filter((name) => !sinksRead().has(name))
const trials = all.reduce((sum, scans) => sum + scans.trials, 0)
const hits = all.reduce((sum, scans) => sum + scans.hits, 0)
await report.row(`canaries over every sink, ${full ? 'whole' : 'bounded'}`, async () => {
  const wants = only === '' ? (full ? WHOLE : BOUNDED) : { scans: 1, sinks: 1 }
  const ok =
    hits === 0 &&
    trials >= wants.scans &&
    sinksRead().size >= wants.sinks &&
    (!full || only !== '' || unread.length === 0)
  return {
    ok,
    figure: `${sinksRead().size} sinks, ${trials} scans, ${hits} hits`,
    seen: { unread },
    trials,
    failures: hits,
    seed,
  }
})
await world.close()
await Promise.all(clients.map(async (client) => client.close()))
process.stderr.write = standardError
console.log(report.summary())
process.exit(report.failed === 0 ? 0 : 1)
