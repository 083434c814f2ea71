import type { Settings } from '../config/settings.js'
import { memoryConnectionStore } from '../stores/memory-connection-store.js'
import type { ConnectionStore } from '../stores/ports.js'
import { SealedConnectionStore } from '../stores/sealed-connection-store.js'
import { sealedWith } from '../stores/sealer.js'
import type { Grants } from '../token/grant.js'
import { type Connection, DEFAULT_CONNECTION } from '../words/connection.js'
import { isDataCenter } from '../words/data-centers.js'
import { describeFault, isZohoAuthError, ZohoAuthError } from '../words/errors.js'
import type { Secrets } from '../words/secrets.js'
import { once } from '../words/waits.js'

/** Where connections are read, and written where that is possible. Faults of a store become `ERR_ZOHO_STORE`. */
export function grantsOf(settings: Settings, secrets: Secrets): Grants {
  const { connections, single, clock } = settings
  const timeoutMs = Math.min(settings.timeoutMs, settings.maxWaitMs)
  const store = typeof connections === 'function' ? undefined : sealed(connections, settings)
  const look = typeof connections === 'function' ? connections : (id: string) => store?.get(id)
  // An app's own lookup may hang, with everyone who waits for it.
  let preparing = store?.ready && once(async () => store.ready?.())
  const hangs = () => new Error(`"connections" did not answer within ${timeoutMs} ms`)
  return {
    store,
    async get(id) {
      let connection: Connection | undefined
      if (preparing !== undefined) {
        // Loading a driver is not the store's time.
        await preparing()
        preparing = undefined
      }
      try {
        connection = single ? await look(id) : await clock.within(look(id), timeoutMs, hangs)
      } catch (error) {
        if (isZohoAuthError(error)) throw error
        throw new ZohoAuthError('ERR_ZOHO_STORE', {
          connection: id,
          cause: describeFault(error, secrets.mask),
        })
      }
      if (connection === undefined || connection === null) return undefined
      const kid =
        typeof connection.refreshToken === 'string' ? sealedWith(connection.refreshToken) : undefined
      if (kid !== undefined)
        throw new ZohoAuthError('ERR_ZOHO_CONFIG', {
          connection: id,
          message: `connection ${id} is sealed with key "${kid}", and there are no encryptionKeys (ZOHO_AUTH_KEYS)`,
          action: 'Give this process the keys. Nothing is lost, and nobody has to reconnect.',
        })
      if (
        connection.id === id &&
        isDataCenter(connection.dataCenter) &&
        typeof connection.refreshToken === 'string'
      ) {
        secrets.add(connection.refreshToken)
        return connection
      }
      throw new ZohoAuthError('ERR_ZOHO_STORE', {
        connection: id,
        action: `"connections" gave something else than connection "${id}" with a known dataCenter and a refreshToken.`,
      })
    },
  }
}

/** The store of connections: in memory for a single one, sealed where it is durable. */
function sealed(store: ConnectionStore | undefined, settings: Settings): ConnectionStore {
  const { single, clock, sealer, plaintext } = settings
  if (store === undefined) return memoryConnectionStore(only(single, clock.now()))
  if (sealer === undefined || !store.durable || store instanceof SealedConnectionStore) return store
  return new SealedConnectionStore(store, sealer, plaintext)
}

function only(single: Settings['single'], now: number): Connection[] {
  if (single === undefined) return []
  const at = Math.floor(now)
  return [{ id: DEFAULT_CONNECTION, ...single, state: 'active', version: 1, createdAt: at, updatedAt: at }]
}
