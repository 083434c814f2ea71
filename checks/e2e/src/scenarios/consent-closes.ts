import { setTimeout as sleep } from 'node:timers/promises'
import type { Row } from '../../../support/report.mjs'
import { times } from '../bounded.js'
import { accepted, type Consent, finish } from '../consents.js'
import { fingerprint } from '../emulator.js'
import { Fleet, type Worker } from '../fleet.js'
import type { Place } from '../places.js'
import type { Scenario } from '../scenario.js'
import { type Stage, WARM } from '../stage.js'

/** How long each answer of the accounts server takes, in milliseconds; a grant is made at the beginning of it. */
const LATENCY_MS = 60
/** From the callback until everything is over, in milliseconds: the exchange, the store, whose it is, and some more. */
const WHOLE_MS = 300
/** Consents at the same time, each of a user of its own. */
const PARALLEL = 4

/** How a process ends that has a consent under way. */
interface End {
  readonly name: string
  readonly of: (worker: Worker, place: Place) => Promise<unknown>
}

const CLOSE: End = {
  name: 'close() during a consent',
  of: (worker, { name }) => worker.ask({ do: 'close', engine: name }),
}
const SIGTERM: End = { name: 'SIGTERM during a consent', of: (worker) => worker.stop() }

/** The process that got the callback is told to stop, at points spread over the consent: no grant is left that nobody keeps. */
export const consentCloses: Scenario = {
  name: 'consent-closes',
  emulator: () => ({ latencyMs: LATENCY_MS }),
  async play(stage) {
    const count = stage.full ? 150 : 8
    for (const place of await stage.places()) {
      const fleet = await Fleet.gently(PARALLEL, stage.worker([place]))
      await stage.warmUp(fleet, place)
      await stage.row(`${CLOSE.name} × ${count}, ${place.name}`, async () =>
        judged(
          await times(count, PARALLEL, (index) => {
            const worker = fleet.workers[index % PARALLEL] as Worker
            return strike(stage, place, worker, CLOSE, index, (index + Math.random()) / count)
          }),
        ),
      )
      const start = stage.worker([place])
      await stage.row(`${SIGTERM.name} × ${count}, ${place.name}`, async () =>
        judged(
          await times(count, PARALLEL, (index) =>
            strike(stage, place, start(), SIGTERM, index, (index + Math.random()) / count),
          ),
        ),
      )
    }
  },
}

/** What became of one consent. */
interface Ending {
  readonly connection: string
  readonly point: number
  readonly connected: boolean
  /** Grants of its user at Zoho that the connection does not have. */
  readonly unkept: number
}

async function strike(
  stage: Stage,
  place: Place,
  worker: Worker,
  end: End,
  index: number,
  point: number,
): Promise<Ending> {
  const connection = `${end === CLOSE ? 'closed' : 'stopped'}-${index}`
  const consent: Consent = { engine: place.name, connection, user: `${place.name}-${connection}` }
  await worker.ask({ do: 'get', engine: place.name, connection: WARM, callers: 1 })
  const callback = await accepted(stage, worker, consent)
  const finishing = finish(worker, consent, callback).catch(() => undefined)
  await sleep(point * WHOLE_MS)
  await end.of(worker, place)
  await finishing
  const stored = await stage.connection(place, connection)
  const kept = stored === undefined ? undefined : fingerprint(stored.refreshToken ?? '')
  const grants = await stage.emulator.grantsOf(consent.user)
  return {
    connection,
    point,
    connected: kept !== undefined && grants.includes(kept),
    unkept: grants.filter((grant) => grant !== kept).length,
  }
}

function judged(endings: readonly Ending[]): Row {
  const unkept = endings.filter((ending) => ending.unkept > 0)
  const connected = endings.filter((ending) => ending.connected).length
  return {
    ok: unkept.length === 0 && connected > 0,
    figure: `${unkept.length} grants that nobody keeps; ${connected} connected, ${endings.length - connected} turned away`,
    seen: { unkept },
  }
}
