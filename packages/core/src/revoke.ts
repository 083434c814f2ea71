import type { AccountsServer } from './gates/accounts-server.js'
import { type Grants, grantKey } from './gates/grant.js'
import type { StoreHealth } from './gates/store-health.js'
import type { Quiet, TokenStore } from './stores/ports.js'
import type { Clock } from './words/clock.js'
import type { Connection } from './words/connection.js'
import { isZohoAuthError, ZohoAuthError } from './words/errors.js'
import type { Events } from './words/events.js'
import type { Logger } from './words/logger.js'

/** How long the fleet remembers that a grant was revoked, in milliseconds (one day): longer than any token lives. */
const REVOKED_QUIET_MS = 86_400_000

/** Times a change of state is tried against others who write the same connection. */
const MOST_CONFLICTS = 5

/** What a revocation is made of. */
export interface RevokeParts {
  readonly clientId: string
  readonly clock: Clock
  readonly events: Events
  readonly logger: Logger
  readonly grants: Grants
  readonly store: TokenStore
  readonly health: StoreHealth
  readonly accounts: AccountsServer
  /** Drops what this process has in memory. */
  forget(id: string, key: string): void
  readonly closing: AbortSignal
}

/**
 * Takes a grant back: first nobody may use it any more, then Zoho is told, then it is written down. Each step can be
 * repeated, so a call that failed half-way is finished by the next one.
 */
export async function revokeConnection(id: string, parts: RevokeParts): Promise<void> {
  const { clock, events, grants, store, health, accounts, logger } = parts
  const connection = await grants.get(id)
  if (connection === undefined) throw new ZohoAuthError('ERR_ZOHO_NO_CONNECTION', { connection: id })
  if (connection.state === 'revoked') {
    // Perhaps by another process: this one must not go on with the tokens it has.
    parts.forget(id, grantKey(connection, parts.clientId))
    return
  }
  const key = grantKey(connection, parts.clientId)
  await accounts.prepare(connection.dataCenter)
  await changeState(connection, 'revoking', grants, clock)
  parts.forget(id, key)
  const quiet: Quiet = { reason: 'revoked', ms: REVOKED_QUIET_MS }
  const forget = () => store.forget(key, quiet)
  const stopped = health.run(forget).catch(() => void health.persist(forget))
  const answer = await accounts.revoke(connection, parts.closing)
  await stopped
  parts.forget(id, key)
  switch (answer.kind) {
    case 'revoked':
      break
    case 'client-fault':
      throw new ZohoAuthError('ERR_ZOHO_CLIENT', { connection: id, action: `Zoho answered ${answer.error}.` })
    case 'throttled':
      throw new ZohoAuthError('ERR_ZOHO_THROTTLED', { connection: id })
    case 'timeout':
      throw new ZohoAuthError('ERR_ZOHO_TIMEOUT', { connection: id, cause: new Error(answer.detail) })
    default:
      throw new ZohoAuthError('ERR_ZOHO_UNAVAILABLE', { connection: id, cause: new Error(answer.detail) })
  }
  await changeState(connection, 'revoked', grants, clock)
  if (grants.store === undefined)
    logger.warn(
      `the grant of connection "${id}" is revoked at Zoho; "connections" is a function, so its row is yours to change`,
    )
  events.emit('connection.revoked', { connection: id, dataCenter: connection.dataCenter })
}

/** Moves a connection to a state, unless it got another grant meanwhile. */
async function changeState(
  from: Connection,
  state: 'revoking' | 'revoked',
  grants: Grants,
  clock: Clock,
): Promise<void> {
  if (grants.store === undefined) return
  for (let attempt = 1; ; attempt++) {
    const current = await grants.get(from.id)
    if (current === undefined || current.refreshToken !== from.refreshToken) return
    if (current.state === state || current.state === 'revoked') return
    const refreshToken = state === 'revoked' ? '' : current.refreshToken
    try {
      await grants.store.put(
        { ...current, refreshToken, state, updatedAt: clock.now() },
        { ifVersion: current.version },
      )
      return
    } catch (error) {
      const conflict = isZohoAuthError(error) && error.code === 'ERR_ZOHO_CONFLICT'
      if (!conflict || attempt >= MOST_CONFLICTS) throw error
    }
  }
}
