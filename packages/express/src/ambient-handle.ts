import type {
  ConnectionStatus,
  Product,
  Token,
  TokenOptions,
  ZohoAuth,
  ZohoFetchOptions,
  ZohoHandle,
} from '@zoho-auth/core'
import type { ConnectionResolver, Outgoing, OutgoingOptions } from '@zoho-auth/core/adapter'

/**
 * The calls of an engine for whichever connection the engine finds itself: the surrounding `withConnection`, else the
 * only configured one. It is what `req.zoho` is where no `connection` option says more.
 */
export class AmbientHandle implements ZohoHandle {
  // Private, so that nothing shows where a request is printed or serialised.
  readonly #auth: ZohoAuth

  constructor(auth: ZohoAuth) {
    this.#auth = auth
  }

  getToken(options?: Omit<TokenOptions, 'connection'>): Promise<Token> {
    return this.#auth.getToken(options)
  }

  getAccessToken(options?: Omit<TokenOptions, 'connection'>): Promise<string> {
    return this.#auth.getAccessToken(options)
  }

  peekToken(): Token | undefined {
    return this.#auth.peekToken()
  }

  fetch(input: string | URL | Request, init?: Omit<ZohoFetchOptions, 'connection'>): Promise<Response> {
    return this.#auth.fetch(input, init)
  }

  authorize(
    url: string | URL,
    options?: Omit<TokenOptions, 'connection'>,
  ): Promise<{ Authorization: string }> {
    return this.#auth.authorize(url, options)
  }

  apiUrl(product: Product): Promise<URL> {
    return this.#auth.apiUrl(product)
  }

  outgoing(options?: Omit<OutgoingOptions, 'connection'>): Outgoing {
    return this.#auth.outgoing(options)
  }

  revoke(): Promise<void> {
    return this.#auth.revoke()
  }

  status(): Promise<ConnectionStatus> {
    return this.#auth.status()
  }

  connectionId(): Promise<string> {
    return this.#auth.connectionId()
  }

  forConnection(connection: string | ConnectionResolver): ZohoHandle {
    return this.#auth.forConnection(connection)
  }
}
