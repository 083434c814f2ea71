import { gzipSync } from 'node:zlib'
import { expect, test } from '@jest/globals'
import { zohoProxy } from '../src/index.js'
import { anyone, ask, PATH, proxied, upstream } from './proxy-support.js'
import { createApp, serve } from './support.js'

// To Zoho.

const STAY_HERE: Record<string, string> = {
  authorization: 'Bearer the-app-session',
  cookie: 'sid=the-app-session',
  cookie2: '$Version=1',
  'proxy-authorization': 'Basic the-app-session',
  'proxy-connection': 'keep-alive',
  forwarded: 'for=192.0.2.1',
  'x-forwarded-for': '192.0.2.1',
  'x-forwarded-host': 'evil.example',
  'x-forwarded-proto': 'https',
  'x-forwarded-prefix': '/x',
  via: '1.1 edge',
  'x-real-ip': '192.0.2.1',
  'x-client-ip': '192.0.2.1',
  'true-client-ip': '192.0.2.1',
  'cf-connecting-ip': '192.0.2.1',
  origin: 'https://app.example',
  referer: 'https://app.example/secret-page',
  'sec-fetch-site': 'same-origin',
  'sec-ch-ua': '"x"',
  'x-http-method-override': 'DELETE',
  'x-http-method': 'DELETE',
  'x-method-override': 'DELETE',
  'x-original-url': '/other',
  'x-rewrite-url': '/other',
  te: 'trailers',
  'keep-alive': 'timeout=5',
  upgrade: 'h2c',
  'http2-settings': 'AAMAAABk',
  'x-hop': 'of this connection',
  'x-other-hop': 'of this connection',
  'x-api-key': 'the-app-key',
}

const GO_ON: Record<string, string> = {
  accept: 'application/json',
  'accept-language': 'de',
  'content-type': 'application/json; charset=utf-8',
  'if-match': '"a"',
  'if-none-match': '"b"',
  'if-modified-since': 'Thu, 01 Jan 2026 00:00:00 GMT',
  'if-range': '"a"',
  orgid: '42',
  'user-agent': 'the client',
  'x-com-zoho-projects-portalid': '7',
}

test('what is for this app stays here, the rest goes on, with the token', async () => {
  const { auth, emulator, origin: zoho, seen } = await upstream((_req, res) => res.end())
  const { origin } = await proxied(auth, { dropHeaders: ['X-API-Key'] })
  const connection = 'close, X-Hop,  x-other-HOP , upgrade'
  await ask(`${origin}${PATH}`, {
    method: 'POST',
    headers: { ...STAY_HERE, ...GO_ON, connection, expect: '100-continue' },
    body: '{}',
  })
  const { headers } = seen[0] ?? {}
  for (const name of Object.keys(STAY_HERE))
    if (!(name in SENT_BY_FETCH)) expect([name, headers?.[name]]).toEqual([name, undefined])
  expect(headers).toEqual({
    ...SENT_BY_FETCH,
    ...GO_ON,
    host: new URL(zoho).host,
    authorization: `Zoho-oauthtoken ${emulator.liveTokens()[0]?.accessToken}`,
    'accept-encoding': 'identity',
    'content-length': '2',
  })
})

/** What `fetch` says of its own about a request. */
const SENT_BY_FETCH = {
  authorization: expect.anything(),
  connection: 'keep-alive',
  'cache-control': 'max-age=0',
  'sec-fetch-mode': 'cors',
}

test('the request is asked for once unencoded, and a client’s cache rules are its own', async () => {
  const { auth, seen } = await upstream((_req, res) => res.end())
  const { origin } = await proxied(auth)
  await ask(`${origin}${PATH}`, { headers: { range: 'bytes=0-1', 'accept-encoding': 'gzip' } })
  await ask(`${origin}${PATH}`, { headers: { 'cache-control': 'no-store', 'accept-encoding': 'br' } })
  expect(seen.map(({ headers }) => headers['accept-encoding'])).toEqual(['identity', 'identity'])
  expect(seen[1]?.headers['cache-control']).toBe('no-store')
})

test('a header that a client repeats arrives whole, in the bytes it has', async () => {
  const { auth, seen } = await upstream((_req, res) => res.end())
  const { origin } = await proxied(auth)
  await ask(`${origin}${PATH}`, {
    headers: { 'x-many': ['a', 'b'], accept: ['text/html', 'text/csv'], 'x-latin': 'é' },
  })
  expect(seen[0]?.headers).toMatchObject({ 'x-many': 'a, b', accept: 'text/html, text/csv', 'x-latin': 'é' })
})

// From Zoho.

const STAY_THERE: Record<string, string | string[]> = {
  'set-cookie': ['JSESSIONID=zoho', 'CSRF=zoho'],
  'set-cookie2': 'a=b',
  'www-authenticate': 'Basic realm="Zoho"',
  'proxy-authenticate': 'Basic',
  'proxy-authentication-info': 'x',
  'authentication-info': 'x',
  'strict-transport-security': 'max-age=63072000; includeSubDomains',
  'access-control-allow-origin': 'https://evil.example',
  'access-control-allow-credentials': 'true',
  'content-security-policy-report-only': 'default-src *',
  'cross-origin-resource-policy': 'cross-origin',
  'clear-site-data': '"cookies"',
  'service-worker-allowed': '/',
  'permissions-policy': 'camera=*',
  'referrer-policy': 'unsafe-url',
  'x-frame-options': 'ALLOWALL',
  'alt-svc': 'h3=":443"',
  'report-to': '{}',
  nel: '{}',
  refresh: '0; url=https://evil.example',
  'x-accel-redirect': '/internal/secret',
  'x-sendfile': '/etc/passwd',
  'surrogate-control': 'max-age=60',
  'keep-alive': 'timeout=99',
  upgrade: 'h2c',
  trailer: 'x-after',
  'x-hop': 'of that connection',
}

const COME_BACK: Record<string, string> = {
  'content-type': 'application/json;charset=UTF-8',
  'content-disposition': 'attachment; filename="a.json"',
  'content-language': 'en',
  etag: '"a"',
  'last-modified': 'Thu, 01 Jan 2026 00:00:00 GMT',
  'retry-after': '60',
  'x-ratelimit-remaining': '12',
  'x-api-credits-remaining': '4000',
  'x-accesstoken-reset': '2026-01-01T00:00:00+00:00',
}

test('what is about Zoho stays there, the rest comes back', async () => {
  const { auth } = await upstream((_req, res) => {
    for (const [name, value] of Object.entries({ ...STAY_THERE, ...COME_BACK })) res.setHeader(name, value)
    res.setHeader('connection', 'close, X-Hop, trailer, upgrade, keep-alive')
    res.statusCode = 401
    res.end('{}')
  })
  const { origin } = await proxied(auth)
  const answer = await ask(`${origin}${PATH}`)
  expect(answer.statusCode).toBe(401)
  expect(answer.headers).toEqual({
    ...COME_BACK,
    'cache-control': 'private, no-cache',
    'content-security-policy': 'sandbox',
    'x-content-type-options': 'nosniff',
    'x-powered-by': 'Express',
    connection: 'close',
    date: expect.any(String),
    'transfer-encoding': 'chunked',
  })
})

test('headers with a token in them are dropped, whatever they are called', async () => {
  const { auth, emulator } = await upstream((req, res) => {
    const { authorization = '' } = req.headers
    const token = authorization.split(' ')[1] ?? ''
    res.setHeader('authorization', authorization)
    res.setHeader('x-echo', authorization)
    res.setHeader('x-token', token)
    res.setHeader('x-within', `a=${token}; b`)
    res.setHeader('x-other-token', `1000.${'0a'.repeat(16)}.${'1b'.repeat(16)}`)
    res.setHeader('x-bearer', 'Bearer something')
    res.setHeader('location', `${PATH}?access_token=${token}`)
    res.setHeader('x-plain', 'bearer of good news is fine: no')
    res.end()
  })
  const { origin } = await proxied(auth)
  const { headers } = await ask(`${origin}${PATH}`)
  expect(Object.keys(headers).sort()).toEqual([
    'cache-control',
    'connection',
    'content-length',
    'content-security-policy',
    'date',
    'x-content-type-options',
    'x-powered-by',
  ])
  for (const { accessToken } of emulator.liveTokens())
    expect(JSON.stringify(headers)).not.toContain(accessToken)
})

test('what the app has set stays, and Vary is both', async () => {
  const { auth } = await upstream((_req, res) => {
    res.setHeader('vary', 'Accept-Encoding')
    res.setHeader('x-frame-options', 'ALLOWALL')
    res.setHeader('access-control-allow-origin', '*')
    res.end()
  })
  const app = createApp()
    .use((_req, res, next) => {
      res.setHeader('Vary', 'Origin')
      res.setHeader('X-Frame-Options', 'DENY')
      res.setHeader('Access-Control-Allow-Origin', 'https://app.example')
      res.setHeader('X-Request-Id', 'the-request')
      next()
    })
    .use('/recruit', zohoProxy({ product: 'recruit', authorize: anyone, auth }))
  const { headers } = await ask(`${await serve(app)}${PATH}`)
  expect(headers).toMatchObject({
    vary: 'Origin, Accept-Encoding',
    'x-frame-options': 'DENY',
    'access-control-allow-origin': 'https://app.example',
    'x-request-id': 'the-request',
  })
})

test.each([
  { zoho: undefined, want: 'private, no-cache' },
  { zoho: 'public, max-age=3600', want: 'private, no-cache' },
  { zoho: 's-maxage=60', want: 'private, no-cache' },
  { zoho: 'private="set-cookie"', want: 'private, no-cache' },
  { zoho: 'private, max-age=60', want: 'private, max-age=60' },
  { zoho: 'no-cache, no-store, max-age=0', want: 'no-cache, no-store, max-age=0' },
])('no shared cache may keep an answer: Cache-Control $zoho becomes $want', async ({ zoho, want }) => {
  const { auth } = await upstream((_req, res) => {
    if (zoho !== undefined) res.setHeader('cache-control', zoho)
    res.end()
  })
  const { origin } = await proxied(auth)
  expect((await ask(`${origin}${PATH}`)).headers['cache-control']).toBe(want)
})

test.each([
  { type: 'text/html', csp: 'sandbox' },
  { type: 'image/svg+xml', csp: 'sandbox' },
  { type: undefined, csp: 'sandbox' },
  // Browsers do not show a sandboxed PDF, and its scripts have no origin.
  { type: 'application/pdf', csp: undefined },
  { type: 'application/pdfx', csp: 'sandbox' },
])('a file of type $type is no page of this app’s', async ({ type, csp }) => {
  const { auth } = await upstream((_req, res) => {
    if (type !== undefined) res.setHeader('content-type', type)
    res.setHeader('content-security-policy', 'script-src *')
    res.end('<script>')
  })
  const { origin } = await proxied(auth)
  const { headers } = await ask(`${origin}${PATH}`)
  expect(headers['content-security-policy']).toBe(csp)
  expect(headers['x-content-type-options']).toBe('nosniff')
})

// Statuses and ranges.

test('ranges, conditions, HEAD and empty answers are what Zoho made of them', async () => {
  const { auth } = await upstream((req, res) => {
    const { range, 'if-none-match': tag, 'cache-control': control } = req.headers
    res.setHeader('etag', '"a"')
    res.setHeader('accept-ranges', 'bytes')
    // As many servers do: no-cache overrides the condition.
    if (tag === '"a"' && !/no-cache/.test(control ?? '')) return res.writeHead(304).end()
    if (req.method === 'DELETE') return res.writeHead(204).end()
    if (range === undefined) return res.writeHead(200, { 'content-length': 10 }).end('0123456789')
    if (range !== 'bytes=2-4') return res.writeHead(416, { 'content-range': 'bytes */10' }).end()
    return res.writeHead(206, { 'content-range': 'bytes 2-4/10', 'content-length': 3 }).end('234')
  })
  const { origin } = await proxied(auth)
  const of = async (method: string, headers: Record<string, string> = {}) => {
    const answer = await ask(`${origin}${PATH}`, { method, headers })
    const { etag, 'content-length': length, 'content-range': range } = answer.headers
    return [answer.statusCode, answer.text, length, range, etag]
  }
  expect(await of('GET')).toEqual([200, '0123456789', '10', undefined, '"a"'])
  expect(await of('HEAD')).toEqual([200, '', '10', undefined, '"a"'])
  expect(await of('GET', { range: 'bytes=2-4' })).toEqual([206, '234', '3', 'bytes 2-4/10', '"a"'])
  expect(await of('HEAD', { range: 'bytes=2-4' })).toEqual([206, '', '3', 'bytes 2-4/10', '"a"'])
  expect(await of('GET', { range: 'bytes=99-' })).toEqual([416, '', '0', 'bytes */10', '"a"'])
  expect(await of('GET', { 'if-none-match': '"a"' })).toEqual([304, '', undefined, undefined, '"a"'])
  expect(await of('DELETE')).toEqual([204, '', undefined, undefined, '"a"'])
})

test('an answer that comes encoded all the same is decoded, and says so', async () => {
  const text = JSON.stringify({ data: 'x'.repeat(10_000) })
  const { auth } = await upstream((req, res) => {
    const body = gzipSync(text)
    res.writeHead(200, { 'content-encoding': 'gzip', 'content-length': body.length })
    res.end(req.method === 'HEAD' ? undefined : body)
  })
  const { origin } = await proxied(auth)
  const answer = await ask(`${origin}${PATH}`, { headers: { 'accept-encoding': 'gzip' } })
  expect(answer.text).toBe(text)
  expect(answer.headers).not.toHaveProperty('content-encoding')
  expect(answer.headers).not.toHaveProperty('content-length')
  const head = await ask(`${origin}${PATH}`, { method: 'HEAD' })
  expect(head.headers).not.toHaveProperty('content-encoding')
})

test.each([
  { what: 'an encoding that fetch does not know', status: 200, encoding: 'x-secret' },
  { what: 'two encodings, one unknown', status: 200, encoding: 'gzip, x-secret' },
  { what: 'a range of encoded bytes', status: 206, encoding: 'gzip' },
])('$what is a bad response', async ({ status, encoding }) => {
  const { auth } = await upstream((_req, res) =>
    res.writeHead(status, { 'content-encoding': encoding }).end('abc'),
  )
  const { origin } = await proxied(auth)
  const answer = await ask(`${origin}${PATH}`)
  expect(answer.statusCode).toBe(502)
  expect(answer.headers).not.toHaveProperty('content-encoding')
  expect(JSON.parse(answer.text)).toMatchObject({ code: 'ERR_ZOHO_BAD_RESPONSE' })
})

// Redirects.

const OWN = 'the product'

test.each([
  { location: `${PATH}?page=2`, want: `${PATH}?page=2` },
  { location: `${OWN}${PATH}?page=2#top`, want: `${PATH}?page=2#top` },
  { location: '?page=2', want: `${PATH}?page=2` },
  { location: 'Jobs', want: '/recruit/v2/Jobs' },
  { location: '/recruit', want: '/recruit' },
  { location: '/crm/v2/Leads', want: undefined },
  { location: '/recruiting', want: undefined },
  { location: '../../crm/v2/Leads', want: undefined },
  { location: 'https://evil.example/recruit/v2', want: undefined },
  { location: '//evil.example/recruit', want: undefined },
  { location: '/\\evil.example/recruit', want: undefined },
  { location: `${OWN}//evil.example/recruit`, want: undefined },
  { location: '/recruit/%2e%2e/%2e%2e/admin', want: undefined },
  { location: 'https://download.zoho.example/file?signature=secret', want: undefined },
  { location: 'javascript:alert(1)', want: undefined },
  { location: 'http://', want: undefined },
])('a redirect to $location is not followed, and comes back as $want', async ({ location, want }) => {
  const { auth, seen } = await upstream((req, res) => {
    const own = `http://${req.headers.host}`
    res.writeHead(302, { location: location.replace(OWN, own), 'content-location': location }).end('moved')
  })
  const { origin } = await proxied(auth)
  const answer = await ask(`${origin}${PATH}`)
  expect([answer.statusCode, answer.text]).toEqual([302, 'moved'])
  expect(answer.headers.location).toBe(want)
  expect(answer.headers).not.toHaveProperty('content-location')
  expect(seen).toHaveLength(1)
})

test('where paths are rewritten no redirect leads back', async () => {
  const { auth } = await upstream((_req, res) => res.writeHead(307, { location: PATH }).end())
  const { origin } = await proxied(auth, { rewrite: () => PATH })
  const answer = await ask(`${origin}${PATH}`, { method: 'POST', body: 'a=b' })
  expect(answer.statusCode).toBe(307)
  expect(answer.headers).not.toHaveProperty('location')
})

test('a redirect of a streamed body sends it nowhere else, and is a failure', async () => {
  const { auth, seen } = await upstream((req, res) => {
    req.resume().on('end', () => res.writeHead(307, { location: '/recruit/other' }).end())
  })
  const { origin } = await proxied(auth)
  const answer = await ask(`${origin}${PATH}`, { method: 'POST', body: 'x'.repeat(100_000) })
  expect(answer.statusCode).toBe(503)
  expect(JSON.parse(answer.text)).toMatchObject({ code: 'ERR_ZOHO_UNAVAILABLE' })
  expect(seen).toHaveLength(1)
})
