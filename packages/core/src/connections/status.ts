import type { Runtime } from '../runtime.js'
import type { TokenRecord } from '../stores/ports.js'
import { grantKey, readConnection } from '../token/grant.js'
import type { ConnectionStatus } from '../zoho-auth.js'

/** How a connection is: what the store says, else what this process knows. Spends nothing, and holds no secret. */
export async function statusOf(id: string, runtime: Runtime): Promise<ConnectionStatus> {
  const { clientId, clock, budget, store, requests, cache, cooldowns, lastErrors, stopping } = runtime
  stopping.throwIfAborted()
  const connection = await readConnection(runtime, id)
  const key = grantKey(connection, clientId)
  const record = await store.inspect(key).catch(() => STORE_DOWN)
  const now = Math.floor(clock.now())
  const cached = cache.get(id)
  const lastError = lastErrors.get(id)
  const remembered = cooldowns.get(key, now)
  const untilAt = record?.cooldown ? now + record.cooldown.ms : remembered?.untilAt
  const reason = record?.cooldown?.reason ?? remembered?.reason
  const expiresAt = cached ? cached.token.expiresAt : record?.token && now + record.token.lifeMs
  return {
    connection: id,
    dataCenter: connection.dataCenter,
    state: connection.state,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    store: record === STORE_DOWN ? 'down' : 'up',
    budgetLeft: record === STORE_DOWN ? 0 : Math.max(0, budget.limit - (record?.used ?? 0)),
    ...(untilAt === undefined || reason === undefined ? {} : { cooldown: { untilAt, reason } }),
    requests: requests.counts,
    ...(lastError === undefined ? {} : { lastError }),
  }
}

/** What stands for a store that does not answer. */
const STORE_DOWN: TokenRecord = Object.freeze({ used: 0 })
