import type { Fault } from '@zoho-auth/emulator'

/** Which engine a request goes through: see `ENGINES` in `world.ts`. */
export type EngineName =
  | 'failing'
  | 'patient'
  | 'hasty'
  | 'wrong secret'
  | 'store that prints'
  | 'lookup that prints'
  | 'closed'

/** `adapter`: axios with its adapter for `fetch`. `app`: a program behind Express or Nest, asked over HTTP. */
export type ClientKind = 'fetch' | 'axios' | 'adapter' | 'app'

/** What is asked for. Default: the tenant's candidates, by GET. */
export interface Request {
  readonly path?: string
  /** Where it goes in place of the tenant's own data centre. */
  readonly to?: 'a foreign server' | 'another data centre' | 'nobody'
  readonly body?: 'json' | 'stream'
  readonly responseType?: 'stream' | 'arraybuffer'
  /** After so many milliseconds the caller leaves. */
  readonly timeoutMs?: number
  readonly redirects?: 'none'
  readonly connection?: string
}

/** Something that happens to a request. */
export interface Situation {
  readonly name: string
  /** What comes of it: a status, or a code; several with `|` between, where versions differ. Where it is another one, the situation did not come about, and that is a failure. */
  readonly wants: string | Readonly<Partial<Record<ClientKind, string>>>
  /** Default: `patient`. */
  readonly engine?: EngineName
  /** Default: every kind of client. */
  readonly for?: readonly ClientKind[]
  /** What was done before, for the same tenant. Default: nothing, so that a token is made for the request. */
  readonly before?: 'a token' | 'a dead token' | 'a revocation'
  /** At Zoho, for this tenant alone. `$SECRETS` stands for its refresh token and client secret. */
  readonly faults?: readonly Fault[]
  readonly request?: Request
  /** What is done once the request has arrived there. */
  readonly once?: { readonly at: 'token' | 'api'; readonly does: 'abort' | 'close' }
}

const ALWAYS = { times: 99 } as const
const DIRECT = ['fetch', 'axios', 'adapter'] as const
const AXIOS = ['axios', 'adapter'] as const
const API_STATUSES = [400, 403, 404, 429, 500, 503] as const

/** `ERR_ZOHO_…` that are a bare 500 for strangers, as only an operator can help. */
const hidden = (code: string): Situation['wants'] => ({
  fetch: code,
  axios: code,
  adapter: code,
  app: `${code}|500`,
})

/** Every situation of a request. A reader adds one by adding a row. */
export const SITUATIONS: readonly Situation[] = [
  { name: 'success', wants: '200' },
  { name: 'success with a token that is there', wants: '200', before: 'a token' },
  { name: 'success of a POST', wants: '200', request: { body: 'json' } },
  { name: 'success as a stream', wants: '200', for: AXIOS, request: { responseType: 'stream' } },
  { name: 'success as bytes', wants: '200', for: AXIOS, request: { responseType: 'arraybuffer' } },
  { name: 'success after a replay', wants: '200', before: 'a dead token' },
  {
    name: 'success after a replay of a POST',
    wants: '200',
    before: 'a dead token',
    request: { body: 'json' },
  },
  { name: 'replayed in vain', wants: '401', faults: [{ on: 'api', kind: 'dead-token', ...ALWAYS }] },
  {
    name: 'refused, and a stream',
    wants: '401',
    for: DIRECT,
    before: 'a dead token',
    request: { body: 'stream' },
  },
  {
    name: 'refused, and the replay breaks',
    wants: {
      fetch: 'ECONNRESET',
      axios: 'ECONNRESET',
      adapter: 'ERR_NETWORK',
      app: 'ECONNRESET|ERR_ZOHO_UNAVAILABLE',
    },
    for: DIRECT,
    before: 'a dead token',
    faults: [
      { on: 'api', kind: 'dead-token' },
      { on: 'api', kind: 'reset', ...ALWAYS },
    ],
  },
  {
    name: 'refused, and the accounts server is down',
    wants: 'ERR_ZOHO_UNAVAILABLE',
    before: 'a dead token',
    faults: [{ on: 'token', kind: 'status', status: 503, retryAfter: 3_600, ...ALWAYS }],
  },
  { name: 'a scope is missing', wants: '401', faults: [{ on: 'api', kind: 'scope-mismatch', ...ALWAYS }] },
  ...API_STATUSES.map(
    (status): Situation => ({
      name: `the API answers ${status}`,
      wants: String(status),
      faults: [{ on: 'api', kind: 'status', status, body: '{"code":"X"}', ...ALWAYS }],
    }),
  ),
  { name: 'the API answers a page', wants: '200', faults: [{ on: 'api', kind: 'html' }] },
  { name: 'the API answers half of a JSON', wants: '200', faults: [{ on: 'api', kind: 'truncated-json' }] },
  {
    name: 'the API breaks the connection',
    wants: {
      fetch: 'ECONNRESET',
      axios: 'ECONNRESET',
      adapter: 'ERR_NETWORK',
      app: 'ECONNRESET|ERR_ZOHO_UNAVAILABLE',
    },
    before: 'a token',
    faults: [{ on: 'api', kind: 'reset', ...ALWAYS }],
  },
  {
    name: 'the API redirects to a foreign server',
    wants: '200',
    for: DIRECT,
    faults: [{ on: 'api', kind: 'redirect', url: '$FOREIGN/' }],
  },
  {
    name: 'a redirect that is refused',
    wants: { fetch: 'TypeError', axios: '307', adapter: '200|307' },
    for: DIRECT,
    before: 'a token',
    request: { redirects: 'none' },
    faults: [{ on: 'api', kind: 'redirect', url: '$FOREIGN/' }],
  },
  {
    name: 'too many redirects',
    wants: { fetch: 'TypeError', axios: 'ERR_FR_TOO_MANY_REDIRECTS', adapter: 'ERR_FR_TOO_MANY_REDIRECTS' },
    for: DIRECT,
    before: 'a token',
    faults: [{ on: 'api', kind: 'redirect', url: '$OWN/recruit/v2/Candidates', ...ALWAYS }],
  },
  {
    name: 'a time-out of the API',
    wants: { fetch: 'TimeoutError', axios: 'ECONNABORTED', adapter: 'ECONNABORTED|ETIMEDOUT' },
    for: DIRECT,
    before: 'a token',
    faults: [{ on: 'api', kind: 'hang' }],
    request: { timeoutMs: 60 },
  },
  {
    name: 'a time-out while it waits for a token',
    wants: { fetch: 'TimeoutError', axios: 'ECONNABORTED', adapter: 'ECONNABORTED|ETIMEDOUT' },
    for: DIRECT,
    faults: [{ on: 'token', kind: 'hang' }],
    request: { timeoutMs: 60 },
  },
  {
    name: 'an abort while the API works',
    wants: { fetch: 'AbortError', axios: 'ERR_CANCELED', adapter: 'ERR_CANCELED' },
    for: DIRECT,
    faults: [{ on: 'api', kind: 'hang' }],
    once: { at: 'api', does: 'abort' },
  },
  {
    name: 'an abort while it waits for a token',
    wants: { fetch: 'AbortError', axios: 'ERR_CANCELED', adapter: 'ERR_CANCELED' },
    for: DIRECT,
    faults: [{ on: 'token', kind: 'hang' }],
    once: { at: 'token', does: 'abort' },
  },
  {
    name: 'a foreign server',
    wants: { fetch: 'ERR_ZOHO_HOST_DENIED', axios: '200', adapter: '200' },
    for: DIRECT,
    before: 'a token',
    request: { to: 'a foreign server' },
  },
  {
    name: 'a foreign refusal',
    wants: '404',
    for: AXIOS,
    before: 'a token',
    request: { to: 'a foreign server', path: '/404' },
  },
  {
    name: 'a foreign time-out',
    wants: { axios: 'ECONNABORTED', adapter: 'ECONNABORTED|ETIMEDOUT' },
    for: AXIOS,
    request: { to: 'a foreign server', path: '/hang', timeoutMs: 60 },
  },
  {
    name: 'a foreign host that nobody listens on',
    wants: { axios: 'ECONNREFUSED', adapter: 'ERR_NETWORK' },
    for: AXIOS,
    request: { to: 'nobody' },
  },
  {
    name: 'another data centre',
    wants: 'ERR_ZOHO_HOST_DENIED',
    for: DIRECT,
    before: 'a token',
    request: { to: 'another data centre' },
  },
  { name: 'no such connection', wants: 'ERR_ZOHO_NO_CONNECTION', request: { connection: 'nobody' } },
  { name: 'a connection that was revoked', wants: 'ERR_ZOHO_REVOKED', before: 'a revocation' },
  {
    name: 'the accounts server echoes the request',
    wants: 'ERR_ZOHO_UNAVAILABLE',
    faults: [
      {
        on: 'token',
        kind: 'status',
        status: 503,
        retryAfter: 3_600,
        body: '{"error":"cannot read $SECRETS"}',
        contentType: 'application/json',
        ...ALWAYS,
      },
    ],
  },
  {
    name: 'the accounts server echoes the request as its error',
    wants: 'ERR_ZOHO_UNAVAILABLE',
    engine: 'failing',
    faults: [{ on: 'token', kind: 'error', error: 'invalid $SECRETS', ...ALWAYS }],
  },
  {
    name: 'the accounts server echoes the request as text',
    wants: 'ERR_ZOHO_BAD_RESPONSE|ERR_ZOHO_UNAVAILABLE',
    engine: 'failing',
    faults: [{ on: 'token', kind: 'status', status: 400, body: 'cannot read $SECRETS', ...ALWAYS }],
  },
  {
    name: 'the accounts server answers a page',
    wants: 'ERR_ZOHO_BAD_RESPONSE|ERR_ZOHO_UNAVAILABLE',
    engine: 'failing',
    faults: [{ on: 'token', kind: 'html', ...ALWAYS }],
  },
  {
    name: 'the accounts server answers half of a JSON',
    wants: 'ERR_ZOHO_BAD_RESPONSE|ERR_ZOHO_UNAVAILABLE',
    engine: 'failing',
    faults: [{ on: 'token', kind: 'truncated-json', ...ALWAYS }],
  },
  {
    name: 'the accounts server answers nothing',
    wants: 'ERR_ZOHO_BAD_RESPONSE|ERR_ZOHO_UNAVAILABLE',
    engine: 'failing',
    faults: [{ on: 'token', kind: 'empty', ...ALWAYS }],
  },
  {
    name: 'the accounts server redirects',
    wants: 'ERR_ZOHO_BAD_RESPONSE|ERR_ZOHO_UNAVAILABLE',
    engine: 'failing',
    faults: [{ on: 'token', kind: 'redirect', url: '$FOREIGN/', ...ALWAYS }],
  },
  {
    name: 'the accounts server breaks the connection',
    wants: 'ERR_ZOHO_UNAVAILABLE',
    engine: 'failing',
    faults: [{ on: 'token', kind: 'reset', ...ALWAYS }],
  },
  {
    name: 'the answer of the accounts server is lost',
    wants: 'ERR_ZOHO_UNAVAILABLE',
    engine: 'failing',
    faults: [{ on: 'token', kind: 'reset-after', ...ALWAYS }],
  },
  {
    name: 'no access token in the answer',
    wants: 'ERR_ZOHO_BAD_RESPONSE|ERR_ZOHO_UNAVAILABLE',
    engine: 'failing',
    faults: [{ on: 'token', kind: 'no-access-token', ...ALWAYS }],
  },
  {
    name: 'an absurd life',
    wants: 'ERR_ZOHO_BAD_RESPONSE|ERR_ZOHO_UNAVAILABLE',
    engine: 'failing',
    faults: [{ on: 'token', kind: 'absurd-expires-in', value: '$SECRETS', ...ALWAYS }],
  },
  {
    name: 'a foreign api_domain',
    wants: '200',
    faults: [{ on: 'token', kind: 'foreign-api-domain', value: 'https://$SECRETS.example' }],
  },
  { name: 'a new refresh token', wants: '200', faults: [{ on: 'token', kind: 'rotated-refresh-token' }] },
  {
    name: 'the same token again',
    wants: '401',
    before: 'a dead token',
    faults: [{ on: 'token', kind: 'same-access-token', ...ALWAYS }],
  },
  { name: 'throttled', wants: 'ERR_ZOHO_THROTTLED', faults: [{ on: 'token', kind: 'throttle', ...ALWAYS }] },
  { name: 'a dead grant', wants: 'ERR_ZOHO_CONSENT_REQUIRED', faults: [{ on: 'token', kind: 'dead-grant' }] },
  {
    name: 'a refused client',
    wants: hidden('ERR_ZOHO_CLIENT'),
    faults: [{ on: 'token', kind: 'invalid-client', ...ALWAYS }],
  },
  { name: 'a wrong client secret', wants: hidden('ERR_ZOHO_CLIENT'), engine: 'wrong secret' },
  {
    name: 'a time-out of the accounts server',
    wants: 'ERR_ZOHO_TIMEOUT|ERR_ZOHO_UNAVAILABLE',
    engine: 'hasty',
    faults: [{ on: 'token', kind: 'hang', ...ALWAYS }],
  },
  { name: 'a token store that prints its arguments', wants: '200', engine: 'store that prints' },
  { name: 'the same, and a dead token', wants: '200', engine: 'store that prints', before: 'a dead token' },
  {
    name: 'a lookup that prints the row',
    wants: 'ERR_ZOHO_STORE',
    before: 'a dead token',
    engine: 'lookup that prints',
  },
  {
    name: 'close while a token is asked for',
    wants: hidden('ERR_ZOHO_CONFIG'),
    engine: 'closed',
    for: DIRECT,
    faults: [{ on: 'token', kind: 'hang', ...ALWAYS }],
    once: { at: 'token', does: 'close' },
  },
]
