import { describe, expect, test } from '@jest/globals'
import type { Emulator, Fault } from '../src/index.js'
import { callApi, newToken, post, refresh, refreshParameters, start, statusWith } from './support.js'

function ask(emulator: Emulator): Promise<Response> {
  return post(`${emulator.url}/oauth/v2/token`, new URLSearchParams(refreshParameters(emulator)))
}

function revoke(emulator: Emulator): Promise<Response> {
  return post(`${emulator.url}/oauth/v2/token/revoke`, new URLSearchParams({ token: emulator.refreshToken }))
}

/** Whether the grant still lives. */
async function lives(emulator: Emulator): Promise<boolean> {
  return (await refresh(emulator)).body.error === undefined
}

/** Every server fault behaves alike at the three kinds of endpoint. `send` is a request that would succeed. */
const targets: readonly (readonly [
  on: 'token' | 'revoke' | 'api',
  send: (emulator: Emulator) => Promise<Response>,
])[] = [
  ['token', ask],
  ['revoke', revoke],
  ['api', (emulator) => callApi(emulator, emulator.issueToken().accessToken)],
]

describe.each(targets)('on %s', (on, send) => {
  test('latency holds the answer back, and the answer is good', async () => {
    const emulator = await start()
    emulator.fault({ on, kind: 'latency', ms: 40 })
    const began = performance.now()
    expect((await send(emulator)).status).toBe(200)
    expect(performance.now() - began).toBeGreaterThan(35)
    expect(emulator.faults).toEqual([])
  })

  test('hang never answers, until the emulator closes', async () => {
    const emulator = await start()
    emulator.fault({ on, kind: 'hang' })
    const answer = send(emulator)
    const outcome = expect(answer).rejects.toThrow('fetch failed')
    while (emulator.requests.length === 0) await new Promise(setImmediate)
    await emulator.close()
    await outcome
    expect(emulator.requests).toMatchObject([{ status: 0, outcome: 'fault:hang' }])
  })

  test('reset cuts the connection before anything is done', async () => {
    const emulator = await start()
    emulator.fault({ on, kind: 'reset' })
    await expect(send(emulator)).rejects.toThrow('fetch failed')
    expect(emulator.requests).toMatchObject([{ status: 0, outcome: 'fault:reset' }])
    expect(emulator.counters.revocations).toBe(0)
    expect(await lives(emulator)).toBe(true)
    expect(emulator.counters.tokensIssued).toBe(on === 'api' ? 2 : 1)
  })

  test('reset-after does the work, and cuts the connection before the answer', async () => {
    const emulator = await start()
    emulator.fault({ on, kind: 'reset-after' })
    await expect(send(emulator)).rejects.toThrow('fetch failed')
    expect(emulator.requests.at(-1)?.outcome).toMatch(/^(issued|revoked|ok), fault:reset-after$/)
    if (on === 'token') expect(emulator.liveTokens()).toHaveLength(1)
    if (on === 'revoke') expect(await lives(emulator)).toBe(false)
  })

  test('status answers with any error status, a Retry-After and a body', async () => {
    const emulator = await start()
    emulator.fault({ on, kind: 'status', status: 503 })
    emulator.fault({
      on,
      kind: 'status',
      status: 429,
      retryAfter: 7,
      body: '{"slow":"down"}',
      contentType: 'application/json',
    })
    const bare = await send(emulator)
    expect([bare.status, bare.headers.get('retry-after'), await bare.text()]).toEqual([503, null, ''])
    const full = await send(emulator)
    expect([full.status, full.headers.get('retry-after'), await full.json()]).toEqual([
      429,
      '7',
      { slow: 'down' },
    ])
    expect(emulator.counters).toMatchObject({ tokenRefusals: 0, throttled: 0, apiRefused: 0, revocations: 0 })
  })

  test('html is a web page with status 200', async () => {
    const emulator = await start()
    emulator.fault({ on, kind: 'html' })
    const response = await send(emulator)
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/html;charset=UTF-8'])
    expect(await response.text()).toMatch(/^<!DOCTYPE html>/)
  })

  test('truncated-json does the work, and sends half of the answer', async () => {
    const emulator = await start()
    emulator.fault({ on, kind: 'truncated-json' })
    const response = await send(emulator)
    expect([response.status, response.headers.get('content-type')]).toEqual([
      200,
      'application/json;charset=UTF-8',
    ])
    const text = await response.text()
    expect(text).toMatch(/^\{"/)
    expect(() => JSON.parse(text) as unknown).toThrow()
  })

  test('empty is 200 without a body, and nothing is done', async () => {
    const emulator = await start()
    emulator.fault({ on, kind: 'empty' })
    const response = await send(emulator)
    expect([response.status, await response.text()]).toEqual([200, ''])
    expect(await lives(emulator)).toBe(true)
  })

  test('redirect sends the client elsewhere, by 307 or as asked', async () => {
    const emulator = await start()
    emulator.fault({ on, kind: 'redirect', url: 'http://127.0.0.1:9/elsewhere' })
    emulator.fault({ on, kind: 'redirect', url: 'http://127.0.0.1:9/elsewhere', status: 302 })
    for (const status of [307, 302]) {
      const response = on === 'api' ? await manually(emulator) : await send(emulator)
      expect([response.status, response.headers.get('location')]).toEqual([
        status,
        'http://127.0.0.1:9/elsewhere',
      ])
    }
  })

  test('happens as often as asked, then no more', async () => {
    const emulator = await start()
    emulator.fault({ on, kind: 'status', status: 500, times: 2 })
    const statuses: number[] = []
    for (let at = 0; at < 3; at += 1) statuses.push((await send(emulator)).status)
    expect(statuses).toEqual([500, 500, 200])
  })

  test('happens until cleared when asked for without end', async () => {
    const emulator = await start()
    emulator.fault({ on, kind: 'status', status: 500, times: Number.POSITIVE_INFINITY })
    for (let at = 0; at < 5; at += 1) expect((await send(emulator)).status).toBe(500)
    emulator.clearFaults()
    expect((await send(emulator)).status).toBe(200)
  })
})

function manually(emulator: Emulator): Promise<Response> {
  const headers = { authorization: `Zoho-oauthtoken ${emulator.issueToken().accessToken}` }
  return fetch(`${emulator.url}/crm/v8/Leads`, { headers, redirect: 'manual' })
}

describe('on the token endpoint', () => {
  test('throttle is Access Denied, and counts as nothing', async () => {
    const emulator = await start({ throttleStatus: 400 })
    emulator.fault({ on: 'token', kind: 'throttle' })
    expect(await refresh(emulator)).toMatchObject({
      status: 400,
      body: { error: 'Access Denied', status: 'failure' },
    })
    expect(emulator.counters).toMatchObject({ tokenRequests: 1, throttled: 0 })
    expect(await lives(emulator)).toBe(true)
  })

  test('error answers 200 with any name', async () => {
    const emulator = await start()
    emulator.fault({ on: 'token', kind: 'error', error: 'general_error' })
    expect(await refresh(emulator)).toEqual({ status: 200, body: { error: 'general_error' } })
  })

  test('invalid-client says so once', async () => {
    const emulator = await start()
    emulator.fault({ on: 'token', kind: 'invalid-client' })
    expect(await refresh(emulator)).toEqual({ status: 200, body: { error: 'invalid_client' } })
    expect(await lives(emulator)).toBe(true)
  })

  test('dead-grant is the moment the user withdraws the consent', async () => {
    const emulator = await start()
    const token = await newToken(emulator)
    emulator.fault({ on: 'token', kind: 'dead-grant' })
    expect(await refresh(emulator)).toEqual({ status: 200, body: { error: 'invalid_code' } })
    expect(await lives(emulator)).toBe(false)
    expect(await statusWith(emulator, token)).toBe(401)
  })

  test('rotated-refresh-token replaces the refresh token; the old one is dead, the access tokens live', async () => {
    const emulator = await start()
    const before = await newToken(emulator)
    emulator.fault({ on: 'token', kind: 'rotated-refresh-token' })
    const { body } = await refresh(emulator)
    expect(body.refresh_token).toMatch(/^1000\./)
    expect((await refresh(emulator)).body.error).toBe('invalid_code')
    expect((await refresh(emulator, body.refresh_token)).body).not.toHaveProperty('refresh_token')
    expect(await statusWith(emulator, before)).toBe(200)
    expect(await statusWith(emulator, body.access_token)).toBe(200)
    expect(emulator.countersOf(body.refresh_token ?? '').tokensIssued).toBe(3)
    expect(emulator.countersOf(emulator.refreshToken).tokensIssued).toBe(3)
  })

  test.each<[fault: Fault, shape: object]>([
    [
      { on: 'token', kind: 'wrong-unit' },
      { expires_in: 3_600_000, expires_in_sec: 3600 },
    ],
    [{ on: 'token', kind: 'absurd-expires-in', value: -1 }, { expires_in: -1 }],
    [{ on: 'token', kind: 'absurd-expires-in', value: 'soon' }, { expires_in: 'soon' }],
    [{ on: 'token', kind: 'absurd-expires-in', value: null }, { expires_in: null }],
    [
      { on: 'token', kind: 'foreign-api-domain', value: 'https://foreign.example' },
      { api_domain: 'https://foreign.example' },
    ],
  ])('%j changes the answer and nothing else', async (fault, shape) => {
    const emulator = await start()
    emulator.fault(fault)
    const { body } = await refresh(emulator)
    expect(body).toMatchObject(shape)
    expect(await statusWith(emulator, body.access_token)).toBe(200)
    expect((await refresh(emulator)).body).toMatchObject({ expires_in: 3600, api_domain: emulator.url })
  })

  test('no-expires-in leaves it out', async () => {
    const emulator = await start()
    emulator.fault({ on: 'token', kind: 'no-expires-in' })
    expect((await refresh(emulator)).body).not.toHaveProperty('expires_in')
  })

  test('api-domain-trailing-slash adds one', async () => {
    const emulator = await start()
    emulator.fault({ on: 'token', kind: 'api-domain-trailing-slash' })
    expect((await refresh(emulator)).body.api_domain).toBe(`${emulator.url}/`)
  })

  test('can be kept to one refresh token, or to one data centre', async () => {
    const emulator = await start({ dataCenters: ['us', 'eu'] })
    const other = emulator.createGrant({ user: 'grace' })
    emulator.fault({ on: 'token', kind: 'error', error: 'general_error', refreshToken: other.refreshToken })
    emulator.fault({ on: 'token', kind: 'error', error: 'elsewhere', dataCenter: 'eu' })
    expect((await refresh(emulator)).body.error).toBeUndefined()
    expect((await refresh(emulator, other.refreshToken)).body.error).toBe('general_error')
    expect((await refresh(emulator, undefined, emulator.accountsUrls.eu)).body.error).toBe('elsewhere')
  })

  test('one latency and one other fault come together; two others come one after the other', async () => {
    const emulator = await start()
    emulator.fault({ on: 'token', kind: 'error', error: 'first' })
    emulator.fault({ on: 'token', kind: 'latency', ms: 40 })
    emulator.fault({ on: 'token', kind: 'error', error: 'second' })
    const began = performance.now()
    expect((await refresh(emulator)).body.error).toBe('first')
    expect(performance.now() - began).toBeGreaterThan(35)
    expect((await refresh(emulator)).body.error).toBe('second')
    expect(await lives(emulator)).toBe(true)
  })
})

describe('on a product API', () => {
  test.each<
    [
      kind: 'dead-token' | 'dead-token-variant' | 'scope-mismatch' | 'no-permission' | 'missing-resource',
      path: string,
      status: number,
      words: string,
    ]
  >([
    ['dead-token', '/recruit/v2/Candidates', 401, 'INVALID_TOKEN'],
    ['dead-token', '/api/v1/tickets', 401, 'INVALID_OAUTH'],
    ['dead-token', '/phonebridge/v3/calls', 400, 'INVALID_TOKEN'],
    ['scope-mismatch', '/crm/v8/Leads', 401, 'OAUTH_SCOPE_MISMATCH'],
    ['scope-mismatch', '/books/v3/invoices', 401, '57'],
    ['no-permission', '/recruit/v2/Candidates', 403, 'NO_PERMISSION'],
    ['no-permission', '/people/api/forms', 200, '"status":1'],
    ['dead-token', '/api/accounts', 401, '{"data":{"errorCode":"INVALID_OAUTHTOKEN"}'],
    [
      'dead-token-variant',
      '/api/accounts',
      401,
      '[2,{"errorCode":"INVALID_OAUTHTOKEN","authFail":"true","status":"401"}]',
    ],
    ['dead-token-variant', '/crm/v8/Leads', 401, 'INVALID_TOKEN'],
    ['missing-resource', '/workdrive/api/v1/files/gone', 401, '{"errors":[{"id":"R008"'],
    ['missing-resource', '/crm/v8/Leads', 404, ''],
  ])(
    '%s at %s speaks the dialect of the product, and the token lives on',
    async (kind, path, status, words) => {
      const emulator = await start()
      const { accessToken } = emulator.issueToken()
      emulator.fault({ on: 'api', kind })
      const response = await callApi(emulator, accessToken, path)
      expect(response.status).toBe(status)
      expect(await response.text()).toContain(words)
      expect((await callApi(emulator, accessToken, path)).status).toBe(200)
      expect(emulator.requests[0]?.outcome).toBe(`fault:${kind}`)
    },
  )

  test('can be kept to one product, or to the tokens of one grant', async () => {
    const emulator = await start()
    const other = emulator.createGrant({ user: 'grace' })
    const [ours, theirs] = [
      emulator.issueToken().accessToken,
      emulator.issueToken(other.refreshToken).accessToken,
    ]
    emulator.fault({ on: 'api', kind: 'dead-token', product: 'books' })
    emulator.fault({ on: 'api', kind: 'no-permission', refreshToken: other.refreshToken })
    expect((await callApi(emulator, ours, '/crm/v8/Leads')).status).toBe(200)
    expect((await callApi(emulator, ours, '/books/v3/invoices')).status).toBe(401)
    expect((await callApi(emulator, theirs, '/crm/v8/Leads')).status).toBe(403)
  })
})

describe('a fault that cannot happen is a TypeError', () => {
  test.each<[fault: object | null, words: string]>([
    [null, 'must be an object'],
    [{ on: 'token', kind: 'rain' }, 'kind must be one of latency'],
    [{ on: 'token', kind: 'toString' }, 'kind must be one of latency'],
    [{ on: 'revoke', kind: 'wrong-unit' }, 'on must be token'],
    [{ kind: 'hang' }, 'on must be token or revoke or api'],
    [{ on: 'token', kind: 'latency' }, 'ms is missing'],
    [{ on: 'token', kind: 'latency', ms: -1 }, 'ms is missing or unusable'],
    [{ on: 'token', kind: 'status', status: 200 }, 'status is missing or unusable'],
    [{ on: 'token', kind: 'status', status: 500.5 }, 'status is missing or unusable'],
    [{ on: 'token', kind: 'hang', times: 0 }, 'times is missing or unusable'],
    [{ on: 'token', kind: 'hang', times: 1.5 }, 'times is missing or unusable'],
    [{ on: 'token', kind: 'hang', product: 'crm' }, 'product means nothing'],
    [{ on: 'api', kind: 'hang', product: 'excel' }, 'product is missing or unusable'],
    [{ on: 'api', kind: 'hang', dataCenter: 'mars' }, 'dataCenter is missing or unusable'],
    [{ on: 'token', kind: 'error' }, 'error is missing'],
    [{ on: 'token', kind: 'foreign-api-domain' }, 'value is missing'],
    [{ on: 'revoke', kind: 'byte-order-mark' }, 'on must be token'],
    [{ on: 'token', kind: 'missing-resource' }, 'on must be api'],
    [{ on: 'token', kind: 'redirect', url: 'http://x/', status: 200 }, 'status is missing or unusable'],
  ])('%j', async (fault, words) => {
    const emulator = await start()
    expect(() => emulator.fault(fault as Fault)).toThrow(words)
    expect(() => emulator.fault(fault as Fault)).toThrow(TypeError)
  })

  test('and so is one fault too many', async () => {
    const emulator = await start()
    for (let at = 0; at < 1_000; at += 1) emulator.fault({ on: 'token', kind: 'hang' })
    expect(() => emulator.fault({ on: 'token', kind: 'hang' })).toThrow('at most 1000 faults')
  })
})
