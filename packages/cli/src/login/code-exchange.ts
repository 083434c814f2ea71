import {
  type Connection,
  DATA_CENTERS,
  type DataCenter,
  isZohoAuthError,
  type ZohoAuth,
  type ZohoAuthErrorCode,
} from '@zoho-auth/core'
import type { Context } from '../context.js'
import type { LoginRequest } from './request.js'

/**
 * Exchanges a code of a self client. Where its data centre is not known, Zoho's are asked one after the other, each once:
 * a code is unknown everywhere but at home, and asking does not use it up.
 *
 * @throws ZohoAuthError as `consent.exchange` does. Of several refusals, the one that says most.
 */
export async function exchangeCode(
  zoho: ZohoAuth,
  { screen, signal }: Context,
  code: string,
  request: LoginRequest,
): Promise<Connection> {
  const { connection, environment, label } = request
  const candidates = request.dataCenter === undefined ? possibleDataCenters() : [request.dataCenter]
  if (candidates.length > 1)
    screen.note(
      'the data centre is not given (--data-center, ZOHO_DATA_CENTER): Zoho’s are tried one after the other',
    )
  const refusals: unknown[] = []
  for (const dataCenter of candidates) {
    signal.throwIfAborted()
    try {
      // Without a signal: a grant on its way from Zoho into the store is not cut off.
      return await screen.step(
        `exchanging the code in ${dataCenter}`,
        () => zoho.consent.exchange(code, { connection, dataCenter, environment, label }),
        () => `the code is of data centre ${dataCenter}`,
      )
    } catch (error) {
      if (!isZohoAuthError(error) || !ELSEWHERE.includes(error.code)) throw error
      refusals.push(error)
    }
  }
  throw mostTelling(refusals)
}

/** Refusals after which the code may be at home elsewhere; the first says most: the client is known there. */
const ELSEWHERE: readonly ZohoAuthErrorCode[] = [
  'ERR_ZOHO_CONSENT_REQUIRED',
  'ERR_ZOHO_CLIENT',
  'ERR_ZOHO_BAD_RESPONSE',
  'ERR_ZOHO_UNAVAILABLE',
  'ERR_ZOHO_TIMEOUT',
]

function mostTelling(refusals: readonly unknown[]): unknown {
  const rank = (error: unknown): number => ELSEWHERE.indexOf((error as { code: ZohoAuthErrorCode }).code)
  return [...refusals].sort((one, other) => rank(one) - rank(other))[0]
}

/** With an accounts server of one's own for all data centres there is nothing to find out. */
function possibleDataCenters(): readonly DataCenter[] {
  if (process.env.ZOHO_ACCOUNTS_URL || process.env.ZOHO_ACCOUNTS_URL_FILE) return ['us']
  const own = DATA_CENTERS.filter((name) => {
    const variable = `ZOHO_ACCOUNTS_URL_${name.toUpperCase()}`
    return Boolean(process.env[variable] || process.env[`${variable}_FILE`])
  })
  return own.length > 0 ? own : DATA_CENTERS
}
