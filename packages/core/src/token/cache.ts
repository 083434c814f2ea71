import { BoundedMap } from '../words/bounded-map.js'
import { drawnPolicy, type ExpiryPolicy, freshness } from '../words/expiry.js'
import { Token, type TokenFields } from '../words/token.js'

/** Most connections whose tokens are kept in memory; beyond it the token refreshed longest ago is dropped. */
const MAX_TOKENS = 100_000

/** A token in this process, with what it knows of it. Small, because there can be very many. */
export interface CachedToken {
  readonly token: Token
  /** The key it is stored under: another key is another grant. */
  readonly key: string
  /** Its whole life when it was made, in milliseconds. */
  readonly lifeMs: number
  /** An API rejected it: only used if nothing better can be had. */
  rejected: boolean
  /** What callers are given, made once. */
  promise: Promise<Token> | undefined
  valuePromise: Promise<string> | undefined
  /** An API has accepted it since: a refusal now is no lag between Zoho's servers. */
  proven: boolean
}

/** A token, and where it came from. */
export interface SourcedToken {
  readonly token: Token
  /** `cache`: it was there already, here or in the store. `refresh`: it was made for this call. */
  readonly from: 'cache' | 'refresh'
}

/**
 * Gate 1, cache: a token that this process already has is handed out without asking anyone, while it is fresh; a stale
 * one too, with a refresh in the background (`words/expiry.ts`).
 *
 * Oldest refresh first out: a refreshed connection moves to the end, and reading moves nothing.
 */
export class TokenCache {
  readonly #tokens = new BoundedMap<string, CachedToken>(MAX_TOKENS)
  readonly #policy: ExpiryPolicy
  /** Most connections have the same domain and scopes: they are kept once. */
  readonly #shared = new Shared()

  /** @param draw This process's own point between 0 and 1 in `refreshJitterMs`. */
  constructor(policy: ExpiryPolicy, draw: number) {
    this.#policy = drawnPolicy(policy, draw)
  }

  get(connection: string): CachedToken | undefined {
    return this.#tokens.get(connection)
  }

  /** A token that may be handed out without a second thought. */
  fresh(connection: string, now: number): CachedToken | undefined {
    const cached = this.#tokens.get(connection)
    return cached !== undefined && !cached.rejected && this.isFresh(cached, now) ? cached : undefined
  }

  /** A token that can be handed out if need be: not the one that the caller was refused with. */
  usable(connection: string, rejectedToken: string | undefined, now: number): CachedToken | undefined {
    const cached = this.#tokens.get(connection)
    return cached && cached.token.value !== rejectedToken && this.isUsable(cached, now) ? cached : undefined
  }

  /** Whether there is another usable token, which no API has rejected. */
  hasOther(connection: string, rejectedToken: string, now: number): boolean {
    const cached = this.usable(connection, rejectedToken, now)
    return cached !== undefined && !cached.rejected
  }

  isFresh({ token, lifeMs }: CachedToken, now: number): boolean {
    return freshness(token.expiresAt, lifeMs, now, this.#policy) === 'fresh'
  }

  isUsable({ token, lifeMs }: CachedToken, now: number): boolean {
    return freshness(token.expiresAt, lifeMs, now, this.#policy) !== 'expired'
  }

  /**
   * Takes a token in. One that is here already keeps what is known of it.
   *
   * @param lifeMs Whole life of the token when it was made, in milliseconds.
   */
  put(connection: string, key: string, fields: TokenFields, lifeMs: number): CachedToken {
    const before = this.#tokens.get(connection)
    const same = before?.token.value === fields.value
    const apiDomain = this.#shared.text(fields.apiDomain)
    const expiresAt = Math.floor(fields.expiresAt)
    const token = new Token({ ...fields, expiresAt, apiDomain, scopes: this.#shared.list(fields.scopes) })
    const rejected = same && before.rejected
    const cached: CachedToken = {
      token,
      key,
      lifeMs,
      rejected,
      promise: undefined,
      valuePromise: undefined,
      proven: same && before.proven,
    }
    this.#tokens.delete(connection)
    this.#tokens.set(connection, cached)
    return cached
  }

  /** An API accepted this token. */
  accept(connection: string, value: string): void {
    const cached = this.#tokens.get(connection)
    if (cached && !cached.proven && cached.token.value === value) cached.proven = true
  }

  /** An API rejected this token: whoever asks next waits for a better one. */
  reject(connection: string, value: string): void {
    const cached = this.#tokens.get(connection)
    if (cached?.token.value === value) cached.rejected = true
  }

  /** When a token was made, in milliseconds since the epoch, if it is this one that is here. */
  madeAt(connection: string, value: string): number | undefined {
    const cached = this.#tokens.get(connection)
    return cached?.token.value === value ? cached.token.expiresAt - cached.lifeMs : undefined
  }

  drop(connection: string): void {
    this.#tokens.delete(connection)
  }

  clear(): void {
    this.#tokens.clear()
  }
}

/** Most different texts and lists that are kept once; beyond it each keeps its own. */
const MAX_SHARED = 1_000

/** Equal texts and lists become the same ones. */
class Shared {
  readonly #texts = new Map<string, string>()
  readonly #lists = new Map<string, readonly string[]>()

  text(text: string): string {
    const known = this.#texts.get(text)
    if (known === undefined && this.#texts.size < MAX_SHARED) this.#texts.set(text, text)
    return known ?? text
  }

  list(list: readonly string[]): readonly string[] {
    const text = list.join(' ')
    const known = this.#lists.get(text)
    if (known === undefined && this.#lists.size < MAX_SHARED) this.#lists.set(text, list)
    return known ?? list
  }
}
