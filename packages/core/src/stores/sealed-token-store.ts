import { ended } from '../words/abortable.js'
import type {
  AbandonOptions,
  BeginRequest,
  GoTurn,
  Quiet,
  RefreshTurn,
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

  async begin(key: string, request: BeginRequest): Promise<RefreshTurn> {
    const turn = await this.#inner.begin(key, request)
    return turn.kind === 'adopt' ? { kind: 'adopt', token: await this.#open(key, turn.token) } : turn
  }

  async commit(key: string, turn: GoTurn, value: string, lifeMs: number): Promise<StoredToken | undefined> {
    const stored = await this.#inner.commit(key, turn, await this.#sealer.seal(recordOf(key), value), lifeMs)
    if (stored === undefined) return undefined
    return stored.generation === turn.generation ? { ...stored, value } : this.#open(key, stored)
  }

  abandon(key: string, turn: GoTurn, options?: AbandonOptions): Promise<void> {
    return this.#inner.abandon(key, turn, options)
  }

  forget(key: string, quiet?: Quiet): Promise<void> {
    return this.#inner.forget(key, quiet)
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
