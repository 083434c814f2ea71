import { type Emulator, type GrantInfo, startEmulator } from '@zoho-auth/emulator'
import { CUSTOMERS, type Customer } from './customers.js'

/** An hour takes 6 s, Zoho's ten minutes 1 s. */
export const SPEED = 600

/** How long the token endpoint takes to answer, in real milliseconds. */
const TOKEN_ENDPOINT_MS = 200

/** One consent per customer. */
export type Grants = Readonly<Record<Customer, GrantInfo>>

/** Zoho on loopback, and who consented to what. */
export interface PretendZoho {
  readonly emulator: Emulator
  /** For the apps that use zoho-auth. */
  readonly ours: Grants
  /** For the hand-written cache: other refresh tokens of other users, so that neither side costs the other anything. */
  readonly theirs: Grants
}

export async function startPretendZoho(): Promise<PretendZoho> {
  const emulator = await startEmulator({ speed: SPEED, latencyMs: TOKEN_ENDPOINT_MS })
  const consents = (side: string): Grants => {
    const grants = CUSTOMERS.map((customer) => [
      customer,
      emulator.createGrant({ user: `${side}-${customer}` }),
    ])
    return Object.fromEntries(grants) as Grants
  }
  return { emulator, ours: consents('ours'), theirs: consents('theirs') }
}

/** How long the newest token of a grant still lives at Zoho, in milliseconds; 0 if there is none. */
export function lifeLeftMs(emulator: Emulator, { refreshToken }: GrantInfo): number {
  const newest = emulator.liveTokens(refreshToken).at(-1)
  return newest === undefined ? 0 : newest.expiresAt - emulator.now()
}
