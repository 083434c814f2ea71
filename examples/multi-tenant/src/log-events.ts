import type { ZohoAuth } from '@zoho-auth/core'

/** What an operator wants to know. None of them holds a token or a secret. */
const NAMES = [
  'token.refreshed',
  'token.refresh_failed',
  'token.rejected',
  'refresh.throttled',
  'connection.consent_required',
  'connection.revoked',
  'store.degraded',
  'store.recovered',
] as const

/** Prints events as they happen in this process; those of all processes together tell what the fleet does. */
export function logEvents(zoho: ZohoAuth, port: number): void {
  for (const name of NAMES) zoho.on(name, (event) => console.log(`${port} ${name} ${JSON.stringify(event)}`))
}
