import type { GuardedTokenStore } from '../stores/guarded-token-store.js'
import type { BudgetPolicy, TokenRecord } from '../stores/ports.js'
import type { Environment } from '../words/connection.js'
import { type DataCenter, isDataCenter } from '../words/data-centers.js'

/** How long a consent may take, from `start` to the callback, in milliseconds (ten minutes). */
const CONSENT_LIFE_MS = 600_000

/** A state is no grant: its leases are not counted, so that nothing of it is left when it is used or too old. */
const UNCOUNTED: BudgetPolicy = Object.freeze({ limit: 10, windowMs: 1 })

/** How long writing may hold its lease, in milliseconds (ten seconds). */
const WRITE_LEASE_MS = 10_000

/** What has to be remembered between `start` and the callback. Holds a secret: the verifier. */
export interface PendingConsent {
  readonly connection: string
  /** Of the client's registration. */
  readonly dataCenter: DataCenter
  readonly redirectUri: string
  readonly scopes: readonly string[]
  /** PKCE's `code_verifier` (RFC 7636 section 4.1). */
  readonly verifier: string
  readonly environment?: Environment | undefined
  readonly label?: string | undefined
}

/**
 * Consents under way, in the token store: sealed there as tokens are, gone after ten minutes by the store's own clock, and
 * known to every process that shares it.
 *
 * The words of a token store are enough for single use: the lease to replace a value is given to one asker, and what is
 * invalidated stays forbidden for as long as a callback could come.
 */
export class PendingConsents {
  readonly #store: GuardedTokenStore

  constructor(store: GuardedTokenStore) {
    this.#store = store
  }

  /** @throws StoreFault */
  async put(state: string, pending: PendingConsent): Promise<void> {
    const key = keyOf(state)
    const holder = globalThis.crypto.randomUUID()
    const request = { holder, minGeneration: 0, leaseMs: WRITE_LEASE_MS, budget: UNCOUNTED }
    const result = await this.#store.acquire(key, request)
    if (result.kind !== 'acquired') throw new Error('a new state is not free')
    await this.#store.commit(key, result.lease, JSON.stringify(pending), CONSENT_LIFE_MS)
  }

  /** What belongs to a state, or `undefined`: never started, too old, or used. @throws StoreFault */
  async get(state: string): Promise<PendingConsent | undefined> {
    const record = await this.#store.inspect(keyOf(state))
    return record && parse(record)
  }

  /**
   * Uses a state up.
   *
   * @returns Whether it was this call that did; of several at once, one.
   * @throws StoreFault
   */
  async take(state: string): Promise<boolean> {
    const key = keyOf(state)
    const token = (await this.#store.inspect(key))?.token
    if (token === undefined) return false
    const holder = globalThis.crypto.randomUUID()
    // Held for as long as the value could live: nobody else gets the lease, even if invalidating it fails.
    const request = { holder, minGeneration: token.generation, leaseMs: CONSENT_LIFE_MS, budget: UNCOUNTED }
    const result = await this.#store.acquire(key, request)
    if (result.kind !== 'acquired') return false
    await this.#store.invalidate(key, { reason: 'revoked', ms: CONSENT_LIFE_MS })
    return true
  }
}

function keyOf(state: string): string {
  return `state:${process.getBuiltinModule('node:crypto').createHash('sha256').update(state).digest('base64url')}`
}

function parse({ token }: TokenRecord): PendingConsent | undefined {
  try {
    const value: unknown = JSON.parse(token?.value ?? '')
    const pending = value as PendingConsent
    return typeof pending.connection === 'string' &&
      isDataCenter(pending.dataCenter) &&
      typeof pending.redirectUri === 'string' &&
      typeof pending.verifier === 'string' &&
      Array.isArray(pending.scopes)
      ? pending
      : undefined
  } catch {
    return undefined
  }
}
