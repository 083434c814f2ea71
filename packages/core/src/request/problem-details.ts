import type { ZohoAuthError, ZohoAuthErrorCode } from '../words/errors.js'

/**
 * A problem as RFC 9457 describes it, for an app's own users. Fit for strangers: no cause, no advice for operators, no
 * connection id, no secret.
 */
export interface ProblemDetails {
  /** A link to what the code means. */
  readonly type: string
  /** What kind of problem it is; always the same for one code. */
  readonly title: string
  readonly status: number
  /** Stable, such as `ERR_ZOHO_CONSENT_REQUIRED`. */
  readonly code?: string
  readonly detail?: string
  /** This occurrence, if the app names it. */
  readonly instance?: string
  /** When to try again, in milliseconds from now, if known. */
  readonly retryAfterMs?: number
}

/** By code; one that another copy of this package knows and this one does not is titled by its status. */
const TITLES: Readonly<Partial<Record<ZohoAuthErrorCode, string>>> = Object.freeze({
  ERR_ZOHO_NO_CONNECTION: 'No Zoho connection',
  ERR_ZOHO_CONSENT_REQUIRED: 'Zoho consent required',
  ERR_ZOHO_REVOKED: 'Zoho connection revoked',
  ERR_ZOHO_SCOPE: 'Zoho scope missing',
  ERR_ZOHO_THROTTLED: 'Zoho token limit reached',
  ERR_ZOHO_UNAVAILABLE: 'Zoho unavailable',
  ERR_ZOHO_STORE: 'Token store unavailable',
  ERR_ZOHO_TIMEOUT: 'Zoho timed out',
  ERR_ZOHO_BAD_RESPONSE: 'Bad response from Zoho',
  ERR_ZOHO_STATE: 'Unknown sign-in attempt',
  ERR_ZOHO_CONFLICT: 'Zoho connection changed meanwhile',
})

/** What a stranger learns of an error that only an operator can help with. */
const BARE: ProblemDetails = Object.freeze({
  type: 'about:blank',
  title: 'Internal Server Error',
  status: 500,
})

/** Headers that a handler may have set for the answer it did not get to give, and that are wrong for a problem. */
export const REPRESENTATION_HEADERS: readonly string[] = Object.freeze([
  'Content-Encoding',
  'Content-Language',
  'Content-Length',
  'Content-Range',
  'ETag',
  'Last-Modified',
])

/**
 * The body for an error; of one that carries no status, only that there was one.
 *
 * @param instance Names this occurrence, as a URI. Default: not named.
 */
export function toProblemDetails(error: ZohoAuthError, instance?: string): ProblemDetails {
  const { help, code, message, statusCode, retryAfterMs } = error
  if (statusCode === undefined) return BARE
  return {
    type: help,
    title: TITLES[code] ?? process.getBuiltinModule('node:http').STATUS_CODES[statusCode] ?? 'Error',
    status: statusCode,
    code,
    detail: message,
    ...(instance === undefined ? {} : { instance }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  }
}

/** The headers that go with it: `Retry-After` if a time is known, and nothing that a cache may keep. */
export function problemHeaders(error: ZohoAuthError): Record<string, string> {
  return {
    ...(error.statusCode === undefined ? {} : error.headers),
    'Content-Type': 'application/problem+json',
    // A handler may have allowed caches to keep the answer it meant to give.
    'Cache-Control': 'no-store',
  }
}
