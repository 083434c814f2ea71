import type { ZohoAuthErrorCode } from '@zoho-auth/core'
import { sum } from '../bounded.js'
import type { RemoteEmulator } from '../emulator.js'
import { Fleet } from '../fleet.js'
import type { Place } from '../places.js'
import type { Scenario } from '../scenario.js'
import type { Stage } from '../stage.js'

const PROCESSES = 4
const CALLERS = 25

interface Refusal {
  readonly name: string
  readonly code: ZohoAuthErrorCode
  readonly prepare: (emulator: RemoteEmulator, refreshToken: string) => Promise<void>
}

const REFUSALS: readonly Refusal[] = [
  {
    name: 'dead grant',
    code: 'ERR_ZOHO_CONSENT_REQUIRED',
    prepare: (emulator, refreshToken) => emulator.revoke(refreshToken),
  },
  {
    name: 'throttled',
    code: 'ERR_ZOHO_THROTTLED',
    prepare: (emulator, refreshToken) => emulator.throttle(refreshToken),
  },
]

/** Endpoints without a scope that each process calls. */
const ENDPOINTS = 10

/** What no refresh can help may cost so many tokens, besides the first one. */
const MAX_IN_VAIN = 2

/** An API refuses for want of a scope, in words that a dead token has too: the fleet tries twice, and what works goes on. */
async function refuseForScope(stage: Stage, fleet: Fleet, place: Place): Promise<void> {
  const { connection, refreshToken } = await stage.customer(place, 'no-books', 'us', [
    'ZohoRecruit.modules.ALL',
  ])
  const call = (path: string) => fleet.ask({ do: 'call', engine: place.name, connection, path })
  const name = `refused for a scope, ${PROCESSES} processes × ${ENDPOINTS} endpoints, ${place.name}`
  await stage.row(name, async () => {
    const statuses: number[] = []
    const good: number[] = []
    for (let endpoint = 0; endpoint < ENDPOINTS; endpoint++) {
      good.push(...(await call('/recruit/v2/Candidates')).map(({ status }) => status))
      statuses.push(...(await call(`/books/v3/kind${endpoint}`)).map(({ status }) => status))
    }
    const { counters } = await stage.emulator.seen(refreshToken)
    const spent = counters.tokenRequests - 1
    const refused = statuses.filter((status) => status === 401).length
    const served = good.filter((status) => status === 200).length
    const calls = PROCESSES * ENDPOINTS
    return {
      ok: spent <= MAX_IN_VAIN && refused === calls && served === calls,
      figure: `${spent} tokens spent, ${refused} × 401, ${served} × 200`,
      seen: { statuses, good, counters },
    }
  })
}

/** Zoho refuses: one process hears it, all callers of the fleet are told, and nothing more is sent. */
export const refusals: Scenario = {
  name: 'refusals',
  async play(stage) {
    const places = await stage.places()
    const fleet = await Fleet.gently(PROCESSES, stage.worker(places))
    for (const { name, code, prepare } of REFUSALS)
      for (const place of places) {
        const customer = await stage.customer(place, name.replace(' ', '-'))
        await prepare(stage.emulator, customer.refreshToken)
        await stage.row(`${name}, ${PROCESSES} processes × ${CALLERS} gets, ${place.name}`, async () => {
          const { gets, requests, after } = await stage.stampede(fleet, place.name, customer, CALLERS)
          const failed = sum(gets.map((one) => one.failed))
          const told = failed[code] ?? 0
          const right = told === PROCESSES * CALLERS && Object.keys(failed).length === 1
          return {
            ok: requests === 1 && right,
            figure: `${requests} token request, ${told} × ${code}`,
            seen: { requests, failed, after },
          }
        })
      }
    for (const place of places) await refuseForScope(stage, fleet, place)
  },
}
