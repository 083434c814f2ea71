import { type Connection, ZohoAuthError } from '@zoho-auth/core'
import { isDataCenter } from '@zoho-auth/core/adapter'
import { type ConnectionStore, hasGrant, type PutOptions } from '@zoho-auth/core/store'
import { folderOf } from './options.js'
import { type Codec, RecordFolder } from './record-folder.js'

/**
 * Keeps connections in a folder, for all processes of one machine. What `put` returns is on the disk.
 *
 * `list` gives every readable connection, and then throws for those that are not. Not for network file systems.
 *
 * @param folder Made with mode 0700 if it is missing. Relative to the working directory. May be that of a
 *   `fileTokenStore` too.
 * @throws TypeError for what cannot be a folder.
 */
export function fileConnectionStore(folder: string): ConnectionStore {
  const records = new RecordFolder(folderOf(folder), 'connections', connectionCodec)
  return {
    durable: true,
    get: (id) => records.read(id),
    put: (connection: Connection, { ifVersion }: PutOptions = {}) => {
      // A copy, because the caller's object may change while the lock is waited for.
      const copy = { ...connection }
      return records.change(copy.id, (stored) => {
        const version = stored?.version ?? 0
        if (ifVersion !== undefined && ifVersion !== version)
          throw new ZohoAuthError('ERR_ZOHO_CONFLICT', { connection: copy.id })
        const write = { ...copy, version: version + 1 }
        return { answer: write, write }
      })
    },
    delete: (id) => records.change(id, (stored) => ({ answer: undefined, remove: stored !== undefined })),
    list: () => records.list(),
  }
}

const connectionCodec: Codec<Connection> = {
  encode: (connection) => ({ connection }),
  decode({ connection }, id) {
    const found = connection as Partial<Connection> | null | undefined
    const good =
      typeof found === 'object' &&
      found !== null &&
      found.id === id &&
      hasGrant(found) &&
      isDataCenter(found.dataCenter) &&
      typeof found.state === 'string' &&
      Number.isSafeInteger(found.version)
    return good ? (found as Connection) : undefined
  },
}
