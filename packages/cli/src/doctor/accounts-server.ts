import type { DataCenter, ZohoAuth } from '@zoho-auth/core'
import { forwardProxy } from '@zoho-auth/core/adapter'
import { variable } from '../variables.js'
import { type Finding, fault, ok, skipped } from './finding.js'

const CHECK = 'accounts server'
const CLOCK = 'clock'
const PROXY = 'forward proxy'

const LOOK_AT = 'Look at name resolution, proxy and firewall of this machine, and at ZOHO_ACCOUNTS_URL.'

/** A clock that is further off is a fault, in milliseconds (one minute); the header counts whole seconds. */
const CLOCK_TOLERANCE_MS = 60_000

/** Limit of the one request, in milliseconds (eight seconds). */
const TIMEOUT_MS = 8_000

/** A page of each accounts server that needs no secret, and is sent none. */
const PUBLIC_PATH = '/oauth/serverinfo'

/** Whether requests go through a forward proxy. One that is not used is no fault by itself: Zoho may be reached without. */
export function checkForwardProxy(): Finding {
  const proxy = forwardProxy()
  if (proxy === undefined) return ok(PROXY, 'none is named (HTTPS_PROXY); requests go straight to Zoho')
  const { variable: name, advice } = proxy
  return advice === undefined ? ok(PROXY, `Node uses the one of ${name}`) : skipped(PROXY, advice)
}

/** Whether the accounts server of a data centre is reached, and how far this machine's clock is from its own. */
export async function checkAccountsServer(
  zoho: ZohoAuth,
  connection: string,
  dataCenter: DataCenter,
): Promise<Finding[]> {
  const origin = await originOf(zoho, connection, dataCenter)
  const from = Date.now()
  let response: Response
  try {
    response = await fetch(new URL(PUBLIC_PATH, origin), {
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    await response.body?.cancel()
  } catch (error) {
    const advice = forwardProxy()?.advice
    return [
      fault(
        CHECK,
        `${origin} is not reached: ${reasonOf(error)}`,
        advice === undefined ? LOOK_AT : `${LOOK_AT} ${advice}.`,
        'ERR_ZOHO_UNAVAILABLE',
      ),
    ]
  }
  const took = Date.now() - from
  return [ok(CHECK, `${origin} (${dataCenter}) answers in ${took} ms`), clock(response, from + took / 2)]
}

function clock(response: Response, at: number): Finding {
  const there = Date.parse(response.headers.get('date') ?? '')
  if (Number.isNaN(there)) return skipped(CLOCK, 'the accounts server does not say what time it is')
  const offsetMs = Math.round(at - there)
  const shown = `${(Math.abs(offsetMs) / 1000).toFixed(0)} s ${offsetMs < 0 ? 'behind' : 'ahead of'} the accounts server`
  return Math.abs(offsetMs) <= CLOCK_TOLERANCE_MS
    ? ok(CLOCK, shown)
    : fault(
        CLOCK,
        shown,
        'Set the clock of this machine, and keep it right with NTP (timedatectl set-ntp true).',
      )
}

/** Core asks for no token to answer this, but if the accounts server is the app's own. */
async function originOf(zoho: ZohoAuth, connection: string, dataCenter: DataCenter): Promise<string> {
  const own = variable(`ZOHO_ACCOUNTS_URL_${dataCenter.toUpperCase()}`) ?? variable('ZOHO_ACCOUNTS_URL')
  return own === undefined ? (await zoho.apiUrl('accounts', connection)).origin : new URL(own).origin
}

function reasonOf(error: unknown): string {
  const { message, cause } = error as { message: string; cause?: { code?: string; message?: string } }
  return cause?.code ?? cause?.message ?? message
}
