import { describe, expect, test } from '@jest/globals'
import { memoryTokenStore, type Product, type ZohoAuth, type ZohoAuthOptions } from '@zoho-auth/core'
import { ManualClock } from '@zoho-auth/core/testing'
import type { Emulator } from '@zoho-auth/emulator'
import { figure } from '../../../checks/support/figures.mjs'
import { endpointOf } from '../src/request/refusals.js'
import { emulate, engine, turning } from './support.js'
import { worldFetch } from './zoho-world.js'

/** A request as an API of these tests sees it. */
interface Seen {
  readonly method: string
  readonly path: string
  /** Whether its token lives. */
  readonly live: boolean
}

type Api = (seen: Seen) => Response | undefined

const json = (status: number, body: unknown, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } })

const BOOKS_57 = { code: 57, message: 'You are not authorized to perform this operation' }
const PAGE = '<html><head><title>Zoho Creator - Error Page</title></head></html>'
const books57 = (): Response => json(401, BOOKS_57)
const GOOD = 'https://www.zohoapis.com/books/v3/contacts'
const FORBIDDEN = 'https://www.zohoapis.com/books/v3/bankaccounts'

/** Zoho with APIs in a test's own words: what `api` does not answer is a success. Tokens come from the emulator. */
async function scene(api: Api, options: ZohoAuthOptions = {}, grants = 1) {
  const clock = new ManualClock()
  const emulator = await emulate({ clock })
  const zoho = Array.from({ length: grants }, () => processOf(emulator, clock, api, options))
  return { clock, emulator, zoho: zoho[0] as ZohoAuth, processes: zoho }
}

function processOf(emulator: Emulator, clock: ManualClock, api: Api, options: ZohoAuthOptions): ZohoAuth {
  const toZoho = worldFetch(emulator)
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input)
    if (url.host.startsWith('accounts.')) return toZoho(input, init)
    const token = new Headers(init?.headers).get('authorization')?.split(' ')[1]
    const live = emulator.liveTokens().some(({ accessToken }) => accessToken === token)
    return api({ method: init?.method ?? 'GET', path: url.pathname, live }) ?? json(200, { code: 0 })
  }
  return engine(emulator, { accountsUrl: undefined, clock, fetch, logger: { warn() {} }, ...options })
}

const dead =
  (refusal: () => Response): Api =>
  ({ live }) =>
    live ? undefined : refusal()

describe('a dead token is replaced at the first refusal, whatever it looks like', () => {
  const rows: [name: string, url: string, refusal: () => Response, product?: Product][] = [
    ['Billing', 'https://www.zohoapis.com/billing/v1/plans', books57],
    [
      'Bookings',
      'https://www.zohoapis.com/bookings/v1/json/workspaces',
      () => new Response(PAGE, { status: 401 }),
    ],
    [
      'WorkDrive',
      'https://www.zohoapis.com/workdrive/api/v1/users/me',
      () => json(401, { errors: [{ id: 'F7003', title: 'Invalid OAuth token.' }] }),
    ],
    [
      'Sign',
      'https://sign.zoho.com/api/v1/templates',
      () => json(401, { code: 9041, message: 'Invalid Oauth token', status: 'failure' }),
    ],
    [
      'Campaigns',
      'https://campaigns.zoho.com/api/v1.1/getmailinglists',
      () => json(401, { status: 'error', Code: '1007', message: 'Unauthorized request.' }),
    ],
    [
      'Mail',
      'https://mail.zoho.com/api/accounts/1',
      () => json(401, [2, { errorCode: 'INVALID_OAUTHTOKEN', authFail: 'true', status: '401' }]),
    ],
    [
      'Sprints',
      'https://sprintsapi.zoho.com/zsapi/teams/',
      () => json(400, { code: 7601, message: 'Invalid oauthToken' }),
    ],
    [
      'SalesIQ, with status 200',
      'https://salesiq.zoho.com/api/v2/acme/visitors',
      () => json(200, { error: { code: 1008, message: 'Invalid OAuthToken.' } }),
    ],
    ['an empty 401', 'https://desk.zoho.com/api/v1/tickets', () => new Response(null, { status: 401 })],
    ['a page', 'https://sign.zoho.com/api/v1/templates', () => new Response(PAGE, { status: 401 })],
    [
      'a header alone',
      'https://www.zohoapis.com/crm/v8/Leads',
      () =>
        new Response('', { status: 400, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } }),
    ],
    ['a product that nobody listed', 'https://brandnew.zoho.com/v1/things', () => json(401, { no: 'idea' })],
    [
      'a path on the gateway that nobody listed',
      'https://www.zohoapis.com/brandnew/v1/things',
      () => json(401, { errors: { errorcode: 4711 } }),
    ],
    ['words alone', 'https://vault.zoho.com/api', () => json(401, { message: 'Invalid OAuth token' })],
  ]
  test.each(rows)('%s', async (_name, url, refusal) => {
    const { clock, emulator, zoho } = await scene(dead(refusal))
    expect((await turning(clock, zoho.fetch(url))).status).toBe(200)
    emulator.killTokens()
    const answer = await turning(clock, zoho.fetch(url))
    expect(answer.status).toBe(200)
    expect(await answer.json()).toEqual({ code: 0 })
    expect(emulator.counters.tokenRequests).toBe(2)
  })

  test('on a HEAD, which has no body to judge', async () => {
    const { clock, emulator, zoho } = await scene(dead(() => new Response(null, { status: 401 })))
    const head = () => turning(clock, zoho.fetch('https://www.zohoapis.com/crm/v8/Leads', { method: 'HEAD' }))
    expect((await head()).status).toBe(200)
    emulator.killTokens()
    expect((await head()).status).toBe(200)
    expect(emulator.counters.tokenRequests).toBe(2)
  })
})

describe('what no refresh can help costs at most two tokens, and none of the calls that work', () => {
  const forbidden: Api = ({ path, live }) => (!live || path.includes('/bank') ? books57() : undefined)

  test('30 pairs of a call without scope and one with it', async () => {
    const { clock, emulator, zoho } = await scene(forbidden)
    const statuses: number[] = []
    for (let pair = 0; pair < 30; pair++)
      for (const url of [FORBIDDEN, GOOD]) statuses.push((await turning(clock, zoho.fetch(url))).status)
    expect(statuses).toEqual(Array.from({ length: 30 }, () => [401, 200]).flat())
    expect(emulator.counters.tokenRequests).toBe(2)
  })

  test('with 5 % forbidden calls, on several endpoints, and an eviction in between, no good call fails', async () => {
    const { clock, emulator, zoho } = await scene(forbidden)
    const good: number[] = []
    for (let call = 0; call < 400; call++) {
      if (call === 200) emulator.killTokens()
      const bad = call % 20 === 7
      const url = bad ? `${FORBIDDEN}${call % 5}` : `${GOOD}/${4_000_000 + call}`
      const { status } = await turning(clock, zoho.fetch(url))
      if (bad) expect(status).toBe(401)
      else good.push(status)
    }
    expect(good.filter((status) => status !== 200)).toEqual([])
    // The first, two in vain, and the one that the eviction made necessary.
    expect(emulator.counters.tokenRequests).toBeLessThanOrEqual(4)
  })

  test('any number of endpoints, in any number of processes that share a store', async () => {
    const store = memoryTokenStore({ clock: new ManualClock() })
    const { clock, emulator, processes } = await scene(forbidden, { tokens: store }, 8)
    expect((await turning(clock, (processes[0] as ZohoAuth).fetch(GOOD))).status).toBe(200)
    for (let endpoint = 0; endpoint < 25; endpoint++)
      for (const zoho of processes)
        expect((await turning(clock, zoho.fetch(`${FORBIDDEN}/kind${endpoint}`))).status).toBe(401)
    const spent = emulator.counters.tokenRequests - 1
    figure(
      'tokens spent on refusals that no refresh can help',
      spent <= 2,
      `${spent} (25 endpoints × 8 processes)`,
    )
    expect(spent).toBeLessThanOrEqual(2)
    for (const zoho of processes) expect((await turning(clock, zoho.fetch(GOOD))).status).toBe(200)
  })

  test('a hundred at once', async () => {
    const { clock, emulator, zoho } = await scene(forbidden)
    const calls = Array.from({ length: 100 }, (_, at) => zoho.fetch(`${FORBIDDEN}/${4_000_000 + at}`))
    for (const { status } of await turning(clock, Promise.all(calls))) expect(status).toBe(401)
    expect(emulator.counters.tokenRequests).toBeLessThanOrEqual(3)
  })

  test('a wrong data centre, 100 calls: the API’s own answer, with a hint', async () => {
    const words = { code: 'INVALID_TOKEN', message: 'invalid oauth token', status: 'error' }
    const { clock, emulator, zoho } = await scene(() => json(401, words))
    const hints: string[] = []
    zoho.on('token.rejected', ({ hint }) => hint && hints.push(hint))
    for (let call = 0; call < 100; call++) {
      const answer = await turning(clock, zoho.fetch(`https://www.zohoapis.com/crm/v8/Leads/${call}`))
      expect(answer.status).toBe(401)
      expect(await answer.json()).toEqual(words)
    }
    const { tokenRequests } = emulator.counters
    figure('a wrong data centre, 100 calls', tokenRequests <= 2, `${tokenRequests} token requests`)
    expect(tokenRequests).toBe(2)
    expect(hints).toHaveLength(100)
    expect(hints[0]).toMatch(/wrong host or data centre\? The connection is in "us"/)
  })

  test('an endpoint that always says that the token is dead, beside others that work', async () => {
    const { clock, emulator, zoho } = await scene(({ path, live }) =>
      live && path !== '/crm/v8/broken' ? undefined : json(401, { code: 'INVALID_TOKEN' }),
    )
    for (let call = 0; call < 20; call++) {
      expect((await turning(clock, zoho.fetch('https://www.zohoapis.com/crm/v8/Leads'))).status).toBe(200)
      expect((await turning(clock, zoho.fetch('https://www.zohoapis.com/crm/v8/broken'))).status).toBe(401)
    }
    expect(emulator.counters.tokenRequests).toBe(2)
    emulator.killTokens()
    expect((await turning(clock, zoho.fetch('https://www.zohoapis.com/crm/v8/Leads'))).status).toBe(200)
  })

  test('two wrong hosts do not make tokens for each other', async () => {
    const { clock, emulator, zoho } = await scene(() => json(401, { code: 'INVALID_TOKEN' }))
    for (let call = 0; call < 20; call++)
      for (const host of ['sandbox', 'developer'])
        await turning(clock, zoho.fetch(`https://${host}.zohoapis.com/crm/v8/Leads`))
    expect(emulator.counters.tokenRequests).toBeLessThanOrEqual(5)
  })

  test('uploads of streams, which are not sent again', async () => {
    const { clock, emulator, zoho } = await scene(forbidden)
    for (let call = 0; call < 20; call++) {
      const body = new Blob(['data']).stream()
      const init = { method: 'POST', body, duplex: 'half' } as RequestInit
      expect((await turning(clock, zoho.fetch(FORBIDDEN, init))).status).toBe(401)
    }
    expect(emulator.counters.tokenRequests).toBeLessThanOrEqual(3)
    emulator.killTokens()
    expect((await turning(clock, zoho.fetch(GOOD))).status).toBe(200)
  })

  test('after one window it is tried once more', async () => {
    const { clock, emulator, zoho } = await scene(forbidden)
    const call = async () => (await turning(clock, zoho.fetch(FORBIDDEN))).status
    expect([await call(), await call()]).toEqual([401, 401])
    expect(emulator.counters.tokenRequests).toBe(2)
    await clock.advance(601_000)
    expect([await call(), await call()]).toEqual([401, 401])
    expect(emulator.counters.tokenRequests).toBe(3)
  })

  test('what is granted meanwhile works at once', async () => {
    let granted = false
    const { clock, zoho } = await scene(({ live }) => (live && granted ? undefined : books57()))
    expect((await turning(clock, zoho.fetch(FORBIDDEN))).status).toBe(401)
    granted = true
    expect((await turning(clock, zoho.fetch(FORBIDDEN))).status).toBe(200)
  })
})

describe('surely not the token', () => {
  test('a missing scope is handed on without a refresh, and told', async () => {
    const scope = { code: 'OAUTH_SCOPE_MISMATCH', message: 'Unauthorized' }
    const { clock, emulator, zoho } = await scene(() => json(401, scope))
    const events: unknown[] = []
    zoho.on('scope.missing', (event) => events.push(event))
    const answer = await turning(clock, zoho.fetch('https://www.zohoapis.com/crm/v8/Leads'))
    expect(answer.status).toBe(401)
    expect(emulator.counters.tokenRequests).toBe(1)
    expect(events).toEqual([{ connection: 'default', origin: 'https://www.zohoapis.com', status: 401 }])
  })
})

test('Zoho gives the same token again: it is not asked for eight times', async () => {
  const { clock, emulator, zoho } = await scene(() => json(401, { code: 'INVALID_TOKEN' }))
  emulator.fault({ on: 'token', kind: 'same-access-token', times: Number.POSITIVE_INFINITY })
  for (let call = 0; call < 10; call++) {
    const answer = await turning(clock, zoho.fetch(`https://www.zohoapis.com/crm/v8/Leads/${call}`))
    expect(answer.status).toBe(401)
  }
  expect(emulator.counters.tokenRequests).toBe(2)
  const { value } = await zoho.getToken()
  for (let call = 0; call < 10; call++)
    await expect(zoho.getToken({ rejectedToken: value })).rejects.toMatchObject({
      code: 'ERR_ZOHO_BAD_RESPONSE',
    })
  expect(emulator.counters.tokenRequests).toBeLessThanOrEqual(3)
})

test.each(['https://www.zohoapis.com/crm/v8/Leads', '/crm/v8/Leads'])(
  'an unknown product is one clear error before anything is sent, for %s too',
  async (url) => {
    const { emulator, zoho } = await scene(() => undefined)
    await expect(zoho.fetch(url, { product: 'ZohoRecruit' as Product })).rejects.toThrow(
      /product: "ZohoRecruit" is not a product of Zoho's; did you mean "recruit"\?/,
    )
    expect(() => zoho.outgoing({ product: 'nonsense' as Product })).toThrow(/they are accounts, analytics/)
    expect(emulator.counters.tokenRequests).toBe(0)
  },
)

test.each([
  ['GET', 'https://a.zoho.com/crm/v8/Leads/4150868000000567001', 'GET https://a.zoho.com/crm/v8/Leads/*'],
  ['get', 'https://a.zoho.com/api/accounts/1/messages?x=1', 'GET https://a.zoho.com/api/accounts/*/messages'],
  ['PUT', 'https://a.zoho.com/api/v1.1/lists/ada@example.com', 'PUT https://a.zoho.com/api/v1.1/lists/*'],
  [
    'GET',
    'https://a.zoho.com/files/qv8h3a1f6c0d9e2b4a7c8/children',
    'GET https://a.zoho.com/files/*/children',
  ],
  ['GET', 'https://a.zoho.com/books/v3/bankaccounts', 'GET https://a.zoho.com/books/v3/bankaccounts'],
  ['GET', 'https://a.zoho.com/', 'GET https://a.zoho.com/'],
])('%s %s is the endpoint %s', (method, url, endpoint) => {
  expect(endpointOf(method, new URL(url))).toBe(endpoint)
})
