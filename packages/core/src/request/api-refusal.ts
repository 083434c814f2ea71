import { parseJson } from '../words/json.js'
import { dialectOf, type Product } from '../words/products.js'

/**
 * What an API answer says about the token that was sent.
 *
 * - `fine`: nothing is wrong with it, as far as one can tell.
 * - `certain`: the API no longer knows it; another one helps.
 * - `ambiguous`: refused, and nobody can say whether another one helps.
 * - `scope`: it lacks a scope; no refresh can help.
 * - `other`: refused for something else that no refresh can help: nothing was sent, the wrong organisation, a resource.
 */
export type ApiVerdict = 'fine' | 'certain' | 'ambiguous' | 'scope' | 'other'

/** What is judged. */
export interface JudgedAnswer {
  readonly status: number
  /** As text; only looked at for the statuses of {@link mayRefuseToken}. */
  readonly body: string
  /** The value of `WWW-Authenticate` (RFC 6750 section 3), if any. */
  readonly challenge?: string | undefined
}

/** Most of a body that is looked at, in characters. A refusal is short. */
export const MAX_REFUSAL = 65_536

/** Names that Zoho's accounts server gives a dead token, at whatever product (token-limits page; RFC 6750 section 3.1). */
const DEAD_NAMES: ReadonlySet<string> = new Set([
  'INVALID_TOKEN',
  'INVALID_OAUTHTOKEN',
  'OAUTHTOKEN_INVALID',
  'EXPIRED_TOKEN',
])

/** Of those, the ones that can mean no other token than ours, and so count with any status of a refusal. */
const DEAD_ANYWHERE: ReadonlySet<string> = new Set(['INVALID_OAUTHTOKEN', 'OAUTHTOKEN_INVALID'])

/** Names of refusals that are about neither token nor scope, at whatever product. */
const OTHER_NAMES: ReadonlySet<string> = new Set(['NO_PERMISSION', 'OAUTH_ORG_MISMATCH'])

/** Statuses with which an API refuses a request for want of a right. */
const REFUSALS: ReadonlySet<number> = new Set([400, 401, 403])

/** Whether an answer is worth reading: no product refuses a token with another status. */
export function mayRefuseToken(product: Product | undefined, status: number): boolean {
  return REFUSALS.has(status) || (dialectOf(product).statuses?.includes(status) ?? false)
}

/**
 * Judges an API answer: by the product's own codes, then by the names that are the same everywhere, then by
 * `WWW-Authenticate`, then by its words. Any other 401 is ambiguous, an empty one and a page included: Zoho is larger than
 * any table.
 *
 * @param product `undefined`: not known, so that bare numbers mean nothing.
 */
export function judgeApiAnswer(product: Product | undefined, answer: JudgedAnswer): ApiVerdict {
  const { status, body, challenge } = answer
  if (!mayRefuseToken(product, status)) return 'fine'
  const { dead = [], scope = [], other = [], statuses = [] } = dialectOf(product)
  const said = parseJson(body.slice(0, MAX_REFUSAL))
  // In a success there may be anything; one that is none says so at its top.
  const { codes, texts } = readRefusal(
    status < 400 ? (said as { error?: unknown } | null | undefined)?.error : said,
  )
  const has = (list: readonly string[]): boolean => list.some((code) => codes.has(code))
  const own = status === 401 || statuses.includes(status)
  if (own && has(dead)) return 'certain'
  if (has(scope)) return 'scope'
  if (has(other)) return 'other'
  const names = [...codes]
  if (names.some((name) => (own ? DEAD_NAMES : DEAD_ANYWHERE).has(name))) return 'certain'
  if (names.some((name) => NAME.test(name) && name.includes('SCOPE'))) return 'scope'
  if (names.some((name) => OTHER_NAMES.has(name))) return 'other'
  const error = status >= 400 ? CHALLENGE.exec(challenge ?? '')?.[1]?.toLowerCase() : undefined
  if (error === 'invalid_token' || error === 'expired_token') return 'certain'
  if (error === 'insufficient_scope') return 'scope'
  if (status !== 400 && texts.some((text) => SCOPE_TEXT.test(text))) return 'scope'
  if (texts.some((text) => DEAD_TEXT.test(text))) return 'certain'
  return status === 401 ? 'ambiguous' : 'fine'
}

/** A code that is a name, and no sentence. */
const NAME = /^[A-Z][A-Z0-9_.-]*$/

/** The error of a challenge (RFC 6750 section 3), quoted or not. */
const CHALLENGE = /\berror\s*=\s*"?([a-z_]+)/i

/** "Invalid oauthToken", "The OAuth Token you provided is invalid.", "expired OAuth access token". */
const DEAD_TEXT =
  /\b(?:invalid|expired|inactive|revoked)\b.{0,20}\bo-?auth[\s_-]*2?(?:[\s_-]*access)?[\s_-]*token|\bo-?auth[\s_-]*2?(?:[\s_-]*access)?[\s_-]*token\b.{0,40}\b(?:invalid|expired|inactive|revoked|not valid)\b/i

/** "Invalid oauthscope", "The OAuth scope does not cover this resource". */
const SCOPE_TEXT =
  /\b(?:invalid|insufficient|missing|mismatch\w*)\b.{0,30}scope|scope\w*\b.{0,40}\b(?:invalid|insufficient|missing|mismatch\w*|not|denied)\b/i

/** What a refusal says, in whichever of Zoho's shapes. */
interface SaidRefusal {
  /** In upper case, numbers as text. */
  readonly codes: ReadonlySet<string>
  readonly texts: readonly string[]
}

/** Where codes stand. */
const CODE_KEYS = [
  'code',
  'Code',
  'errorCode',
  'errorcode',
  'error_code',
  'id',
  'title',
  'error',
  'cause',
] as const

/** Where words stand. Some products put a name there. */
const TEXT_KEYS = ['message', 'errorMessage', 'error_message', 'title', 'description', 'summary'] as const

/** Where an error is wrapped up. */
const WRAPPERS = ['error', 'errors', 'data', 'response', 'details'] as const

/** How deep a refusal is looked into, and how many of its parts are. */
const DEEPEST_PART = 4
const MAX_PARTS = 64

function readRefusal(said: unknown): SaidRefusal {
  const codes = new Set<string>()
  const texts: string[] = []
  const parts: { readonly value: unknown; readonly depth: number }[] = [{ value: said, depth: 0 }]
  for (let at = 0; at < parts.length; at++) {
    const { value, depth } = parts[at] as (typeof parts)[number]
    const put = (inner: unknown): void => {
      if (depth < DEEPEST_PART && parts.length < MAX_PARTS && typeof inner === 'object' && inner !== null)
        parts.push({ value: inner, depth: depth + 1 })
    }
    if (Array.isArray(value)) for (const item of value.slice(0, MAX_PARTS)) put(item)
    else if (typeof value === 'object' && value !== null) {
      const part = value as Readonly<Record<string, unknown>>
      for (const key of CODE_KEYS) {
        const code = part[key]
        if (typeof code === 'string' || typeof code === 'number') codes.add(String(code).trim().toUpperCase())
      }
      for (const key of TEXT_KEYS) {
        const text = part[key]
        if (typeof text !== 'string') continue
        texts.push(text)
        codes.add(text.trim().toUpperCase())
      }
      for (const key of WRAPPERS) put(part[key])
    }
  }
  return { codes, texts }
}
