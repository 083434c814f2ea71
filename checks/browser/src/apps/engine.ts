import { join } from 'node:path'
import { createZohoAuth, memoryConnectionStore, type ZohoAuth } from '@zoho-auth/core'
import { fileConnectionStore, fileTokenStore } from '@zoho-auth/store-file'
import type { AppSettings } from './app.js'

/** Seals what lies in a folder. */
const KEY = `browser:${Buffer.alloc(32, 'a key of this test').toString('base64')}`

export function engineFor({ clientId, clientSecret, accountsUrl, folder }: AppSettings): ZohoAuth {
  const stores =
    folder === undefined
      ? { connections: memoryConnectionStore() }
      : {
          connections: fileConnectionStore(join(folder, 'connections')),
          tokens: fileTokenStore(join(folder, 'tokens')),
          encryptionKeys: [KEY],
        }
  return createZohoAuth({ clientId, clientSecret, accountsUrl, logger: { warn() {} }, ...stores })
}
