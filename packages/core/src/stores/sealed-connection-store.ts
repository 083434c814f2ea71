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

  async ready(): Promise<void> {
    await this.#inner.ready?.()
  }

  async get(id: string): Promise<Connection | undefined> {
    const sealed = await this.#inner.get(id)
    return sealed && this.#open(sealed)
  }

  async put(connection: Connection, options?: PutOptions): Promise<Connection> {
    const record = recordOf(connection.id)
    const seal = (text: string) => (text === '' ? '' : this.#sealer.seal(record, text))
    const written = await this.#inner.put(await eachSecret(connection, seal), options)
    return { ...connection, version: written.version }
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

  /** All connections with their secrets sealed: enough to count and to choose by. */
  unopened(): AsyncIterable<Connection> {
    return this.#inner.list()
  }

  /**
   * Seals one connection with the first key, unless it is so already.
   *
   * @returns Whether it was written.
   */
  async reseal(id: string): Promise<boolean> {
    for (let attempt = 1; ; attempt++) {
      const stored = await this.#inner.get(id)
      if (stored === undefined || secretsOf(stored).every((text) => this.#sealer.isCurrent(text)))
        return false
      try {
        await this.put(await this.#open(stored), { ifVersion: stored.version })
        return true
      } catch (error) {
        const conflict = isZohoAuthError(error) && error.code === 'ERR_ZOHO_CONFLICT'
        if (!conflict || attempt >= MOST_CONFLICTS) throw error
      }
    }
  }

  #open(stored: Connection): Promise<Connection> {
    const { id } = stored
    return eachSecret(stored, (text) => {
      if (text === '') return text
      if (this.#sealer.isSealed(text)) return this.#sealer.open(recordOf(id), text)
      if (this.#plaintext) return text
      throw new ZohoAuthError('ERR_ZOHO_STORE', {
        connection: id,
        action: `The refresh token of connection "${id}" is stored in the clear. Write it through sealedConnectionStore(), or allow it with plaintext: true and call rotateKeys().`,
      })
    })
  }
}

/** A connection with each of its secrets changed: its grant, and those that it replaced. */
async function eachSecret(
  connection: Connection,
  change: (text: string) => string | Promise<string>,
): Promise<Connection> {
  const refreshToken = await change(connection.refreshToken)
  if (connection.replaced === undefined) return { ...connection, refreshToken }
  const replaced = await Promise.all(
    connection.replaced.map(async (grant) => ({ ...grant, refreshToken: await change(grant.refreshToken) })),
  )
  return { ...connection, refreshToken, replaced }
}

const secretsOf = ({ refreshToken, replaced = [] }: Connection): readonly string[] =>
  [refreshToken, ...replaced.map((grant) => grant.refreshToken)].filter((text) => text !== '')

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
