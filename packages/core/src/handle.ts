import type { Product } from './words/data-centers.js'
import { Choice } from './words/scope.js'
import type { Token } from './words/token.js'
import type {
  ConnectionResolver,
  ConnectionStatus,
  Outgoing,
  OutgoingOptions,
  TokenOptions,
  ZohoFetchOptions,
  ZohoHandle,
} from './zoho-auth.js'

/** What a handle needs of its engine: the calls of {@link ZohoHandle}, each with the choice of a connection. */
export interface HandleTarget {
  getTokenFor(choice: Choice, options?: TokenOptions): Promise<Token>
  peekTokenFor(choice: Choice): Token | undefined
  fetchFor(choice: Choice, input: string | URL | Request, init?: ZohoFetchOptions): Promise<Response>
  authorizeFor(choice: Choice, url: string | URL, options?: TokenOptions): Promise<{ Authorization: string }>
  apiUrlFor(choice: Choice, product: Product): Promise<URL>
  connectionIdFor(choice: Choice): Promise<string>
  outgoingFor(choice: Choice, options?: OutgoingOptions): Outgoing
  revokeFor(choice: Choice): Promise<void>
  statusFor(choice: Choice): Promise<ConnectionStatus>
}

/** An engine's calls, bound to one connection. Shows only which one, wherever it is printed or serialised. */
export class Handle implements ZohoHandle {
  readonly #target: HandleTarget
  readonly #choice: Choice

  constructor(target: HandleTarget, connection: string | ConnectionResolver) {
    this.#target = target
    this.#choice = new Choice(connection)
  }

  getToken(options?: Omit<TokenOptions, 'connection'>): Promise<Token> {
    return this.#target.getTokenFor(this.#choice, options)
  }

  async getAccessToken(options?: Omit<TokenOptions, 'connection'>): Promise<string> {
    return (await this.getToken(options)).value
  }

  peekToken(): Token | undefined {
    return this.#target.peekTokenFor(this.#choice)
  }

  async fetch(input: string | URL | Request, init?: Omit<ZohoFetchOptions, 'connection'>): Promise<Response> {
    if (init !== undefined && 'connection' in init && init.connection !== undefined)
      throw new TypeError('this handle is bound to its connection: use forConnection() for another')
    return this.#target.fetchFor(this.#choice, input, init)
  }

  authorize(
    url: string | URL,
    options?: Omit<TokenOptions, 'connection'>,
  ): Promise<{ Authorization: string }> {
    return this.#target.authorizeFor(this.#choice, url, options)
  }

  apiUrl(product: Product): Promise<URL> {
    return this.#target.apiUrlFor(this.#choice, product)
  }

  outgoing(options?: Omit<OutgoingOptions, 'connection'>): Outgoing {
    return this.#target.outgoingFor(this.#choice, options)
  }

  connectionId(): Promise<string> {
    return this.#target.connectionIdFor(this.#choice)
  }

  revoke(): Promise<void> {
    return this.#target.revokeFor(this.#choice)
  }

  status(): Promise<ConnectionStatus> {
    return this.#target.statusFor(this.#choice)
  }

  forConnection(connection: string | ConnectionResolver): ZohoHandle {
    return new Handle(this.#target, connection)
  }

  toJSON(): { connection: string | undefined } {
    return { connection: this.#choice.kept }
  }
}
