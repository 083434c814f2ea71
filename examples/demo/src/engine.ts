import { createZohoAuth, memoryConnectionStore, newConnection, type ZohoAuth } from '@zoho-auth/core'
import { CUSTOMERS } from './customers.js'
import type { PretendZoho } from './pretend-zoho.js'

/** Refreshing begins this long before expiry, in milliseconds of Zoho's hour (30 minutes); the library scales it. */
const REFRESH_AHEAD_MS = 1_800_000

/** New tokens that the library allows itself per refresh token and window. Zoho allows 10. */
export const BUDGET_LIMIT = 8

/** The one engine that all three apps share. */
export function createEngine({ emulator, ours }: PretendZoho): ZohoAuth {
  return createZohoAuth({
    clientId: emulator.clientId,
    clientSecret: emulator.clientSecret,
    accountsUrl: emulator.accountsUrl,
    connections: memoryConnectionStore(
      CUSTOMERS.map((id) => {
        const { refreshToken, dataCenter } = ours[id]
        return newConnection({ id, refreshToken, dataCenter })
      }),
    ),
    // Zoho's window is 600 times shorter here, and the library has to know.
    budget: { limit: BUDGET_LIMIT, windowMs: emulator.rules.tokenWindowMs },
    // Earlier than by default, so that a token outlives a throttle of a whole window that begins when it is refreshed.
    expiry: { refreshAheadMs: REFRESH_AHEAD_MS },
  })
}
