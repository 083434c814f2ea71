import type { Connection, ConnectionState } from './words/connection.js'
import type { ZohoConsent } from './words/consent.js'
import type { CooldownReason, ProcessCooldownReason } from './words/cooldown.js'
import type { DataCenter } from './words/data-centers.js'
import type { ZohoAuthErrorCode } from './words/errors.js'
import type { ZohoAuthEventName, ZohoAuthListener } from './words/events.js'
import type { LastError } from './words/last-errors.js'
import type { Product } from './words/products.js'
import type { ConnectionAnswer } from './words/scope.js'
import type { Token } from './words/token.js'

/**
 * Finds out whose connection a call is for. Asked at the first use of a token, never before; its first defined answer is
 * kept for the scope or handle it was given for.
 */
export type ConnectionResolver = () => ConnectionAnswer | Promise<ConnectionAnswer>

/** What every call that needs a token takes. */
export interface TokenOptions {
  /** Default: the surrounding `withConnection`, else the only configured connection. */
  readonly connection?: string | undefined
  /** The value of the token that an API has just rejected: another one is handed out, or made. */
  readonly rejectedToken?: string | undefined
  /** Ends this caller's wait, with the signal's reason. Never ends work that others share. */
  readonly signal?: AbortSignal | undefined
}

export interface RevokeOptions {
  readonly connection?: string | undefined
  /** The value of one access token: that one alone is revoked, and the grant stays. */
  readonly token?: string | undefined
}

export interface RevokeAllOptions {
  /** Which connections; there is no default, so that nobody disconnects everyone by mistake. */
  readonly where: (connection: Omit<Connection, 'refreshToken' | 'soid' | 'replaced'>) => boolean
  /** Called after each of them. */
  readonly onProgress?: ((report: RevokeReport) => void) | undefined
  /** Stops between two connections; another call resumes. */
  readonly signal?: AbortSignal | undefined
}

/** One connection for which a call did not go well. */
export interface FailedConnection {
  readonly connection: string
  /** `unknown`: what was thrown is no error of this library. */
  readonly code: ZohoAuthErrorCode | 'unknown'
}

export interface RevokeReport {
  /** Connections looked at. */
  readonly seen: number
  /** Those that are revoked now, or were already. */
  readonly revoked: number
  /** Those that could not be revoked, the first hundred of them. Another call tries them again. */
  readonly failed: readonly FailedConnection[]
}

/** What `warm` takes besides the ids. */
export interface WarmOptions {
  /** Connections begun with in a second. Default 50 (fifty). */
  readonly perSecond?: number | undefined
  /** Called after each connection. */
  readonly onProgress?: ((report: WarmReport) => void) | undefined
  /** Ends it, with the signal's reason. Tokens that are there already stay; another call goes on from what is missing. */
  readonly signal?: AbortSignal | undefined
}

export interface WarmReport {
  /** Connections asked for. */
  readonly seen: number
  /** Those that have a usable token in this process now. */
  readonly warmed: number
  /** Those without one, the first hundred of them. */
  readonly failed: readonly FailedConnection[]
}

export interface PeekOptions {
  readonly connection?: string | undefined
}

/** Options of one request; the rest of `init` is what `fetch` takes. */
export interface ZohoFetchOptions extends RequestInit {
  readonly connection?: string | undefined
  /** Whose host a relative URL is meant for. */
  readonly product?: Product | undefined
}

export interface OutgoingOptions {
  readonly connection?: string | undefined
  readonly product?: Product | undefined
  readonly signal?: AbortSignal | undefined
}

/** What an API answered, as far as it is needed to judge whether the token was refused. */
export interface ApiAnswer {
  readonly url: URL
  /** Of the request. Default `GET`. */
  readonly method?: string | undefined
  readonly status: number
  /** The value of `WWW-Authenticate` (RFC 6750 section 3), if there is one. */
  readonly challenge?: string | undefined
  /** The body as text; only called for statuses with which a token can be refused. */
  body(): string | Promise<string>
  /** Whether the request can be sent again: its body is still whole. */
  readonly replayable: boolean
}

/** One outgoing request, from its URL to its last replay. For adapters: every decision about tokens is taken in here. */
export interface Outgoing {
  /** A relative URL becomes one on the product's host; an absolute one is parsed. */
  url(url: string | URL): Promise<URL>
  /**
   * The value of the `Authorization` header for this URL, or `undefined` if the URL is nobody's of Zoho: leave the
   * request alone.
   *
   * @throws ZohoAuthError `ERR_ZOHO_HOST_DENIED` if it is Zoho's, but of another data centre than the connection's.
   */
  authorization(url: URL): Promise<string | undefined>
  /** Whether a URL is on the list of any data centre, and so may get a token at all. Asks nobody. */
  knows(url: URL): boolean
  /** Whether the header may go along to this URL, such as the target of a redirect. Valid after `authorization`. */
  allows(url: URL): boolean
  /** The header of a replay, or `undefined`: hand the answer to the caller. Allows at most two replays. */
  answered(answer: ApiAnswer): Promise<string | undefined>
  /** Why a refused request was not sent again, in words for the developer. */
  readonly hint: string | undefined
}

/** What `status` tells. Holds no secret. */
export interface ConnectionStatus {
  readonly connection: string
  readonly dataCenter: DataCenter
  readonly state: ConnectionState
  /** Of the token at hand, in milliseconds since the epoch. */
  readonly expiresAt?: number
  /** New tokens that this library may still take in the current window; 0 if the token store is down. */
  readonly budgetLeft: number
  /** Whether the token store answered just now. */
  readonly store: 'up' | 'down'
  /** Nothing is sent until then, and why. */
  readonly cooldown?: { readonly untilAt: number; readonly reason: CooldownReason | ProcessCooldownReason }
  /** Requests of this process to the accounts servers, of all connections: under way, of how many, and waiting for room. */
  readonly requests: { readonly underWay: number; readonly queued: number; readonly max: number }
  /** The last failure since the last token, as this process saw it. */
  readonly lastError?: LastError
}

export interface RotateOptions {
  /** Called after each connection. */
  readonly onProgress?: ((report: RotateReport) => void) | undefined
  /** Stops between two connections; another call resumes. */
  readonly signal?: AbortSignal | undefined
}

export interface RotateReport {
  readonly seen: number
  /** Sealed anew; the others had the first key already, or failed. */
  readonly rotated: number
  /** Those that could not be opened or written, the first hundred of them. They are left as they are. */
  readonly failed: readonly FailedConnection[]
}

/** The calls of {@link ZohoAuth}, bound to one connection. Never reads the surrounding scope. */
export interface ZohoHandle {
  /** @throws ZohoAuthError see {@link ZohoAuth.getToken} */
  getToken(options?: Omit<TokenOptions, 'connection'>): Promise<Token>
  getAccessToken(options?: Omit<TokenOptions, 'connection'>): Promise<string>
  peekToken(): Token | undefined
  fetch(input: string | URL | Request, init?: Omit<ZohoFetchOptions, 'connection'>): Promise<Response>
  authorize(url: string | URL, options?: Omit<TokenOptions, 'connection'>): Promise<{ Authorization: string }>
  apiUrl(product: Product): Promise<URL>
  outgoing(options?: Omit<OutgoingOptions, 'connection'>): Outgoing
  revoke(): Promise<void>
  status(): Promise<ConnectionStatus>
  /** @throws ZohoAuthError see {@link ZohoAuth.connectionId} */
  connectionId(): Promise<string>
  /** Another handle of the same engine. */
  forConnection(connection: string | ConnectionResolver): ZohoHandle
}

const BRAND: unique symbol = Symbol.for('zoho-auth.engine') as never

/** Whether a value is an engine, from whichever copy of this package. */
export function isZohoAuth(value: unknown): value is ZohoAuth {
  return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[BRAND] === true
}

/**
 * Keeps Zoho tokens valid. Made by `createZohoAuth`; one per OAuth client and process is enough, and shares its work
 * among everyone who uses it.
 */
export abstract class ZohoAuth {
  static {
    Object.defineProperty(ZohoAuth.prototype, BRAND, { value: true })
  }

  /**
   * How connections get their grants.
   *
   * ```ts
   * const { url, state } = await zoho.consent.start({ connection: 'acme', scopes, redirectUri })
   * await zoho.consent.finish(callbackUrl, state)
   * ```
   */
  abstract readonly consent: ZohoConsent

  /** Whether `withConnection` is on; `false` with the option `ambient: false`. */
  abstract readonly ambient: boolean

  /**
   * A valid access token.
   *
   * A fresh one is handed out at once; a stale one too, with a refresh in the background. Only without a usable token does a
   * caller wait, at most `maxWaitMs` (10 000 ms, ten seconds, unless told otherwise), whatever it waits for. A pause that
   * lasts longer is told at once, with `retryAfterMs`.
   *
   * ```ts
   * const { value, expiresAt } = await zoho.getToken({ connection: 'acme' })
   * ```
   *
   * @throws ZohoAuthError `ERR_ZOHO_NO_CONNECTION`, `ERR_ZOHO_CONSENT_REQUIRED`, `ERR_ZOHO_REVOKED`, `ERR_ZOHO_CLIENT`,
   *   `ERR_ZOHO_THROTTLED`, `ERR_ZOHO_UNAVAILABLE`, `ERR_ZOHO_TIMEOUT`, `ERR_ZOHO_BAD_RESPONSE`, `ERR_ZOHO_STORE`.
   */
  abstract getToken(options?: TokenOptions): Promise<Token>

  /**
   * The string alone. Throws as {@link getToken} does.
   *
   * ```ts
   * socket.send(await zoho.getAccessToken())
   * ```
   */
  abstract getAccessToken(options?: TokenOptions): Promise<string>

  /**
   * A fresh token that is in memory already, or `undefined`. Synchronous; never starts anything, never throws.
   *
   * ```ts
   * const token = zoho.peekToken() ?? (await zoho.getToken())
   * ```
   */
  abstract peekToken(options?: PeekOptions): Token | undefined

  /**
   * `fetch` with a token, which repeats a request once or twice if the API says that the token is dead.
   *
   * ```ts
   * const answer = await zoho.fetch('/recruit/v2/Candidates', { product: 'recruit', connection: 'acme' })
   * ```
   *
   * Goes to Zoho's hosts of the connection's data centre only. Otherwise it is the platform's `fetch`, at every redirect and
   * repetition: of a `Request` all counts, `init` may be anything that `fetch` takes, and an answer is there as soon as it
   * can be judged, two seconds after its beginning at the latest. Bodies that can be sent again: none, string, Buffer,
   * typed arrays, URLSearchParams, FormData, Blob, and a `Request` with one of them. Others (streams, iterators) are sent
   * once; a refusal is then returned as it is. Answers other than a dead token, scope and rate limits included, are handed
   * on untouched.
   *
   * A request that has an `Authorization` of its own is left alone, whatever its host: it gets no token and is not
   * repeated. The axios adapter has the same rule.
   *
   * Not promised: that a redirect goes through the dispatcher of a `Request` if nobody can read it, as with undici 7
   * (Node 24). Give the dispatcher in `init`.
   *
   * @throws ZohoAuthError as {@link getToken}, and `ERR_ZOHO_HOST_DENIED` before anything is sent.
   * @throws TypeError as `fetch`; for a body that was used already.
   */
  abstract fetch(input: string | URL | Request, init?: ZohoFetchOptions): Promise<Response>

  /**
   * The header for one URL.
   *
   * ```ts
   * const headers = await zoho.authorize('https://recruit.zoho.eu/recruit/v2/Candidates')
   * ```
   *
   * @throws ZohoAuthError as {@link getToken}, and `ERR_ZOHO_HOST_DENIED` for a URL that is not on the list.
   */
  abstract authorize(url: string | URL, options?: TokenOptions): Promise<{ Authorization: string }>

  /**
   * The host of a product in a connection's data centre.
   *
   * ```ts
   * await zoho.apiUrl('recruit') // https://recruit.zoho.eu/
   * ```
   *
   * @throws ZohoAuthError `ERR_ZOHO_NO_CONNECTION`; TypeError for an unknown product, or one without a host there.
   */
  abstract apiUrl(product: Product, connection?: string): Promise<URL>

  /**
   * Runs `fn`; everything it calls, and awaits, uses this connection.
   *
   * ```ts
   * await zoho.withConnection('acme', () => nightlyReport())
   * ```
   *
   * A convenience on `AsyncLocalStorage.run`: work that several requests share (batches, pools, raw socket events) can
   * run in somebody else's scope. There, name the connection in the call, or use {@link forConnection}.
   */
  abstract withConnection<T>(connection: string | ConnectionResolver, fn: () => T): T

  /**
   * The same calls, bound to one connection.
   *
   * ```ts
   * const acme = zoho.forConnection('acme')
   * await acme.fetch('/recruit/v2/Candidates', { product: 'recruit' })
   * ```
   *
   * @param connection Left out: the surrounding `withConnection` of this very call, else the only configured connection.
   *   `undefined` is nobody.
   * @throws ZohoAuthError `ERR_ZOHO_NO_CONNECTION` for what is no id.
   */
  abstract forConnection(...named: [] | [connection: string | ConnectionResolver]): ZohoHandle

  /**
   * The id that a call without `connection` would use, whether or not there is such a connection yet.
   *
   * @throws ZohoAuthError `ERR_ZOHO_NO_CONNECTION` if nobody was chosen.
   */
  abstract connectionId(): Promise<string>

  /** One outgoing request; for adapters of HTTP clients. */
  abstract outgoing(options?: OutgoingOptions): Outgoing

  /**
   * Takes a grant back at Zoho, with all its tokens, for the whole fleet. Idempotent: a grant that is dead already counts
   * as revoked; if the network fails half-way the connection stays `revoking`, and the next call finishes it.
   *
   * ```ts
   * await zoho.revoke({ connection: 'acme' })
   * ```
   *
   * With `token` only that access token dies. Processes that hold it learn so when an API refuses it, and make another.
   *
   * @throws ZohoAuthError `ERR_ZOHO_NO_CONNECTION`, `ERR_ZOHO_UNAVAILABLE`, `ERR_ZOHO_TIMEOUT`, `ERR_ZOHO_THROTTLED`,
   *   `ERR_ZOHO_CLIENT`, `ERR_ZOHO_STORE`.
   */
  abstract revoke(options?: RevokeOptions): Promise<void>

  /**
   * Revokes many connections, such as all of one tenant, one after the other. Resumable.
   *
   * ```ts
   * const { revoked, failed } = await zoho.revokeAll({ where: ({ id }) => id.startsWith('acme:') })
   * ```
   *
   * @throws ZohoAuthError `ERR_ZOHO_CONFIG` if `connections` is a function, which cannot be listed; `ERR_ZOHO_STORE`.
   */
  abstract revokeAll(options: RevokeAllOptions): Promise<RevokeReport>

  /**
   * Fills the cache of this process, one connection after the other, at a rate that leaves room for callers: at most half
   * of `maxConcurrentRefreshes` at a time. Call it at start, before thousands of customers are asked for at once; do not
   * wait for it with the start of the app.
   *
   * ```ts
   * void zoho.warm(customerIds, { perSecond: 100 })
   * ```
   *
   * Spends new tokens only if the shared store has none. Not promised: that a token is there when this ends; where
   * Zoho refuses or cannot be reached, the connection is in `failed`.
   *
   * @throws TypeError for a `perSecond` that is no rate; the reason of `signal`.
   */
  abstract warm(ids: Iterable<string> | AsyncIterable<string>, options?: WarmOptions): Promise<WarmReport>

  /**
   * How a connection is, without spending quota. A token store that does not answer is `store: 'down'`, and no fault.
   *
   * ```ts
   * const { state, expiresAt, budgetLeft, cooldown } = await zoho.status('acme')
   * ```
   *
   * @throws ZohoAuthError `ERR_ZOHO_NO_CONNECTION`; `ERR_ZOHO_STORE` if connections cannot be read.
   */
  abstract status(connection?: string): Promise<ConnectionStatus>

  /**
   * Seals every stored connection with the first of `encryptionKeys`. Resumable, and safe while the fleet works. Once all
   * processes have the new ring and this has finished without failures, the old key can go.
   *
   * ```ts
   * const { rotated, failed } = await zoho.rotateKeys()
   * ```
   *
   * @throws ZohoAuthError `ERR_ZOHO_CONFIG` if connections are not in a durable store with keys.
   */
  abstract rotateKeys(options?: RotateOptions): Promise<RotateReport>

  /**
   * Calls `listener` at every event of this name. Returns its own undoing.
   *
   * ```ts
   * const off = zoho.on('connection.consent_required', ({ connection }) => askToReconnect(connection))
   * ```
   */
  abstract on<Name extends ZohoAuthEventName>(name: Name, listener: ZohoAuthListener<Name>): () => void

  /**
   * Lets requests under way finish, for five seconds at most on the engine's clock; ends every other wait at once, and
   * closes what this engine opened itself. Consents, revocations and rotations under way are waited for longer if they
   * need it, four times `timeoutMs` (32 seconds) at most: a grant that Zoho has made must not be lost. `revokeAll` and
   * `rotateKeys` stop between two connections. Idempotent. Nothing can be asked of the engine afterwards.
   *
   * ```ts
   * process.once('SIGTERM', () => void zoho.close())
   * ```
   */
  abstract close(): Promise<void>

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
