import { describe, expect, test } from '@jest/globals'
import { type ApiVerdict, judgeApiAnswer } from '../src/request/api-refusal.js'
import { PRODUCTS, type Product, productOf } from '../src/words/products.js'

const judge = (product: Product | undefined, status: number, body: unknown, challenge?: string): ApiVerdict =>
  judgeApiAnswer(product, {
    status,
    challenge,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })

const CRM_DEAD = { code: 'INVALID_TOKEN', details: {}, message: 'invalid oauth token', status: 'error' }
const BOOKS_57 = { code: 57, message: 'You are not authorized to perform this operation' }
const CREATOR_PAGE = '<html><head><title>Zoho Creator - Error Page</title></head><body>401</body></html>'

describe('certain: the token is dead, and another one helps', () => {
  const rows: [product: Product | undefined, status: number, body: unknown][] = [
    ['crm', 401, CRM_DEAD],
    ['crm', 401, { code: 'INVALID_OAUTHTOKEN' }],
    ['bigin', 401, CRM_DEAD],
    ['recruit', 401, CRM_DEAD],
    ['phonebridge', 400, CRM_DEAD],
    ['desk', 401, { errorCode: 'INVALID_OAUTH', message: 'The OAuth Token you provided is invalid.' }],
    ['people', 401, { response: { errors: { code: 7213, message: 'invalid' }, status: 1 } }],
    ['people', 401, { response: { errors: [{ code: 7213 }], status: 1 } }],
    ['creator', 401, { code: 1030, description: 'Authorization Failure.' }],
    ['mail', 401, { data: { errorCode: 'INVALID_OAUTHTOKEN' }, status: { code: 401 } }],
    ['mail', 401, [2, { errorCode: 'INVALID_OAUTHTOKEN', authFail: 'true', status: '401' }]],
    ['projects', 401, { error: { status_code: '401', title: 'INVALID_OAUTHTOKEN' } }],
    ['cliq', 401, { code: 'oauthtoken_invalid', message: 'Invalid OAuth token passed.' }],
    ['analytics', 401, { summary: 'INVALID_OAUTHTOKEN', data: { errorCode: 8535 } }],
    ['analytics', 401, { errorCode: 8535, message: 'failure' }],
    ['sprints', 400, { code: 7601, message: 'Invalid oauthToken' }],
    ['sign', 401, { code: 9041, message: 'Invalid Oauth token', status: 'failure' }],
    ['workdrive', 401, { errors: [{ id: 'F7003', title: 'Invalid OAuth token.' }] }],
    ['salesiq', 200, { error: { code: 1008, message: 'Invalid OAuthToken.' } }],
    ['assist', 401, { error: { code: 1009, message: 'INVALID_OAUTHTOKEN' } }],
    ['social', 401, { error: { code: 401, requestURI: '/social/v2/users', message: 'INVALID_OAUTHTOKEN' } }],
    ['accounts', 401, { code: 'INVALID_OAUTHTOKEN' }],
    // Whatever the product: the names of the accounts server, wherever they stand, and any spelling of the words.
    ...[
      { code: 'INVALID_TOKEN' },
      { code: 'invalid_token' },
      { error: 'invalid_token' },
      { error: 'expired_token' },
      { Code: 'INVALID_OAUTHTOKEN' },
      { errorcode: 'INVALID_OAUTHTOKEN' },
      { error_code: 'INVALID_OAUTHTOKEN' },
      { error: { errorcode: 'INVALID_OAUTHTOKEN' } },
      { data: { errorCode: 'INVALID_OAUTHTOKEN' } },
      { errors: [{ title: 'INVALID_OAUTHTOKEN' }] },
      { errors: [{ id: 'INVALID_OAUTHTOKEN' }] },
      [{ code: 'INVALID_OAUTHTOKEN' }],
      { message: 'invalid oauth token' },
      { message: 'Invalid OAuthToken.' },
      { message: 'The OAuth token has expired' },
      { message: 'expired OAuth access token' },
    ].map((body): [undefined, number, unknown] => [undefined, 401, body]),
  ]
  test.each(rows)('%s %d %j', (product, status, body) => {
    expect(judge(product, status, body)).toBe('certain')
  })
})

describe('surely not the token: no refresh can help', () => {
  const rows: [product: Product | undefined, status: number, body: unknown, verdict: ApiVerdict][] = [
    ['crm', 401, { code: 'OAUTH_SCOPE_MISMATCH', message: 'Unauthorized' }, 'scope'],
    ['crm', 403, { code: 'NO_PERMISSION', message: 'permission denied' }, 'other'],
    ['books', 401, { code: 14, message: 'The request could not be authenticated' }, 'other'],
    ['desk', 403, { errorCode: 'SCOPE_MISMATCH' }, 'scope'],
    ['desk', 403, { errorCode: 'OAUTH_ORG_MISMATCH' }, 'other'],
    ['desk', 401, { errorCode: 'UNAUTHORIZED', message: 'You are not authenticated.' }, 'other'],
    ['people', 400, { response: { errors: { code: 7202 }, status: 1 } }, 'other'],
    ['people', 401, { response: { errors: { code: 7218, message: 'Invalid OAuth Scope' } } }, 'scope'],
    ['creator', 401, { code: 2945, description: 'invalid oauthscope' }, 'scope'],
    ['mail', 400, { data: { errorCode: 'INVALID_TICKET' } }, 'other'],
    ['mail', 401, [2, { errorCode: 'INVALID_OAUTHSCOPE' }], 'scope'],
    ['projects', 401, { error: { status_code: '401', title: 'INVALID_TICKET' } }, 'other'],
    ['projects', 403, { error: { title: 'INSUFFICIENT_SCOPE' } }, 'scope'],
    ['analytics', 401, { summary: 'INVALID_OAUTHSCOPE', data: { errorCode: 8540 } }, 'scope'],
    ['sprints', 401, { code: 7601, message: 'Invalid oauthscope' }, 'scope'],
    ['sign', 401, { code: 9031, message: 'Ticket invalid' }, 'other'],
    ['workdrive', 401, { errors: [{ id: 'F7004', title: 'Invalid OAuth scope.' }] }, 'scope'],
    ['workdrive', 401, { errors: [{ id: 'R008', title: 'URL Rule is not configured' }] }, 'other'],
    ['salesiq', 200, { error: { code: 1009, message: 'Invalid OAuthScope.' } }, 'scope'],
    ['social', 401, { error: { code: 401, message: 'INVALID_OAUTHSCOPE' } }, 'scope'],
    ['accounts', 401, { response: 'error', cause: 'INVALID_OAUTHSCOPE' }, 'scope'],
    [undefined, 401, { code: 'OAUTH_SCOPE_MISMATCH' }, 'scope'],
    [undefined, 401, { message: 'Invalid oauthscope' }, 'scope'],
    [undefined, 403, { message: 'The scope of this token does not cover it' }, 'scope'],
  ]
  test.each(rows)('%s %d %j', (product, status, body, verdict) => {
    expect(judge(product, status, body)).toBe(verdict)
  })
})

describe('ambiguous: any other 401', () => {
  const rows: [product: Product | undefined, body: unknown][] = [
    ['books', BOOKS_57],
    ['billing', BOOKS_57],
    ['invoice', { code: 57 }],
    ['inventory', { code: 57 }],
    ['crm', { code: 'AUTHENTICATION_FAILURE', message: 'Authentication failed' }],
    ['bookings', CREATOR_PAGE],
    ['campaigns', { status: 'error', Code: '1007', message: 'Unauthorized request.' }],
    ['sheet', { error_message: 'Valid ticket is required', error_code: 2401 }],
    ['cliq', ''],
    ['desk', '<html>401</html>'],
    [undefined, ''],
    [undefined, CREATOR_PAGE],
    [undefined, { anything: 'else' }],
    [undefined, '{"broken'],
  ]
  test.each(rows)('%s 401 %j', (product, body) => {
    expect(judge(product, 401, body)).toBe('ambiguous')
  })
})

describe('WWW-Authenticate alone tells too (RFC 6750 section 3)', () => {
  test.each([
    ['Bearer error="invalid_token"', 401, 'certain'],
    ['Bearer realm="zoho", error="invalid_token", error_description="expired"', 401, 'certain'],
    ['Zoho-oauthtoken error=expired_token', 401, 'certain'],
    ['Bearer error="invalid_token"', 400, 'certain'],
    ['Bearer error="insufficient_scope"', 403, 'scope'],
    ['Bearer realm="zoho"', 401, 'ambiguous'],
    ['Bearer error="invalid_request"', 401, 'ambiguous'],
    ['Bearer error="invalid_token"', 200, 'fine'],
  ])('%s with status %d is %s', (challenge, status, verdict) => {
    expect(judge(undefined, status, '', challenge)).toBe(verdict)
  })

  test('a code of the product says more', () => {
    expect(judge('crm', 401, { code: 'OAUTH_SCOPE_MISMATCH' }, 'Bearer error="invalid_token"')).toBe('scope')
  })
})

test.each(PRODUCTS)(
  '%s: a rate limit, a missing page, a server error and bad data say nothing about the token',
  (product) => {
    for (const status of [204, 404, 429, 500, 503])
      expect(judge(product, status, '{"code":"INVALID_TOKEN","errorCode":7213}')).toBe('fine')
    for (const body of [{ code: 'INVALID_DATA' }, { code: 57 }, {}, '<html>', ''])
      expect(judge(product, 400, body)).toBe('fine')
    expect(judge(product, 200, { data: [{ id: '1008', title: 'a title' }], code: 0 })).toBe('fine')
  },
)

test('a name that may mean another token needs a 401', () => {
  expect(judge('crm', 400, { code: 'INVALID_TOKEN' })).toBe('fine')
  expect(judge(undefined, 403, { code: 'INVALID_TOKEN' })).toBe('fine')
  expect(judge(undefined, 403, { code: 'INVALID_OAUTHTOKEN' })).toBe('certain')
})

test('one product’s number means nothing in another product or an unknown one', () => {
  for (const code of [14, 1030, 7213, 8535, 9041, 1008]) {
    expect(judge('crm', 401, { code })).toBe('ambiguous')
    expect(judge(undefined, 401, { code })).toBe('ambiguous')
  }
})

test('a byte order mark before a body is no fault', () => {
  expect(judge('crm', 401, `\uFEFF${JSON.stringify({ code: 'OAUTH_SCOPE_MISMATCH' })}`)).toBe('scope')
})

test.each([
  '{',
  'null',
  '[]',
  '"INVALID_TOKEN"',
  '{"response":null}',
  '{"error":[]}',
  `${'{"error":'.repeat(500)}1${'}'.repeat(500)}`,
  `[${'[],'.repeat(5_000)}[]]`,
  `{"code":"${'x'.repeat(1e6)}"}`,
])('a body such as %.20s breaks nothing', (body) => {
  expect(judge('crm', 401, body)).toBe('ambiguous')
  expect(judge('crm', 403, body)).toBe('fine')
})

describe('which product a URL belongs to', () => {
  test.each([
    ['https://recruit.zoho.eu/recruit/v2/Candidates', 'recruit'],
    ['https://recruit.zohocloud.ca/recruit/v2/Candidates', 'recruit'],
    ['https://www.zohoapis.com/crm/v8/Leads', 'crm'],
    ['https://www.zohoapis.in/books/v3/invoices', 'books'],
    ['https://www.zohoapis.ca/billing/v1/plans', 'billing'],
    ['https://www.zohoapis.eu/workdrive/api/v1/users/me', 'workdrive'],
    ['https://upload.zoho.eu/workdrive-api/v1/stream/upload', 'workdrive'],
    ['https://desk.zoho.com.au/api/v1/tickets', 'desk'],
    ['https://sign.zoho.com/api/v1/requests', 'sign'],
    ['https://projects.zoho.com/api/v3/portals', 'projects'],
    ['https://projectsapi.zoho.com/restapi/portals/', 'projects'],
    ['https://cliq.zoho.com/api/v2/channels', 'cliq'],
    ['https://sheet.zoho.com/api/v2/workbooks', 'sheet'],
    ['https://mail.zoho.com/api/accounts', 'mail'],
    ['https://analyticsapi.zoho.com/restapi/v2/workspaces', 'analytics'],
    ['https://api.catalyst.zoho.in/baas/v1/project/1', 'catalyst'],
    ['https://app.site24x7.jp/api/monitors', 'site24x7'],
    ['https://servicedeskplus.net.au/api/v3/requests', 'servicedeskplus'],
    ['https://www.zohoapis.com/something/v1', undefined],
    // On a host of its own, the path says nothing: Desk, Sign and Contracts have the same.
    ['https://contracts.zoho.com/api/v1/contracts', 'contracts'],
    ['https://brandnew.zoho.com/api/v1/things', undefined],
    ['https://evil.example/crm/v8/Leads', undefined],
  ])('%s belongs to %s', (url, product) => {
    expect(productOf(new URL(url), false)).toBe(product)
  })

  test.each([
    ['http://127.0.0.1:4010/api/v1/tickets', 'desk'],
    ['http://127.0.0.1:4010/api/v1/templates', 'sign'],
    ['http://127.0.0.1:4010/people/api/forms', 'people'],
    ['http://127.0.0.1:4010/zsapi/teams/', 'sprints'],
    ['http://127.0.0.1:4010/something', undefined],
  ])('%s, an origin that the app named, is taken for %s', (url, product) => {
    expect(productOf(new URL(url), true)).toBe(product)
  })
})
