import { setTimeout as sleep } from 'node:timers/promises'
import { sum, times, total } from '../bounded.js'
import { Fleet, type Worker } from '../fleet.js'
import type { Place } from '../places.js'
import type { Scenario } from '../scenario.js'
import { type Customer, type Stage, WARM } from '../stage.js'

/** How long a refresh takes, in milliseconds. */
const LATENCY_MS = 300
/** Kills fall between the question and this long after it, in milliseconds: from before the turn to after the commit. */
const SPAN_MS = LATENCY_MS + 150
const TIMEOUT_MS = 2_000
/** What core makes of it: the limit of a request, and a second of grace. */
const LEASE_MS = TIMEOUT_MS + 1_000
/** After the lease the next process is asked again within 400 ms, refreshes, and shares two cores with everything else. */
const RECOVERY_MS = LEASE_MS + 400 + LATENCY_MS + 1_500
/** What a slow machine makes slower: the next process wakes up, refreshes, and the others hear of it. */
const STEPS = 3
const SURVIVORS = 2
const CALLERS = 5
/** Refreshes that are being killed at the same time, each of a grant of its own. */
const PARALLEL = 10

interface Death {
  readonly served: number
  readonly failed: Readonly<Record<string, number>>
  /** From the kill until all survivors have a token, in milliseconds. */
  readonly recoveryMs: number
  /** How long a refresh took afterwards that nobody killed, in milliseconds. */
  readonly renewMs: number
  /** Token requests until then. */
  readonly requests: number
  /** Afterwards another token was made for this grant, and an API accepted it. */
  readonly alive: boolean
}

/** kill −9 of the process that refreshes, at points spread over the whole refresh, while others wait for it. */
export const kills: Scenario = {
  name: 'kills',
  emulator: () => ({ latencyMs: LATENCY_MS }),
  async play(stage) {
    const count = stage.full ? 200 : 8
    for (const place of await stage.places()) {
      const start = stage.worker([place], { timeoutMs: TIMEOUT_MS })
      const survivors = await Fleet.gently(SURVIVORS, start)
      await stage.warmUp(survivors, place)
      await stage.row(`kill −9 of the refreshing process × ${count}, ${place.name}`, async () => {
        const deaths = await times(count, PARALLEL, async (index) => {
          const customer = await stage.customer(place, `killed-${index}`)
          const victim = start()
          await victim.ask({ do: 'get', engine: place.name, connection: WARM, callers: 1 })
          const afterMs = ((index + Math.random()) / count) * SPAN_MS
          return strike(stage, place, customer, victim, survivors, afterMs)
        })
        const lost = deaths.filter(({ alive }) => !alive).length
        const failed = sum(deaths.map((one) => one.failed))
        const under = deaths.filter(({ requests }) => requests > 1).length
        const slowest = Math.max(...deaths.map(({ recoveryMs }) => recoveryMs))
        const lateMs = Math.max(...deaths.map(({ renewMs }) => renewMs - LATENCY_MS))
        const callers = SURVIVORS * CALLERS
        return {
          ok:
            lost === 0 &&
            under > 0 &&
            slowest <= RECOVERY_MS + STEPS * lateMs &&
            deaths.every(({ served, requests }) => served === callers && requests <= 2),
          figure: `${lost} grants lost, ${total([failed])} failed, recovered in ${(slowest / 1_000).toFixed(1)} s (lease ${LEASE_MS / 1_000} s), ${under} mid-request`,
          seen: { failed, deaths: deaths.filter(({ served, alive }) => !alive || served < callers) },
        }
      })
      await Promise.all(survivors.workers.map((worker) => worker.kill()))
    }
  },
}

async function strike(
  stage: Stage,
  place: Place,
  { connection, refreshToken }: Customer,
  victim: Worker,
  survivors: Fleet,
  afterMs: number,
): Promise<Death> {
  const get = { do: 'get', engine: place.name, connection, callers: CALLERS } as const
  victim.ask(get).catch(() => {})
  const askedAfterMs = Math.random() * afterMs
  await sleep(askedAfterMs)
  const waiting = survivors.ask(get)
  waiting.catch(() => {})
  await sleep(afterMs - askedAfterMs)
  const killedAt = performance.now()
  await victim.kill()
  const gets = await waiting
  const recoveryMs = performance.now() - killedAt
  const { counters } = await stage.emulator.seen(refreshToken)
  const [one] = survivors.workers
  const askedAt = performance.now()
  const renewed = await one?.ask({ do: 'renew', engine: place.name, connection })
  const renewMs = performance.now() - askedAt
  const called = await one?.ask({ do: 'call', engine: place.name, connection })
  const status = await one?.ask({ do: 'status', engine: place.name, connection })
  stage.learn(renewed ? [...gets, renewed] : gets)
  return {
    served: gets.reduce((served, each) => served + each.served, 0),
    failed: sum(gets.map((each) => each.failed)),
    recoveryMs,
    renewMs,
    requests: counters.tokenRequests,
    alive: renewed?.served === 1 && called?.status === 200 && status?.state === 'active',
  }
}
