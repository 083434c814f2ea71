import type { Cooldown } from '../words/cooldown.js'
import { ended } from '../words/waits.js'
import type {
  AcquireRequest,
  AcquireResult,
  RefreshLease,
  ReleaseOptions,
  StoredToken,
  TokenRecord,
  TokenStore,
} from './ports.js'
import type { Sealer } from './sealer.js'

/** What a value that does not open is handed on as: nobody's payload, so that it counts as refused. */
const UNREADABLE = ''

/** A store that seals tokens on their way in. One that does not open counts as refused: it costs a refresh, nothing else. */
export class SealedTokenStore implements TokenStore {
  readonly #inner: TokenStore
  readonly #sealer: Sealer

  constructor(inner: TokenStore, sealer: Sealer) {
    this.#inner = inner
    this.#sealer = sealer
  }

  async ready(): Promise<void> {
    await this.#inner.ready?.()
  }

  async acquire(key: string, request: AcquireRequest): Promise<AcquireResult> {
    const result = await this.#inner.acquire(key, request)
    return result.kind === 'hit' ? { kind: 'hit', token: await this.#open(key, result.token) } : result
  }

  async commit(
    key: string,
    lease: RefreshLease,
    value: string,
    lifeMs: number,
  ): Promise<StoredToken | undefined> {
    const stored = await this.#inner.commit(key, lease, await this.#sealer.seal(recordOf(key), value), lifeMs)
    if (stored === undefined) return undefined
    return stored.generation === lease.generation ? { ...stored, value } : this.#open(key, stored)
  }

  release(key: string, lease: RefreshLease, options?: ReleaseOptions): Promise<void> {
    return this.#inner.release(key, lease, options)
  }

  invalidate(key: string, cooldown?: Cooldown): Promise<void> {
    return this.#inner.invalidate(key, cooldown)
  }

  changed(key: string, signal: AbortSignal): Promise<void> {
    return this.#inner.changed?.(key, signal) ?? ended(signal)
  }

  async inspect(key: string): Promise<TokenRecord | undefined> {
    const record = await this.#inner.inspect(key)
    return record?.token ? { ...record, token: await this.#open(key, record.token) } : record
  }

  async close(): Promise<void> {
    await this.#inner.close?.()
  }

  async #open(key: string, token: StoredToken): Promise<StoredToken> {
    const value = await this.#sealer.open(recordOf(key), token.value).catch(() => UNREADABLE)
    return { ...token, value }
  }
}

const recordOf = (key: string): string => `token ${key}`
