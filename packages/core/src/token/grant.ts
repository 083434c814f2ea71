import type { Settings } from '../config/settings.js'
import { memoryConnectionStore } from '../stores/memory-connection-store.js'
import type { ConnectionStore } from '../stores/ports.js'
import { SealedConnectionStore } from '../stores/sealed-connection-store.js'
import { sealedWith } from '../stores/sealer.js'
import { type Connection, DEFAULT_CONNECTION, grantId, hasGrant } from '../words/connection.js'
import { isDataCenter } from '../words/data-centers.js'
import { describeFault, isZohoAuthError, ZohoAuthError } from '../words/errors.js'
import type { FailureLog } from '../words/failure-log.js'
import type { Secrets } from '../words/secrets.js'
import { once } from '../words/waits.js'

/** What the library calls to read and change connections; an app's own lookup function can only read. */
export interface Grants {
  get(id: string): Promise<Connection | undefined>
  /** Absent if the app keeps its connections itself and gave only a function. */
  readonly store?: ConnectionStore | undefined
}

/**
 * Gate 3, grant: the connection's refresh token, data centre and state.
 *
 * @throws ZohoAuthError `ERR_ZOHO_NO_CONNECTION`, `ERR_ZOHO_CONSENT_REQUIRED`, `ERR_ZOHO_REVOKED`, or `ERR_ZOHO_STORE`
 *   if it cannot be read.
 */
export async function readGrant(grants: Grants, id: string): Promise<Connection> {
  const connection = await grants.get(id)
  if (connection === undefined)
    throw new ZohoAuthError('ERR_ZOHO_NO_CONNECTION', {
      connection: id,
      action: `There is no connection "${id}" in the connection store. Connect this Zoho user first.`,
    })
  if (connection.state === 'consent-required')
    throw new ZohoAuthError('ERR_ZOHO_CONSENT_REQUIRED', { connection: id })
  if (connection.state === 'revoked' || connection.state === 'revoking')
    throw new ZohoAuthError('ERR_ZOHO_REVOKED', { connection: id })
  return connection
}

/** A connection in whatever state. @throws ZohoAuthError `ERR_ZOHO_NO_CONNECTION`, and that is told. */
export function readConnection(
  { grants, failures }: { readonly grants: Grants; readonly failures: FailureLog },
  id: string,
): Promise<Connection> {
  const found = grants.get(id).then((connection) => {
    if (connection === undefined) throw new ZohoAuthError('ERR_ZOHO_NO_CONNECTION', { connection: id })
    return connection
  })
  return failures.watch(found)
}

/**
 * The key of a connection's token in the token store: data centre, client id and a digest of the refresh token, or of
 * `soid` and the sorted scopes. A new consent is a new key, and so clears what was remembered of the old one.
 */
export function grantKey(connection: Connection, clientId: string): string {
  // Joined, not concatenated: one flat string, kept once per connection.
  return [connection.dataCenter, clientId, grantId(connection)].join(':')
}

/** Where connections are read, and written if that is possible. Faults of a store become `ERR_ZOHO_STORE`. */
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
        connection = single ? await look(id) : await clock.withTimeout(look(id), timeoutMs, hangs)
      } catch (error) {
        if (isZohoAuthError(error)) throw error
        throw new ZohoAuthError('ERR_ZOHO_STORE', {
          connection: id,
          cause: describeFault(error, secrets.mask),
        })
      }
      if (connection === undefined || connection === null) return undefined
      const secret: unknown = connection.refreshToken ?? connection.soid
      const kid = typeof secret === 'string' ? sealedWith(secret) : undefined
      if (kid !== undefined)
        throw new ZohoAuthError('ERR_ZOHO_CONFIG', {
          connection: id,
          message: `connection ${id} is sealed with key "${kid}", and there are no encryptionKeys (ZOHO_AUTH_KEYS)`,
          action: 'Give this process the keys. Nothing is lost, and nobody has to reconnect.',
        })
      if (connection.id === id && isDataCenter(connection.dataCenter) && hasGrant(connection)) {
        secrets.add(connection.refreshToken)
        return connection
      }
      throw new ZohoAuthError('ERR_ZOHO_STORE', {
        connection: id,
        action: `"connections" gave something else than connection "${id}" with a known dataCenter and either refreshToken or soid.`,
      })
    },
  }
}

/** The store of connections: in memory for a single one, sealed if it is durable. */
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
