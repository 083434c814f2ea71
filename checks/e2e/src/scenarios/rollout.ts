import type { Row } from '../../../support/report.mjs'
import { sum, total } from '../bounded.js'
import { Fleet } from '../fleet.js'
import type { Place } from '../places.js'
import { PLACES } from '../places.js'
import type { Scenario } from '../scenario.js'
import type { Customer, Stage } from '../stage.js'

/** How long a refresh takes, in milliseconds: longer than most of the processes take to come up. */
const LATENCY_MS = 2_500
const CALLERS = 5

/** A new version is rolled out: all processes start at once, each with a probe, and then with its first callers. */
export const rollout: Scenario = {
  name: 'rollout',
  emulator: () => ({ latencyMs: LATENCY_MS }),
  async play(stage) {
    const processes = stage.full ? 60 : 30
    for (const place of await stage.places(stage.full ? PLACES : ['redis'])) {
      const customer = await stage.customer(place, 'rolled-out')
      const probed = await stage.customer(place, 'only-probed')
      await stage.row(`${processes} processes started at once, ${place.name}`, () =>
        roll(stage, place, processes, customer, probed),
      )
    }
  },
}

async function roll(
  stage: Stage,
  place: Place,
  processes: number,
  customer: Customer,
  probed: Customer,
): Promise<Row> {
  const fleet = Fleet.atOnce(processes, stage.worker([place]))
  const engine = place.name
  const { connection } = customer
  // No process waits for another one: its commands are in its channel when it comes up.
  const [before, gets, after] = await Promise.all([
    fleet.ask({ do: 'status', engine, connection: probed.connection }),
    fleet.ask({ do: 'get', engine, connection, callers: CALLERS }),
    fleet.ask({ do: 'status', engine, connection: probed.connection }),
  ])
  stage.learn(gets)
  const [seen, probes] = await Promise.all(
    [customer, probed].map(({ refreshToken }) => stage.emulator.seen(refreshToken)),
  )
  const requests = seen?.counters.tokenRequests
  const spent = probes?.counters.tokenRequests
  const failed = total(gets.map((one) => one.failed))
  const served = gets.reduce((sofar, one) => sofar + one.served, 0)
  await Promise.all(fleet.workers.map((worker) => worker.kill()))
  return {
    ok: requests === 1 && spent === 0 && failed === 0 && served === processes * CALLERS,
    figure: `${requests} token request, ${failed} failed; ${before.length + after.length} probes: ${spent}`,
    seen: {
      seen,
      probes,
      failed: sum(gets.map((one) => one.failed)),
      longestMs: Math.max(...gets.map(({ longestMs }) => longestMs)),
    },
  }
}
