import type * as OpenIdClient from 'openid-client'
import type { Settings } from '../config/settings.js'
import type { Connection } from '../words/connection.js'
import type { DataCenter } from '../words/data-centers.js'
import { describeFault, ZohoAuthError } from '../words/errors.js'
import type { HostPolicy } from '../words/hosts.js'
import type { Secrets } from '../words/secrets.js'
import { Stop } from '../words/stop.js'
import {
  judgeRevokeAnswer,
  judgeTokenAnswer,
  type RawAnswer,
  type RevokeAnswer,
  type TokenAnswer,
} from './answers.js'
import type { RequestLimit, Slot } from './request-limit.js'
import { FailedOpenings, wasSent } from './was-sent.js'

/** The most of an answer that is read, in bytes (64 KiB). Zoho's are below one. */
const MAX_ANSWER = 65_536

/** What happened to one request. */
export type Answer<Judged> =
  | Judged
  /** No answer in time; Zoho may have made a token. */
  | { readonly kind: 'timeout'; readonly detail: string }
  /** The connection broke; Zoho may have made a token. */
  | { readonly kind: 'lost'; readonly detail: string }
  /** Nothing was sent: no name, no route, no TLS, no room. Says something about this process, not about Zoho. */
  | { readonly kind: 'unreachable'; readonly detail: string }

/** What a browser is sent to Zoho with. */
export interface AuthorizationRequest {
  readonly dataCenter: DataCenter
  readonly redirectUri: string
  readonly scopes: readonly string[]
}

/** A consent that can begin. */
export interface AuthorizationStart {
  readonly url: string
  readonly state: string
  /** PKCE's `code_verifier`: a secret until the code is exchanged. */
  readonly verifier: string
}

/** What a code is exchanged with. */
export interface AuthorizationCode {
  readonly dataCenter: DataCenter
  readonly code: string
  /** As in the authorization request; codes of a self client have none. */
  readonly redirectUri?: string | undefined
  readonly verifier?: string | undefined
}

/** What can be revoked. */
export interface RevocableToken {
  readonly dataCenter: DataCenter
  readonly value: string
  readonly type: 'refresh_token' | 'access_token'
}

/** What an {@link AccountsServer} is made of. */
export interface AccountsServerOptions
  extends Pick<
    Settings,
    'clientId' | 'secretOf' | 'endpointOf' | 'revocationPath' | 'timeoutMs' | 'maxWaitMs' | 'clock' | 'fetch'
  > {
  readonly hosts: HostPolicy
  readonly requests: RequestLimit
  readonly secrets: Secrets
}

/**
 * Gate 5, accounts server: one POST, whose answer is judged by its body (`accounts/answers.ts`).
 *
 * `openid-client` builds the request and checks what a token answer must hold (RFC 6749 sections 5 and 6, RFC 7009); it
 * sees the answer after Zoho's departures from the standard are normalised. It is loaded at the first request, not at
 * import. Secrets travel in the body, never in the URL; a redirect is not followed.
 */
export class AccountsServer {
  readonly #options: AccountsServerOptions
  #oauth: Promise<typeof OpenIdClient> | undefined

  constructor(options: AccountsServerOptions) {
    this.#options = options
  }

  /**
   * Loads `openid-client`, and checks that there is a server and a secret for a data centre, before a lease is spent on it.
   *
   * @throws ZohoAuthError `ERR_ZOHO_CLIENT`, `ERR_ZOHO_CONFIG`
   */
  async prepare(dataCenter: DataCenter): Promise<void> {
    this.#options.endpointOf(dataCenter)
    this.#secretOf(dataCenter)
    await this.#load()
  }

  /**
   * A request that a person or a revocation waits for, with room among those of this process: it goes before refreshes that
   * have not had a turn. Never throws if `send` does not: without room in time nothing is sent, which is `unreachable`.
   */
  async inTurn<Judged>(signal: AbortSignal, send: () => Promise<Answer<Judged>>): Promise<Answer<Judged>> {
    const { requests, clock, maxWaitMs } = this.#options
    const stop = new Stop()
    const onAbort = () => stop.stop(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    const callOff = clock.after(maxWaitMs, () =>
      stop.stop(new Error(`no room for a request within ${maxWaitMs} ms`)),
    )
    let slot: Slot
    try {
      slot = await requests.enter({ stop, ahead: true })
    } catch (error) {
      return { kind: 'unreachable', detail: describeFault(error, this.#options.secrets.mask).message }
    } finally {
      callOff()
      signal.removeEventListener('abort', onAbort)
    }
    try {
      return await send()
    } finally {
      slot.leave('sent')
    }
  }

  /**
   * One token: a refresh (RFC 6749 section 6), or client credentials (section 4.4) for a connection with `soid`. Never
   * throws. Room among the requests of this process is the caller's to have.
   */
  async refresh(connection: Connection, signal: AbortSignal): Promise<Answer<TokenAnswer>> {
    const { dataCenter, refreshToken, soid, scopes = [] } = connection
    this.#options.secrets.add(refreshToken)
    return this.#token(dataCenter, signal, (oauth, config) =>
      refreshToken === undefined
        ? oauth.clientCredentialsGrant(config, { soid: soid ?? '', scope: scopes.join(',') })
        : oauth.refreshTokenGrant(config, refreshToken),
    )
  }

  /** The first half of a consent: where to send the browser, and what must be remembered. Sends nothing. */
  async authorizationRequest(request: AuthorizationRequest): Promise<AuthorizationStart> {
    const { dataCenter, redirectUri, scopes } = request
    const oauth = await this.#load()
    const verifier = oauth.randomPKCECodeVerifier()
    const state = oauth.randomState()
    const url = oauth.buildAuthorizationUrl(this.#configuration(oauth, dataCenter), {
      redirect_uri: redirectUri,
      // Zoho separates scopes by commas.
      scope: scopes.join(','),
      access_type: 'offline',
      prompt: 'consent',
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
    })
    return { url: url.href, state, verifier }
  }

  /**
   * One code (RFC 6749 section 4.1.3). Never throws.
   *
   * A generic request, because `redirect_uri` must be what was registered, character by character, and codes of a self
   * client have none; the callback was judged before (`connections/callback.ts`).
   */
  async exchange(code: AuthorizationCode, signal: AbortSignal): Promise<Answer<TokenAnswer>> {
    const { dataCenter, redirectUri, verifier } = code
    this.#options.secrets.add(code.code, verifier)
    return this.inTurn(signal, () =>
      this.#token(dataCenter, signal, (oauth, config) =>
        oauth.genericGrantRequest(config, 'authorization_code', {
          code: code.code,
          ...(redirectUri === undefined ? {} : { redirect_uri: redirectUri }),
          ...(verifier === undefined ? {} : { code_verifier: verifier }),
        }),
      ),
    )
  }

  async #token(
    dataCenter: DataCenter,
    signal: AbortSignal,
    request: (oauth: typeof OpenIdClient, config: OpenIdClient.Configuration) => Promise<unknown>,
  ): Promise<Answer<TokenAnswer>> {
    const oauth = await this.#load()
    const allows = (origin: URL) => this.#options.hosts.allows(origin, dataCenter)
    const { answer, error } = await this.#send(
      oauth,
      dataCenter,
      signal,
      (config) => request(oauth, config),
      (raw) => judgeTokenAnswer(raw, allows, this.#options.secrets.mask),
    )
    if (answer.kind === 'token') this.#options.secrets.add(answer.value, answer.refreshToken)
    // What we took for a token must also satisfy the standard.
    if (answer.kind === 'token' && error !== undefined) {
      const { refreshToken } = answer
      const malformed = {
        kind: 'malformed',
        detail: describeFault(error, this.#options.secrets.mask).message,
      } as const
      return refreshToken === undefined ? malformed : { ...malformed, refreshToken }
    }
    return answer
  }

  /**
   * One revocation (RFC 7009): of a grant, which ends all its tokens, or of one access token. Never throws.
   *
   * Where the answer is unclear, a grant counts as revoked only if a refresh is refused as dead: its refresh token may be the
   * only copy there is. An access token has an hour to live at most.
   */
  async revoke(token: RevocableToken, signal: AbortSignal): Promise<Answer<RevokeAnswer>> {
    const { dataCenter, value, type } = token
    this.#options.secrets.add(value)
    const oauth = await this.#load()
    return this.inTurn(signal, async () => {
      const { answer } = await this.#send(
        oauth,
        dataCenter,
        signal,
        (config) => oauth.tokenRevocation(config, value, { token_type: type }),
        (raw) => judgeRevokeAnswer(raw, this.#options.secrets.mask),
        this.#revokesWithBasic() ? oauth.ClientSecretBasic : oauth.ClientSecretPost,
      )
      if (answer.kind !== 'unclear') return answer
      if (type === 'access_token') return { kind: 'revoked' }
      const proof = await this.#token(dataCenter, signal, (oauth, config) =>
        oauth.refreshTokenGrant(config, value),
      )
      return proof.kind === 'dead-grant' ? { kind: 'revoked' } : { kind: 'transient', detail: answer.detail }
    })
  }

  #secretOf(dataCenter: DataCenter): string {
    const secret = this.#options.secretOf(dataCenter)
    if (secret !== undefined) return secret
    throw new ZohoAuthError('ERR_ZOHO_CLIENT', {
      message: `there is no client secret for data centre "${dataCenter}"`,
      action: `Set ZOHO_CLIENT_SECRET_${dataCenter.toUpperCase()}, or add it to clientSecret.`,
    })
  }

  /** Zoho's current page documents its own path and HTTP Basic; all product pages the older path. */
  #revokesWithBasic(): boolean {
    return this.#options.revocationPath?.endsWith('/revoke/token') ?? false
  }

  #configuration(
    oauth: typeof OpenIdClient,
    dataCenter: DataCenter,
    authenticate: (secret: string) => OpenIdClient.ClientAuth = oauth.ClientSecretPost,
  ): OpenIdClient.Configuration {
    const base = this.#options.endpointOf(dataCenter)
    const config = new oauth.Configuration(
      {
        issuer: new URL(base).origin,
        authorization_endpoint: `${base}/auth`,
        token_endpoint: `${base}/token`,
        revocation_endpoint: new URL(this.#options.revocationPath ?? `${base}/token/revoke`, base).href,
      },
      this.#options.clientId,
      undefined,
      authenticate(this.#secretOf(dataCenter)),
    )
    // Each request has our own limit; the default would be one more timer, which outlives the request.
    config.timeout = undefined
    if (base.startsWith('http:')) oauth.allowInsecureRequests(config)
    return config
  }

  async #send<Judged extends { readonly kind: string }>(
    oauth: typeof OpenIdClient,
    dataCenter: DataCenter,
    signal: AbortSignal,
    request: (config: OpenIdClient.Configuration) => Promise<unknown>,
    judge: (raw: RawAnswer) => Judged,
    authenticate?: (secret: string) => OpenIdClient.ClientAuth,
  ): Promise<{ readonly answer: Answer<Judged>; readonly error?: unknown }> {
    const { timeoutMs, clock } = this.#options
    const config = this.#configuration(oauth, dataCenter, authenticate)
    const cut = new AbortController()
    const onAbort = () => cut.abort(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    let late = false
    const callOff = clock.after(timeoutMs, () => {
      late = true
      cut.abort()
    })
    let answer: Answer<Judged> | undefined
    const opening = new FailedOpenings()
    config[oauth.customFetch] = async (url, init) => {
      try {
        const raw = await this.#post(url, { ...init, signal: cut.signal } as RequestInit)
        const judged = judge(raw)
        answer = judged
        return normalised(judged)
      } catch (error) {
        answer = late
          ? { kind: 'timeout', detail: `no answer within ${timeoutMs} ms` }
          : {
              kind: wasSent(error, opening) ? 'lost' : 'unreachable',
              detail: describeFault(error, this.#options.secrets.mask).message,
            }
        throw error
      }
    }
    try {
      await request(config)
      return { answer: answer ?? { kind: 'unreachable', detail: 'nothing was sent' } }
    } catch (error) {
      return {
        answer: answer ?? {
          kind: 'unreachable',
          detail: describeFault(error, this.#options.secrets.mask).message,
        },
        error,
      }
    } finally {
      callOff()
      opening.close()
      signal.removeEventListener('abort', onAbort)
    }
  }

  async #post(url: string, init: RequestInit): Promise<RawAnswer> {
    const { fetch } = this.#options
    const response = await fetch(url, { ...init, redirect: 'manual' })
    return {
      status: response.status,
      retryAfter: response.headers.get('retry-after') ?? undefined,
      body: await readLimited(response, MAX_ANSWER),
    }
  }

  #load(): Promise<typeof OpenIdClient> {
    this.#oauth ??= import('openid-client').catch((error: unknown) => {
      this.#oauth = undefined
      throw error
    })
    return this.#oauth
  }
}

/** The answer as RFC 6749 section 5 would have it: 200 with a token, or 400 with an error. */
function normalised(judged: { readonly kind: string }): Response {
  if (judged.kind === 'revoked') return new Response(null, { status: 200 })
  if (judged.kind !== 'token') return Response.json({ error: 'invalid_request' }, { status: 400 })
  const token = judged as Extract<TokenAnswer, { kind: 'token' }>
  return parsedResponse({
    access_token: token.value,
    token_type: 'bearer',
    expires_in: token.lifeMs / 1000,
    ...(token.refreshToken === undefined ? {} : { refresh_token: token.refreshToken }),
  })
}

/**
 * 200 with a JSON that was read already: written out it would be a stream, and read once more. No class of its own: naming
 * `Response` at import would load Node's fetch then, which takes longer than all of core.
 */
function parsedResponse(json: object): Response {
  return Object.assign(new Response(null, { status: 200 }), { json: async () => json })
}

/** Reads a body as text and stops if it grows too long. It is a web stream, or a Node stream from a `fetch` such as node-fetch. */
export async function readLimited(response: Response, limit: number): Promise<string> {
  if (response.body === null) return ''
  const chunks: Uint8Array[] = []
  let length = 0
  // Leaving the loop early ends the stream.
  for await (const chunk of chunksOf(response.body)) {
    chunks.push(chunk)
    length += chunk.byteLength
    if (length > limit) break
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** A web stream is read as all of them can be; what another `fetch` gives in its place can be iterated. */
async function* chunksOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  if (typeof body.getReader !== 'function') return yield* body as AsyncIterable<Uint8Array>
  const reader = body.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield value
    }
  } finally {
    await reader.cancel()
  }
}
