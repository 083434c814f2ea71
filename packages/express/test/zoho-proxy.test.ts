import { createHash } from 'node:crypto'
import { expect, jest, test } from '@jest/globals'
import { defaultZohoAuth, isZohoAuthError, memoryConnectionStore, type ZohoAuth } from '@zoho-auth/core'
import type { Emulator } from '@zoho-auth/emulator'
import express from 'express'
import { whole } from '../../../checks/support/form.mjs'
import { until } from '../../../checks/support/waiting.mjs'
import { zohoAuth, zohoErrorHandler, zohoProxy } from '../src/index.js'
import { anyone, ask, PATH, printed, proxied, raw, upstream } from './proxy-support.js'
import { createApp, emulate, engine, getJson, many, serve, signIn, single } from './support.js'

interface Echo {
  readonly user: string
  readonly method: string
  readonly path: string
  readonly query: string
  readonly bodySha256: string
  readonly headers: Record<string, string>
}

const echoOf = async (response: Response): Promise<Echo> => ((await response.json()) as { echo: Echo }).echo

test('a request reaches the product at the path it was sent to, with the token of the connection', async () => {
  const emulator = await emulate()
  const app = createApp()
    .use(zohoAuth(single(emulator)))
    .use('/recruit', zohoProxy({ product: 'recruit', authorize: anyone }))
  const response = await fetch(`${await serve(app)}${PATH}?page=2&sort_by=Created%20Time`)
  expect(response.status).toBe(200)
  expect(await echoOf(response)).toMatchObject({
    user: 'ada',
    method: 'GET',
    path: PATH,
    query: 'page=2&sort_by=Created%20Time',
  })
})

test.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'])(
  '%s is forwarded',
  async (method) => {
    const { auth, seen } = await upstream((_req, res) => res.end('done'))
    const { origin } = await proxied(auth)
    const response = await fetch(`${origin}${PATH}`, { method })
    expect(await response.text()).toBe('done')
    expect(seen.map((req) => req.method)).toEqual([method])
  },
)

test('TRACE is not forwarded: its answer would hold the token', async () => {
  const { auth, seen } = await upstream((_req, res) => res.end())
  const { origin } = await proxied(auth)
  const answer = await ask(`${origin}${PATH}`, { method: 'TRACE' })
  expect(answer.statusCode).toBe(405)
  expect(answer.headers.allow).toBe('GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS')
  expect(JSON.parse(answer.text)).toMatchObject({
    type: 'about:blank',
    title: 'Method Not Allowed',
    status: 405,
  })
  expect(seen).toEqual([])
})

test('rewrite gives another path, query included', async () => {
  const emulator = await emulate()
  const auth = engine(single(emulator))
  const app = createApp()
    .use(
      '/sync',
      zohoProxy({ product: 'recruit', authorize: anyone, auth, rewrite: (req) => `/recruit/v2${req.url}` }),
    )
    .use('/async', zohoProxy({ product: 'recruit', authorize: anyone, auth, rewrite: async () => PATH }))
  const origin = await serve(app)
  expect(await echoOf(await fetch(`${origin}/sync/Candidates?page=2`))).toMatchObject({
    path: PATH,
    query: 'page=2',
  })
  expect(await echoOf(await fetch(`${origin}/async/anything?page=2`))).toMatchObject({
    path: PATH,
    query: '',
  })
})

test('a rewrite that returns no path is the app’s own fault', async () => {
  const { auth, seen } = await upstream((_req, res) => res.end())
  const { origin, errors } = await proxied(auth, { rewrite: () => undefined as never })
  expect((await fetch(`${origin}${PATH}`)).status).toBe(500)
  expect(String(errors[0])).toContain('rewrite of zohoProxy must return a path')
  expect(seen).toEqual([])
})

// The door.

const config = expect.objectContaining({ code: 'ERR_ZOHO_CONFIG' }) as unknown as Error

test.each([
  { what: 'no options', options: undefined },
  { what: 'no authorize', options: { product: 'recruit' } },
  { what: 'authorize: undefined', options: { product: 'recruit', authorize: undefined } },
])('with $what it is refused at once, with the way to mend it', ({ options }) => {
  const make = () => zohoProxy(options as never)
  expect(make).toThrow(TypeError)
  expect(make).toThrow(config)
  expect(make).toThrow(/authorize is missing.*pass a function.*authorize: \(req\) => /)
})

test.each([
  { wrong: { authorize: true }, says: 'authorize must be a function' },
  { wrong: { authorize: null }, says: 'authorize must be a function' },
  { wrong: { product: undefined }, says: 'product must name' },
  { wrong: { product: 'gmail' }, says: 'product must name' },
  { wrong: { auth: {} }, says: 'auth must be an engine' },
  { wrong: { connection: 'acme' }, says: 'connection must be a function' },
  { wrong: { rewrite: '/recruit' }, says: 'rewrite must be a function' },
  { wrong: { dropHeaders: 'x-api-key' }, says: 'dropHeaders must be a list' },
  { wrong: { dropHeaders: ['x api key'] }, says: 'dropHeaders must be a list' },
  { wrong: { timeoutMs: 0 }, says: 'timeoutMs must be a number' },
  { wrong: { timeoutMs: 2 ** 31 }, says: 'timeoutMs must be a number' },
  { wrong: { timeoutMs: Number.NaN }, says: 'timeoutMs must be a number' },
])('wrong options are told at once: $wrong', ({ wrong, says }) => {
  const make = () => zohoProxy({ product: 'recruit', authorize: anyone, ...wrong } as never)
  expect(make).toThrow(TypeError)
  expect(make).toThrow(config)
  expect(make).toThrow(says)
})

test('one error names all faults', () => {
  expect(() => zohoProxy({ timeoutMs: -1 } as never)).toThrow(
    /authorize is missing.*product must.*timeoutMs/s,
  )
})

test.each([
  { says: 'false', authorize: () => false },
  { says: 'undefined', authorize: () => undefined },
  { says: 'null', authorize: () => null as never },
  { says: 'a promise of false', authorize: async () => false },
  { says: 'a promise of undefined', authorize: async () => undefined },
  { says: 'a text', authorize: () => 'no' as never },
  { says: 'an object', authorize: () => ({ id: 1 }) as never },
  { says: 'one', authorize: () => 1 as never },
])('where authorize says $says the door is closed: 403, and Zoho hears nothing', async ({ authorize }) => {
  const emulator = await emulate()
  const { origin, errors } = await proxied(engine(single(emulator)), { authorize })
  const response = await fetch(`${origin}${PATH}`, { method: 'POST', body: 'a=b' })
  expect(response.status).toBe(403)
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  expect(response.headers.get('cache-control')).toBe('no-store')
  expect(await response.json()).toEqual({
    type: 'about:blank',
    title: 'Forbidden',
    status: 403,
    detail: 'This request may not be sent to Zoho',
  })
  expect(errors).toEqual([])
  expect(emulator.requests).toEqual([])
})

test.each([
  { how: 'throws', authorize: () => fail() },
  { how: 'rejects', authorize: async () => fail() },
])('what authorize $how goes on as it is', async ({ authorize }) => {
  const emulator = await emulate()
  const { origin, errors } = await proxied(engine(single(emulator)), { authorize })
  await fetch(`${origin}${PATH}`)
  expect(errors).toEqual([teapot])
  expect(emulator.requests).toEqual([])
})

const teapot = Object.assign(new Error('no tea'), { statusCode: 418 })
const fail = (): never => {
  throw teapot
}

test('authorize decides for each request by what the sign-in has proved', async () => {
  const emulator = await emulate()
  const authorize = jest.fn((req: Express.Request) => req.user?.org === 'acme')
  const app = createApp()
    .use(signIn)
    .use('/recruit', zohoProxy({ product: 'recruit', authorize, auth: engine(single(emulator)) }))
  const origin = await serve(app)
  const statusFor = async (org: string) =>
    (await fetch(`${origin}${PATH}`, { headers: { 'x-test-org': org } })).status
  expect(await Promise.all(['acme', 'globex', 'acme'].map(statusFor))).toEqual([200, 403, 200])
  expect(authorize).toHaveBeenCalledTimes(3)
})

// Whose token it is.

const CONNECTIONS: readonly { how: string; mount: (auth: ZohoAuth) => express.RequestHandler[] }[] = [
  {
    how: 'req.zoho of a zohoAuth before',
    mount: (auth) => [
      zohoAuth({ auth, connection: (req) => req.user?.org }),
      zohoProxy({ product: 'recruit', authorize: anyone }),
    ],
  },
  {
    how: 'a connection option of its own',
    mount: (auth) => [
      zohoProxy({ product: 'recruit', authorize: anyone, auth, connection: async (req) => req.user?.org }),
    ],
  },
  {
    how: 'a connection option beside req.zoho',
    mount: (auth) => [
      zohoAuth({ auth, connection: () => 'nobody' }),
      zohoProxy({ product: 'recruit', authorize: anyone, connection: (req) => req.user?.org }),
    ],
  },
  {
    how: 'the surrounding scope',
    mount: (auth) => [
      zohoAuth({ auth, connection: (req) => req.user?.org }),
      zohoProxy({ product: 'recruit', authorize: async () => true, auth }),
    ],
  },
]

test.each(CONNECTIONS)(
  `two tenants in ${whole(200)} interleaved requests never see each other, by $how`,
  async ({ mount }) => {
    const emulator = await emulate({ latencyMs: 5 })
    const auth = engine(many(emulator, ['acme', 'globex']))
    const app = createApp()
      .use(signIn)
      .use('/recruit', ...mount(auth))
    const origin = await serve(app)
    const orgs = Array.from({ length: whole(200) }, (_, number) => (number % 2 === 0 ? 'acme' : 'globex'))
    const send = async (org: string): Promise<[string, boolean]> => {
      const body = `${org} `.repeat(20_000)
      const init = { method: 'POST', headers: { 'x-test-org': org }, body }
      const { user, bodySha256 } = await echoOf(await fetch(`${origin}${PATH}`, init))
      return [user, bodySha256 === createHash('sha256').update(body).digest('hex')]
    }
    const seen: [string, boolean][] = []
    for (let start = 0; start < orgs.length; start += 40)
      seen.push(...(await Promise.all(orgs.slice(start, start + 40).map(send))))
    expect(seen).toEqual(orgs.map((org) => [org, true]))
    expect(emulator.counters.tokenRequests).toBe(2)
  },
)

test('without any engine the process’s own is asked, at the first request', async () => {
  const emulator = await emulate()
  const proxy = zohoProxy({ product: 'recruit', authorize: anyone })
  const origin = await serve(createApp().use('/recruit', proxy))
  const before = { ...process.env }
  Object.assign(process.env, emulator.env())
  try {
    expect(await echoOf(await fetch(`${origin}${PATH}`))).toMatchObject({ user: 'ada' })
  } finally {
    process.env = before
    await defaultZohoAuth().close()
  }
})

const ORGS = [
  ['acme', 'us'],
  ['globex', 'eu'],
] as const

test('each tenant’s requests go to the product’s host in its own data centre', async () => {
  const emulator = await emulate({ dataCenters: ['us', 'eu'] })
  const { accountsUrls, clientId, clientSecret } = emulator
  const connections = memoryConnectionStore(
    ORGS.map(([id, dataCenter]) => {
      const { refreshToken } = emulator.createGrant({ user: id, dataCenter })
      return { id, refreshToken, dataCenter, state: 'active', version: 1, createdAt: 0, updatedAt: 0 }
    }),
  )
  const auth = engine({
    clientId,
    clientSecret,
    accountsUrl: accountsUrls,
    connections,
    logger: { warn() {} },
  })
  const app = createApp()
    .use(signIn)
    .use(
      '/recruit',
      zohoProxy({ product: 'recruit', authorize: anyone, auth, connection: (req) => req.user?.org }),
    )
  const origin = await serve(app)
  for (const [org, dataCenter] of ORGS) {
    const response = await fetch(`${origin}${PATH}`, { headers: { 'x-test-org': org } })
    expect(await echoOf(response)).toMatchObject({ user: org, dataCenter })
  }
})

// What goes wrong.

test.each([
  {
    what: 'no connection is chosen',
    cause: () => {},
    nobody: true,
    want: { status: 409, code: 'ERR_ZOHO_NO_CONNECTION' },
  },
  {
    what: 'the consent was withdrawn',
    cause: (emulator: Emulator) => emulator.revokeGrant(emulator.refreshToken),
    want: { status: 409, code: 'ERR_ZOHO_CONSENT_REQUIRED' },
  },
  {
    what: 'Zoho throttles',
    cause: (emulator: Emulator) => emulator.throttle(),
    want: { status: 503, code: 'ERR_ZOHO_THROTTLED' },
  },
])('where $what, zohoErrorHandler answers', async ({ cause, nobody, want }) => {
  const emulator = await emulate()
  const { origin } = await proxied(engine(nobody ? many(emulator, ['acme']) : single(emulator)))
  cause(emulator)
  const response = await fetch(`${origin}${PATH}`, { method: 'POST', body: 'x'.repeat(100_000) })
  expect(response.status).toBe(want.status)
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  expect(await response.json()).toMatchObject(want)
})

test('what connection() throws goes on as it is', async () => {
  const emulator = await emulate()
  const { origin, errors } = await proxied(engine(many(emulator, ['acme'])), { connection: fail })
  await fetch(`${origin}${PATH}`)
  expect(errors).toEqual([teapot])
})

test('a product that cannot be reached is a 503, and its error holds no token', async () => {
  const { auth, origin: gone, emulator } = await upstream((req) => req.socket.destroy())
  const { origin, errors } = await proxied(auth)
  const response = await fetch(`${origin}${PATH}`, { method: 'POST', body: 'a=b' })
  expect(response.status).toBe(503)
  const text = await response.text()
  expect(JSON.parse(text)).toMatchObject({ code: 'ERR_ZOHO_UNAVAILABLE' })
  expect(text).not.toContain(new URL(gone).port)
  expect(errors.map(isZohoAuthError)).toEqual([true])
  expect(emulator.liveTokens()).toHaveLength(1)
  for (const { accessToken } of emulator.liveTokens()) expect(printed(errors)).not.toContain(accessToken)
})

test('a product that does not answer is a 504 after timeoutMs, and its request is ended', async () => {
  let isClosed = false
  const { auth } = await upstream((_req, res) => {
    res.on('close', () => {
      isClosed = true
    })
  })
  await auth.getToken()
  const { origin } = await proxied(auth, { timeoutMs: 1_000 })
  const response = await fetch(`${origin}${PATH}`)
  expect(response.status).toBe(504)
  expect(await response.json()).toMatchObject({
    code: 'ERR_ZOHO_TIMEOUT',
    detail: 'Zoho did not answer in time',
  })
  await until(() => isClosed)
})

test('what Zoho refuses is handed on as it is', async () => {
  const emulator = await emulate()
  emulator.fault({ on: 'api', kind: 'scope-mismatch' })
  const { origin, errors } = await proxied(engine(single(emulator)))
  const response = await fetch(`${origin}${PATH}`)
  expect(response.status).toBe(401)
  expect(await response.json()).toMatchObject({ code: 'OAUTH_SCOPE_MISMATCH' })
  expect(errors).toEqual([])
})

// Bodies that somebody else has read.

test.each([
  { parser: 'json()', use: express.json(), type: 'application/json', body: '{"a":1}' },
  { parser: 'json() of nothing', use: express.json(), type: 'application/json', body: '{}' },
  {
    parser: 'urlencoded()',
    use: express.urlencoded({ extended: false }),
    type: 'application/x-www-form-urlencoded',
    body: 'a=1',
  },
  { parser: 'text()', use: express.text(), type: 'text/plain', body: 'a' },
  { parser: 'raw()', use: express.raw(), type: 'application/octet-stream', body: 'a' },
])('after express.$parser the body is gone: the error says what to do', async ({ use, type, body }) => {
  const emulator = await emulate()
  const errors: unknown[] = []
  const app = createApp()
    .use(use)
    .use('/recruit', zohoProxy({ product: 'recruit', authorize: anyone, auth: engine(single(emulator)) }))
    .use((error: unknown, _req: express.Request, res: express.Response, _next: express.NextFunction) => {
      errors.push(error)
      res.sendStatus(500)
    })
  const response = await fetch(`${await serve(app)}${PATH}`, {
    method: 'POST',
    headers: { 'content-type': type },
    body,
  })
  expect(response.status).toBe(500)
  expect(errors).toEqual([config])
  expect(String(errors[0])).toMatch(/mount zohoProxy before express\.json\(\)/)
  expect(emulator.requests).toEqual([])
})

test('an authorize that reads the body takes it away too', async () => {
  const { auth, seen } = await upstream((_req, res) => res.end())
  const authorize = async (req: express.Request) => {
    for await (const _chunk of req) return true
    return true
  }
  const { origin, errors } = await proxied(auth, { authorize: authorize as never })
  await fetch(`${origin}${PATH}`, { method: 'POST', body: 'abc' }).catch(() => {})
  expect(String(errors[0])).toMatch(/mount zohoProxy before/)
  expect(seen).toEqual([])
})

test('a listener that lets the body flow takes it away too', async () => {
  const { auth, seen } = await upstream((_req, res) => res.end())
  const app = createApp()
    .use((req, _res, next) => {
      req.on('data', () => {})
      next()
    })
    .use('/recruit', zohoProxy({ product: 'recruit', authorize: async () => true, auth }))
    .use(zohoErrorHandler())
    .use((_error: unknown, _req: express.Request, res: express.Response, _next: express.NextFunction) =>
      res.sendStatus(500),
    )
  const response = await fetch(`${await serve(app)}${PATH}`, { method: 'POST', body: 'abc' })
  expect(response.status).toBe(500)
  expect(seen).toEqual([])
})

test('parsers that left the body alone do no harm', async () => {
  const emulator = await emulate()
  const auth = engine(single(emulator))
  const app = createApp()
    .use(express.json(), express.urlencoded({ extended: false }))
    .use('/recruit', zohoProxy({ product: 'recruit', authorize: anyone, auth }))
  const origin = await serve(app)
  expect(await getJson(`${origin}${PATH}`)).toMatchObject({ echo: { user: 'ada' } })
  const post = { method: 'POST', headers: { 'content-type': 'text/csv' }, body: 'a;b' }
  expect((await echoOf(await fetch(`${origin}${PATH}`, post))).bodySha256).toBe(
    createHash('sha256').update('a;b').digest('hex'),
  )
  expect((await fetch(`${origin}${PATH}`, { method: 'DELETE' })).status).toBe(200)
})

test.each(['GET', 'HEAD'])('%s with a body is refused, and not sent without it', async (method) => {
  const { auth, seen } = await upstream((_req, res) => res.end())
  const { origin } = await proxied(auth)
  const text = await raw(
    origin,
    `${method} ${PATH} HTTP/1.1\r\nHost: app\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}`,
  )
  expect(text).toMatch(/^HTTP\/1\.1 400 /)
  expect(seen).toEqual([])
})
