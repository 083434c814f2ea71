import type { IncomingHttpHeaders } from 'node:http'
import { HOP_BY_HOP, namesIn } from './hop-by-hop.js'

/** What a client sends to this app and not to Zoho. */
const STAYS_HERE: ReadonlySet<string> = new Set([
  // Credentials for this app; the token takes their place.
  'authorization',
  'cookie',
  'cookie2',
  'set-cookie',
  // Where the request came from, and what other proxies say about it.
  'cf-connecting-ip',
  'forwarded',
  'origin',
  'referer',
  'true-client-ip',
  'via',
  'x-client-ip',
  'x-real-ip',
  // Another method or path than the one that was authorized.
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-original-url',
  'x-rewrite-url',
  // About this connection and this server; the other one has its own.
  'accept-encoding',
  'content-length',
  'expect',
  'host',
  'http2-settings',
])

const FAMILIES: readonly string[] = ['proxy-', 'sec-', 'x-forwarded']

/**
 * The headers that go on to Zoho.
 *
 * The answer is asked for unencoded: `fetch` would decode it, and its length, ranges and tag would no longer fit.
 *
 * @param dropped Names in lower case.
 */
export function requestHeaders(headers: IncomingHttpHeaders, dropped: ReadonlySet<string>): Headers {
  const hops = namesIn(headers.connection)
  const kept = new Headers()
  for (const [name, value] of Object.entries(headers)) {
    const stays = STAYS_HERE.has(name) || HOP_BY_HOP.has(name) || dropped.has(name) || hops.has(name)
    if (stays || value === undefined || FAMILIES.some((family) => name.startsWith(family))) continue
    for (const one of Array.isArray(value) ? value : [value]) kept.append(name, one)
  }
  // With a range `fetch` asks for that itself.
  if (!kept.has('range')) kept.set('accept-encoding', 'identity')
  return kept
}
