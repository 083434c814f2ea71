import { randomBytes } from 'node:crypto'
import { memoryConnectionStore, type ZohoAuthOptions } from '@zoho-auth/core'
import type { OpenedStores } from '@zoho-auth/core/store'
import type { Context } from '../context.js'
import { usage } from '../failure.js'
import { locationOf, openLocation, type StoreLocation } from '../location.js'
import { tryStore } from '../scratch.js'
import { holdsConnections } from '../session.js'
import { variable } from '../variables.js'

/** Id of the first key of a ring. */
const FIRST_KEY = 'k1'

/** Length of a key in bytes: AES-256. */
const KEY_BYTES = 32

/** Where a new connection is put, and what an app needs to find it there. */
export interface Target {
  /** For `createZohoAuth`. */
  readonly options: ZohoAuthOptions
  /** Where it is, for people; `undefined`: nowhere. */
  readonly name: string | undefined
  /** Variables that the app needs and that are not set yet. */
  readonly env: Readonly<Record<string, string>>
  /** Tries whether it can be written. @throws ZohoAuthError `ERR_ZOHO_STORE` */
  tried(): Promise<void>
  close(): Promise<void>
}

/** Nothing is kept; the lines for `.env` are all there is. */
export function printedTarget(): Target {
  return {
    options: { connections: memoryConnectionStore() },
    name: undefined,
    env: {},
    async tried() {},
    async close() {},
  }
}

/**
 * The store of `ZOHO_AUTH_STORE`, by default a folder. A key is made if there is none; but never for a store that holds
 * connections already, which somebody sealed with another.
 *
 * @throws ZohoAuthError `ERR_ZOHO_CONFIG`, `ERR_ZOHO_STORE`
 */
export async function storedTarget({ screen }: Context): Promise<Target> {
  const location = locationOf()
  const stores = await openLocation(location)
  if (stores === undefined) throw noStore()
  if (location.single)
    screen.warn(
      'ZOHO_REFRESH_TOKEN is set: an app uses it, and not the store. Unset it to use the new connection.',
    )
  const keys = variable('ZOHO_AUTH_KEYS')
  const made = keys === undefined ? await newKey(stores, location) : undefined
  return {
    options: {
      connections: stores.connections,
      ...(made === undefined ? {} : { encryptionKeys: [made] }),
    },
    name: location.name,
    env: {
      ...(location.named ? {} : { ZOHO_AUTH_STORE: location.url ?? '' }),
      ...(made === undefined ? {} : { ZOHO_AUTH_KEYS: made }),
    },
    tried: () => tryStore(stores.connections),
    close: () => stores.close(),
  }
}

function noStore(): Error {
  return usage(
    'there is no store to put a connection into',
    'Set ZOHO_AUTH_STORE (file:./.zoho-auth, redis://…, postgres://…), or print the lines for .env with --print-env.',
  )
}

async function newKey(stores: OpenedStores, { name }: StoreLocation): Promise<string> {
  if (await holdsConnections(stores.connections))
    throw usage(
      `${name} holds connections already, and ZOHO_AUTH_KEYS is not set`,
      'Set ZOHO_AUTH_KEYS to the keys that seal this store: a new one could not open it.',
    )
  return `${FIRST_KEY}:${randomBytes(KEY_BYTES).toString('base64')}`
}
