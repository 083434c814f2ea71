import type { Product } from './words/products.js'
import { Choice } from './words/scope.js'
import type { Token } from './words/token.js'
import type {
  ConnectionResolver,
  ConnectionStatus,
  Outgoing,
  OutgoingOptions,
  TokenOptions,
  ZohoAuth,
  ZohoFetchOptions,
  ZohoHandle,
} from './zoho-auth.js'

/** What a handle needs of its engine: calls that name a connection, and those that ask for it as late as they can. */
export interface HandleTarget
  extends Pick<ZohoAuth, 'getToken' | 'peekToken' | 'authorize' | 'apiUrl' | 'revoke' | 'status'> {
  connectionIdFor(choice: Choice): Promise<string>
  fetchFor(choice: Choice, input: string | URL | Request, init?: ZohoFetchOptions): Promise<Response>
  outgoingFor(choice: Choice, options?: OutgoingOptions): Outgoing
}

/** An engine's calls, bound to one connection. Shows only which one, wherever it is printed or serialised. */
export class Handle implements ZohoHandle {
  readonly #target: HandleTarget
  readonly #choice: Choice

  constructor(target: HandleTarget, connection: string | ConnectionResolver) {
    this.#target = target
    this.#choice = new Choice(connection)
  }

  async getToken(options?: Omit<TokenOptions, 'connection'>): Promise<Token> {
    return this.#target.getToken({ ...options, connection: await this.connectionId() })
  }

  async getAccessToken(options?: Omit<TokenOptions, 'connection'>): Promise<string> {
    return (await this.getToken(options)).value
  }

  peekToken(): Token | undefined {
    const { kept } = this.#choice
    return kept === undefined ? undefined : this.#target.peekToken({ connection: kept })
  }

  async fetch(input: string | URL | Request, init?: Omit<ZohoFetchOptions, 'connection'>): Promise<Response> {
    if ((init as { connection?: unknown } | null | undefined)?.connection !== undefined)
      throw new TypeError('this handle is bound to its connection: use forConnection() for another')
    return this.#target.fetchFor(this.#choice, input, init)
  }

  async authorize(
    url: string | URL,
    options?: Omit<TokenOptions, 'connection'>,
  ): Promise<{ Authorization: string }> {
    return this.#target.authorize(url, { ...options, connection: await this.connectionId() })
  }

  async apiUrl(product: Product): Promise<URL> {
    return this.#target.apiUrl(product, await this.connectionId())
  }

  outgoing(options?: Omit<OutgoingOptions, 'connection'>): Outgoing {
    return this.#target.outgoingFor(this.#choice, options)
  }

  connectionId(): Promise<string> {
    return this.#target.connectionIdFor(this.#choice)
  }

  async revoke(): Promise<void> {
    return this.#target.revoke({ connection: await this.connectionId() })
  }

  async status(): Promise<ConnectionStatus> {
    return this.#target.status(await this.connectionId())
  }

  forConnection(connection: string | ConnectionResolver): ZohoHandle {
    return new Handle(this.#target, connection)
  }

  toJSON(): { connection: string | undefined } {
    return { connection: this.#choice.kept }
  }
}
