import type { Connection } from '../words/connection.js'
import { ZohoAuthError } from '../words/errors.js'
import type { ConnectionStore, PutOptions } from './ports.js'

/**
 * Keeps connections in this process: for one grant that comes from the configuration, and for tests. Connections do not
 * outlive the process, and nothing limits their number but the app.
 *
 * @param connections What it holds at the start.
 */
export function memoryConnectionStore(connections: Iterable<Connection> = []): ConnectionStore {
  const rows = new Map<string, Connection>()
  for (const connection of connections) rows.set(connection.id, Object.freeze({ ...connection }))
  return {
    async get(id) {
      return rows.get(id)
    },
    async put(connection: Connection, { ifVersion }: PutOptions = {}) {
      const version = rows.get(connection.id)?.version ?? 0
      if (ifVersion !== undefined && ifVersion !== version)
        throw new ZohoAuthError('ERR_ZOHO_CONFLICT', { connection: connection.id })
      const written = Object.freeze({ ...connection, version: version + 1 })
      rows.set(connection.id, written)
      return written
    },
    async delete(id) {
      rows.delete(id)
    },
    async *list() {
      yield* [...rows.values()]
    },
  }
}
