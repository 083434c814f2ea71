import type { ZohoAuthErrorCode } from '@zoho-auth/core'
import { sum } from '../bounded.js'
import type { RemoteEmulator } from '../emulator.js'
import { Fleet } from '../fleet.js'
import type { Scenario } from '../scenario.js'

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
  },
}
