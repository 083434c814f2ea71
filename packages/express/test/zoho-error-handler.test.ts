import { inspect } from 'node:util'
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import {
  type TokenStore,
  type ZohoAuth,
  ZohoAuthError,
  type ZohoAuthErrorCode,
  type ZohoAuthOptions,
} from '@zoho-auth/core'
import { createFakeZohoAuth, ManualClock } from '@zoho-auth/core/testing'
import type { Emulator } from '@zoho-auth/emulator'
import type { Express, NextFunction, Request, Response } from 'express'
import { answered } from '../../../checks/support/waiting.mjs'
import { zohoAuth, zohoErrorHandler } from '../src/index.js'
import { createApp, emulate, engine, many, route, serve, single, whoAmI } from './support.js'

const HELP = 'https://github.com/zoho-auth/zoho-auth/blob/main/docs/errors.md'
const MINUTE_S = 60
const TEN_MINUTES_S = 600

/** With it a failure that may have cost a token is not tried again for a whole window, so nobody waits it out. */
const ONE_TOKEN = { limit: 1 }

/** What Express printed. */
const printed: string[] = []

beforeEach(() => {
  printed.length = 0
  const keep = (...args: unknown[]) => void printed.push(...args.map((arg) => inspect(arg, { depth: 12 })))
  for (const method of ['log', 'info', 'warn', 'error'] as const)
    jest.spyOn(console, method).mockImplementation(keep)
})

afterEach(() => {
  jest.restoreAllMocks()
})

interface Trouble {
  readonly what: string
  /** Beyond what points at the emulator's default grant. */
  readonly options?: (emulator: Emulator) => ZohoAuthOptions
  /** Whether there are many connections and nobody says which. */
  readonly nobody?: boolean
  readonly cause?: (emulator: Emulator, auth: ZohoAuth) => unknown
  readonly status: number
  readonly code: ZohoAuthErrorCode
  readonly title: string
  /** In seconds: exactly, or at most. */
  readonly retryAfter?: number | { readonly atMost: number }
}

const refuse = async (): Promise<never> => {
  throw new Error('connection to the store refused')
}
const brokenStore: TokenStore = {
  acquire: refuse,
  commit: refuse,
  release: refuse,
  invalidate: refuse,
  inspect: refuse,
}

/** Everything that can go wrong at the first use of a token. */
const TROUBLES: readonly Trouble[] = [
  {
    what: 'no connection is chosen',
    nobody: true,
    status: 409,
    code: 'ERR_ZOHO_NO_CONNECTION',
    title: 'No Zoho connection',
  },
  {
    what: 'the user withdrew the consent',
    cause: (emulator) => emulator.revokeGrant(emulator.refreshToken),
    status: 409,
    code: 'ERR_ZOHO_CONSENT_REQUIRED',
    title: 'Zoho consent required',
  },
  {
    what: 'the app revoked the connection',
    cause: (_emulator, auth) => auth.revoke(),
    status: 409,
    code: 'ERR_ZOHO_REVOKED',
    title: 'Zoho connection revoked',
  },
  {
    what: 'Zoho throttles',
    cause: (emulator) => emulator.throttle(),
    status: 503,
    code: 'ERR_ZOHO_THROTTLED',
    title: 'Zoho token limit reached',
    retryAfter: TEN_MINUTES_S,
  },
  {
    what: 'the store is down',
    options: () => ({ tokens: brokenStore, expectedInstances: 1_000_000_000 }),
    status: 503,
    code: 'ERR_ZOHO_STORE',
    title: 'Token store unavailable',
    retryAfter: { atMost: 5 },
  },
  {
    what: 'the accounts server fails',
    cause: (emulator) => emulator.fault({ on: 'token', kind: 'status', status: 503, retryAfter: MINUTE_S }),
    status: 503,
    code: 'ERR_ZOHO_UNAVAILABLE',
    title: 'Zoho unavailable',
    retryAfter: MINUTE_S,
  },
  {
    what: 'the accounts server does not answer',
    options: () => ({ budget: ONE_TOKEN }),
    cause: (emulator) => emulator.fault({ on: 'token', kind: 'hang' }),
    status: 504,
    code: 'ERR_ZOHO_TIMEOUT',
    title: 'Zoho timed out',
    retryAfter: TEN_MINUTES_S,
  },
  {
    what: 'the accounts server answers nonsense',
    options: () => ({ budget: ONE_TOKEN }),
    cause: (emulator) => emulator.fault({ on: 'token', kind: 'absurd-expires-in', value: 'soon' }),
    status: 502,
    code: 'ERR_ZOHO_BAD_RESPONSE',
    title: 'Bad response from Zoho',
    retryAfter: TEN_MINUTES_S,
  },
]

/** Brings one trouble about, and asks an app that `mount` completes. */
async function inTrouble(trouble: Trouble, mount: (app: Express) => unknown) {
  const emulator = await emulate()
  const clock = new ManualClock(Date.now())
  const auth = engine(
    trouble.nobody ? many(emulator, ['acme']) : single(emulator, { clock, ...trouble.options?.(emulator) }),
  )
  await trouble.cause?.(emulator, auth)
  const app = createApp('production').use(zohoAuth({ auth })).get('/', whoAmI).use(logged)
  mount(app)
  const response = await turning(clock, fetch(await serve(app)))
  const text = await response.text()
  // A refresh may still be under way, and `close` lets it finish for a while.
  await turning(clock, auth.close())
  return { emulator, response, text }
}

/** Prints an error with everything in it, as loggers do. */
function logged(error: unknown, _req: Request, _res: Response, next: NextFunction): void {
  console.error(inspect(error, { depth: 12, showHidden: true }), JSON.stringify(error))
  next(error)
}

/** Turns the clock, a second at a time, until the work is done: waits cost no real time. */
async function turning<T>(clock: ManualClock, work: Promise<T>): Promise<T> {
  let done = false
  const settled = work.finally(() => {
    done = true
  })
  for (let turn = 0; turn < MAX_TURNS && !done; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 2))
    await answered()
    if (clock.sleeping > 0) await clock.advance(1_000)
  }
  return settled
}

/** Turns of two real milliseconds each, after which a test fails by its own limit. */
const MAX_TURNS = 2_000

function expectRetryAfter(response: globalThis.Response, want: Trouble['retryAfter']): void {
  const header = response.headers.get('retry-after')
  const seconds = header === null ? undefined : Number(header)
  if (typeof want !== 'object') {
    expect(seconds).toBe(want)
  } else {
    expect(seconds).toBeGreaterThanOrEqual(1)
    expect(seconds).toBeLessThanOrEqual(want.atMost)
  }
}

test.each(TROUBLES)('when $what, the answer is a problem with $status and $code', async (trouble) => {
  const { emulator, response, text } = await inTrouble(trouble, (app) => app.use(zohoErrorHandler()))
  expect(response.status).toBe(trouble.status)
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  expect(response.headers.get('cache-control')).toBe('no-store')
  expectRetryAfter(response, trouble.retryAfter)
  const { retryAfterMs, ...problem } = JSON.parse(text) as Record<string, unknown>
  expect(problem).toEqual({
    type: `${HELP}#${trouble.code.toLowerCase()}`,
    title: trouble.title,
    status: trouble.status,
    code: trouble.code,
    detail: expect.stringMatching(/^[A-Z][^{}]{10,80}$/),
  })
  const header = response.headers.get('retry-after')
  expect(header === null ? undefined : Number(header)).toBe(
    typeof retryAfterMs === 'number' ? Math.max(1, Math.ceil(retryAfterMs / 1000)) : undefined,
  )
  expectNoSecret(emulator, text)
})

test.each(TROUBLES)('when $what, Express answers $status by itself too', async (trouble) => {
  const { emulator, response, text } = await inTrouble(trouble, () => {})
  expect(response.status).toBe(trouble.status)
  expectRetryAfter(response, trouble.retryAfter)
  expectNoSecret(emulator, text)
})

// An app with zohoErrorHandler() answered 409 and 503 for days, and there was not one line for whoever ran it.
test.each([
  {
    what: 'the user withdrew the consent',
    says: /consent again.* Cause: invalid_code\. Next attempt in 60 s\.$/,
  },
  { what: 'the accounts server fails', says: /See cause\. Cause: status 503.* Next attempt in 60 s\.$/ },
  {
    what: 'the store is down',
    says: /Bring the store back.* Cause: connection to the store refused\. Next attempt: /,
  },
])('when $what, ten users get a problem, and the operator one line', async ({ what, says }) => {
  const trouble = TROUBLES.find((one) => one.what === what) as Trouble
  const warned: string[] = []
  const emulator = await emulate()
  const clock = new ManualClock(Date.now())
  const logger = { warn: (line: string) => warned.push(line) }
  const auth = engine(single(emulator, { clock, logger, ...trouble.options?.(emulator) }))
  await trouble.cause?.(emulator, auth)
  const app = createApp('production').use(zohoAuth({ auth })).get('/', whoAmI).use(zohoErrorHandler())
  const url = await serve(app)
  for (let round = 0; round < 2; round++) {
    const users = Array.from({ length: 5 }, () => fetch(url))
    for (const { status } of await turning(clock, Promise.all(users))) expect(status).toBe(trouble.status)
  }
  expect(warned).toEqual([expect.stringMatching(new RegExp(`^${trouble.code}\\b.*${says.source}`))])
  for (const secret of [emulator.clientSecret, emulator.refreshToken])
    expect(warned.join()).not.toContain(secret)
  // Not by Express: the answer is a problem.
  expect(printed).toEqual([])
})

test('nobody chose a connection: one line too', async () => {
  const warned: string[] = []
  const logger = { warn: (line: string) => warned.push(line) }
  const auth = engine(many(await emulate(), ['acme'], { logger }))
  const app = createApp('production').use(zohoAuth({ auth })).get('/', whoAmI).use(zohoErrorHandler())
  const url = await serve(app)
  for (let round = 0; round < 3; round++) expect((await fetch(url)).status).toBe(409)
  expect(warned).toEqual([
    expect.stringMatching(/^ERR_ZOHO_NO_CONNECTION: .*Name the connection in the call/),
  ])
})

const BARE: readonly Trouble[] = [
  {
    what: 'Zoho refuses the client',
    options: () => ({ clientSecret: 'not-the-secret-of-this-client' }),
    status: 500,
    code: 'ERR_ZOHO_CLIENT',
    title: '',
  },
  {
    what: 'the engine was closed',
    cause: (_emulator, auth) => auth.close(),
    status: 500,
    code: 'ERR_ZOHO_CONFIG',
    title: '',
  },
]

test.each(BARE)('when $what, the error goes on, and strangers see a bare 500', async (trouble) => {
  const seen = jest.fn()
  const { emulator, response, text } = await inTrouble(trouble, (app) =>
    app.use(zohoErrorHandler()).use((error: unknown, _req: Request, _res: Response, next: NextFunction) => {
      seen(error)
      next(error)
    }),
  )
  expect(seen).toHaveBeenCalledWith(expect.objectContaining({ code: trouble.code }))
  expect(response.status).toBe(500)
  expect(response.headers.get('retry-after')).toBeNull()
  expect(text).toContain('<pre>Internal Server Error</pre>')
  expect(text).not.toMatch(/zoho|client/i)
  expectNoSecret(emulator, text)
})

test('a foreign host is refused before anything is sent, with a bare 500', async () => {
  const emulator = await emulate()
  const app = createApp('production')
    .use(zohoAuth(single(emulator)))
    .get(
      '/',
      route(async (req) => req.zoho.fetch('https://example.com/recruit/v2/Candidates')),
    )
    .use(zohoErrorHandler())
  const response = await fetch(await serve(app))
  expect(response.status).toBe(500)
  expect(await response.text()).not.toMatch(/example\.com/)
  expect(emulator.requests).toEqual([])
})

const CODES: readonly ZohoAuthErrorCode[] = [
  'ERR_ZOHO_CONFIG',
  'ERR_ZOHO_NO_CONNECTION',
  'ERR_ZOHO_CONSENT_REQUIRED',
  'ERR_ZOHO_REVOKED',
  'ERR_ZOHO_SCOPE',
  'ERR_ZOHO_THROTTLED',
  'ERR_ZOHO_UNAVAILABLE',
  'ERR_ZOHO_STORE',
  'ERR_ZOHO_TIMEOUT',
  'ERR_ZOHO_BAD_RESPONSE',
  'ERR_ZOHO_STATE',
  'ERR_ZOHO_CONFLICT',
  'ERR_ZOHO_CLIENT',
  'ERR_ZOHO_HOST_DENIED',
]

test.each(CODES)('%s never becomes a 401, and gives no action, cause or connection away', async (code) => {
  const error = new ZohoAuthError(code, {
    action: 'the-action',
    connection: 'the-connection',
    retryAfterMs: 1_001,
    cause: new Error('the-cause'),
  })
  const app = createApp('production')
    .use(zohoAuth({ auth: createFakeZohoAuth({ error }) }))
    .get('/', whoAmI)
    .use(zohoErrorHandler())
  const response = await fetch(await serve(app))
  const text = await response.text()
  expect(response.status).toBe(error.statusCode ?? 500)
  expect(response.status).not.toBe(401)
  expect(text).not.toMatch(/the-(action|cause|connection)/)
  if (error.statusCode === undefined) return
  expect(response.headers.get('retry-after')).toBe('2')
  const { title, retryAfterMs } = JSON.parse(text) as Record<string, unknown>
  expect(retryAfterMs).toBe(1_001)
  // A title of its own, not the text of the status.
  expect(title).toMatch(/zoho|store|sign-in/i)
})

test('an error of another copy of this library is handled too, whatever its code', async () => {
  const copy = Object.assign(new Error('Something new'), {
    code: 'ERR_ZOHO_NEW',
    statusCode: 503,
    help: `${HELP}#err_zoho_new`,
  })
  Object.defineProperty(copy, Symbol.for('zoho-auth.error'), { value: true })
  const response = await fetch(await serve(throwing(copy)))
  expect(response.status).toBe(503)
  expect(await response.json()).toEqual({
    type: `${HELP}#err_zoho_new`,
    title: 'Service Unavailable',
    status: 503,
    code: 'ERR_ZOHO_NEW',
    detail: 'Something new',
  })
})

test.each([
  { thrown: Object.assign(new Error('gone'), { statusCode: 410 }), status: 410 },
  { thrown: Object.assign(new Error('fake'), { code: 'ERR_ZOHO_REVOKED', statusCode: 418 }), status: 418 },
  { thrown: 'just a string', status: 500 },
])('a foreign error goes on to Express: $status', async ({ thrown, status }) => {
  const response = await fetch(await serve(throwing(thrown)))
  expect(response.status).toBe(status)
  expect(response.headers.get('content-type')).toMatch(/^text\/html/)
})

test('once the headers are sent the error goes on, and Express ends the connection', async () => {
  const seen = jest.fn()
  const app = createApp('production')
    .get('/', (_req, res, next) => {
      res.write('{"begin')
      next(new ZohoAuthError('ERR_ZOHO_TIMEOUT'))
    })
    .use(zohoErrorHandler())
    .use((error: unknown, _req: Request, _res: Response, next: NextFunction) => {
      seen(error)
      next(error)
    })
  const origin = await serve(app)
  await expect(fetch(origin).then((response) => response.text())).rejects.toThrow()
  expect(seen).toHaveBeenCalledTimes(1)
})

test('what was set for the answer that did not come is taken back, the rest is kept', async () => {
  const app = createApp('production')
    .get('/', (_req, res, next) => {
      res.setHeader('Content-Encoding', 'gzip')
      res.setHeader('ETag', '"the-tag"')
      res.setHeader('Cache-Control', 'public, max-age=3600')
      res.setHeader('X-Request-Id', 'the-request')
      res.status(200)
      next(new ZohoAuthError('ERR_ZOHO_THROTTLED', { retryAfterMs: 1 }))
    })
    .use(zohoErrorHandler())
  const response = await fetch(await serve(app))
  expect(response.status).toBe(503)
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'cache-control': 'no-store',
    'retry-after': '1',
    'x-request-id': 'the-request',
  })
  expect(response.headers.has('etag')).toBe(false)
  expect(await response.json()).toMatchObject({ code: 'ERR_ZOHO_THROTTLED', retryAfterMs: 1 })
})

test('HEAD gets the headers of the problem and no body', async () => {
  const response = await fetch(await serve(throwing(new ZohoAuthError('ERR_ZOHO_REVOKED'))), {
    method: 'HEAD',
  })
  expect(response.status).toBe(409)
  expect(Number(response.headers.get('content-length'))).toBeGreaterThan(0)
  expect(await response.text()).toBe('')
})

test('an app can name the occurrence', async () => {
  const app = createApp('production')
    .get(['/', '/unnamed'], (_req, _res, next) => next(new ZohoAuthError('ERR_ZOHO_REVOKED')))
    .use(zohoErrorHandler({ instance: (req) => (req.url === '/' ? 'urn:request:7' : undefined) }))
  const origin = await serve(app)
  expect(await (await fetch(origin)).json()).toMatchObject({ instance: 'urn:request:7' })
  expect(await (await fetch(`${origin}/unnamed`)).json()).not.toHaveProperty('instance')
})

test('an instance that is no function is told at once', () => {
  const config = expect.objectContaining({ code: 'ERR_ZOHO_CONFIG' })
  expect(() => zohoErrorHandler({ instance: 'urn:request' as never })).toThrow(config as unknown as Error)
})

/** An app whose only route fails with `thrown`. */
function throwing(thrown: unknown): Express {
  return createApp('production')
    .get('/', (_req, _res, next) => next(thrown))
    .use(zohoErrorHandler())
}

/** Neither the answer nor anything printed holds a secret or a token. */
function expectNoSecret(emulator: Emulator, answer: string): void {
  expect(printed.join()).toContain('ZohoAuthError')
  const secrets = [
    emulator.clientSecret,
    'not-the-secret-of-this-client',
    ...emulator.grants.map(({ refreshToken }) => refreshToken),
    emulator.refreshToken,
    ...emulator.liveTokens().map(({ accessToken }) => accessToken),
  ]
  for (const secret of secrets) for (const text of [answer, ...printed]) expect(text).not.toContain(secret)
}
