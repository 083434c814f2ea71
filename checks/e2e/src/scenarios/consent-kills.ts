import { setTimeout as sleep } from 'node:timers/promises'
import type { Row } from '../../../support/report.mjs'
import { until } from '../../../support/within.mjs'
import { times } from '../bounded.js'
import { accepted, type Consent, connect, finish } from '../consents.js'
import { fingerprint } from '../emulator.js'
import { Fleet, type Worker } from '../fleet.js'
import type { Place } from '../places.js'
import type { Scenario } from '../scenario.js'
import { type Stage, WARM } from '../stage.js'

/** How long the exchange of a code takes, in milliseconds; the grant is made at its beginning. */
const LATENCY_MS = 300
/** Of the processes that are killed. */
const TIMEOUT_MS = 1_000
/** What core makes of it: how long one that died holds others up, in milliseconds. */
const LEASE_MS = 3 * TIMEOUT_MS
/** A new consent after that, on two cores that everything else shares, in milliseconds. */
const RECOVERY_MS = LEASE_MS + LATENCY_MS + 15_000
const SURVIVORS = 2
/** Consents that are being killed at the same time, each of a user of its own. */
const PARALLEL = 4

/** A stretch of the exchange in which kills fall. */
interface Stretch {
  /** Where it ends, of the whole from 0 to 1. */
  readonly end: number
  /** What the output of the process says when it begins; the first one begins with the callback. */
  readonly begins?: string
  /** How long it is looked at from there, in milliseconds. */
  readonly ms: number
}

/** Told by what the process asks for, as how fast it is depends on everything else that runs here. */
const STRETCHES: readonly Stretch[] = [
  { end: 0.2, ms: 40 },
  // The code is on its way: Zoho makes the grant at once, and answers late.
  { end: 0.6, begins: 'asks /oauth/v2/token', ms: LATENCY_MS },
  // The answer is there, and is about to be stored.
  { end: 1, begins: 'asks /oauth/user/info', ms: 300 },
]

/** How often the output is looked at, and how long at most, in milliseconds. */
const LOOK_MS = 2
const PATIENCE_MS = 60_000

/** What another process may be told that finishes a consent again. */
const START_AGAIN: readonly string[] = ['ERR_ZOHO_STATE', 'ERR_ZOHO_CONSENT_REQUIRED']

interface Death {
  readonly connection: string
  /** Where in the whole exchange it was killed, from 0 to 1. */
  readonly point: number
  /** There was a connection before, with a grant that works. */
  readonly existed: boolean
  /** What the killed process got done: Zoho has made the grant, and the connection has it. */
  readonly exchanged: boolean
  readonly stored: boolean
  /** How finishing again ended, in another process: a code, or `connected`. */
  readonly again: string
  /** The connection then; `none`: there is none. */
  readonly connectionIs: 'none' | 'working' | 'broken'
  /** How the next consent ended, when that was in milliseconds, and whether its connection works. */
  readonly next: string
  readonly nextMs: number
  readonly nextWorks: boolean
}

/** kill −9 of the process that got the callback, at points spread from its arrival to after the connection is stored. */
export const consentKills: Scenario = {
  name: 'consent-kills',
  emulator: () => ({ latencyMs: LATENCY_MS }),
  async play(stage) {
    const count = stage.full ? 100 : 8
    const places = await stage.places()
    const survivors = await Fleet.gently(SURVIVORS, stage.worker(places))
    // Side by side, as much of it is waiting for leases.
    await Promise.all(
      places.map(async (place) => {
        const start = stage.worker([place], { timeoutMs: TIMEOUT_MS })
        await stage.warmUp(survivors, place)
        await stage.row(`kill −9 between callback and connection × ${count}, ${place.name}`, async () =>
          judged(
            await times(count, PARALLEL, (index) =>
              strike(stage, place, start(), survivors, index, (index + Math.random()) / count),
            ),
          ),
        )
      }),
    )
  },
}

async function strike(
  stage: Stage,
  place: Place,
  victim: Worker,
  { workers }: Fleet,
  index: number,
  point: number,
): Promise<Death> {
  const [one, other] = workers as readonly [Worker, Worker]
  const consent = consentOf(place, `killed-${index}`)
  const { connection, user } = consent
  const existed = index % 2 === 1
  if (existed) await connect(stage, one, other, consent)
  const earlier = await stage.connection(place, connection)
  await victim.ask({ do: 'get', engine: place.name, connection: WARM, callers: 1 })
  const callback = await accepted(stage, victim, consent)
  const known = await stage.emulator.grantsOf(user)

  const printed = victim.output.length
  let ended = false
  const finishing = finish(victim, consent, callback).finally(() => {
    ended = true
  })
  finishing.catch(() => {})
  await untilPoint(
    point,
    () => ended,
    () => victim.output.slice(printed),
  )
  await victim.kill()
  const [left, grants] = await Promise.all([
    stage.connection(place, connection),
    stage.emulator.grantsOf(user),
  ])

  const again = (await finish(one, consent, callback)).code ?? 'connected'
  const connectionIs = await judge(stage, place, other, consent)
  const since = performance.now()
  const next = (await connect(stage, other, one, consent)).code ?? 'connected'
  const nextMs = performance.now() - since
  return {
    connection,
    point,
    existed,
    exchanged: grants.some((grant) => !known.includes(grant)),
    stored: left !== undefined && left.version !== earlier?.version,
    again,
    connectionIs,
    next,
    nextMs,
    nextWorks: (await judge(stage, place, other, consent)) === 'working',
  }
}

/** Whether a connection is what it says: Zoho knows its grant, makes another token for it, and an API accepts that. */
async function judge(
  stage: Stage,
  place: Place,
  worker: Worker,
  { engine, connection, user }: Consent,
): Promise<Death['connectionIs']> {
  const stored = await stage.connection(place, connection)
  if (stored === undefined) return 'none'
  const grants = await stage.emulator.grantsOf(user)
  const renewed = await worker.ask({ do: 'renew', engine, connection })
  stage.learn([renewed])
  const called = await worker.ask({ do: 'call', engine, connection }).catch(() => undefined)
  return stored.state === 'active' &&
    grants.includes(fingerprint(stored.refreshToken ?? '')) &&
    renewed.served === 1 &&
    called?.status === 200
    ? 'working'
    : 'broken'
}

function judged(deaths: readonly Death[]): Row {
  const broken = deaths.filter(
    ({ existed, again, connectionIs }) =>
      connectionIs === 'broken' ||
      (existed && connectionIs === 'none') ||
      (again === 'connected' ? connectionIs !== 'working' : !START_AGAIN.includes(again)),
  )
  const stuck = deaths.filter(({ next, nextWorks }) => next !== 'connected' || !nextWorks)
  const between = deaths.filter(({ exchanged, stored }) => exchanged && !stored).length
  const before = deaths.filter(({ exchanged }) => !exchanged).length
  const slowest = Math.max(...deaths.map(({ nextMs }) => nextMs))
  return {
    ok: broken.length === 0 && stuck.length === 0 && between > 0 && slowest <= RECOVERY_MS,
    figure:
      `${broken.length} half or lost; killed before the exchange ${before}, between ${between}, ` +
      `after ${deaths.length - before - between}; next consent ≤ ${(slowest / 1_000).toFixed(1)} s (lease ${LEASE_MS / 1_000} s)`,
    seen: { broken, stuck, deaths },
  }
}

/** Waits for a point of the exchange, or until there is nothing more to wait for. */
async function untilPoint(point: number, ended: () => boolean, output: () => string): Promise<void> {
  let from = 0
  for (const { end, begins, ms } of STRETCHES) {
    if (point < end) {
      if (begins !== undefined)
        await until(PATIENCE_MS, begins, async () => ended() || output().includes(begins), LOOK_MS)
      return sleep(((point - from) / (end - from)) * ms)
    }
    from = end
  }
}

function consentOf({ name }: Place, connection: string): Consent {
  return { engine: name, connection, user: `${name}-${connection}` }
}
