import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from '@jest/globals'
import type { Fault } from '@zoho-auth/emulator'
import { heldFetch, until } from '../../../checks/support/waiting.mjs'
import {
  breathe,
  byHand,
  CANDIDATES,
  calm,
  codeOf,
  connection,
  connectionsFor,
  emulate,
  engine,
  recruit,
  turning,
} from './support.js'

const HOUR = 3_600_000
const MINUTE = 60_000

describe('a dead grant', () => {
  test('100 gets: one token request, every caller is told', async () => {
    const { emulator, zoho } = await byHand()
    emulator.revokeGrant(emulator.refreshToken)
    const codes = await Promise.all(Array.from({ length: 100 }, () => codeOf(zoho.getToken())))
    expect(new Set(codes)).toEqual(new Set(['ERR_ZOHO_CONSENT_REQUIRED']))
    expect(await codeOf(zoho.getToken())).toBe('ERR_ZOHO_CONSENT_REQUIRED')
    expect(emulator.counters.tokenRequests).toBe(1)
  })

  test('it is left alone for a minute; a second such answer ends it for good', async () => {
    const { clock, emulator, zoho, events } = await byHand()
    emulator.revokeGrant(emulator.refreshToken)
    await codeOf(zoho.getToken())
    await clock.advance(MINUTE - 1)
    await codeOf(zoho.getToken())
    expect(emulator.counters.tokenRequests).toBe(1)
    expect((await zoho.status()).state).toBe('active')
    await clock.advance(1)
    expect(await codeOf(zoho.getToken())).toBe('ERR_ZOHO_CONSENT_REQUIRED')
    expect(emulator.counters.tokenRequests).toBe(2)
    expect((await zoho.status()).state).toBe('consent-required')
    expect(events.filter((name) => name === 'connection.consent_required')).toHaveLength(1)
    for (let hour = 0; hour < 5; hour++) {
      await clock.advance(HOUR)
      expect(await codeOf(zoho.getToken())).toBe('ERR_ZOHO_CONSENT_REQUIRED')
    }
    expect(emulator.counters.tokenRequests).toBe(2)
  })

  test('a new grant is used at once', async () => {
    const emulator = await emulate()
    const connections = connectionsFor(emulator, ['acme'])
    const zoho = engine(emulator, { connections })
    const before = await connections.get('acme')
    emulator.revokeGrant(before?.refreshToken ?? '')
    expect(await codeOf(zoho.getToken({ connection: 'acme' }))).toBe('ERR_ZOHO_CONSENT_REQUIRED')
    const { refreshToken } = emulator.createGrant({ user: 'acme' })
    await connections.put(connection('acme', refreshToken))
    expect((await zoho.getToken({ connection: 'acme' })).value).toBeTruthy()
  })

  test('a grant that was replaced while the request was under way is no dead grant', async () => {
    const emulator = await emulate()
    const connections = connectionsFor(emulator, ['acme'])
    const { fetch, held, release } = heldFetch()
    const zoho = engine(emulator, { connections, fetch })
    const before = await connections.get('acme')
    emulator.revokeGrant(before?.refreshToken ?? '')
    const get = zoho.getToken({ connection: 'acme' })
    await held()
    const { refreshToken } = emulator.createGrant({ user: 'acme' })
    await connections.put(connection('acme', refreshToken))
    release()
    expect((await get).value).toBe(emulator.liveTokens(refreshToken)[0]?.accessToken)
  })

  test('a token made for a grant that was replaced meanwhile is not used', async () => {
    const emulator = await emulate()
    const connections = connectionsFor(emulator, ['acme'])
    const { fetch, held, release } = heldFetch()
    const zoho = engine(emulator, { connections, fetch })
    const get = zoho.getToken({ connection: 'acme' })
    await held()
    const { refreshToken } = emulator.createGrant({ user: 'acme' })
    await connections.put(connection('acme', refreshToken))
    release()
    expect((await get).value).toBe(emulator.liveTokens(refreshToken)[0]?.accessToken)
  })

  test('a function as connections cannot be marked; still nothing more is sent after the second answer', async () => {
    const { clock, emulator, zoho } = await byHand({
      connections: async (id) => ({ ...base, id, refreshToken: 'not-a-grant' }),
    })
    for (let hour = 0; hour < 5; hour++) {
      expect(await codeOf(zoho.getToken({ connection: 'acme' }))).toBe('ERR_ZOHO_CONSENT_REQUIRED')
      await clock.advance(HOUR)
    }
    expect(emulator.counters.tokenRequests).toBe(2)
  })
})

const base = { dataCenter: 'us', state: 'active', version: 1, createdAt: 0, updatedAt: 0 } as const

describe('a wrong client', () => {
  test.each(['invalid_client', 'invalid_client_secret', 'invalid_redirect_uri', 'missing_org_info'])(
    '%s is the app’s own fault: it names what to try, and no connection is marked',
    async (error) => {
      const { clock, emulator, zoho } = await byHand()
      emulator.fault({ on: 'token', kind: 'error', error, times: Number.POSITIVE_INFINITY })
      for (let round = 0; round < 5; round++) {
        const failed = await zoho.getToken().catch((thrown) => thrown)
        expect(failed).toMatchObject({ code: 'ERR_ZOHO_CLIENT', retryable: false, connection: 'default' })
        expect(failed).not.toHaveProperty('statusCode')
        if (error === 'invalid_client') expect(failed.action).toContain('ZOHO_DATA_CENTER is "us"')
        await clock.advance(5 * MINUTE)
      }
      expect((await zoho.status()).state).toBe('active')
      expect((await zoho.status()).budgetLeft).toBe(8)
      emulator.clearFaults()
      expect((await zoho.getToken()).value).toBeTruthy()
    },
  )

  test('100 gets cost one request, and half a minute later another', async () => {
    const { clock, emulator, zoho } = await byHand({ clientSecret: 'not-the-secret' })
    await Promise.all(Array.from({ length: 100 }, () => codeOf(zoho.getToken())))
    await codeOf(zoho.getToken())
    expect(emulator.counters.tokenRequests).toBe(1)
    await clock.advance(30_000)
    await codeOf(zoho.getToken())
    expect(emulator.counters.tokenRequests).toBe(2)
  })

  test('a grant of another data centre is refused, and the secret goes nowhere else', async () => {
    const emulator = await emulate({ dataCenters: ['us', 'eu'], clientDataCenters: ['us'] })
    const zoho = engine(emulator, {
      accountsUrl: emulator.accountsUrls as Record<'us' | 'eu', string>,
      dataCenter: 'eu',
    })
    expect(await codeOf(zoho.getToken())).toBe('ERR_ZOHO_CLIENT')
    expect(
      emulator.requests.filter(({ kind }) => kind === 'token').map(({ dataCenter }) => dataCenter),
    ).toEqual(['eu'])
  })
})

describe('throttled', () => {
  test.each([200, 400] as const)(
    'with %d: 50 gets without a token, one request, all know when to come back',
    async (throttleStatus) => {
      const { clock, emulator, zoho } = await byHand({}, { throttleStatus })
      emulator.throttle()
      const errors = await Promise.all(
        Array.from({ length: 50 }, () => zoho.getToken().catch((error) => error)),
      )
      for (const error of errors) {
        expect(error).toMatchObject({
          code: 'ERR_ZOHO_THROTTLED',
          statusCode: 503,
          retryable: true,
          retryAfterMs: 600_000,
        })
        expect(error.headers).toEqual({ 'Retry-After': '600' })
      }
      await clock.advance(5 * MINUTE)
      expect(await zoho.getToken().catch((error) => error)).toMatchObject({ retryAfterMs: 300_000 })
      expect(emulator.counters.tokenRequests).toBe(1)
      await clock.advance(5 * MINUTE)
      emulator.unthrottle()
      expect((await zoho.getToken()).value).toBeTruthy()
      expect(emulator.counters.tokenRequests).toBe(2)
    },
  )

  test('50 gets with a usable token are served, with one request', async () => {
    const { clock, emulator, zoho } = await byHand()
    const token = await zoho.getToken()
    await clock.advance(HOUR - 4 * MINUTE)
    emulator.throttle()
    for (let get = 0; get < 50; get++) {
      expect(await zoho.getToken()).toBe(token)
      await breathe(1)
    }
    await until(() => emulator.counters.tokenRequests >= 2)
    await calm()
    expect(emulator.counters.tokenRequests).toBe(2)
  })

  test('our own share is 8 of Zoho’s 10 in ten minutes; the ninth waits for the window', async () => {
    const { clock, emulator, zoho, events } = await byHand()
    for (let made = 0; made < 7; made++) {
      const token = await zoho.getToken()
      await zoho.getToken({ rejectedToken: token.value })
      await clock.advance(1_000)
    }
    expect(emulator.counters.tokensIssued).toBe(8)
    expect(events).toContain('budget.low')
    const token = zoho.peekToken()
    const error = await zoho.getToken({ rejectedToken: token?.value }).catch((thrown) => thrown)
    expect(error).toMatchObject({ code: 'ERR_ZOHO_THROTTLED' })
    expect(error.retryAfterMs).toBeGreaterThan(9 * MINUTE)
    // Whoever did not refuse it gets it back at once.
    expect(await zoho.getToken()).toBe(token)
    expect((await zoho.status()).cooldown?.reason).toBe('budget')
    await clock.advance(10 * MINUTE)
    expect((await zoho.getToken({ rejectedToken: token?.value })).value).not.toBe(token?.value)
    expect(emulator.maxTokensInWindow()).toBeLessThanOrEqual(8)
  })
})

test('Retry-After is kept, also above a minute, and up to one window', async () => {
  for (const [asked, waits] of [
    [120, 120_000],
    [3_600, 600_000],
  ] as const) {
    const { emulator, zoho } = await byHand()
    emulator.fault({ on: 'token', kind: 'status', status: 429, retryAfter: asked } as Fault)
    const error = await zoho.getToken().catch((thrown) => thrown)
    expect(error).toMatchObject({ code: 'ERR_ZOHO_UNAVAILABLE', retryable: true })
    expect(error.retryAfterMs).toBeGreaterThanOrEqual(waits)
    expect(emulator.counters.tokenRequests).toBe(1)
  }
})

describe('what stands beside a token costs none', () => {
  const sideFields: [name: string, fault: Fault][] = [
    ...['https://api.zoho.com', 'https://evil.example', 'www.zohoapis.com', 'null', '', null].map(
      (value): [string, Fault] => [
        `api_domain ${JSON.stringify(value)}`,
        { on: 'token', kind: 'foreign-api-domain', value },
      ],
    ),
    ['a byte order mark', { on: 'token', kind: 'byte-order-mark' }],
    ['no expires_in', { on: 'token', kind: 'no-expires-in' }],
    ['expires_in in milliseconds', { on: 'token', kind: 'wrong-unit' }],
  ]
  test.each(sideFields)('%s: a token, with one request, for the host that is ours', async (_name, fault) => {
    const { emulator, zoho } = await byHand()
    emulator.fault({ ...fault, times: Number.POSITIVE_INFINITY } as Fault)
    const token = await zoho.getToken()
    expect(token.apiDomain).toBe(emulator.url)
    expect((await zoho.fetch(CANDIDATES, recruit)).status).toBe(200)
    expect(emulator.counters.tokenRequests).toBe(1)
  })

  test('an api_domain that is not used is told: in the event, and in a line for whoever looks for it', async () => {
    const lines: string[] = []
    const { emulator, zoho } = await byHand({
      logger: { warn: () => {}, debug: (line: string) => lines.push(line) },
    })
    const events: unknown[] = []
    zoho.on('token.refreshed', (event) => events.push(event))
    emulator.fault({ on: 'token', kind: 'foreign-api-domain', value: 'https://api.zoho.com' })
    await zoho.getToken()
    expect(events).toMatchObject([{ ignoredApiDomain: '"https://api.zoho.com"' }])
    expect(lines.join()).toContain('"https://api.zoho.com" is not on the list of hosts')
  })
})

describe('transient faults', () => {
  const faults: [name: string, fault: Fault, code: string][] = [
    ['503', { on: 'token', kind: 'status', status: 503 }, 'ERR_ZOHO_UNAVAILABLE'],
    ['500', { on: 'token', kind: 'status', status: 500 }, 'ERR_ZOHO_UNAVAILABLE'],
    ['429', { on: 'token', kind: 'status', status: 429 }, 'ERR_ZOHO_UNAVAILABLE'],
    ['general_error', { on: 'token', kind: 'error', error: 'general_error' }, 'ERR_ZOHO_UNAVAILABLE'],
    ['an unknown error', { on: 'token', kind: 'error', error: 'out_of_tea' }, 'ERR_ZOHO_UNAVAILABLE'],
    ['a reset', { on: 'token', kind: 'reset' }, 'ERR_ZOHO_UNAVAILABLE'],
    ['a lost answer', { on: 'token', kind: 'reset-after' }, 'ERR_ZOHO_UNAVAILABLE'],
    ['HTML', { on: 'token', kind: 'html' }, 'ERR_ZOHO_BAD_RESPONSE'],
    ['half a JSON', { on: 'token', kind: 'truncated-json' }, 'ERR_ZOHO_BAD_RESPONSE'],
    ['nothing', { on: 'token', kind: 'empty' }, 'ERR_ZOHO_BAD_RESPONSE'],
    [
      'an absurd expires_in',
      { on: 'token', kind: 'absurd-expires-in', value: 1e15 },
      'ERR_ZOHO_BAD_RESPONSE',
    ],
    [
      'a redirect',
      { on: 'token', kind: 'redirect', url: 'http://127.0.0.1:1/steal' },
      'ERR_ZOHO_BAD_RESPONSE',
    ],
    ['no answer at all', { on: 'token', kind: 'hang' }, 'ERR_ZOHO_TIMEOUT'],
  ]

  test.each(faults)('%s once: a caller without a token waits it out', async (_name, fault) => {
    const { clock, emulator, zoho } = await byHand({ timeoutMs: 2_000 })
    emulator.fault(fault)
    expect((await turning(clock, zoho.getToken())).value).toBeTruthy()
    expect(emulator.counters.tokenRequests).toBe(2)
  })

  test.each(faults)(
    '%s for ever: the caller is told in time, and few requests are made',
    async (_name, fault, code) => {
      // Between the longest way to one failure and the shortest to the next, whatever is drawn for the pauses.
      const maxWaitMs = code === 'ERR_ZOHO_TIMEOUT' ? 5_400 : 3_400
      const { clock, emulator, zoho } = await byHand({ timeoutMs: 2_000, maxWaitMs })
      emulator.fault({ ...fault, times: Number.POSITIVE_INFINITY } as Fault)
      const startedAt = clock.now()
      const error = await turning(clock, zoho.getToken(), 100).catch((thrown) => thrown)
      expect(error).toMatchObject({ code, retryable: true })
      expect(clock.now() - startedAt).toBeLessThanOrEqual(maxWaitMs)
      expect(emulator.counters.tokenRequests).toBeLessThanOrEqual(4)
      expect(emulator.maxTokensInWindow()).toBeLessThanOrEqual(4)
    },
  )

  test.each(faults)(
    '%s while a usable token is there: every caller is served, one request at a time',
    async (_name, fault) => {
      const { clock, emulator, zoho } = await byHand({ timeoutMs: 2_000 })
      const token = await zoho.getToken()
      await clock.advance(HOUR - 4 * MINUTE)
      emulator.fault({ ...fault, times: Number.POSITIVE_INFINITY } as Fault)
      for (let get = 0; get < 20; get++) expect(await zoho.getToken()).toBe(token)
      await until(() => emulator.counters.tokenRequests >= 2)
      await calm()
      expect(emulator.counters.tokenRequests).toBe(2)
    },
  )

  test('a back-off is waited out together: 100 callers share the attempts', async () => {
    const { clock, emulator, zoho } = await byHand()
    emulator.fault({ on: 'token', kind: 'status', status: 503, times: 2 })
    const tokens = await turning(clock, Promise.all(Array.from({ length: 100 }, () => zoho.getToken())))
    expect(new Set(tokens).size).toBe(1)
    expect(emulator.counters.tokenRequests).toBe(3)
  })

  test('Retry-After is kept, and waited out by who has the time', async () => {
    const { clock, emulator, zoho } = await byHand({ maxWaitMs: 30_000 })
    emulator.fault({ on: 'token', kind: 'status', status: 429, retryAfter: 20 })
    const startedAt = clock.now()
    await turning(clock, zoho.getToken())
    expect(clock.now() - startedAt).toBeGreaterThanOrEqual(20_000)
  })

  test('a Retry-After that outlasts a caller’s patience is told at once, and nothing is sent before its end', async () => {
    const { clock, emulator, zoho } = await byHand()
    emulator.fault({ on: 'token', kind: 'status', status: 429, retryAfter: 20 })
    const told = { code: 'ERR_ZOHO_UNAVAILABLE', retryable: true, retryAfterMs: 20_000 }
    await expect(zoho.getToken()).rejects.toMatchObject(told)
    await clock.advance(10_000)
    await expect(zoho.getToken()).rejects.toMatchObject({ ...told, retryAfterMs: 10_000 })
    expect(emulator.counters.tokenRequests).toBe(1)
    // From here on the pause ends before a caller's time does.
    await clock.advance(1_000)
    expect((await turning(clock, zoho.getToken())).value).toBeTruthy()
    expect(emulator.counters.tokenRequests).toBe(2)
  })

  test('a caller that refused the only token is told; the others get it back at once', async () => {
    const { clock, emulator, zoho } = await byHand()
    const token = await zoho.getToken()
    emulator.fault({ on: 'token', kind: 'status', status: 503, times: Number.POSITIVE_INFINITY })
    const refuser = zoho.getToken({ rejectedToken: token.value }).catch((error) => error)
    const other = zoho.getToken()
    expect(await other).toBe(token)
    expect(await turning(clock, refuser)).toMatchObject({ code: 'ERR_ZOHO_UNAVAILABLE' })
  })

  test('a server that cannot be reached costs no budget', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    await new Promise((resolve) => server.close(resolve))
    const { clock, zoho } = await byHand({ accountsUrl: `http://127.0.0.1:${port}`, timeoutMs: 1_000 })
    const error = await turning(clock, zoho.getToken()).catch((thrown) => thrown)
    expect(error).toMatchObject({ code: 'ERR_ZOHO_UNAVAILABLE' })
    expect(String(error.cause)).toContain('ECONNREFUSED')
    expect((await zoho.status()).budgetLeft).toBe(8)
  })

  test('answers that may have cost a token stay counted, complete ones without a token do not', async () => {
    const { clock, emulator, zoho } = await byHand()
    emulator.fault({ on: 'token', kind: 'reset-after' })
    await turning(clock, zoho.getToken())
    expect((await zoho.status()).budgetLeft).toBe(6)
    await clock.advance(HOUR)
    emulator.fault({ on: 'token', kind: 'status', status: 503 })
    await turning(clock, zoho.getToken())
    expect((await zoho.status()).budgetLeft).toBe(7)
  })
})

describe('odd answers that are fine', () => {
  test.each([
    ['expires_in in milliseconds beside expires_in_sec', { on: 'token', kind: 'wrong-unit' }],
    ['no expires_in', { on: 'token', kind: 'no-expires-in' }],
    ['api_domain with a slash', { on: 'token', kind: 'api-domain-trailing-slash' }],
  ] as [string, Fault][])('%s', async (_name, fault) => {
    const { clock, emulator, zoho } = await byHand()
    emulator.fault(fault)
    const token = await zoho.getToken()
    expect(token.expiresAt).toBe(clock.now() + HOUR)
    expect(token.apiDomain).toBe(emulator.url)
  })

  test('a rotated refresh token is stored before the access token is handed out', async () => {
    const { clock, emulator, zoho } = await byHand()
    emulator.fault({ on: 'token', kind: 'rotated-refresh-token' })
    await zoho.getToken()
    await clock.advance(HOUR)
    expect((await zoho.getToken()).value).toBeTruthy()
    await clock.advance(HOUR)
    expect((await zoho.getToken()).value).toBeTruthy()
  })
})

test('life is counted from sending, not from the answer', async () => {
  const { fetch, held, release } = heldFetch()
  const { clock, zoho } = await byHand({ fetch })
  const startedAt = clock.now()
  const get = zoho.getToken()
  await held()
  clock.jump(5_000)
  release()
  expect((await get).expiresAt).toBe(startedAt + HOUR)
})

test('secrets travel in the body, never in the URL', async () => {
  const urls: string[] = []
  const emulator = await emulate()
  const zoho = engine(emulator, {
    fetch: (input, init) => {
      urls.push(String(input instanceof Request ? input.url : input))
      return fetch(input, init)
    },
  })
  await zoho.getToken()
  await zoho.revoke()
  expect(urls).toEqual([`${emulator.url}/oauth/v2/token`, `${emulator.url}/oauth/v2/token/revoke`])
})
