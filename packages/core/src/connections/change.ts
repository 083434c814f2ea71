import type { Runtime } from '../runtime.js'
import type { Connection } from '../words/connection.js'
import { describeFault, isZohoAuthError, ZohoAuthError } from '../words/errors.js'

/** Times a change is tried against others who write the same connection. */
const MAX_CONFLICTS = 5

/** What a connection becomes; version and `updatedAt` are filled in. */
export type Change = Unwritten<Connection>
type Unwritten<C> = C extends Connection ? Omit<C, 'version' | 'createdAt' | 'updatedAt'> : never

/**
 * Reads a connection and writes what `change` makes of it, by compare-and-set, again if somebody else wrote meanwhile.
 *
 * @param change Given `undefined` if there is no such connection. Answers `undefined`: leave it.
 * @returns What is stored now.
 * @throws ZohoAuthError `ERR_ZOHO_STORE`; `ERR_ZOHO_CONFLICT` if others kept writing.
 */
export async function changeConnection(
  id: string,
  { grants, clock, timeoutMs, secrets }: Runtime,
  change: (current: Connection | undefined) => Change | undefined,
): Promise<Connection | undefined> {
  const { store } = grants
  if (store === undefined) return undefined
  const hangs = () => new Error(`the connection store did not answer within ${timeoutMs} ms`)
  for (let attempt = 1; ; attempt++) {
    const current = await grants.get(id)
    const next = change(current)
    if (next === undefined) return current
    const now = Math.floor(clock.now())
    const version = current?.version ?? 0
    const connection = { ...next, version, createdAt: current?.createdAt ?? now, updatedAt: now }
    try {
      return await clock.withTimeout(store.put(connection, { ifVersion: version }), timeoutMs, hangs)
    } catch (error) {
      if (!isZohoAuthError(error))
        throw new ZohoAuthError('ERR_ZOHO_STORE', {
          connection: id,
          cause: describeFault(error, secrets.mask),
        })
      if (error.code !== 'ERR_ZOHO_CONFLICT' || attempt >= MAX_CONFLICTS) throw error
    }
  }
}
