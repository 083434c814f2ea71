import { grantKey } from './gates/grant.js'
import type { Held } from './gates/memory.js'
import type { RememberedQuiet } from './gates/quiet-memory.js'
import type { RequestCounts } from './gates/request-limit.js'
import type { StoreHealth } from './gates/store-health.js'
import type { BudgetPolicy, TokenRecord, TokenStore } from './stores/ports.js'
import type { Clock } from './words/clock.js'
import type { Connection } from './words/connection.js'
import type { ConnectionStatus } from './zoho-auth.js'

/** What a status is put together from. */
export interface StatusParts {
  readonly clientId: string
  readonly clock: Clock
  readonly budget: BudgetPolicy
  readonly store: TokenStore
  readonly health: StoreHealth
  readonly requests: RequestCounts
  /** The token in this process. */
  readonly held: Held | undefined
  readonly lastError: ConnectionStatus['lastError']
  /** What is quiet for a key, as far as this process remembers. */
  remembered(key: string): RememberedQuiet | undefined
}

/** How a connection is: what the store says, else what this process knows. Spends nothing, and holds no secret. */
export async function statusOf(connection: Connection, parts: StatusParts): Promise<ConnectionStatus> {
  const { clientId, clock, budget, store, health, requests, held, lastError } = parts
  const key = grantKey(connection, clientId)
  const record = await health.run(() => store.inspect(key)).catch(() => STORE_DOWN)
  const now = clock.now()
  const remembered = parts.remembered(key)
  const untilAt = record?.quiet ? now + record.quiet.ms : remembered?.untilAt
  const reason = record?.quiet?.reason ?? remembered?.reason
  const expiresAt = held ? held.token.expiresAt : record?.token && now + record.token.lifeMs
  return {
    connection: connection.id,
    dataCenter: connection.dataCenter,
    state: connection.state,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    store: record === STORE_DOWN ? 'down' : 'up',
    budgetLeft: record === STORE_DOWN ? 0 : Math.max(0, budget.limit - (record?.used ?? 0)),
    ...(untilAt === undefined || reason === undefined ? {} : { quiet: { untilAt, reason } }),
    requests,
    ...(lastError === undefined ? {} : { lastError }),
  }
}

/** What stands for a store that does not answer. */
const STORE_DOWN: TokenRecord = Object.freeze({ used: 0 })
