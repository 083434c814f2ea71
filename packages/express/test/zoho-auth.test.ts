import { inspect } from 'node:util'
import { expect, jest, test } from '@jest/globals'
import { defaultZohoAuth } from '@zoho-auth/core'
import { createFakeZohoAuth, ManualClock } from '@zoho-auth/core/testing'
import type { NextFunction, Request, Response } from 'express'
import express from 'express'
import { whole } from '../../../checks/support/form.mjs'
import { zohoAuth, zohoErrorHandler } from '../src/index.js'
import {
  createApp,
  emulate,
  engine,
  getJson,
  many,
  quiet,
  route,
  serve,
  signIn,
  single,
  userOf,
  whoAmI,
} from './support.js'

const HOUR_MS = 3_600_000

test('a handler calls Zoho with the one configured connection', async () => {
  const emulator = await emulate()
  const app = createApp()
    .use(zohoAuth(single(emulator)))
    .get('/', whoAmI)
  const origin = await serve(app)
  expect(await getJson(origin)).toEqual({ user: 'ada' })
  expect(emulator.counters).toMatchObject({ tokenRequests: 1, apiRequests: 1 })
})

test('100 requests at once cost one token', async () => {
  const emulator = await emulate({ latencyMs: 20 })
  const origin = await serve(
    createApp()
      .use(zohoAuth(single(emulator)))
      .get('/', whoAmI),
  )
  const answers = await Promise.all(Array.from({ length: 100 }, () => getJson(origin)))
  expect(answers).toEqual(Array(100).fill({ user: 'ada' }))
  expect(emulator.counters.tokenRequests).toBe(1)
})

test('a request that does not use Zoho asks nothing, not even whose it is', async () => {
  const emulator = await emulate()
  const connection = jest.fn(() => {
    throw new Error('nobody is signed in')
  })
  const auth = engine(many(emulator, ['acme']))
  const forConnection = jest.spyOn(auth, 'forConnection')
  const app = createApp()
    .use(zohoAuth({ auth, connection }))
    .get('/', (_req, res) => void res.send('ok'))
  const response = await fetch(await serve(app))
  expect(response.status).toBe(200)
  expect(connection).not.toHaveBeenCalled()
  expect(forConnection).not.toHaveBeenCalled()
  expect(emulator.requests).toEqual([])
})

test('looking at req.zoho asks nothing either', async () => {
  const emulator = await emulate()
  const connection = jest.fn(() => 'acme')
  const app = createApp()
    .use(zohoAuth({ ...many(emulator, ['acme']), connection }))
    .get('/', (req, res) => {
      const { zoho } = req
      res.json({ token: zoho.peekToken() ?? 'none', same: zoho === req.zoho })
    })
  expect(await getJson(await serve(app))).toEqual({ token: 'none', same: true })
  expect(connection).not.toHaveBeenCalled()
  expect(emulator.requests).toEqual([])
})

test('what connection() throws is thrown by the use, and goes on as it is', async () => {
  const emulator = await emulate()
  const teapot = Object.assign(new Error('no tea'), { statusCode: 418 })
  const app = createApp()
    .use(
      zohoAuth({
        ...many(emulator, ['acme']),
        connection: () => {
          throw teapot
        },
      }),
    )
    .get('/', whoAmI)
    .use(zohoErrorHandler())
  expect((await fetch(await serve(app))).status).toBe(418)
})

test('connection() is asked after the sign-in that comes later', async () => {
  const emulator = await emulate()
  const connection = jest.fn((req: Express.Request) => req.user?.org)
  const app = createApp()
    .use(zohoAuth({ ...many(emulator, ['acme']), connection }))
    .use(signIn)
    .get('/', whoAmI)
  expect(await getJson(await serve(app), { 'x-test-org': 'acme' })).toEqual({ user: 'acme' })
  expect(connection).toHaveBeenCalledTimes(1)
})

test('an async connection() is asked once for ten calls at once, on req.zoho and on the engine', async () => {
  const emulator = await emulate()
  const auth = engine(many(emulator, ['acme']))
  const connection = jest.fn(async (req: Express.Request) => {
    await new Promise((resolve) => setImmediate(resolve))
    return req.user?.org
  })
  const app = createApp()
    .use(zohoAuth({ auth, connection }), signIn)
    .get(
      '/',
      route(async (req, res) => {
        const tokens = await Promise.all(
          Array.from({ length: 10 }, (_, call) =>
            call % 2 === 0 ? req.zoho.getAccessToken() : auth.getAccessToken(),
          ),
        )
        await req.zoho.getAccessToken()
        res.json({ different: new Set(tokens).size })
      }),
    )
  expect(await getJson(await serve(app), { 'x-test-org': 'acme' })).toEqual({ different: 1 })
  expect(connection).toHaveBeenCalledTimes(1)
  expect(emulator.counters.tokenRequests).toBe(1)
})

test.each([
  { answer: 'undefined', give: () => undefined },
  { answer: 'a promise of undefined', give: async () => undefined },
  { answer: 'null', give: () => null as unknown as undefined },
])('$answer is not kept: after the sign-in the connection is found', async ({ give }) => {
  const emulator = await emulate()
  const connection = jest.fn((req: Express.Request) => req.user?.org ?? give())
  const app = createApp()
    .use(zohoAuth({ ...many(emulator, ['acme']), connection }))
    .use(async (req: Request, _res: Response, next: NextFunction) => {
      const code = await codeOf(req.zoho.getToken())
      next(code === 'ERR_ZOHO_NO_CONNECTION' ? undefined : new Error(`not the code: ${String(code)}`))
    })
    .use(signIn)
    .get('/', whoAmI)
  const origin = await serve(app)
  expect(await getJson(origin, { 'x-test-org': 'acme' })).toEqual({ user: 'acme' })
  expect(connection).toHaveBeenCalledTimes(2)
})

test('the first answer stands for the request, whoever signs in afterwards', async () => {
  const emulator = await emulate()
  const app = createApp()
    .use(zohoAuth({ ...many(emulator, ['acme', 'globex']), connection: (req) => req.user?.org }))
    .use(signIn)
    .get(
      '/',
      route(async (req, res) => {
        await req.zoho.getToken()
        req.user = { org: 'globex' }
        res.json(await userOf(await req.zoho.fetch('/recruit/v2/Candidates', { product: 'recruit' })))
      }),
    )
  expect(await getJson(await serve(app), { 'x-test-org': 'acme' })).toEqual({ user: 'acme' })
})

test('code far below uses the connection of its request without being handed the request', async () => {
  const emulator = await emulate()
  const auth = engine(many(emulator, ['acme', 'globex']))
  const service = {
    async candidates() {
      await new Promise((resolve) => setTimeout(resolve, 1))
      return Promise.resolve().then(() => auth.fetch('/recruit/v2/Candidates', { product: 'recruit' }))
    },
  }
  const app = createApp()
    .use(zohoAuth({ auth, connection: (req) => req.user?.org }))
    .use(signIn)
    .get(
      '/',
      route(async (_req, res) => res.json(await userOf(await service.candidates()))),
    )
  const origin = await serve(app)
  const answers = await Promise.all(
    ['acme', 'globex', 'acme'].map((org) => getJson(origin, { 'x-test-org': org })),
  )
  expect(answers).toEqual([{ user: 'acme' }, { user: 'globex' }, { user: 'acme' }])
})

test(`two tenants in ${whole(1_000)} interleaved requests never see each other, and cost one token each`, async () => {
  const emulator = await emulate({ latencyMs: 5 })
  const auth = engine(many(emulator, ['acme', 'globex']))
  const app = createApp()
    .use(
      zohoAuth({
        auth,
        connection: async (req) => {
          await new Promise((resolve) => setImmediate(resolve))
          return req.user?.org
        },
      }),
    )
    .use(signIn)
    .get(
      '/',
      route(async (req, res) => {
        const [own, ambient] = await Promise.all([
          req.zoho.fetch('/recruit/v2/Candidates', { product: 'recruit' }).then(userOf),
          auth.fetch('/recruit/v2/Candidates', { product: 'recruit' }).then(userOf),
        ])
        res.json([req.user?.org, own.user, ambient.user])
      }),
    )
  const origin = await serve(app)
  const orgs = Array.from({ length: whole(1_000) }, (_, number) => (number % 2 === 0 ? 'acme' : 'globex'))
  const seen = await inBatches(orgs, 50, (org) => getJson(origin, { 'x-test-org': org }))
  expect(seen).toEqual(orgs.map((org) => [org, org, org]))
  expect(emulator.counters.tokenRequests).toBe(2)
})

test('the scope outlives a body parser', async () => {
  const emulator = await emulate()
  const auth = engine(many(emulator, ['acme']))
  const app = createApp()
    .use(zohoAuth({ auth, connection: () => 'acme' }))
    .use(express.json())
    .post(
      '/',
      route(async (req, res) => {
        const ambient = await userOf(await auth.fetch('/recruit/v2/Candidates', { product: 'recruit' }))
        res.json({ ...ambient, body: req.body as unknown })
      }),
    )
  const response = await fetch(await serve(app), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    duplex: 'half',
    body: inPieces('{"name":', '"Grace"}'),
  } as RequestInit)
  expect(await response.json()).toEqual({ user: 'acme', body: { name: 'Grace' } })
})

test('in raw stream events req.zoho is the request’s own, on a connection that tenants share', async () => {
  const emulator = await emulate()
  const auth = engine(many(emulator, ['acme', 'globex']))
  const app = createApp()
    .use(zohoAuth({ auth, connection: (req) => req.user?.org }))
    .use(signIn)
    .post('/', (req, res, next) => {
      const calls = route(async () => {
        const own = await userOf(await req.zoho.fetch('/recruit/v2/Candidates', { product: 'recruit' }))
        const ambient = await codeOf(
          auth.fetch('/recruit/v2/Candidates', { product: 'recruit' }).then(userOf),
        )
        res.json([own.user, ambient])
      })
      req.resume().on('end', () => void calls(req, res, next))
    })
  const origin = await serve(app)
  for (const org of ['acme', 'globex', 'acme', 'globex']) {
    const response = await fetch(origin, {
      method: 'POST',
      headers: { 'x-test-org': org },
      duplex: 'half',
      body: inPieces('a', 'b'),
    } as RequestInit)
    const [own, ambient] = (await response.json()) as unknown[]
    expect(own).toBe(org)
    // Not promised to be found there; never somebody else's.
    expect([{ user: org }, 'ERR_ZOHO_NO_CONNECTION']).toContainEqual(ambient)
  }
})

test('without a connection option a surrounding withConnection is respected', async () => {
  const emulator = await emulate()
  const auth = engine(many(emulator, ['acme']))
  const app = createApp()
    .use(zohoAuth({ auth }))
    .use('/acme', (_req, _res, next) => auth.withConnection('acme', () => next()))
    .use(whoAmI)
    .use(zohoErrorHandler())
  const origin = await serve(app)
  expect(await getJson(`${origin}/acme`)).toEqual({ user: 'acme' })
  expect(await getJson(origin)).toMatchObject({ status: 409, code: 'ERR_ZOHO_NO_CONNECTION' })
})

test('every call of req.zoho works without a connection option', async () => {
  const emulator = await emulate()
  const app = createApp()
    .use(zohoAuth(single(emulator)))
    .get(
      '/',
      route(async ({ zoho }, res) => {
        const { value } = await zoho.getToken()
        const { Authorization } = await zoho.authorize(`${emulator.url}/recruit/v2/Candidates`)
        const url = await zoho.outgoing({ product: 'recruit' }).url('/recruit/v2/Candidates')
        res.json({
          same: [await zoho.getAccessToken(), zoho.peekToken()?.value].every((other) => other === value),
          authorization: Authorization === `Zoho-oauthtoken ${value}`,
          urls: [url.href, (await zoho.apiUrl('recruit')).href],
          states: [
            (await zoho.status()).state,
            await zoho.revoke(),
            (await zoho.forConnection('default').status()).state,
          ],
        })
      }),
    )
  expect(await getJson(await serve(app))).toEqual({
    same: true,
    authorization: true,
    urls: [`${emulator.url}/recruit/v2/Candidates`, `${emulator.url}/`],
    states: ['active', null, 'revoked'],
  })
})

test('req.zoho.forConnection() reaches another connection, and leaves the request’s alone', async () => {
  const emulator = await emulate()
  const app = createApp()
    .use(zohoAuth({ ...many(emulator, ['acme', 'partner']), connection: () => 'acme' }))
    .get(
      '/',
      route(async (req, res) => {
        const url = '/recruit/v2/Candidates'
        const partner = await userOf(
          await req.zoho.forConnection('partner').fetch(url, { product: 'recruit' }),
        )
        const own = await userOf(await req.zoho.fetch(url, { product: 'recruit' }))
        res.json([partner.user, own.user])
      }),
    )
  expect(await getJson(await serve(app))).toEqual(['partner', 'acme'])
})

test('mounted twice, the inner one wins below it and the outer one elsewhere', async () => {
  const emulator = await emulate()
  const auth = engine(many(emulator, ['acme', 'globex']))
  const both = route(async (req, res) => {
    const ambient = await userOf(await auth.fetch('/recruit/v2/Candidates', { product: 'recruit' }))
    const own = await userOf(await req.zoho.fetch('/recruit/v2/Candidates', { product: 'recruit' }))
    res.json([own.user, ambient.user])
  })
  const app = createApp()
    .use(zohoAuth({ auth, connection: () => 'acme' }))
    .use('/inner', zohoAuth({ auth, connection: () => 'globex' }), both)
    .use('/plain', zohoAuth({ auth }), both)
    .use(both)
  const origin = await serve(app)
  expect(await getJson(`${origin}/inner`)).toEqual(['globex', 'globex'])
  expect(await getJson(`${origin}/plain`)).toEqual(['acme', 'acme'])
  expect(await getJson(origin)).toEqual(['acme', 'acme'])
})

test('two engines in one app keep apart', async () => {
  const [first, second] = [await emulate(), await emulate()]
  const inner = zohoAuth({ ...many(second, ['globex']), connection: () => 'globex' })
  const app = createApp()
    .use(zohoAuth(single(first)))
    .use('/inner', inner, whoAmI)
    .use(whoAmI)
  const origin = await serve(app)
  expect(await getJson(`${origin}/inner`)).toEqual({ user: 'globex' })
  expect(await getJson(origin)).toEqual({ user: 'ada' })
  expect([first.counters.tokenRequests, second.counters.tokenRequests]).toEqual([1, 1])
})

test('with ambient: false there is no scope, and req.zoho still knows its connection', async () => {
  const emulator = await emulate()
  const auth = engine(many(emulator, ['acme'], { ambient: false }))
  const app = createApp()
    .use(zohoAuth({ auth, connection: () => 'acme' }))
    .get('/', whoAmI)
    .get(
      '/engine',
      route(async (_req, res) => res.json(await auth.getToken())),
    )
    .use(zohoErrorHandler())
  const origin = await serve(app)
  expect(await getJson(origin)).toEqual({ user: 'acme' })
  expect(await getJson(`${origin}/engine`)).toMatchObject({ code: 'ERR_ZOHO_NO_CONNECTION' })
})

test('an expired token and a killed one are replaced behind the back of the handler', async () => {
  const emulator = await emulate()
  const clock = new ManualClock(Date.now())
  const origin = await serve(
    createApp()
      .use(zohoAuth(single(emulator, { clock })))
      .get('/', whoAmI),
  )
  expect(await getJson(origin)).toEqual({ user: 'ada' })
  clock.jump(HOUR_MS)
  expect(await getJson(origin)).toEqual({ user: 'ada' })
  expect(emulator.counters).toMatchObject({ tokenRequests: 2, apiRefused: 0 })
  emulator.killTokens()
  expect(await Promise.all([getJson(origin), getJson(origin)])).toEqual([{ user: 'ada' }, { user: 'ada' }])
  expect(emulator.counters.tokenRequests).toBe(3)
})

test('the answer of the API is handed on as it is, errors included', async () => {
  const emulator = await emulate()
  const app = createApp()
    .use(zohoAuth(single(emulator)))
    .get(
      '/',
      route(async (req, res) => {
        const answer = await req.zoho.fetch('/recruit/v2/Candidates', { product: 'recruit' })
        res.json([answer.status, ((await answer.json()) as { code: string }).code])
      }),
    )
  emulator.fault({ on: 'api', kind: 'scope-mismatch' })
  expect(await getJson(await serve(app))).toEqual([401, 'OAUTH_SCOPE_MISMATCH'])
  expect(emulator.counters.tokenRequests).toBe(1)
})

test('a request that is printed or serialised shows neither req.zoho nor a secret', async () => {
  const emulator = await emulate()
  const printed: string[] = []
  const app = createApp()
    .use('/single', zohoAuth(single(emulator)))
    .use('/many', zohoAuth({ ...many(emulator, ['acme']), connection: () => 'acme' }))
    .use(
      route(async (req, res) => {
        const token = await req.zoho.getAccessToken()
        const deep = { depth: 12, showHidden: true } as const
        printed.push(
          inspect(req.zoho, { ...deep, getters: true }),
          inspect(req, deep),
          JSON.stringify(req.zoho),
        )
        res.json({
          keys: Object.keys(req).includes('zoho'),
          shown: printed.some((text) => text.includes(token)),
        })
      }),
    )
  const origin = await serve(app)
  expect(await getJson(`${origin}/single`)).toEqual({ keys: false, shown: false })
  expect(await getJson(`${origin}/many`)).toEqual({ keys: false, shown: false })
  const secrets = [emulator.clientSecret, ...emulator.grants.map(({ refreshToken }) => refreshToken)]
  for (const secret of secrets) expect(printed.join('\n')).not.toContain(secret)
})

test('a test of an app may put its own handle in place', async () => {
  const fake = createFakeZohoAuth({ token: 'the-test-token' })
  const app = createApp()
    .use(zohoAuth({ auth: createFakeZohoAuth() }))
    .use((req, _res, next) => {
      req.zoho = fake.forConnection('acme')
      next()
    })
    .get(
      '/',
      route(async (req, res) => res.json({ token: await req.zoho.getAccessToken() })),
    )
  expect(await getJson(await serve(app))).toEqual({ token: 'the-test-token' })
  expect(fake.asked).toEqual(['acme'])
})

test('without options all adapters of a process share the engine that ZOHO_* variables describe', async () => {
  const emulator = await emulate()
  const env = emulator.env()
  Object.assign(process.env, env)
  try {
    const first = zohoAuth()
    const second = zohoAuth({ connection: () => 'default' })
    expect(first.auth).toBe(defaultZohoAuth())
    expect(second.auth).toBe(first.auth)
    expect(zohoAuth({ auth: undefined, timeoutMs: undefined }).auth).toBe(first.auth)
    const app = createApp().get('/', first, whoAmI).get('/second', second, whoAmI)
    const origin = await serve(app)
    expect(await getJson(origin)).toEqual({ user: 'ada' })
    expect(await getJson(`${origin}/second`)).toEqual({ user: 'ada' })
    expect(emulator.counters.tokenRequests).toBe(1)
    await first.close()
    expect(defaultZohoAuth()).toBe(first.auth)
    expect(await getJson(origin)).toEqual({ user: 'ada' })
  } finally {
    await defaultZohoAuth().close()
    for (const name of Object.keys(env)) delete process.env[name]
  }
})

test('close() closes the engine made from options, twice without harm, and leaves a given one open', async () => {
  const emulator = await emulate()
  const own = zohoAuth(single(emulator))
  await own.close()
  await own.close()
  await expect(own.auth.getToken()).rejects.toMatchObject({ code: 'ERR_ZOHO_CONFIG' })

  const auth = engine(single(emulator))
  const shared = zohoAuth({ auth })
  expect(shared.auth).toBe(auth)
  await shared.close()
  expect((await auth.getToken()).value).toMatch(/./)
})

test.each([
  {
    fault: 'no configuration at all',
    options: {},
    says: /ZOHO_CLIENT_ID.*ZOHO_CLIENT_SECRET.*ZOHO_REFRESH_TOKEN/s,
  },
  {
    fault: 'an unknown option',
    options: { clientid: 'the-client' },
    says: /clientid is not an option; did you mean clientId/,
  },
  {
    fault: 'a connection that is no function',
    options: { connection: 'acme' },
    says: /connection must be a function/,
  },
  { fault: 'an engine that is none', options: { auth: {} }, says: /auth must be an engine/ },
  { fault: 'an engine in place of options', options: createFakeZohoAuth(), says: /zohoAuth\(\{ auth \}\)/ },
  {
    fault: 'options beside an engine',
    options: { auth: createFakeZohoAuth(), timeoutMs: 1, scheme: 'Bearer', logger: quiet },
    says: /pass timeoutMs, scheme, logger to it/,
  },
  {
    fault: 'two faults at once',
    options: { auth: 1, connection: 1 },
    says: /auth must be.*connection must be/s,
  },
  { fault: 'null', options: null, says: /must be an object/ },
])('$fault is told at once', ({ options, says }) => {
  const config = expect.objectContaining({ code: 'ERR_ZOHO_CONFIG', message: expect.stringMatching(says) })
  expect(() => zohoAuth(options as never)).toThrow(config as unknown as Error)
})

/** What comes of it, or the code with which it fails. */
function codeOf(work: Promise<unknown>): Promise<unknown> {
  return work.catch((error: { code?: unknown }) => error.code)
}

/** Runs `work` for every item, `size` at a time, and keeps the order. */
async function inBatches<T, R>(
  items: readonly T[],
  size: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const done: R[] = []
  for (let at = 0; at < items.length; at += size)
    done.push(...(await Promise.all(items.slice(at, at + size).map(work))))
  return done
}

/** A body whose second piece leaves only after the first one has arrived somewhere. */
function inPieces(...pieces: string[]): ReadableStream {
  const encoder = new TextEncoder()
  return new ReadableStream({
    async pull(controller) {
      const piece = pieces.shift()
      if (piece === undefined) return controller.close()
      await new Promise((resolve) => setTimeout(resolve, 10))
      controller.enqueue(encoder.encode(piece))
    },
  })
}
