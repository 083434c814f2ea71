import type { Connection } from '../words/connection.js'
import { isZohoAuthError, ZohoAuthError } from '../words/errors.js'
import type { ConnectionStore, PutOptions } from './ports.js'
import { createSealer, parseKey, type Sealer } from './sealer.js'

/** Times the resealing of one connection is tried against others who write it. */
const MOST_CONFLICTS = 5

/** What {@link sealedConnectionStore} takes. */
export interface SealOptions {
  /** `id:base64` of 32 bytes each; the first seals, all open. */
  readonly encryptionKeys: readonly string[]
  /** Accept refresh tokens that are stored in the clear, while an app moves to keys. Default `false`. */
  readonly plaintext?: boolean
}

/** A store that seals refresh tokens on their way in. */
export class SealedConnectionStore implements ConnectionStore {
  readonly #inner: ConnectionStore
  readonly #sealer: Sealer
  readonly #plaintext: boolean

  constructor(inner: ConnectionStore, sealer: Sealer, plaintext: boolean) {
    this.#inner = inner
    this.#sealer = sealer
    this.#plaintext = plaintext
  }

  async get(id: string): Promise<Connection | undefined> {
    const sealed = await this.#inner.get(id)
    return sealed && this.#open(sealed)
  }

  async put(connection: Connection, options?: PutOptions): Promise<Connection> {
    const { refreshToken, id } = connection
    const sealed = refreshToken === '' ? '' : await this.#sealer.seal(recordOf(id), refreshToken)
    return { ...(await this.#inner.put({ ...connection, refreshToken: sealed }, options)), refreshToken }
  }

  delete(id: string): Promise<void> {
    return this.#inner.delete(id)
  }

  async *list(): AsyncIterable<Connection> {
    for await (const sealed of this.#inner.list()) yield await this.#open(sealed)
  }

  async close(): Promise<void> {
    await this.#inner.close?.()
  }

  /** Ids of all connections, without opening any. */
  async *ids(): AsyncIterable<string> {
    for await (const { id } of this.#inner.list()) yield id
  }

  /**
   * Seals one connection with the first key, unless it is so already.
   *
   * @returns Whether it was written.
   */
  async reseal(id: string): Promise<boolean> {
    for (let attempt = 1; ; attempt++) {
      const stored = await this.#inner.get(id)
      if (stored === undefined || stored.refreshToken === '' || this.#sealer.isCurrent(stored.refreshToken))
        return false
      const { refreshToken } = await this.#open(stored)
      try {
        await this.put({ ...stored, refreshToken }, { ifVersion: stored.version })
        return true
      } catch (error) {
        const conflict = isZohoAuthError(error) && error.code === 'ERR_ZOHO_CONFLICT'
        if (!conflict || attempt >= MOST_CONFLICTS) throw error
      }
    }
  }

  async #open(stored: Connection): Promise<Connection> {
    const { id, refreshToken } = stored
    if (refreshToken === '') return stored
    if (this.#sealer.isSealed(refreshToken))
      return { ...stored, refreshToken: await this.#sealer.open(recordOf(id), refreshToken) }
    if (this.#plaintext) return stored
    throw new ZohoAuthError('ERR_ZOHO_STORE', {
      connection: id,
      action: `The refresh token of connection "${id}" is stored in the clear. Write it through sealedConnectionStore(), or allow it with plaintext: true and call rotateKeys().`,
    })
  }
}

/**
 * Seals the refresh tokens that a store keeps. An engine does this by itself for a store that says `durable: true`; an app
 * that writes connections on its own writes them through this.
 *
 * @throws TypeError for keys that are none.
 */
export function sealedConnectionStore(store: ConnectionStore, options: SealOptions): ConnectionStore {
  const { encryptionKeys, plaintext = false } = options
  if (encryptionKeys.length === 0 || encryptionKeys.some((key) => parseKey(key) === undefined))
    throw new TypeError('encryptionKeys must be a list of "id:base64" of 32 bytes each')
  return new SealedConnectionStore(store, createSealer(encryptionKeys), plaintext)
}

const recordOf = (id: string): string => `connection ${id}`
