import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { OpenStores } from '@zoho-auth/core/store'
import { fileConnectionStore } from './file-connection-store.js'
import { fileTokenStore } from './file-token-store.js'

/**
 * Both stores of one folder, as `ZOHO_AUTH_STORE` names it: `file:./.zoho-auth`, relative to the working directory, or
 * `file:///var/lib/app/zoho`. Touches no file.
 *
 * @throws Error for a URL that names no folder of this machine.
 */
export const openStores: OpenStores = (url) => {
  const folder = folderOfUrl(url)
  return {
    tokens: fileTokenStore(folder),
    connections: fileConnectionStore(folder),
    async close() {
      // Nothing stays open between two calls.
    },
  }
}

function folderOfUrl(url: string): string {
  const path = /^file:([^?#]+)$/i.exec(url)?.[1]
  if (path !== undefined && path !== '//') {
    try {
      return path.startsWith('//') ? fileURLToPath(url) : resolve(decodeURIComponent(path))
    } catch (cause) {
      throw new Error(`${url} ${WANTED}`, { cause })
    }
  }
  throw new Error(`${url} ${WANTED}`)
}

const WANTED =
  'does not name a folder of this machine: write file:./folder, or file:///folder for an absolute path'
