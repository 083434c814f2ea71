import type { Row } from '../../../support/report.mjs'
import { until } from '../../../support/within.mjs'
import { sum, total } from '../bounded.js'
import { Fleet, type Worker } from '../fleet.js'
import type { Uses } from '../messages.js'
import type { Place } from '../places.js'
import type { Scenario } from '../scenario.js'
import type { Stage } from '../stage.js'

const PROCESSES = 16
/** Each process calls with each connection this often, in milliseconds. */
const EVERY_MS = 100
/** Nobody may be served any more this long after the revocation, in milliseconds. */
const STOPPED_MS = 5_000
/** Calls of a process that are waited for: served before the revocation, refused after it. */
const CALLS = 5
/** For what is waited for, and how often all processes are asked, in milliseconds. */
const PATIENCE_MS = 60_000
const LOOK_MS = 250
/** API requests of a process after the revocation: the one that learns of it, and one that was under way. */
const MAX_REQUESTS = 2

const [LEAVING, STAYING] = ['leaving', 'staying'] as const

/** A connection is revoked by one process while all use it, and another connection beside it. */
export const revokeInUse: Scenario = {
  name: 'revoke-in-use',
  async play(stage) {
    const places = await stage.places()
    const fleet = await Fleet.gently(PROCESSES, stage.worker(places))
    for (const place of places)
      await stage.row(`revoked in use by ${PROCESSES} processes, ${place.name}`, () =>
        play(stage, place, fleet),
      )
  },
}

async function play(stage: Stage, place: Place, fleet: Fleet): Promise<Row> {
  const engine = place.name
  const [leaving, staying] = await Promise.all([
    stage.customer(place, LEAVING),
    stage.customer(place, STAYING),
  ])
  const [revoker] = fleet.workers as readonly [Worker, ...Worker[]]
  await fleet.ask({ do: 'use', engine, connections: [LEAVING, STAYING], everyMs: EVERY_MS })
  await everywhere(fleet, 'first answers', ({ served }) => served >= CALLS)

  const before = await stage.emulator.seen(leaving.refreshToken)
  const revokedAt = Date.now()
  const outcome = await revoker.ask({ do: 'revoke', engine, connection: LEAVING })
  await everywhere(fleet, 'the news', (uses, id) => id !== LEAVING || refusalsOf(uses) >= CALLS)
  const then = await stage.emulator.seen(leaving.refreshToken)
  const others = await fleet.ask({ do: 'uses' })
  await everywhere(fleet, 'more calls', (uses, id, index) =>
    id === LEAVING
      ? refusalsOf(uses) >= 2 * CALLS
      : uses.served >= (others[index]?.[STAYING]?.served ?? 0) + CALLS,
  )
  const uses = await fleet.ask({ do: 'uses', end: true })
  const after = await stage.emulator.seen(leaving.refreshToken)
  const stayed = await stage.emulator.seen(staying.refreshToken)

  const left = uses.map((one) => one[LEAVING] as Uses)
  const stoppedMs = Math.max(...left.map(({ lastServedAt }) => lastServedAt)) - revokedAt
  const refusals = sum(left.map(({ failed }) => failed))
  const told = refusals.ERR_ZOHO_REVOKED ?? 0
  const failed = total(uses.map((one) => one[STAYING]?.failed ?? {}))
  const tokenRequests = after.counters.tokenRequests - before.counters.tokenRequests
  const refused = after.counters.apiRefused - before.counters.apiRefused
  const { revocations } = after.counters
  return {
    ok:
      outcome.code === undefined &&
      revocations === 1 &&
      told === total([refusals]) &&
      stoppedMs <= STOPPED_MS &&
      tokenRequests === 0 &&
      refused <= PROCESSES * MAX_REQUESTS &&
      failed === 0 &&
      stayed.counters.revocations === 0,
    figure: `all stopped in ${(Math.max(0, stoppedMs) / 1_000).toFixed(1)} s, ${revocations} revocation, then ${tokenRequests} token and ${refused} API requests for ${told} × REVOKED; beside it ${failed} failed`,
    seen: {
      outcome,
      refusals,
      apiRefused: [before, then, after].map(({ counters }) => counters.apiRefused),
      stayed,
      uses,
    },
  }
}

/** Waits until something holds for both connections in every process. */
function everywhere(
  fleet: Fleet,
  what: string,
  holds: (uses: Uses, connection: string, index: number) => boolean,
): Promise<void> {
  return until(
    PATIENCE_MS,
    what,
    async () => {
      const all = await fleet.ask({ do: 'uses' })
      return all.every((uses, index) => Object.entries(uses).every(([id, one]) => holds(one, id, index)))
    },
    LOOK_MS,
  )
}

function refusalsOf({ failed }: Uses): number {
  return failed.ERR_ZOHO_REVOKED ?? 0
}
