import { type ConnectionStatus, DEFAULT_BUDGET } from '@zoho-auth/core'
import type { Session } from './session.js'

/** A token's life is never longer, in milliseconds (one day): a generation before that is no time of making. */
const MAX_LIFE_MS = 86_400_000

/** What is told of one connection. Holds no secret. */
export interface Report extends Omit<ConnectionStatus, 'requests'> {
  /** New tokens per window that this library allows itself. */
  readonly budget: number
  /** Life left of the token at hand. */
  readonly lifeLeftMs?: number
  /** Its whole life. */
  readonly lifeMs?: number
  /** When it was made, in milliseconds since the epoch, by the store's clock. */
  readonly refreshedAt?: number
  readonly label?: string
}

/**
 * Asks core, and adds when the token was made: a token's generation is the store's clock when it was asked for, but for
 * stores whose clock went back.
 *
 * @throws ZohoAuthError as `status` does.
 */
export async function reportOn(session: Session, connection: string): Promise<Report> {
  const { zoho, stores } = session
  // What waits in this process says nothing about the app's.
  const { expiresAt: exact, requests: _, ...status } = await zoho.status(connection)
  // Core goes on without the store; whoever asks for the state wants to know.
  const record = session.seen()
  const now = Date.now()
  const expiresAt = exact === undefined ? undefined : Math.round(exact)
  const label = (await stores?.connections.get(connection).catch(() => undefined))?.label
  const common = { ...status, budget: DEFAULT_BUDGET.limit, ...(label === undefined ? {} : { label }) }
  if (expiresAt === undefined) return common
  const token = { expiresAt, lifeLeftMs: Math.max(0, expiresAt - now) }
  const refreshedAt = record?.token?.generation
  if (refreshedAt === undefined || refreshedAt > now || refreshedAt < now - MAX_LIFE_MS)
    return { ...common, ...token }
  return { ...common, ...token, lifeMs: expiresAt - refreshedAt, refreshedAt }
}
