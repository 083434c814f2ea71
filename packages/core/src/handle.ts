import { fetchWithToken } from './request/fetch.js'
import { OutgoingRequest } from './request/outgoing.js'
import type { Runtime } from './runtime.js'
import type { TokenSource } from './token/source.js'
import { whichConnection } from './token/which.js'
import type { Product } from './words/products.js'
import type { ConnectionRef } from './words/scope.js'
import type { Token } from './words/token.js'
import type {
  ConnectionResolver,
  ConnectionStatus,
  OutgoingOptions,
  TokenOptions,
  ZohoAuth,
  ZohoFetchOptions,
  ZohoHandle,
} from './zoho-auth.js'

/** An engine's calls, bound to one connection. Shows only which one, wherever it is printed or serialised. */
export class Handle implements ZohoHandle {
  readonly #zoho: ZohoAuth
  readonly #runtime: Runtime
  readonly #source: TokenSource
  readonly #ref: ConnectionRef
  /** What a call without options comes to, made once. */
  #bound: TokenOptions | undefined

  constructor(zoho: ZohoAuth, runtime: Runtime, source: TokenSource, ref: ConnectionRef) {
    this.#zoho = zoho
    this.#runtime = runtime
    this.#source = source
    this.#ref = ref
  }

  getToken(options?: Omit<TokenOptions, 'connection'>): Promise<Token> {
    const named = this.#named(options)
    return named ? this.#zoho.getToken(named) : this.#later(options).then((late) => this.#zoho.getToken(late))
  }

  getAccessToken(options?: Omit<TokenOptions, 'connection'>): Promise<string> {
    const named = this.#named(options)
    return named
      ? this.#zoho.getAccessToken(named)
      : this.#later(options).then((late) => this.#zoho.getAccessToken(late))
  }

  peekToken(): Token | undefined {
    const named = this.#named(undefined)
    return named && this.#zoho.peekToken(named)
  }

  async fetch(input: string | URL | Request, init?: Omit<ZohoFetchOptions, 'connection'>): Promise<Response> {
    if ((init as { connection?: unknown } | null | undefined)?.connection !== undefined)
      throw new TypeError('this handle is bound to its connection: use forConnection() for another')
    const { product } = init ?? {}
    return fetchWithToken(this.#runtime.fetch, input, init, (signal) => this.outgoing({ product, signal }))
  }

  async authorize(
    url: string | URL,
    options?: Omit<TokenOptions, 'connection'>,
  ): Promise<{ Authorization: string }> {
    return this.#zoho.authorize(url, { ...options, connection: await this.connectionId() })
  }

  async apiUrl(product: Product): Promise<URL> {
    return this.#zoho.apiUrl(product, await this.connectionId())
  }

  outgoing(options: Omit<OutgoingOptions, 'connection'> = {}): OutgoingRequest {
    return new OutgoingRequest(this.#runtime, this.#source, () => this.#whose(), options)
  }

  async connectionId(): Promise<string> {
    return this.#whose()
  }

  async revoke(): Promise<void> {
    return this.#zoho.revoke({ connection: await this.connectionId() })
  }

  async status(): Promise<ConnectionStatus> {
    return this.#zoho.status(await this.connectionId())
  }

  forConnection(connection: string | ConnectionResolver): ZohoHandle {
    return this.#zoho.forConnection(connection)
  }

  toJSON(): { connection: string | undefined } {
    return { connection: this.#ref.resolved }
  }

  #whose(): string | Promise<string> {
    return whichConnection(this.#runtime, undefined, this.#ref)
  }

  /** The options of a call, if it is known whose it is. */
  #named(options: Omit<TokenOptions, 'connection'> | undefined): TokenOptions | undefined {
    const { resolved } = this.#ref
    if (resolved === undefined) return undefined
    if (options !== undefined) return { ...options, connection: resolved }
    this.#bound ??= { connection: resolved }
    return this.#bound
  }

  async #later(options: Omit<TokenOptions, 'connection'> | undefined): Promise<TokenOptions> {
    return { ...options, connection: await this.#whose() }
  }
}
