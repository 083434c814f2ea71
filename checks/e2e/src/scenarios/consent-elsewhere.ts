import type { Row } from '../../../support/report.mjs'
import { total } from '../bounded.js'
import { accepted, type Consent, finish } from '../consents.js'
import { Fleet, type Worker } from '../fleet.js'
import type { Place } from '../places.js'
import type { Scenario } from '../scenario.js'
import type { Stage } from '../stage.js'

const PROCESSES = 4
const CALLERS = 5

/** One consent, and what came of it. */
interface Round {
  /** How each process that got the callback ended: a code, or `connected`. */
  readonly first: readonly string[]
  /** The same for the callback once more, in every process. */
  readonly replays: readonly string[]
  /** Requests to the token endpoint, from the start to the last call: the exchange of the code. */
  readonly tokenRequests: number
  readonly served: number
  readonly failed: number
  /** Processes whose call an API accepted. */
  readonly calls: number
}

/** A consent is started in one process, and the browser comes back to another one; or to all, at the same moment. */
export const consentElsewhere: Scenario = {
  name: 'consent-elsewhere',
  async play(stage) {
    const rounds = stage.full ? 50 : 2
    const places = await stage.places()
    const fleet = await Fleet.gently(PROCESSES, stage.worker(places))
    for (const place of places)
      for (const receivers of [1, PROCESSES]) {
        const where = receivers === 1 ? 'finished elsewhere' : `callback at ${receivers} processes at once`
        await stage.row(`consent × ${rounds}, ${where}, ${place.name}`, async () => {
          const results: Round[] = []
          for (let round = 0; round < rounds; round++)
            results.push(await play(stage, place, fleet, receivers, round))
          return judged(results, receivers)
        })
      }
  },
}

async function play(
  stage: Stage,
  place: Place,
  fleet: Fleet,
  receivers: number,
  round: number,
): Promise<Round> {
  const connection = `elsewhere-${receivers}-${round}`
  const consent: Consent = { engine: place.name, connection, user: `${place.name}-${receivers}-${round}` }
  // Each of them starts in its turn, and the next one gets the callback.
  const turned = fleet.workers.map((_, index) => fleet.workers[(index + round) % PROCESSES] as Worker)
  const [starter, ...others] = turned as [Worker, ...Worker[]]
  const before = await stage.emulator.counters()
  const callback = await accepted(stage, starter, consent)
  const ended = async (workers: readonly Worker[]) =>
    Promise.all(workers.map(async (worker) => (await finish(worker, consent, callback)).code ?? 'connected'))
  const first = await ended([...others, starter].slice(0, receivers))
  const gets = await fleet.ask({ do: 'get', engine: place.name, connection, callers: CALLERS })
  stage.learn(gets)
  const calls = await fleet.ask({ do: 'call', engine: place.name, connection })
  const replays = await ended([...others, starter].reverse())
  const after = await stage.emulator.counters()
  await stage.connection(place, connection)
  return {
    first,
    replays,
    tokenRequests: after.tokenRequests - before.tokenRequests,
    served: gets.reduce((served, one) => served + one.served, 0),
    failed: total(gets.map((one) => one.failed)),
    calls: calls.filter(({ status }) => status === 200).length,
  }
}

function judged(rounds: readonly Round[], receivers: number): Row {
  const refused = (outcomes: readonly string[]) => outcomes.filter((one) => one === 'ERR_ZOHO_STATE').length
  const wrong = rounds.filter(
    ({ first, replays, tokenRequests, served, failed, calls }) =>
      first.filter((one) => one === 'connected').length !== 1 ||
      refused(first) !== receivers - 1 ||
      refused(replays) !== PROCESSES ||
      tokenRequests !== 1 ||
      served !== PROCESSES * CALLERS ||
      failed !== 0 ||
      calls !== PROCESSES,
  )
  const most = Math.max(...rounds.map(({ tokenRequests }) => tokenRequests))
  const failed = rounds.reduce((sum, round) => sum + round.failed + PROCESSES - round.calls, 0)
  const told = rounds.reduce((sum, { first, replays }) => sum + refused(first) + refused(replays), 0)
  return {
    ok: wrong.length === 0,
    figure: `${most} code exchange and no refresh, ${failed} failed, ${told} × ERR_ZOHO_STATE`,
    seen: wrong,
  }
}
