import type { ServerResponse } from 'node:http'
import { HOP_BY_HOP, namesIn } from './hop-by-hop.js'
import { isForwardable } from './target-path.js'

/** What Zoho says about itself: in an answer of this app's it would be about this app. */
const STAYS_THERE: ReadonlySet<string> = new Set([
  // A login at Zoho, which the client does not have.
  'authentication-info',
  'authorization',
  'set-cookie',
  'set-cookie2',
  'www-authenticate',
  // Rules for browsers about an origin: this app makes its own.
  'alt-svc',
  'clear-site-data',
  'content-security-policy',
  'content-security-policy-report-only',
  'expect-ct',
  'nel',
  'origin-agent-cluster',
  'permissions-policy',
  'public-key-pins',
  'referrer-policy',
  'refresh',
  'report-to',
  'reporting-endpoints',
  'service-worker-allowed',
  'strict-transport-security',
  'timing-allow-origin',
  'x-content-type-options',
  'x-frame-options',
  'x-xss-protection',
  // Orders to the caches and servers in front of this app.
  'cdn-cache-control',
  'surrogate-control',
  'x-lighttpd-send-file',
  'x-sendfile',
  // Handled one by one below.
  'cache-control',
  'content-location',
  'location',
  'vary',
])

/** `access-control-`: Zoho could let a page of any origin read what this app's user may read. */
const FAMILIES: readonly string[] = ['access-control-', 'cross-origin-', 'proxy-', 'x-accel-']

/** A token of Zoho's, or a header that carries one. */
const TOKEN = /zoho-oauthtoken\s|\bbearer\s+\S|\b\d{4}\.[\da-f]{32}\.[\da-f]{32}\b/i

/** Encodings that `fetch` takes off. */
const DECODED = /^(x-)?gzip$|^deflate$|^br$/

/** What the headers of one answer are judged by. */
export interface AnswerContext {
  /** The token at hand. */
  readonly token: string | undefined
  /** What was asked for. */
  readonly url: URL
  /** The path under which this app forwards paths as they are; `undefined` if they are rewritten. */
  readonly mount: string | undefined
}

/**
 * Whether `fetch` hands out the bytes that the headers speak of, or has decoded all of them. An encoding that nobody
 * asked for and `fetch` does not know, or a range of encoded bytes, is neither.
 */
export function isReadable(answer: Response): boolean {
  const codings = codingsOf(answer)
  return codings.length === 0 || (answer.status !== 206 && codings.every((coding) => DECODED.test(coding)))
}

/** Sets the headers of Zoho's answer. Those that the app set before and Zoho does not send stay. */
export function setAnswerHeaders(res: ServerResponse, answer: Response, context: AnswerContext): void {
  const { headers, status } = answer
  const hops = namesIn(headers.get('connection'))
  const isDecoded = codingsOf(answer).length > 0
  for (const [name, value] of headers) {
    if (STAYS_THERE.has(name) || HOP_BY_HOP.has(name) || hops.has(name)) continue
    if (FAMILIES.some((family) => name.startsWith(family)) || holdsToken(value, context)) continue
    if (isDecoded && (name === 'content-encoding' || name === 'content-length')) continue
    if (name === 'content-length' && status === 204) continue
    res.setHeader(name, value)
  }
  res.setHeader('Cache-Control', forOneClient(headers.get('cache-control')))
  const vary = headers.get('vary')
  if (vary !== null) res.setHeader('Vary', [res.getHeader('vary') ?? [], vary].flat().join(', '))
  const location = ownPath(headers.get('location'), context)
  if (location !== undefined) res.setHeader('Location', location)
  // What strangers uploaded at Zoho (an attachment of a candidate) must not run as a page of this app's.
  res.setHeader('X-Content-Type-Options', 'nosniff')
  if (!/^application\/pdf\b/i.test(headers.get('content-type') ?? ''))
    res.setHeader('Content-Security-Policy', 'sandbox')
}

function codingsOf({ headers }: Response): string[] {
  const codings = (headers.get('content-encoding') ?? '').split(',').map((name) => name.trim().toLowerCase())
  return codings.filter((coding) => coding !== '' && coding !== 'identity')
}

function holdsToken(value: string, { token }: AnswerContext): boolean {
  return TOKEN.test(value) || (token !== undefined && value.includes(token))
}

/**
 * The answer is for the client that was authorized. Shared caches know that of a request with `Authorization` (RFC 9111
 * section 3.5), but the client's had another one, or a cookie.
 */
function forOneClient(cacheControl: string | null): string {
  const kept = cacheControl !== null && /(^|,)\s*(no-store|private)\s*(,|$)/i.test(cacheControl)
  return kept ? cacheControl : 'private, no-cache'
}

/**
 * A redirect is handed on if it leads back here: to a path on the same host that this app forwards as it is. Elsewhere the
 * client would arrive without a token, or at another part of the app, or at an address that works for anyone who has it.
 */
function ownPath(location: string | null, context: AnswerContext): string | undefined {
  const { url, mount } = context
  if (location === null || mount === undefined || holdsToken(location, context)) return undefined
  if (!URL.canParse(location, url.href)) return undefined
  const target = new URL(location, url)
  const path = target.pathname + target.search
  const isOurs =
    target.origin === url.origin && isForwardable(path) && `${target.pathname}/`.startsWith(`${mount}/`)
  return isOurs ? path + target.hash : undefined
}
