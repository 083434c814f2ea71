import { parseObject } from '../words/json.js'

/** An answer of the accounts server to a token request, in words. Judged by its body, not its status. */
export type TokenAnswer =
  | {
      readonly kind: 'token'
      readonly value: string
      readonly lifeMs: number
      /** Without trailing slash; absent if the answer named none, or none that is on the list of hosts. */
      readonly apiDomain?: string
      /** What the answer named in place of one, as it may stand in a message. */
      readonly ignoredApiDomain?: string
      readonly scopes: readonly string[]
      /** Zoho does not rotate refresh tokens today; if one comes, it is the grant from now on. */
      readonly refreshToken?: string
    }
  | (Refusal & {
      /** A refresh token that stands in it all the same: a grant lives at Zoho that nobody else knows of. */
      readonly refreshToken?: string
    })

/** An answer without a token that can be used. */
type Refusal =
  /** The grant is dead. */
  | { readonly kind: 'dead-grant'; readonly error: string }
  /** The app's own configuration, or the wrong data centre. */
  | { readonly kind: 'client-fault'; readonly error: string }
  | { readonly kind: 'throttled' }
  /** May go away by itself. `detail` says what came, without anything secret. */
  | {
      readonly kind: 'transient'
      readonly detail: string
      readonly retryAfterMs?: number
      /** The answer broke off where a token may have stood. */
      readonly unclear?: true
    }
  /** A token came that must not be used. */
  | { readonly kind: 'malformed'; readonly detail: string }

/** Life of a token if the answer does not say, in milliseconds: Zoho's hour. */
const DEFAULT_LIFE_MS = 3_600_000

/** The longest life that is believed, in milliseconds (24 hours). */
const MAX_LIFE_MS = 86_400_000

const DEAD = new Set(['invalid_code', 'invalid_grant', 'invalid_token'])
const CLIENT = new Set([
  'invalid_client',
  'invalid_client_secret',
  'invalid_redirect_uri',
  'missing_org_info',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_request',
  'invalid_scope',
])

/** What is judged: what came over the wire, read to its end. */
export interface RawAnswer {
  readonly status: number
  readonly body: string
  /** The value of `Retry-After`, if any. */
  readonly retryAfter?: string | undefined
}

/**
 * Judges an answer of `POST /oauth/v2/token`.
 *
 * Zoho refuses with status 200 or 400 alike (zoho-facts section 3), throttles with `Access Denied` in several
 * spellings, counts `expires_in` in milliseconds if `expires_in_sec` stands beside it, and sometimes leaves it out
 * (section 7).
 *
 * No other field costs a good token: `api_domain` is a hint, used if it is on the list of hosts (Zoho names
 * `https://api.zoho.com`, portals, and on-premises even foreign hosts there); scope and token type may be anything.
 *
 * @param allowsApiDomain Whether an origin named as `api_domain` belongs to the grant's data centre.
 * @param mask Takes secrets out of what is told of the answer.
 */
export function judgeTokenAnswer(
  answer: RawAnswer,
  allowsApiDomain: (origin: URL) => boolean,
  mask: Mask = asItIs,
): TokenAnswer {
  const judged = judgeFields(answer, allowsApiDomain, mask)
  if (judged.kind === 'token') return judged
  const refreshToken = REFRESH_TOKEN.exec(answer.body)?.[1]
  return refreshToken === undefined ? judged : { ...judged, refreshToken }
}

/** A refresh token in whatever came, such as a JSON that breaks off behind it. */
const REFRESH_TOKEN = /"refresh_token"\s*:\s*"([\x21\x23-\x5b\x5d-\x7e]{1,1024})"/

function judgeFields(answer: RawAnswer, allowsApiDomain: (origin: URL) => boolean, mask: Mask): TokenAnswer {
  const show = (value: unknown): string => shown(value, mask)
  const body = parseObject(answer.body)
  const text = (key: string): string | undefined => {
    const value = body?.[key]
    return typeof value === 'string' && value !== '' ? value : undefined
  }
  const value = text('access_token')
  if (value === undefined) return judgeRefusal(answer, body, text, show)
  if (answer.status < 200 || answer.status > 299)
    return transient(answer, `status ${answer.status} with a token in it`)

  const lifeMs = lifeOf(body ?? {})
  if (lifeMs === undefined)
    return { kind: 'malformed', detail: `expires_in is absurd: ${show(body?.expires_in)}` }
  const domain = text('api_domain')
  const url = domain !== undefined && URL.canParse(domain) ? new URL(domain) : undefined
  const isOurs = url !== undefined && allowsApiDomain(url)
  if (!PRINTABLE.test(value))
    return { kind: 'malformed', detail: 'access_token has characters no header takes' }

  const refreshToken = text('refresh_token')
  return {
    kind: 'token',
    value,
    lifeMs,
    scopes: (text('scope') ?? '').split(/[\s,]+/).filter((scope) => scope !== ''),
    ...(isOurs ? { apiDomain: url.origin } : {}),
    ...(domain !== undefined && !isOurs ? { ignoredApiDomain: show(domain) } : {}),
    ...(refreshToken === undefined ? {} : { refreshToken }),
  }
}

/** What fits in a header (RFC 9110 section 5.5), without spaces. */
const PRINTABLE = /^[\x21-\x7e]{1,4096}$/

function judgeRefusal(
  answer: RawAnswer,
  body: Record<string, unknown> | undefined,
  text: (key: string) => string | undefined,
  show: (value: unknown) => string,
): TokenAnswer {
  const error = text('error') ?? text('code')
  const description = `${error ?? ''} ${text('error_description') ?? ''} ${text('message') ?? ''}`
  if (isThrottle(error, description)) return { kind: 'throttled' }
  const name = error?.trim().toLowerCase()
  if (name !== undefined && DEAD.has(name)) return { kind: 'dead-grant', error: name }
  if (name !== undefined && CLIENT.has(name)) return { kind: 'client-fault', error: name }
  if (error !== undefined) return transient(answer, `error ${show(error)}`)
  if (body === undefined && isThrottlePage(answer)) return { kind: 'throttled' }
  if (answer.status >= 300 && answer.status < 400)
    return transient(answer, `a redirect (status ${answer.status})`)
  if (body === undefined && answer.status < 300 && answer.body.trimStart().startsWith('{'))
    return {
      ...transient(answer, `status ${answer.status} and a JSON object that breaks off`),
      unclear: true,
    }
  if (body === undefined)
    return transient(answer, `status ${answer.status} and a body that is not a JSON object`)
  return transient(answer, `status ${answer.status} without access_token and without error`)
}

/** `Access Denied`, `access_denied`, "too many requests": Zoho's throttle, in any spelling and with any status. */
function isThrottle(error: string | undefined, description: string): boolean {
  return (
    /^access[\s_-]*denied$/i.test(error?.trim() ?? '') || /too[\s_-]*many[\s_-]*requests/i.test(description)
  )
}

/** The same words in plain text or on a page. A gateway's own "429 Too Many Requests" is none of Zoho's. */
function isThrottlePage({ status, body }: RawAnswer): boolean {
  return (
    /access[\s_-]*denied|too[\s_-]*many[\s_-]*requests[\s_-]*continuously/i.test(body) ||
    (status !== 429 && /too[\s_-]*many[\s_-]*requests/i.test(body))
  )
}

function transient(answer: RawAnswer, detail: string): Extract<TokenAnswer, { readonly kind: 'transient' }> {
  const seconds = /^\d{1,6}$/.test(answer.retryAfter ?? '') ? Number(answer.retryAfter) : undefined
  return { kind: 'transient', detail, ...(seconds === undefined ? {} : { retryAfterMs: seconds * 1000 }) }
}

/** Life in milliseconds; `undefined` if a number came that cannot be one. */
function lifeOf(body: Record<string, unknown>): number | undefined {
  const seconds = numberOf(body.expires_in_sec)
  const plain = numberOf(body.expires_in)
  if (seconds === undefined && plain === undefined) {
    return body.expires_in === undefined && body.expires_in_sec === undefined ? DEFAULT_LIFE_MS : undefined
  }
  // More than a day cannot be seconds: old answers counted milliseconds.
  const ms =
    seconds !== undefined ? seconds * 1000 : (plain ?? 0) * 1000 > MAX_LIFE_MS ? plain : (plain ?? 0) * 1000
  return ms !== undefined && ms > 0 && ms <= MAX_LIFE_MS ? ms : undefined
}

function numberOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\d{1,15}(\.\d{1,6})?$/.test(value) ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined
}

/** Takes out of a text what is known to be secret. */
type Mask = (text: string) => string

const asItIs: Mask = (text) => text

/** Something from the wire as it may stand in a message: short, on one line, quoted, and nothing secret. */
function shown(value: unknown, mask: Mask): string {
  const text = mask(String(value)).slice(0, 80)
  return JSON.stringify(text.replace(TOKEN_SHAPE, '[masked]'))
}

/** Zoho's tokens look like this. */
const TOKEN_SHAPE = /\d{4}\.[0-9a-f]{32}\.[0-9a-f]{32}/gi

/** What an answer to a revocation means: the token is dead now, or why it is not. */
export type RevokeAnswer =
  | { readonly kind: 'revoked' }
  /** Perhaps it was dead already; perhaps something in between refused the request. */
  | { readonly kind: 'unclear'; readonly detail: string }
  | Exclude<
      TokenAnswer,
      { readonly kind: 'token' } | { readonly kind: 'dead-grant' } | { readonly kind: 'malformed' }
    >

/**
 * Judges an answer of a revocation endpoint. Zoho's own word for success is `{"status":"success"}`, for a token that was dead
 * already an error such as `invalid_token`.
 *
 * The older endpoint also answers a dead token with 400 and an HTML page (zoho-facts section 2), the current one is documented
 * with a status alone; and any gateway that does not like the request can answer just that. So without a word of Zoho's a
 * 400, and a 200 that is no page, are unclear.
 */
export function judgeRevokeAnswer(answer: RawAnswer, mask: Mask = asItIs): RevokeAnswer {
  const { status } = answer
  const body = parseObject(answer.body)
  if (status === 200 && body?.status === 'success' && body.error === undefined) return { kind: 'revoked' }
  const isSilent = body?.error === undefined && body?.status !== 'failure'
  const isPage = body === undefined && answer.body.trim() !== ''
  if (isSilent && (status === 400 || (status === 200 && !isPage)))
    return { kind: 'unclear', detail: `status ${status} without a word of Zoho's` }
  const refusal = judgeTokenAnswer(answer, () => false, mask)
  if (refusal.kind === 'dead-grant') return { kind: 'revoked' }
  if (refusal.kind === 'token' || refusal.kind === 'malformed')
    return transient(answer, 'an answer with a token in it')
  return refusal
}
