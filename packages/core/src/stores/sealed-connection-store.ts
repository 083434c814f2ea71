import { type Connection, hasGrant, type ReplacedGrant } from '../words/connection.js'
import { isZohoAuthError, ZohoAuthError } from '../words/errors.js'
import type { ConnectionStore, PutOptions } from './ports.js'
import { altered, createSealer, parseKey, type Sealer } from './sealer.js'

/** Times the resealing of one connection is tried against others who write it. */
const MAX_CONFLICTS = 5

/** What {@link sealedConnectionStore} takes. */
export interface SealOptions {
  /** `id:base64` of 32 bytes each; the first seals, all open. */
  readonly encryptionKeys: readonly string[]
  /** Accept refresh tokens that are stored in the clear, while an app moves to keys. Default `false`. */
  readonly plaintext?: boolean
}

/**
 * A store that seals refresh tokens on their way in, and with each of them what it is good for: {@link factsOf}. Who can
 * write rows and has no key cannot lead a connection to another data centre, organisation or user, nor undo that it was
 * revoked. A connection with `soid` has no refresh token: its `soid` is sealed. `label`, `version` and times are not bound. What cannot be seen: that a whole row was put back as it was once, or is missing.
 *
 * A refresh token that was sealed before facts were opens with whatever its row says, so that nobody has to reconnect; it
 * never opens as `soid`. `put` and `rotateKeys` bind it.
 */
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
    const seal: Change = ({ text, facts }) => this.#sealer.seal(record, text, facts)
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
      if (stored === undefined || (await this.#isCurrent(stored))) return false
      try {
        await this.put(await this.#open(stored), { ifVersion: stored.version })
        return true
      } catch (error) {
        const conflict = isZohoAuthError(error) && error.code === 'ERR_ZOHO_CONFLICT'
        if (!conflict || attempt >= MAX_CONFLICTS) throw error
      }
    }
  }

  /** Whether each secret is sealed with the first key, and bound. */
  async #isCurrent(stored: Connection): Promise<boolean> {
    let current = true
    await eachSecret(stored, ({ text }) => {
      current &&= this.#sealer.isCurrent(text) && this.#sealer.isBound(text)
      return text
    })
    return current
  }

  #open(stored: Connection): Promise<Connection> {
    const record = recordOf(stored.id)
    if (!hasGrant(stored)) throw altered(record)
    return eachSecret(stored, async ({ text, facts }) => {
      if (this.#sealer.isSealed(text)) {
        const opened = await this.#sealer.open(record, text, facts)
        if (stored.soid !== undefined && !this.#sealer.isBound(text)) throw altered(record)
        return opened
      }
      if (this.#plaintext) return text
      throw new ZohoAuthError('ERR_ZOHO_STORE', {
        connection: stored.id,
        action: `The grant of connection "${stored.id}" is stored in the clear. Write it through sealedConnectionStore(), or allow it with plaintext: true and call rotateKeys().`,
      })
    })
  }
}

/** What is sealed, and the facts it is bound to. */
interface Secret {
  readonly text: string
  readonly facts: string
}

type Change = (secret: Secret) => string | Promise<string>

/** A connection with each of its secrets changed: what its tokens are made from, and the grants that it replaced. */
async function eachSecret(connection: Connection, change: Change): Promise<Connection> {
  const facts = factsOf(connection)
  const { replaced } = connection
  let changed = connection
  if (changed.refreshToken !== undefined)
    changed = { ...changed, refreshToken: await change({ text: changed.refreshToken, facts }) }
  if (changed.soid !== undefined) changed = { ...changed, soid: await change({ text: changed.soid, facts }) }
  if (replaced === undefined) return changed
  const grants = replaced.map(async (grant) => ({
    ...grant,
    refreshToken: await change({ text: grant.refreshToken, facts: factsOf(grant) }),
  }))
  return { ...changed, replaced: await Promise.all(grants) }
}

/**
 * What decides where a grant is sent, for whom, and whether it is used. A replaced grant is never good as the own one, nor a
 * refresh token as `soid`.
 */
function factsOf(grant: Connection | ReplacedGrant): string {
  const { dataCenter, scopes = null, userId = null } = grant
  if ('revokeAt' in grant) return JSON.stringify(['replaced', dataCenter, scopes, userId, grant.revokeAt])
  const { environment = null, state, soid } = grant
  const kind = soid === undefined ? 'own' : 'soid'
  return JSON.stringify([kind, dataCenter, scopes, userId, environment, state, null])
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
