import { Background } from './background.js'
import type { ZohoAuthOptions } from './config/options.js'
import { DEFAULT_INSTANCES, readSettings, type Settings } from './config/settings.js'
import { lazyConsent } from './consent/lazy-consent.js'
import { FailureLog } from './failure-log.js'
import { fetchWithToken } from './fetch.js'
import type { AccountsServer } from './gates/accounts-server.js'
import type { Grants } from './gates/grant.js'
import { RequestLimit } from './gates/request-limit.js'
import type { GrantParts } from './grant-parts.js'
import { DEFAULT_CONNECTION, grantsOf } from './grants-of.js'
import { Handle, type HandleTarget } from './handle.js'
import { LastErrors } from './last-errors.js'
import { hostDenied, OutgoingRequest } from './outgoing.js'
import { Refusals } from './refusals.js'
import { type HostPolicy, hostPolicy } from './rules/hosts.js'
import { statusOf } from './status-of.js'
import { GuardedTokenStore } from './stores/guarded-token-store.js'
import { isMemoryTokenStore, memoryTokenStore } from './stores/memory-token-store.js'
import { SealedTokenStore } from './stores/sealed-token-store.js'
import { type GetOptions, TokenProvider } from './token-provider.js'
import { warnOfFleet, warnOfTwins } from './warnings.js'
import { abortable, unlimitedListeners } from './words/abortable.js'
import { type Connection, isConnectionId } from './words/connection.js'
import type { DataCenter } from './words/data-centers.js'
import { describeFault, ZohoAuthError } from './words/errors.js'
import { Events, type ZohoAuthEventName, type ZohoAuthListener } from './words/events.js'
import { assertProduct, type Product, productOrigin } from './words/products.js'
import { Choice, Scope } from './words/scope.js'
import { Secrets } from './words/secrets.js'
import type { Token } from './words/token.js'
import {
  type ConnectionResolver,
  type ConnectionStatus,
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
import type { ZohoConsent } from './zoho-consent.js'

/** How long `close` lets work under way finish, in milliseconds (five seconds). */
export const CLOSE_GRACE_MS = 5_000

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

class Engine extends ZohoAuth implements HandleTarget {
  override readonly ambient: boolean
  override readonly consent: ZohoConsent
  readonly #settings: Settings
  readonly #events = new Events()
  readonly #scope = new Scope()
  readonly #hosts: HostPolicy
  readonly #grants: Grants
  readonly #store: GuardedTokenStore
  readonly #provider: TokenProvider
  readonly #requests: RequestLimit
  #accounts: Promise<AccountsServer> | undefined
  readonly #secrets: Secrets
  readonly #refusals: Refusals
  readonly #said = new Set<string>()
  readonly #lastErrors: LastErrors
  readonly #failures: FailureLog
  readonly #stopping = new AbortController()
  readonly #closing = new AbortController()
  readonly #background: Background
  readonly #untwin: () => void
  #closed: Promise<void> | undefined

  constructor(settings: Settings) {
    super()
    // Each refresh under way listens.
    unlimitedListeners(this.#stopping.signal)
    unlimitedListeners(this.#closing.signal)
    this.#settings = settings
    this.ambient = settings.ambient
    const { clock, logger, budget, clientId } = settings
    this.#secrets = new Secrets(settings.secrets)
    const { mask } = this.#secrets
    this.#failures = new FailureLog({
      events: this.#events,
      logger,
      clock,
      stopping: this.#stopping.signal,
      mask,
    })
    this.#hosts = hostPolicy(settings.servers, settings.allowedOrigins)
    const store = settings.tokens ?? memoryTokenStore({ clock })
    const inProcess = isMemoryTokenStore(store)
    this.#grants = grantsOf(settings, this.#secrets)
    const outside = (work: () => Promise<unknown>) => this.#scope.outside(work)
    this.#background = new Background(clock, logger, outside, this.#stopping.signal, mask)
    const closing = this.#closing.signal
    const sealed = settings.sealer && store.durable ? new SealedTokenStore(store, settings.sealer) : store
    this.#store = new GuardedTokenStore(sealed, {
      clock,
      events: this.#events,
      budget,
      inProcess,
      instances: settings.expectedInstances ?? (inProcess ? 1 : DEFAULT_INSTANCES),
      random: Math.random,
      mask,
      closing,
    })
    this.#requests = new RequestLimit(settings.maxConcurrentRefreshes, Math.random)
    this.#provider = new TokenProvider({
      clientId,
      clock,
      random: Math.random,
      events: this.#events,
      logger,
      failures: this.#failures,
      grants: this.#grants,
      store: this.#store,
      accounts: () => this.#accountsServer(),
      budget,
      expiry: settings.expiry,
      timeoutMs: settings.timeoutMs,
      maxWaitMs: settings.maxWaitMs,
      requests: this.#requests,
      apiDomainOf: (connection) => this.#apiDomainOf(connection),
      revokeDueGrants: (id) =>
        this.#background.run(async () => {
          const { revokeDueGrants } = await import('./consent/replaced-grants.js')
          return revokeDueGrants(id, await this.#grantParts())
        }),
      outside: (work) => this.#scope.outside(work),
      stopping: this.#stopping.signal,
      closing,
    })
    this.#refusals = new Refusals({
      clientId,
      clock,
      store: this.#store,
      windowMs: budget.windowMs,
      behind: (work) => this.#background.run(work),
    })
    this.consent = lazyConsent(async () => {
      const parts = await this.#grantParts()
      const { Consent } = await import('./consent/consent.js')
      return new Consent(parts)
    })
    this.#lastErrors = new LastErrors(this.#events, clock)
    if (inProcess) warnOfFleet(logger)
    const twin = settings.single && inProcess ? `${clientId} ${settings.single.refreshToken}` : undefined
    this.#untwin = twin === undefined ? () => {} : warnOfTwins(twin, logger)
  }

  override getToken(options?: TokenOptions): Promise<Token> {
    try {
      const id = this.#resolve(options?.connection)
      if (typeof id !== 'string')
        return abortable(id, options?.signal).then((found) => this.#getToken(found, options))
      return this.#getToken(id, options)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  #getToken(id: string, options: TokenOptions | undefined): Promise<Token> {
    const held = this.#provider.memory.get(id)
    if (
      held !== undefined &&
      !held.refused &&
      this.#provider.memory.isFresh(held, this.#settings.clock.now()) &&
      options?.refused !== held.token.value
    )
      return Promise.resolve(held.token)
    if (options?.refused === undefined && options?.signal === undefined) {
      this.#assertOpen()
      return this.#provider.token(id)
    }
    return this.#provide(id, options)
  }

  async #provide(id: string, options: GetOptions = {}): Promise<Token> {
    this.#assertOpen()
    const { token } = await this.#provider.provide(id, options)
    if (token.value !== options.refused) return token
    const same = new ZohoAuthError('ERR_ZOHO_BAD_RESPONSE', {
      connection: id,
      action: 'Zoho answered a refresh with the very token that an API refused; see docs/errors.md.',
    })
    this.#failures.failed(same)
    throw same
  }

  override async getAccessToken(options?: TokenOptions): Promise<string> {
    return (await this.getToken(options)).value
  }

  override peekToken(options?: PeekOptions): Token | undefined {
    const choice = options?.connection ?? this.#ambient()?.kept
    const id = choice ?? (this.#ambient() === undefined ? this.#only() : undefined)
    return id === undefined ? undefined : this.#provider.peek(id)
  }

  override async fetch(input: string | URL | Request, init?: ZohoFetchOptions | null): Promise<Response> {
    const { connection, product } = init ?? {}
    return fetchWithToken(this.#settings.fetch, input, init, (signal) =>
      this.outgoing({ connection, product, signal }),
    )
  }

  override async authorize(
    url: string | URL,
    options: TokenOptions = {},
  ): Promise<{ Authorization: string }> {
    if (!URL.canParse(url as string)) throw new TypeError('authorize needs an absolute URL')
    this.#assertOpen()
    const target = new URL(url)
    if (!this.#hosts.knows(target)) throw hostDenied(target, this.#hosts)
    const id = await this.#resolve(options.connection)
    const { clock, maxWaitMs, scheme } = this.#settings
    const until = clock.now() + maxWaitMs
    const dataCenter = await this.#dataCenterOf(id)
    if (!this.#hosts.allows(target, dataCenter)) throw hostDenied(target, this.#hosts, id, dataCenter)
    const token = await this.#provide(id, { ...options, until })
    return { Authorization: `${scheme} ${token.value}` }
  }

  override async apiUrl(product: Product, connection?: string): Promise<URL> {
    return this.#apiUrl(await this.#resolve(connection), product)
  }

  override withConnection<T>(connection: string | ConnectionResolver, fn: () => T): T {
    if (!this.ambient)
      throw new ZohoAuthError('ERR_ZOHO_CONFIG', {
        message:
          'withConnection is off (ambient: false): name the connection in the call, or use forConnection',
      })
    if (typeof connection !== 'function') assertId(connection)
    return this.#scope.run(new Choice(connection), fn)
  }

  override forConnection(connection: string | ConnectionResolver): ZohoHandle {
    if (typeof connection !== 'function') assertId(connection)
    return new Handle(this, connection)
  }

  override async connectionId(): Promise<string> {
    return this.#resolve(undefined)
  }

  override outgoing(options: OutgoingOptions = {}): OutgoingRequest {
    const choice = this.#ambient()
    return this.#outgoing(options, () => this.#resolve(options.connection, choice))
  }

  override async revoke({ connection, token }: RevokeOptions = {}): Promise<void> {
    const id = await this.#resolve(connection)
    if (token === undefined) return this.#revoke(id)
    const parts = this.#grantParts()
    const { revokeToken } = await import('./revoke.js')
    return this.#during(async () => revokeToken(id, token, await parts))
  }

  override async revokeAll(options: RevokeAllOptions): Promise<RevokeReport> {
    const parts = this.#grantParts()
    const { revokeAll } = await import('./revoke-all.js')
    return this.#during(async () => revokeAll(options, await parts))
  }

  override async warm(
    ids: Iterable<string> | AsyncIterable<string>,
    options?: WarmOptions,
  ): Promise<WarmReport> {
    this.#assertOpen()
    const { clock, maxConcurrentRefreshes } = this.#settings
    const { warm } = await import('./warm.js')
    return warm(ids, options, {
      clock,
      atOnce: Math.ceil(maxConcurrentRefreshes / 2),
      stopping: this.#stopping.signal,
      getToken: (connection, signal) => this.getToken({ connection, signal }),
    })
  }

  override async status(connection?: string): Promise<ConnectionStatus> {
    return this.#status(await this.#resolve(connection))
  }

  override on<Name extends ZohoAuthEventName>(name: Name, listener: ZohoAuthListener<Name>): () => void {
    return this.#events.on(name, listener)
  }

  override close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    this.#stopping.abort(closedError())
    await this.#within(CLOSE_GRACE_MS, [this.#provider.settled(), this.#background.settled()])
    // A grant that Zoho has made must end in the store, or be revoked: each of these steps has its own limit.
    await this.#within(CLOSE_STEPS * this.#settings.timeoutMs, [this.#background.settled()])
    this.#closing.abort(closedError())
    this.#untwin()
    await this.#settings.opened?.close().catch((error: unknown) => {
      this.#settings.logger.warn(
        `closing the store failed: ${describeFault(error, this.#secrets.mask).message}`,
      )
    })
    this.#provider.memory.clear()
    this.#events.clear()
    this.#scope.close()
  }

  /** Waits for work, for so many milliseconds at most. */
  async #within(ms: number, work: readonly Promise<unknown>[]): Promise<void> {
    const ended = new AbortController()
    const late = this.#settings.clock.sleep(ms, ended.signal).catch(() => {})
    await Promise.race([Promise.all(work), late])
    ended.abort()
  }

  override async rotateKeys(options: RotateOptions = {}): Promise<RotateReport> {
    this.#assertOpen()
    const { rotateKeys } = await import('./rotate-keys.js')
    return this.#during(() => rotateKeys(this.#grants.store, options, this.#stopping.signal))
  }

  // The calls of a handle: the same, for a choice that was made before.

  async fetchFor(
    choice: Choice,
    input: string | URL | Request,
    init?: ZohoFetchOptions | null,
  ): Promise<Response> {
    const { product } = init ?? {}
    return fetchWithToken(this.#settings.fetch, input, init, (signal) =>
      this.outgoingFor(choice, { product, signal }),
    )
  }

  async connectionIdFor(choice: Choice): Promise<string> {
    return this.#resolve(undefined, choice)
  }

  outgoingFor(choice: Choice, options: OutgoingOptions = {}): OutgoingRequest {
    return this.#outgoing(options, () => this.#resolve(undefined, choice))
  }

  /** Explicit option, else the surrounding scope, else the only configured one. Never "the first". */
  #resolve(
    connection: string | undefined,
    choice: Choice | undefined = this.#ambient(),
  ): string | Promise<string> {
    try {
      if (connection !== undefined) return assertId(connection)
      const chosen = choice === undefined ? this.#only() : choice.resolve()
      if (typeof chosen === 'object') return this.#failures.watch(chosen.then(assertChosen))
      return assertChosen(chosen)
    } catch (error) {
      this.#failures.failed(error)
      throw error
    }
  }

  #ambient(): Choice | undefined {
    return this.ambient ? this.#scope.current() : undefined
  }

  #only(): string | undefined {
    return this.#settings.one ? DEFAULT_CONNECTION : undefined
  }

  #outgoing(options: OutgoingOptions, connectionOf: () => string | Promise<string>): OutgoingRequest {
    this.#assertOpen()
    const { clock, logger, scheme, maxWaitMs } = this.#settings
    const parts = {
      hosts: this.#hosts,
      provider: this.#provider,
      events: this.#events,
      logger,
      scheme,
      connectionOf,
      dataCenterOf: (id: string) => this.#dataCenterOf(id),
      apiUrl: (id: string, product: Product) => this.#apiUrl(id, product),
      refusals: this.#refusals,
      said: this.#said,
      maxWaitMs,
      now: () => clock.now(),
    }
    return new OutgoingRequest(parts, options)
  }

  async #dataCenterOf(id: string): Promise<DataCenter> {
    return this.#provider.memory.get(id)?.token.dataCenter ?? (await this.#connection(id)).dataCenter
  }

  #connection(id: string): Promise<Connection> {
    const found = this.#grants.get(id).then((connection) => {
      if (connection === undefined) throw new ZohoAuthError('ERR_ZOHO_NO_CONNECTION', { connection: id })
      return connection
    })
    return this.#failures.watch(found)
  }

  /** A call that goes on where its caller leaves. */
  #during<T>(work: () => Promise<T>): Promise<T> {
    return this.#failures.watch(this.#background.during(work))
  }

  async #apiUrl(id: string, product: Product): Promise<URL> {
    assertProduct(product)
    const { servers } = this.#settings
    const server = servers?.[await this.#dataCenterOf(id)]
    if (servers !== undefined && !server?.ofZoho) {
      const { apiDomain } = await this.#getToken(id, undefined)
      return new URL(apiDomain)
    }
    const { dataCenter, environment } = await this.#connection(id)
    return new URL(productOrigin(product, dataCenter, environment))
  }

  /** Loaded and made at the first request to Zoho's accounts server. */
  #accountsServer(): Promise<AccountsServer> {
    const settings = this.#settings
    this.#accounts ??= import('./gates/accounts-server.js').then(
      ({ AccountsServer }) =>
        new AccountsServer({
          clientId: settings.clientId,
          secretOf: (dataCenter) => secretFor(settings, dataCenter),
          endpointOf: (dataCenter) => settings.endpointOf(dataCenter),
          revocationPath: settings.revocationPath,
          allowsApiDomain: (url, dataCenter) => this.#hosts.allows(url, dataCenter),
          secrets: this.#secrets,
          timeoutMs: settings.timeoutMs,
          maxWaitMs: settings.maxWaitMs,
          requests: this.#requests,
          clock: settings.clock,
          fetch: settings.fetch,
        }),
    )
    this.#accounts.catch(() => {
      // Not loaded: the next request tries again.
      this.#accounts = undefined
    })
    return this.#accounts
  }

  #revoke(id: string): Promise<void> {
    const parts = this.#grantParts()
    return this.#during(async () => {
      const { revokeConnection } = await import('./revoke.js')
      return revokeConnection(id, await parts)
    })
  }

  /** What consent and revocation work with. */
  async #grantParts(): Promise<GrantParts> {
    this.#assertOpen()
    const settings = this.#settings
    const { clientId, home, clock, logger, budget, timeoutMs, fetch } = settings
    return {
      clientId,
      home,
      clock,
      logger,
      budget,
      secrets: this.#secrets,
      timeoutMs,
      fetch,
      events: this.#events,
      grants: this.#grants,
      store: this.#store,
      accounts: await this.#accountsServer(),
      accountsOriginOf: (dataCenter) => new URL(settings.endpointOf(dataCenter)).origin,
      apiDomainOf: (connection) => this.#apiDomainOf(connection),
      forget: (id, key) => this.#provider.forget(id, key),
      refuse: (id, token) => this.#provider.refuse(id, token),
      during: (work) => this.#during(work),
      behind: (work) => this.#background.run(work),
      later: (ms, work) => this.#background.later(ms, work),
      stopping: this.#stopping.signal,
      closing: this.#closing.signal,
    }
  }

  #apiDomainOf({ dataCenter, environment }: Pick<Connection, 'dataCenter' | 'environment'>): string {
    const server = this.#settings.servers?.[dataCenter]
    return server && !server.ofZoho ? server.origin : productOrigin('crm', dataCenter, environment)
  }

  async #status(id: string): Promise<ConnectionStatus> {
    const { clock, budget, clientId } = this.#settings
    const connection = await this.#connection(id)
    return statusOf(connection, {
      clock,
      budget,
      clientId,
      store: this.#store,
      requests: this.#requests.counts,
      held: this.#provider.memory.get(id),
      remembered: (key) => this.#provider.remembered(key),
      lastError: this.#lastErrors.get(id),
    })
  }

  #assertOpen(): void {
    if (this.#closed !== undefined) throw closedError()
  }
}

function closedError(): ZohoAuthError {
  return new ZohoAuthError('ERR_ZOHO_CONFIG', {
    message: 'this ZohoAuth is closed',
    action: 'Make a new one.',
  })
}

function assertId(id: string): string {
  if (isConnectionId(id)) return id
  throw new ZohoAuthError('ERR_ZOHO_NO_CONNECTION', {
    action: 'A connection id has 1 to 128 characters of A-Z a-z 0-9 _ . @ : -',
  })
}

function assertChosen(id: string | undefined): string {
  if (id !== undefined) return assertId(id)
  throw new ZohoAuthError('ERR_ZOHO_NO_CONNECTION')
}

function secretFor(settings: Settings, dataCenter: DataCenter): string {
  const secret = settings.secretOf(dataCenter)
  if (secret !== undefined) return secret
  throw new ZohoAuthError('ERR_ZOHO_CLIENT', {
    message: `there is no client secret for data centre "${dataCenter}"`,
    action: `Set ZOHO_CLIENT_SECRET_${dataCenter.toUpperCase()}, or add it to clientSecret.`,
  })
}
