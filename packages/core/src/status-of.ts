import type { RememberedCooldown } from './gates/cooldown-cache.js'
import { grantKey } from './gates/grant.js'
import type { Held } from './gates/memory.js'
import type { RequestCounts } from './gates/request-limit.js'
import type { GuardedTokenStore } from './stores/guarded-token-store.js'
import type { BudgetPolicy, TokenRecord } from './stores/ports.js'
import type { Clock } from './words/clock.js'
import type { Connection } from './words/connection.js'
import type { ConnectionStatus } from './zoho-auth.js'

/** What a status is put together from. */
export interface StatusParts {
  readonly clientId: string
  readonly clock: Clock
  readonly budget: BudgetPolicy
  readonly store: GuardedTokenStore
  readonly requests: RequestCounts
  /** The token in this process. */
  readonly held: Held | undefined
  readonly lastError: ConnectionStatus['lastError']
  /** The cooldown of a key, as far as this process remembers. */
  remembered(key: string): RememberedCooldown | undefined
}

/** How a connection is: what the store says, else what this process knows. Spends nothing, and holds no secret. */
export async function statusOf(connection: Connection, parts: StatusParts): Promise<ConnectionStatus> {
  const { clientId, clock, budget, store, requests, held, lastError } = parts
  const key = grantKey(connection, clientId)
  const record = await store.inspect(key).catch(() => STORE_DOWN)
  const now = clock.now()
  const remembered = parts.remembered(key)
  const untilAt = record?.cooldown ? now + record.cooldown.ms : remembered?.untilAt
  const reason = record?.cooldown?.reason ?? remembered?.reason
  const expiresAt = held ? held.token.expiresAt : record?.token && now + record.token.lifeMs
  return {
    connection: connection.id,
    dataCenter: connection.dataCenter,
    state: connection.state,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    store: record === STORE_DOWN ? 'down' : 'up',
    budgetLeft: record === STORE_DOWN ? 0 : Math.max(0, budget.limit - (record?.used ?? 0)),
    ...(untilAt === undefined || reason === undefined ? {} : { cooldown: { untilAt, reason } }),
    requests,
    ...(lastError === undefined ? {} : { lastError }),
  }
}

/** What stands for a store that does not answer. */
const STORE_DOWN: TokenRecord = Object.freeze({ used: 0 })
