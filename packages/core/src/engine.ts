import type { ZohoAuthOptions } from './config/options.js'
import { CLOSE_GRACE_MS, readSettings, type Settings } from './config/settings.js'
import { warnOfFleet, warnOfTwins } from './config/warnings.js'
import { Consent } from './connections/consent.js'
import { revokeConnection, revokeToken } from './connections/revoke.js'
import { revokeAll } from './connections/revoke-all.js'
import { rotateKeys } from './connections/rotate-keys.js'
import { statusOf } from './connections/status.js'
import { Handle } from './handle.js'
import { apiUrl, dataCenterOf } from './request/api-url.js'
import { fetchWithToken } from './request/fetch.js'
import { hostDenied, OutgoingRequest } from './request/outgoing.js'
import { createRuntime, type Runtime } from './runtime.js'
import type { CachedToken } from './token/cache.js'
import { TokenSource } from './token/source.js'
import { warm } from './token/warm.js'
import { ambientRef, connectionAtHand, refOf, surroundingRef, whichConnection } from './token/which.js'
import type { ZohoConsent } from './words/consent.js'
import { configError, describeFault, ZohoAuthError } from './words/errors.js'
import type { ZohoAuthEventName, ZohoAuthListener } from './words/events.js'
import type { Product } from './words/products.js'
import type { Token } from './words/token.js'
import { raceSignal } from './words/waits.js'
import {
  type ConnectionResolver,
  type ConnectionStatus,
  isZohoAuth,
  type OutgoingOptions,
  type PeekOptions,
  type RevokeAllOptions,
  type RevokeOptions,
  type RevokeReport,
  type RotateOptions,
  type RotateReport,
  type TokenOptions,
  type WarmOptions,
  type WarmReport,
  ZohoAuth,
  type ZohoFetchOptions,
  type ZohoHandle,
} from './zoho-auth.js'

/** What a consent under way may still need when the engine is closed: an exchange, a look at the store, a write, a revocation. */
const CLOSE_STEPS = 4

/**
 * Makes an engine. Sends nothing and starts nothing.
 *
 * @param options What is left out comes from `ZOHO_*` variables.
 * @throws ZohoAuthError `ERR_ZOHO_CONFIG`, one for all faults.
 */
export function createZohoAuth(options: ZohoAuthOptions = {}): ZohoAuth {
  return new Engine(readSettings(options, process.env))
}

const DEFAULT: unique symbol = Symbol.for('zoho-auth.default') as never

/**
 * The engine that adapters share when they are given none: one per process, made from `ZOHO_*` variables at first use,
 * also across copies of this package. `close()` clears it, and the next call makes another.
 *
 * @param make Called if there is none yet. Default: `createZohoAuth` without options.
 * @throws ZohoAuthError `ERR_ZOHO_CONFIG`
 */
export function defaultZohoAuth(make: () => ZohoAuth = createZohoAuth): ZohoAuth {
  const holder = globalThis as { [DEFAULT]?: ZohoAuth | undefined }
  const current = holder[DEFAULT]
  if (current !== undefined) return current
  const auth = make()
  const close = auth.close.bind(auth)
  auth.close = () => {
    if (holder[DEFAULT] === auth) holder[DEFAULT] = undefined
    return close()
  }
  holder[DEFAULT] = auth
  return auth
}

const NO_OPTIONS: TokenOptions = Object.freeze({})

class Engine extends ZohoAuth {
  override readonly ambient: boolean
  override readonly consent: ZohoConsent
  readonly #runtime: Runtime
  readonly #source: TokenSource
  readonly #stopping = new AbortController()
  readonly #closing = new AbortController()
  readonly #untwin: () => void
  #closed: Promise<void> | undefined

  constructor(settings: Settings) {
    super()
    this.#runtime = createRuntime(settings, this.#stopping.signal, this.#closing.signal)
    this.#source = new TokenSource(this.#runtime)
    this.ambient = settings.ambient
    this.consent = new Consent(this.#runtime)
    const { store, clientId, single, logger } = this.#runtime
    if (store.inProcess) warnOfFleet(logger)
    this.#untwin =
      single && store.inProcess ? warnOfTwins(`${clientId} ${single.refreshToken}`, logger) : () => {}
  }

  override getToken(options?: TokenOptions): Promise<Token> {
    const cached = this.#fresh(options)
    if (cached !== undefined) {
      cached.promise ??= Promise.resolve(cached.token)
      return cached.promise
    }
    return this.#getToken(options)
  }

  override getAccessToken(options?: TokenOptions): Promise<string> {
    const cached = this.#fresh(options)
    if (cached !== undefined) {
      cached.valuePromise ??= Promise.resolve(cached.token.value)
      return cached.valuePromise
    }
    return this.#getToken(options).then(({ value }) => value)
  }

  override peekToken(options?: PeekOptions): Token | undefined {
    return this.#fresh(options)?.token
  }

  /** The ordinary call: it is known whose, and there is a fresh token. */
  #fresh(options: TokenOptions | undefined): CachedToken | undefined {
    const { cache, clock } = this.#runtime
    const id = options?.connection ?? connectionAtHand(this.#runtime)
    const cached = id === undefined ? undefined : cache.fresh(id, clock.now())
    const { rejectedToken } = options ?? NO_OPTIONS
    return rejectedToken !== undefined && rejectedToken === cached?.token.value ? undefined : cached
  }

  #getToken(options: TokenOptions | undefined): Promise<Token> {
    try {
      const id = this.#which(options?.connection)
      if (typeof id === 'string') return this.#ask(id, options)
      return raceSignal(id, options?.signal).then((found) => this.#ask(found, options))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** Callers who wish nothing special share one promise. */
  #ask(id: string, { rejectedToken, signal }: TokenOptions = NO_OPTIONS): Promise<Token> {
    this.#runtime.stopping.throwIfAborted()
    return rejectedToken === undefined && signal === undefined
      ? this.#source.token(id)
      : this.#source.other(id, { rejectedToken, signal })
  }

  override async fetch(input: string | URL | Request, init?: ZohoFetchOptions | null): Promise<Response> {
    const { connection, product } = init ?? {}
    return fetchWithToken(this.#runtime.fetch, input, init, (signal) =>
      this.outgoing({ connection, product, signal }),
    )
  }

  override async authorize(
    url: string | URL,
    options: TokenOptions = {},
  ): Promise<{ Authorization: string }> {
    if (!URL.canParse(url as string)) throw new TypeError('authorize needs an absolute URL')
    const { clock, hosts, maxWaitMs, scheme, stopping } = this.#runtime
    stopping.throwIfAborted()
    const target = new URL(url)
    if (!hosts.knows(target)) throw hostDenied(target, hosts)
    const id = await this.#which(options.connection)
    const until = clock.now() + maxWaitMs
    const dataCenter = await dataCenterOf(this.#runtime, id)
    if (!hosts.allows(target, dataCenter)) throw hostDenied(target, hosts, id, dataCenter)
    const token = await this.#source.other(id, { ...options, until })
    return { Authorization: `${scheme} ${token.value}` }
  }

  override async apiUrl(product: Product, connection?: string): Promise<URL> {
    return apiUrl(this.#runtime, this.#source, await this.#which(connection), product)
  }

  override withConnection<T>(connection: string | ConnectionResolver, fn: () => T): T {
    if (!this.ambient)
      throw new ZohoAuthError('ERR_ZOHO_CONFIG', {
        message:
          'withConnection is off (ambient: false): name the connection in the call, or use forConnection',
      })
    return this.#runtime.scope.run(refOf(connection), fn)
  }

  /** An `undefined` that is passed is a caller who does not know whose it is: never the surrounding one. */
  override forConnection(...named: [] | [connection: string | ConnectionResolver]): ZohoHandle {
    const ref = named.length === 0 ? ambientRef(this.#runtime) : refOf(named[0])
    return new Handle(this, this.#runtime, this.#source, ref)
  }

  override async connectionId(): Promise<string> {
    return this.#which(undefined)
  }

  override outgoing(options: OutgoingOptions = {}): OutgoingRequest {
    const ref = surroundingRef(this.#runtime)
    const which = () => whichConnection(this.#runtime, options.connection, ref)
    return new OutgoingRequest(this.#runtime, this.#source, which, options)
  }

  override async revoke({ connection, token }: RevokeOptions = {}): Promise<void> {
    const id = await this.#which(connection)
    return this.#during(() =>
      token === undefined ? revokeConnection(id, this.#runtime) : revokeToken(id, token, this.#runtime),
    )
  }

  override async revokeAll(options: RevokeAllOptions): Promise<RevokeReport> {
    return this.#during(() => revokeAll(options, this.#runtime))
  }

  override async warm(
    ids: Iterable<string> | AsyncIterable<string>,
    options?: WarmOptions,
  ): Promise<WarmReport> {
    this.#runtime.stopping.throwIfAborted()
    return warm(ids, options, this, this.#runtime)
  }

  override async status(connection?: string): Promise<ConnectionStatus> {
    return statusOf(await this.#which(connection), this.#runtime)
  }

  override on<Name extends ZohoAuthEventName>(name: Name, listener: ZohoAuthListener<Name>): () => void {
    return this.#runtime.events.on(name, listener)
  }

  override async rotateKeys(options: RotateOptions = {}): Promise<RotateReport> {
    return this.#during(() => rotateKeys(options, this.#runtime))
  }

  override close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    const { background, cache, events, logger, opened, scope, secrets, timeoutMs } = this.#runtime
    this.#stopping.abort(closedError())
    await this.#ended(CLOSE_GRACE_MS, [this.#source.settled(), background.settled()])
    // A grant that Zoho has made must end in the store, or be revoked: each of these steps has its own limit.
    await this.#ended(CLOSE_STEPS * timeoutMs, [background.settled()])
    this.#closing.abort(closedError())
    this.#untwin()
    await opened?.close().catch((error: unknown) => {
      logger.warn(`closing the store failed: ${describeFault(error, secrets.mask).message}`)
    })
    cache.clear()
    events.clear()
    scope.close()
  }

  /** Waits for work, for so many milliseconds at most. */
  async #ended(ms: number, work: readonly Promise<unknown>[]): Promise<void> {
    const ended = new AbortController()
    const late = this.#runtime.clock.sleep(ms, ended.signal).catch(() => {})
    await Promise.race([Promise.all(work), late])
    ended.abort()
  }

  #which(connection: string | undefined): string | Promise<string> {
    return whichConnection(this.#runtime, connection)
  }

  /** A call that goes on to its end if its caller leaves. */
  async #during<T>(work: () => Promise<T>): Promise<T> {
    const { background, failures, stopping } = this.#runtime
    stopping.throwIfAborted()
    return failures.watch(background.during(work))
  }
}

function closedError(): ZohoAuthError {
  return new ZohoAuthError('ERR_ZOHO_CONFIG', {
    message: 'this ZohoAuth is closed',
    action: 'Make a new one.',
  })
}

/** The engine that an adapter works with. */
export interface AdapterEngine {
  readonly auth: ZohoAuth
  /** Whether it was made here, from options, and so is the adapter's to close. */
  readonly own: boolean
}

/**
 * The engine of an adapter: the one given as `auth`, else one of its own if there are options, else the one that the
 * process shares.
 *
 * @param faults What the adapter itself found wrong, so that one error lists all.
 * @param make Makes an engine; without options for the shared one. Default: `createZohoAuth`.
 * @throws ZohoAuthError `ERR_ZOHO_CONFIG`, one for all faults.
 */
export function engineFrom(
  { auth, ...options }: ZohoAuthOptions & { readonly auth?: ZohoAuth | undefined },
  faults: readonly string[] = [],
  make: (options?: ZohoAuthOptions) => ZohoAuth = createZohoAuth,
): AdapterEngine {
  const given = Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : [name]))
  const own = auth === undefined && given.length > 0
  const all: string[] = []
  if (auth !== undefined && !isZohoAuth(auth)) all.push('auth must be an engine made by createZohoAuth')
  if (auth !== undefined && given.length > 0)
    all.push(`auth has options of its own: pass ${given.join(', ')} to it instead`)
  all.push(...faults)
  let engine = auth
  try {
    engine ??= own ? make(options) : defaultZohoAuth(make)
  } catch (error) {
    const { faults: found } = error as Partial<ZohoAuthError>
    if (found === undefined) throw error
    all.push(...found)
  }
  if (engine !== undefined && all.length === 0) return { auth: engine, own }
  if (own) void engine?.close()
  throw configError(all)
}
