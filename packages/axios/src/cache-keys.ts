import { randomUUID } from 'node:crypto'
import type { AxiosConfig, AxiosLike } from './axios-like.js'
import { lacksHost } from './final-url.js'
import { isAuthorized, optionsOf, type SendParts, type ZohoRequestOptions } from './request-options.js'

/** Begins what a key gets. No connection id and no product holds `|`, so that two connections never make one key. */
const MARK = '|zoho:'

/** In the place of a connection that is not known yet. No connection id holds it. */
const UNKNOWN = '?'

/** A config as a cache sees it; `id` is its key. */
type KeyedConfig = AxiosConfig & { readonly id?: unknown }

type KeyGenerator = (config: KeyedConfig, ...rest: unknown[]) => string

/** What axios-cache-interceptor adds to an instance, as far as it is used here. */
interface CachingClient {
  generateKey?: unknown
  readonly storage?: { remove(key: string, config: unknown): unknown }
  /** Who is asking for an answer right now; others wait for that one. */
  readonly waiting?: {
    get(key: string): { resolve(): void; reject(error: unknown): void } | undefined
    delete(key: string): unknown
  }
}

/** One request, from its start to its sending. */
interface Begun {
  /** The connection of the surrounding scope, or the only one. */
  surrounding?: string
  /** Whose token the key counts on: `undefined` for nobody's. There only if a key was made. */
  keyed?: { readonly connection: string | undefined }
}

/**
 * Makes the keys of axios-cache-interceptor know the connection, so that nobody gets an answer to somebody else.
 *
 * Its key is made before the URL and the token are decided, and by a function that cannot wait. So whose request it is gets
 * asked when the request begins, in the scope of its caller. Where that is not known in time, the key is one that no other
 * request has. Keys of requests that get no token stay as they are.
 */
export class CacheKeys {
  readonly #client: CachingClient
  readonly #parts: SendParts
  /** By headers: interceptors copy configs, and the copies share them. */
  readonly #begun = new WeakMap<object, Begun>()
  #theirs: unknown
  #ours: unknown

  constructor(client: AxiosLike, parts: SendParts) {
    this.#client = client as CachingClient
    this.#parts = parts
  }

  /** Asks whose request it is. Called before any interceptor, in the scope of the caller; never throws. */
  begin(config: AxiosConfig): void {
    const { generateKey } = this.#client
    if (typeof generateKey !== 'function') return
    if (generateKey !== this.#ours) this.#wrap(generateKey as KeyGenerator)
    if (config.zoho === false || isAuthorized(config)) return
    const begun: Begun = {}
    this.#begun.set(config.headers, begun)
    const { auth, connection = (config.zoho as ZohoRequestOptions | undefined)?.connection } = this.#parts
    if (connection !== undefined) return
    // Where nobody has to be waited for, this is answered before the first interceptor runs: it is the first to ask.
    const known = (id: string): void => {
      begun.surrounding = id
    }
    auth.connectionId().then(known, () => {})
  }

  /** The connection that the key of a request counts on, if the request itself and the install name none. */
  surrounding({ headers }: AxiosConfig): string | undefined {
    const begun = this.#begun.get(headers)
    return begun?.keyed && begun.surrounding
  }

  /**
   * Refuses a request whose connection became another one after its key was made: it would get, or leave behind, an answer
   * to somebody else.
   *
   * @throws TypeError
   */
  assertKeyed(config: AxiosConfig): void {
    const keyed = this.#begun.get(config.headers)?.keyed
    if (keyed === undefined || keyed.connection === UNKNOWN) return
    const connection = this.#whose(config)?.connection
    if (connection === undefined || connection === keyed.connection) return
    throw new TypeError(
      'the connection of this request became another one after its cache key was made: register the interceptor that does so after the cache, so that it runs before it',
    )
  }

  /**
   * Tells those who wait for the same answer that none will come. The cache does so itself after axios' errors only; after
   * others they, and whoever asks later, would wait forever. Never throws.
   */
  async failed(config: KeyedConfig, error: unknown): Promise<void> {
    const { id } = config
    const { isAxiosError, config: named } = (error ?? {}) as { isAxiosError?: unknown; config?: unknown }
    const { storage, waiting } = this.#client
    const waiters = typeof id === 'string' && !(isAxiosError && named) ? waiting?.get(id) : undefined
    if (waiters === undefined) return
    waiting?.delete(id as string)
    try {
      await storage?.remove(id as string, config)
    } catch {
      // The request fails with its own error.
    }
    // The mistake of one caller is nothing to the others: they ask for themselves.
    if (error instanceof TypeError) waiters.resolve()
    else waiters.reject(error)
  }

  /** Gives the client its own key generator back, unless somebody put another one in its place. */
  eject(): void {
    const { generateKey } = this.#client
    if (generateKey !== undefined && generateKey === this.#ours) this.#client.generateKey = this.#theirs
    this.#ours = undefined
  }

  #wrap(theirs: KeyGenerator): void {
    const ours: KeyGenerator = (config, ...rest) =>
      this.#keyOf(config, theirs.call(this.#client, config, ...rest))
    this.#theirs = theirs
    this.#ours = ours
    this.#client.generateKey = ours
  }

  #keyOf(config: KeyedConfig, key: string): string {
    // Ejected; the app may have put its own generator around this one.
    if (this.#ours === undefined) return key
    const begun = this.#begun.get(config.headers)
    const whose = this.#whose(config)
    if (begun !== undefined) begun.keyed = { connection: whose && (whose.connection ?? UNKNOWN) }
    if (whose === undefined) return key
    const { connection = `${UNKNOWN}${randomUUID()}`, product } = whose
    const owner = `${MARK}${connection}${product === undefined ? '' : `|${product}`}`
    // A request that is sent again brings its key along.
    return key.endsWith(owner) ? key : `${key}${owner}`
  }

  /** Whose answer a request asks for, as far as its config tells now; `undefined` if it gets no token. */
  #whose(config: AxiosConfig): ZohoRequestOptions | undefined {
    const options = optionsOf(config, this.#parts, this.#begun.get(config.headers)?.surrounding)
    if (options === undefined || isAuthorized(config)) return undefined
    // Products can have paths in common.
    if (lacksHost(config)) return options
    const url = this.#parts.urls.named(config)
    return url === undefined || !this.#mayBeZohos(url) ? undefined : { connection: options.connection }
  }

  #mayBeZohos(url: URL): boolean {
    try {
      return this.#parts.auth.outgoing().knows(url)
    } catch {
      // The engine is closed, and the request will hear of it.
      return true
    }
  }
}
