import type { DataCenter } from '../words/data-centers.js'
import { ZohoAuthError } from '../words/errors.js'
import type { ZohoAuthEventName, ZohoAuthListener } from '../words/events.js'
import type { Product } from '../words/products.js'
import { ConnectionRef, Scope } from '../words/scope.js'
import { Token } from '../words/token.js'
import {
  type ConnectionResolver,
  type ConnectionStatus,
  type FailedConnection,
  type Outgoing,
  type OutgoingOptions,
  type PeekOptions,
  type RevokeOptions,
  type RevokeReport,
  type RotateReport,
  type TokenOptions,
  type WarmReport,
  ZohoAuth,
  type ZohoFetchOptions,
  type ZohoHandle,
} from '../zoho-auth.js'

/** What {@link createFakeZohoAuth} takes; everything has a default. */
export interface FakeZohoAuthOptions {
  /** The value of every token. Default `test-token`. */
  readonly token?: string
  /** Default `us`. */
  readonly dataCenter?: DataCenter
  /** Answers `fetch`. Default: an error that names this option. */
  readonly fetch?: (url: URL, init: RequestInit & { connection: string }) => Response | Promise<Response>
  /** Thrown by every call that would need a token, to test what an app does then. */
  readonly error?: ZohoAuthError
}

/** A {@link ZohoAuth} for an app's own tests: gives one fixed token, opens no socket, reads no variable. */
export interface FakeZohoAuth extends ZohoAuth {
  /** The connections that tokens were asked for, in order. */
  readonly asked: readonly string[]
}

/**
 * ```ts
 * const zoho = createFakeZohoAuth()
 * app.use(zohoAuth({ auth: zoho }))
 * ```
 */
export function createFakeZohoAuth(options: FakeZohoAuthOptions = {}): FakeZohoAuth {
  return new Fake(options)
}

/** An hour, in milliseconds. */
const LIFE_MS = 3_600_000

class Fake extends ZohoAuth implements FakeZohoAuth {
  override readonly ambient = true
  readonly asked: string[] = []
  readonly #options: FakeZohoAuthOptions
  readonly #scope = new Scope()

  constructor(options: FakeZohoAuthOptions) {
    super()
    this.#options = options
  }

  override async getToken(options: TokenOptions = {}): Promise<Token> {
    this.asked.push(options.connection ?? (await this.#whose()))
    if (this.#options.error) throw this.#options.error
    return this.#token()
  }

  override async getAccessToken(options?: TokenOptions): Promise<string> {
    return (await this.getToken(options)).value
  }

  override peekToken(_options?: PeekOptions): Token | undefined {
    return this.#options.error ? undefined : this.#token()
  }

  override async fetch(input: string | URL | Request, init: ZohoFetchOptions = {}): Promise<Response> {
    const { connection = await this.#whose(), product, ...rest } = init
    await this.getToken({ connection })
    const { fetch } = this.#options
    if (fetch === undefined)
      throw new TypeError(
        'a fake ZohoAuth opens no socket: createFakeZohoAuth({ fetch: (url) => new Response(…) })',
      )
    const text = typeof input === 'object' && 'url' in input ? input.url : String(input)
    const base = product === undefined ? undefined : await this.apiUrl(product)
    return fetch(new URL(text, base), { ...rest, connection })
  }

  override async authorize(_url: string | URL, options?: TokenOptions): Promise<{ Authorization: string }> {
    return { Authorization: `Zoho-oauthtoken ${await this.getAccessToken(options)}` }
  }

  override async apiUrl(product: Product, _connection?: string): Promise<URL> {
    return new URL(`https://${product}.zoho.test`)
  }

  override withConnection<T>(connection: string | ConnectionResolver, fn: () => T): T {
    return this.#scope.run(new ConnectionRef(connection), fn)
  }

  override forConnection(connection: string | ConnectionResolver): ZohoHandle {
    const ref = new ConnectionRef(connection)
    const whose = async () => (await ref.resolve()) ?? 'default'
    return {
      getToken: async (options) => this.getToken({ ...options, connection: await whose() }),
      getAccessToken: async (options) => this.getAccessToken({ ...options, connection: await whose() }),
      peekToken: () => this.peekToken(),
      fetch: async (input, init) => this.fetch(input, { ...init, connection: await whose() }),
      authorize: async (url, options) => this.authorize(url, { ...options, connection: await whose() }),
      apiUrl: (product) => this.apiUrl(product),
      outgoing: (options) => this.#outgoing(options, whose),
      revoke: () => this.revoke(),
      status: async () => this.status(await whose()),
      connectionId: whose,
      forConnection: (other) => this.forConnection(other),
    }
  }

  override connectionId(): Promise<string> {
    return this.#whose()
  }

  override outgoing(options: OutgoingOptions = {}): Outgoing {
    const { connection } = options
    return this.#outgoing(options, async () => connection ?? this.#whose())
  }

  #outgoing(options: OutgoingOptions = {}, whose: () => Promise<string>): Outgoing {
    return {
      url: async (url) => new URL(url, options.product && (await this.apiUrl(options.product))),
      authorization: async (url) => (await this.authorize(url, { connection: await whose() })).Authorization,
      knows: () => true,
      allows: () => true,
      answered: async () => undefined,
      hint: undefined,
    }
  }

  /** Nobody consents here: give the fake a token or an error instead. */
  override readonly consent = Object.freeze({
    start: notHere,
    finish: notHere,
    exchange: notHere,
    clientCredentials: notHere,
    undo: notHere,
  })

  override async revoke(_options?: RevokeOptions): Promise<void> {}

  override async revokeAll(): Promise<RevokeReport> {
    return { seen: 0, revoked: 0, failed: [] }
  }

  override async warm(ids: Iterable<string> | AsyncIterable<string>): Promise<WarmReport> {
    const { error } = this.#options
    const report = { seen: 0, warmed: 0, failed: [] as FailedConnection[] }
    for await (const connection of ids) {
      report.seen += 1
      this.asked.push(connection)
      if (error) report.failed.push({ connection, code: error.code })
      else report.warmed += 1
    }
    return report
  }

  override async status(connection = 'default'): Promise<ConnectionStatus> {
    return {
      connection,
      dataCenter: this.#options.dataCenter ?? 'us',
      state: 'active',
      store: 'up',
      budgetLeft: 8,
      requests: { underWay: 0, queued: 0, max: 100 },
    }
  }

  override async rotateKeys(): Promise<RotateReport> {
    return { seen: 0, rotated: 0, failed: [] }
  }

  override on<Name extends ZohoAuthEventName>(_name: Name, _listener: ZohoAuthListener<Name>): () => void {
    return () => {}
  }

  override async close(): Promise<void> {}

  async #whose(): Promise<string> {
    return (await this.#scope.current()?.resolve()) ?? 'default'
  }

  #token(): Token {
    return new Token({
      value: this.#options.token ?? 'test-token',
      expiresAt: Date.now() + LIFE_MS,
      apiDomain: 'https://www.zohoapis.test',
      dataCenter: this.#options.dataCenter ?? 'us',
      scopes: [],
      generation: 1,
    })
  }
}

async function notHere(): Promise<never> {
  throw new TypeError('createFakeZohoAuth() makes no grants: test consent against @zoho-auth/emulator')
}
