import { describe, expect, test } from '@jest/globals'
import { judgeRevokeAnswer, judgeTokenAnswer, type RawAnswer } from '../src/accounts/answers.js'

const ours = (url: URL) => url.origin === 'https://www.zohoapis.eu'
const judge = (body: unknown, status = 200, retryAfter?: string) =>
  judgeTokenAnswer({ status, retryAfter, body: typeof body === 'string' ? body : JSON.stringify(body) }, ours)
const good = { access_token: 'the-access-token', api_domain: 'https://www.zohoapis.eu', expires_in: 3600 }

test('a string access_token is a token', () => {
  expect(
    judge({ ...good, scope: 'ZohoRecruit.modules.ALL AaaServer.profile.READ', token_type: 'Bearer' }),
  ).toEqual({
    kind: 'token',
    value: 'the-access-token',
    lifeMs: 3_600_000,
    apiDomain: 'https://www.zohoapis.eu',
    scopes: ['ZohoRecruit.modules.ALL', 'AaaServer.profile.READ'],
  })
})

describe('life', () => {
  test.each([
    [{ expires_in: 3600 }, 3_600_000],
    [{ expires_in: '3600' }, 3_600_000],
    [{ expires_in: 3_600_000, expires_in_sec: 3600 }, 3_600_000],
    [{ expires_in: 3_600_000 }, 3_600_000],
    [{ expires_in: 86_400 }, 86_400_000],
    [{ expires_in: 86_401 }, 86_401],
    [{ expires_in: 0.5 }, 500],
    [{}, 3_600_000],
  ])('%j means %d ms', (fields, lifeMs) => {
    const { expires_in: _, ...rest } = good
    expect(judge({ ...rest, ...fields })).toMatchObject({ kind: 'token', lifeMs })
  })

  test.each([0, -1, 1e15, 'soon', null, Number.MAX_SAFE_INTEGER, [], {}, true])(
    '%j is absurd',
    (expires_in) => {
      expect(judge({ ...good, expires_in })).toMatchObject({ kind: 'malformed' })
    },
  )
})

describe('api_domain', () => {
  test('may end in a slash', () => {
    expect(judge({ ...good, api_domain: 'https://www.zohoapis.eu/' })).toMatchObject({
      apiDomain: 'https://www.zohoapis.eu',
    })
  })

  test('may be missing', () => {
    const { api_domain: _, ...rest } = good
    expect(judge(rest)).not.toHaveProperty('apiDomain')
  })

  test.each([
    'https://www.zohoapis.com',
    'https://www.zohoapis.eu.evil.example',
    'http://www.zohoapis.eu',
    'https://www.zohoapis.eu:444',
    'https://evil.example/?https://www.zohoapis.eu',
    'javascript:alert(1)',
    'not a url',
    'www.zohoapis.eu',
    'null',
    'https://api.zoho.com',
  ])('%s is not used, and costs no token', (api_domain) => {
    const answer = judge({ ...good, api_domain })
    expect(answer).toMatchObject({ kind: 'token', ignoredApiDomain: JSON.stringify(api_domain) })
    expect(answer).not.toHaveProperty('apiDomain')
  })

  test.each([null, '', 42, [], {}])('%j is none', (api_domain) => {
    const answer = judge({ ...good, api_domain })
    expect(answer.kind).toBe('token')
    expect(answer).not.toHaveProperty('apiDomain')
  })
})

test('a byte order mark, an unknown field, an odd scope or token_type change nothing', () => {
  expect(judge(`\uFEFF${JSON.stringify(good)}`).kind).toBe('token')
  for (const odd of [
    { scope: ['a.b', 7] },
    { scope: {} },
    { token_type: 'Zoho-oauthtoken' },
    { token_type: 1 },
  ])
    expect(judge({ ...good, ...odd, anything: { new: true } })).toMatchObject({ kind: 'token', scopes: [] })
})

describe('a refresh token in an answer that cannot be used is told, so that it can be given back', () => {
  const refresh_token = 'the-new-refresh-token'
  test.each([
    ['an absurd life', { ...good, expires_in: -1, refresh_token }],
    ['an access token for no header', { ...good, access_token: 'a b', refresh_token }],
    ['no access token', { refresh_token }],
    ['an error beside it', { error: 'general_error', refresh_token }],
    ['a throttle beside it', { error: 'Access Denied', refresh_token }],
    ['a JSON that breaks off', '{"access_token":"a","refresh_token":"the-new-refresh-token","expi'],
    ['a page around it', '<html>{"refresh_token" : "the-new-refresh-token"}</html>'],
  ])('%s', (_name, body) => {
    const answer = judge(body)
    expect(answer.kind).not.toBe('token')
    expect(answer).toMatchObject({ refreshToken: 'the-new-refresh-token' })
  })

  test('with any status', () => {
    expect(judge({ ...good, refresh_token }, 500)).toMatchObject({ refreshToken: refresh_token })
  })

  test.each(['{"refresh_token":""}', '{"refresh_token":null}', '{"refresh_token":"broken o'])(
    '%s holds none',
    (body) => {
      expect(judge(body)).not.toHaveProperty('refreshToken')
    },
  )
})

describe('refusals are judged by the body, with any status', () => {
  const rows: [body: unknown, kind: string][] = [
    [{ error: 'invalid_code' }, 'dead-grant'],
    [{ error: 'invalid_grant' }, 'dead-grant'],
    [{ error: 'INVALID_TOKEN' }, 'dead-grant'],
    [{ error: 'invalid_client' }, 'client-fault'],
    [{ error: 'invalid_client_secret' }, 'client-fault'],
    [{ error: 'invalid_redirect_uri' }, 'client-fault'],
    [{ error: 'missing_org_info' }, 'client-fault'],
    [
      { error: 'Access Denied', error_description: 'You have made too many requests continuously.' },
      'throttled',
    ],
    [{ error: 'Access Denied' }, 'throttled'],
    [{ error: 'access_denied' }, 'throttled'],
    [{ error: 'ACCESS-DENIED', status: 'failure' }, 'throttled'],
    [{ error: 'invalid_code', error_description: 'Too Many Requests' }, 'throttled'],
    [{ code: 'TOO_MANY_REQUESTS' }, 'throttled'],
    [{ error: 'general_error' }, 'transient'],
    [{ error: 'something_new' }, 'transient'],
    [{}, 'transient'],
    [[], 'transient'],
    ['', 'transient'],
    ['null', 'transient'],
    ['<html>Access to this page</html>', 'transient'],
    ['Access Denied', 'throttled'],
    ['<html><h1>access_denied</h1></html>', 'throttled'],
    ['You have made too many requests continuously.', 'throttled'],
    ['{"access_token":"the-acc', 'transient'],
    [{ access_token: 42 }, 'transient'],
    [{ access_token: '' }, 'transient'],
  ]
  test.each(
    rows.flatMap(([body, kind]) => [200, 400, 401, 429, 500].map((status) => [body, status, kind] as const)),
  )('%j with %d is %s', (body, status, kind) => {
    expect(judge(body, status).kind).toBe(kind)
  })
})

test('a gateway’s own 429 is no throttle of Zoho’s', () => {
  const page = '<title>429 Too Many Requests</title>'
  expect(judge(page, 429, '7')).toMatchObject({ kind: 'transient', retryAfterMs: 7_000 })
  expect(judge(page.replace('429 ', ''), 200).kind).toBe('throttled')
})

test('a redirect is never a token', () => {
  expect(judge(good, 307)).toMatchObject({ kind: 'transient' })
  expect(judge('', 302)).toMatchObject({ kind: 'transient', detail: expect.stringContaining('redirect') })
})

test('Retry-After in seconds is passed on; a date or nonsense is not', () => {
  expect(judge('', 503, '7')).toMatchObject({ retryAfterMs: 7_000 })
  expect(judge('', 503, 'Wed, 21 Oct 2015 07:28:00 GMT')).not.toHaveProperty('retryAfterMs')
})

test('what came is named, short, and without a token in it', () => {
  const token = `1000.${'ab'.repeat(16)}.${'cd'.repeat(16)}` // made here, shaped like Zoho's
  const answer = judge({ error: `no ${token} ${'x'.repeat(500)}` })
  expect(JSON.stringify(answer)).not.toContain('abab')
  expect(JSON.stringify(answer).length).toBeLessThan(250)
})

test('a token that no header takes is malformed', () => {
  expect(judge({ ...good, access_token: 'two\r\nlines' })).toMatchObject({ kind: 'malformed' })
})

describe('a revocation', () => {
  const rows: [answer: Partial<RawAnswer>, kind: string][] = [
    [{ status: 200, body: '{"status":"success"}' }, 'revoked'],
    [{ status: 200, body: '{}' }, 'unclear'],
    [{ status: 200, body: '{"message":"blocked"}' }, 'unclear'],
    [{ status: 200, body: '' }, 'unclear'],
    [{ status: 400, body: '<html>Bad Request</html>' }, 'unclear'],
    [{ status: 400, body: '{"message":"blocked"}' }, 'unclear'],
    [{ status: 400, body: '' }, 'unclear'],
    [{ status: 400, body: '{"error":"invalid_token"}' }, 'revoked'],
    [{ status: 200, body: '{"error":"invalid_code"}' }, 'revoked'],
    [{ status: 200, body: '<html>Sign in to this network</html>' }, 'transient'],
    [{ status: 200, body: '{"status":"failure"}' }, 'transient'],
    [{ status: 400, body: '{"error":"invalid_client"}' }, 'client-fault'],
    [{ status: 400, body: '{"error":"Access Denied"}' }, 'throttled'],
    [{ status: 503, body: '' }, 'transient'],
    [{ status: 302, body: '' }, 'transient'],
  ]
  test.each(rows)('%j is %s', (answer, kind) => {
    expect(judgeRevokeAnswer({ status: 200, body: '', ...answer }).kind).toBe(kind)
  })
})
