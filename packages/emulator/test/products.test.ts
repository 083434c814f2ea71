import { createHash } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import type { Echo, Product } from '../src/index.js'
import { callApi, minutes, start } from './support.js'

interface Dialect {
  readonly product: Product
  readonly path: string
  /** Something every success of the product contains. */
  readonly success: object
  readonly blank: readonly [status: number, body: unknown]
  readonly dead: readonly [status: number, body: unknown]
  readonly scope: readonly [status: number, words: string]
}

const crmLike = {
  blank: [
    401,
    { code: 'AUTHENTICATION_FAILURE', details: {}, message: 'Authentication failed', status: 'error' },
  ],
  dead: [401, { code: 'INVALID_TOKEN', details: {}, message: 'invalid oauth token', status: 'error' }],
  scope: [401, 'OAUTH_SCOPE_MISMATCH'],
} as const

const booksLike = {
  success: { code: 0, message: 'success' },
  blank: [401, expect.objectContaining({ code: 14 })],
  dead: [401, { code: 57, message: 'You are not authorized to perform this operation' }],
  scope: [401, '"code":57'],
} as const

const creatorFailure = expect.objectContaining({ code: 1030 })

const dialects: readonly Dialect[] = [
  {
    product: 'recruit',
    path: '/recruit/v2/Candidates',
    success: { data: [{ First_Name: 'Grace' }, { First_Name: 'Alan' }], info: { more_records: false } },
    ...crmLike,
  },
  { product: 'crm', path: '/crm/v8/Leads', success: { data: [{}, {}], info: { count: 2 } }, ...crmLike },
  { product: 'crm', path: '/crm/v2/Leads', success: { data: [{}, {}], info: { count: 2 } }, ...crmLike },
  { product: 'bigin', path: '/bigin/v2/Contacts', success: { data: [{}, {}] }, ...crmLike },
  { product: 'books', path: '/books/v3/invoices', ...booksLike },
  { product: 'invoice', path: '/invoice/v3/invoices', ...booksLike },
  { product: 'inventory', path: '/inventory/v1/items', ...booksLike },
  {
    product: 'desk',
    path: '/api/v1/tickets',
    success: { data: [{}, {}] },
    blank: [401, expect.objectContaining({ errorCode: 'UNAUTHORIZED' })],
    dead: [401, { errorCode: 'INVALID_OAUTH', message: 'The OAuth Token you provided is invalid.' }],
    scope: [403, 'SCOPE_MISMATCH'],
  },
  {
    product: 'people',
    path: '/people/api/forms',
    success: { response: { status: 0 } },
    blank: [
      400,
      { response: expect.objectContaining({ errors: expect.objectContaining({ code: 7202 }), status: 1 }) },
    ],
    dead: [
      401,
      { response: expect.objectContaining({ errors: expect.objectContaining({ code: 7213 }), status: 1 }) },
    ],
    scope: [401, '"status":1'],
  },
  {
    product: 'creator',
    path: '/creator/v2.1/data/ada/app/report/All',
    success: { code: 3000 },
    blank: [401, creatorFailure],
    dead: [401, creatorFailure],
    scope: [403, '"code":2945'],
  },
  {
    product: 'mail',
    path: '/api/accounts',
    success: { status: { code: 200 } },
    blank: [400, expect.objectContaining({ data: { errorCode: 'INVALID_TICKET' } })],
    dead: [401, expect.objectContaining({ data: { errorCode: 'INVALID_OAUTHTOKEN' } })],
    scope: [401, 'INVALID_OAUTHSCOPE'],
  },
  {
    product: 'projects',
    path: '/api/v3/portal/1/projects',
    success: { projects: [] },
    blank: [401, { error: expect.objectContaining({ title: 'INVALID_TICKET' }) }],
    dead: [401, { error: expect.objectContaining({ status_code: '401', title: 'INVALID_OAUTHTOKEN' }) }],
    scope: [401, 'SCOPE'],
  },
  {
    product: 'cliq',
    path: '/api/v2/channels',
    success: { type: 'list' },
    blank: [401, null],
    dead: [401, { code: 'oauthtoken_invalid', message: 'Invalid OAuth token passed.' }],
    scope: [401, 'oauthtoken_scope_invalid'],
  },
  {
    product: 'analytics',
    path: '/restapi/v2/orgs',
    success: { status: 'success' },
    blank: [401, expect.objectContaining({ data: expect.objectContaining({ errorCode: 8518 }) })],
    dead: [
      401,
      expect.objectContaining({
        summary: 'INVALID_OAUTHTOKEN',
        data: expect.objectContaining({ errorCode: 8535 }),
      }),
    ],
    scope: [401, 'INVALID_OAUTHSCOPE'],
  },
  {
    product: 'phonebridge',
    path: '/phonebridge/v3/calls',
    success: { status: 'success' },
    blank: [400, expect.objectContaining({ code: 'AUTHENTICATION_FAILURE' })],
    dead: [400, expect.objectContaining({ code: 'INVALID_TOKEN' })],
    scope: [400, 'OAUTH_SCOPE_MISMATCH'],
  },
]

/** Cliq's blank page has no JSON. */
async function bodyOf(response: Response): Promise<unknown> {
  const text = await response.text()
  return text === '' ? null : JSON.parse(text)
}

describe.each(dialects)('$product at $path', ({ product, path, success, blank, dead, scope }) => {
  test('answers a live token in the shape of the product', async () => {
    const emulator = await start()
    const response = await callApi(emulator, emulator.issueToken().accessToken, path)
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ ...success, echo: { user: 'ada', path } })
    expect(emulator.requests).toEqual([
      expect.objectContaining({ kind: 'api', product, status: 200, outcome: 'ok' }),
    ])
  })

  test('answers no token, and a blank one, in its own words', async () => {
    const emulator = await start()
    for (const headers of [{}, { authorization: 'Zoho-oauthtoken ' }, { authorization: 'Basic eDp5' }]) {
      const response = await fetch(emulator.url + path, { headers })
      expect([response.status, await bodyOf(response)]).toEqual(blank)
    }
    expect(emulator.counters).toMatchObject({ apiRequests: 3, apiRefused: 3 })
    expect(emulator.requests[0]?.outcome).toBe('blank-token')
  })

  test('answers an unknown, an expired and a forgotten token in its own words', async () => {
    const emulator = await start()
    const [expired, forgotten] = [emulator.issueToken().accessToken, emulator.issueToken().accessToken]
    emulator.killToken(forgotten)
    emulator.advance(minutes(60))
    for (const token of ['never-a-token', expired, forgotten]) {
      const response = await callApi(emulator, token, path)
      expect([response.status, await bodyOf(response)]).toEqual(dead)
    }
    const outcomes = emulator.requests.map(({ outcome }) => outcome)
    expect(outcomes).toEqual(['dead-token:unknown', 'dead-token:expired', 'dead-token:evicted'])
  })

  test('answers a token without its scope in its own words', async () => {
    const emulator = await start()
    const { refreshToken } = emulator.createGrant({ scopes: ['Elsewhere.modules.ALL', 'email'] })
    const response = await callApi(emulator, emulator.issueToken(refreshToken).accessToken, path)
    expect(response.status).toBe(scope[0])
    expect(await response.text()).toContain(scope[1])
  })
})

describe('every product API', () => {
  test('echoes what it received, but for the token', async () => {
    const emulator = await start()
    const body = JSON.stringify({ data: [{ Last_Name: 'Lovelace ♥' }] })
    const response = await fetch(`${emulator.url}/recruit/v2/Candidates?page=2`, {
      method: 'POST',
      body,
      headers: {
        authorization: `Bearer ${emulator.issueToken().accessToken}`,
        'content-type': 'application/json',
        'x-custom': 'kept',
        cookie: 'a=b',
      },
    })
    const { data, echo } = (await response.json()) as { data: unknown; echo: Echo }
    expect(data).toEqual([expect.objectContaining({ code: 'SUCCESS', status: 'success' })])
    expect(echo).toMatchObject({
      user: 'ada',
      dataCenter: 'us',
      method: 'POST',
      path: '/recruit/v2/Candidates',
      query: 'page=2',
      bodyLength: Buffer.byteLength(body),
      bodySha256: createHash('sha256').update(body).digest('hex'),
      contentType: 'application/json',
      headers: { 'x-custom': 'kept', cookie: 'a=b' },
    })
    expect(echo.headers).not.toHaveProperty('authorization')
  })

  test('hashes a long streamed body to its end', async () => {
    const emulator = await start()
    const chunk = Buffer.alloc(64 * 1024, 'x')
    const response = await fetch(`${emulator.url}/crm/v8/files`, {
      method: 'POST',
      body: new ReadableStream({
        start(controller) {
          for (let at = 0; at < 32; at += 1) controller.enqueue(chunk)
          controller.close()
        },
      }),
      duplex: 'half',
      headers: { authorization: `Zoho-oauthtoken ${emulator.issueToken().accessToken}` },
    } as RequestInit)
    const { echo } = (await response.json()) as { echo: Echo }
    expect(echo.bodyLength).toBe(32 * chunk.length)
    expect(echo.bodySha256).toBe(
      createHash('sha256')
        .update(Buffer.alloc(32 * chunk.length, 'x'))
        .digest('hex'),
    )
  })

  test('takes the scheme Bearer, in any case, and no token in the query', async () => {
    const emulator = await start()
    const { accessToken } = emulator.issueToken()
    for (const scheme of ['Bearer', 'bearer', 'Zoho-oauthtoken', 'zoho-OAuthtoken']) {
      const headers = { authorization: `${scheme} ${accessToken}` }
      expect((await fetch(`${emulator.url}/crm/v8/Leads`, { headers })).status).toBe(200)
    }
    expect((await fetch(`${emulator.url}/crm/v8/Leads?access_token=${accessToken}`)).status).toBe(401)
  })

  test('answers ?status=204 without a body, and leaves other statuses to the product', async () => {
    const emulator = await start()
    const { accessToken } = emulator.issueToken()
    const empty = await callApi(emulator, accessToken, '/crm/v8/Leads?status=204')
    expect([empty.status, await empty.text()]).toEqual([204, ''])
    expect((await callApi(emulator, accessToken, '/crm/v8/Leads?status=201')).status).toBe(201)
    expect((await callApi(emulator, accessToken, '/api/v1/tickets?status=open')).status).toBe(200)
    expect((await callApi(emulator, accessToken, '/api/v1/tickets?status=500')).status).toBe(200)
  })

  test('judges the token on arrival, or after the delay if asked', async () => {
    const emulator = await start()
    const { accessToken } = emulator.issueToken()
    const onArrival = callApi(emulator, accessToken, '/crm/v8/Leads?delay=60')
    const atEnd = callApi(emulator, accessToken, '/crm/v8/Leads?delay=60&judge=end')
    while (emulator.counters.apiRequests < 2) await new Promise(setImmediate)
    emulator.killToken(accessToken)
    expect((await onArrival).status).toBe(200)
    expect((await atEnd).status).toBe(401)
  })

  test('holds its answers back by apiLatencyMs', async () => {
    const emulator = await start({ apiLatencyMs: 40 })
    const began = performance.now()
    await callApi(emulator, emulator.issueToken().accessToken)
    expect(performance.now() - began).toBeGreaterThan(35)
  })

  test('knows no other paths', async () => {
    const emulator = await start()
    const { accessToken } = emulator.issueToken()
    for (const path of [
      '/',
      '/crm/v9/Leads',
      '/recruit/v2',
      '/recruit/v20/Candidates',
      '/api/v4/x',
      '/oauth/v2/token/',
    ])
      expect((await callApi(emulator, accessToken, path)).status).toBe(404)
  })
})
