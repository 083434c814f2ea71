import { describe, expect, test } from '@jest/globals'
import { judgeApiAnswer, productOf } from '../src/rules/api-refusal.js'
import { PRODUCTS, type Product } from '../src/words/data-centers.js'

describe('each product says it in its own words', () => {
  const rows: [product: Product, status: number, body: unknown, verdict: string][] = [
    [
      'crm',
      401,
      { code: 'INVALID_TOKEN', details: {}, message: 'invalid oauth token', status: 'error' },
      'dead',
    ],
    [
      'crm',
      401,
      { code: 'AUTHENTICATION_FAILURE', message: 'Authentication failed', status: 'error' },
      'dead',
    ],
    ['crm', 401, { code: 'INVALID_OAUTHTOKEN' }, 'dead'],
    ['crm', 401, { code: 'OAUTH_SCOPE_MISMATCH', message: 'Unauthorized' }, 'denied'],
    ['crm', 403, { code: 'NO_PERMISSION' }, 'denied'],
    ['crm', 400, { code: 'INVALID_TOKEN' }, 'fine'],
    ['crm', 400, { code: 'INVALID_DATA' }, 'fine'],
    ['bigin', 401, { code: 'INVALID_TOKEN' }, 'dead'],
    ['recruit', 401, { code: 'INVALID_TOKEN' }, 'dead'],
    ['recruit', 401, { code: 'OAUTH_SCOPE_MISMATCH' }, 'denied'],
    ['phonebridge', 400, { code: 'INVALID_TOKEN' }, 'dead'],
    ['books', 401, { code: 57, message: 'You are not authorized to perform this operation' }, 'dead'],
    ['books', 400, { code: 57 }, 'fine'],
    ['books', 401, { code: 14, message: 'The request could not be authenticated' }, 'denied'],
    ['invoice', 401, { code: 57 }, 'dead'],
    ['inventory', 401, { code: 57 }, 'dead'],
    [
      'desk',
      401,
      { errorCode: 'INVALID_OAUTH', message: 'The OAuth Token you provided is invalid.' },
      'dead',
    ],
    ['desk', 403, { errorCode: 'SCOPE_MISMATCH' }, 'denied'],
    ['desk', 403, { errorCode: 'OAUTH_ORG_MISMATCH' }, 'denied'],
    ['desk', 401, '<html>401</html>', 'fine'],
    ['people', 401, { response: { errors: { code: 7213, message: 'invalid' }, status: 1 } }, 'dead'],
    ['people', 401, { response: { errors: [{ code: 7213 }], status: 1 } }, 'dead'],
    ['people', 400, { response: { errors: { code: 7202 }, status: 1 } }, 'denied'],
    ['creator', 401, { code: 1030, description: 'Authorization Failure.' }, 'dead'],
    ['creator', 401, { code: 1000 }, 'denied'],
    ['mail', 401, { data: { errorCode: 'INVALID_OAUTHTOKEN' }, status: { code: 401 } }, 'dead'],
    ['mail', 400, { data: { errorCode: 'INVALID_TICKET' } }, 'denied'],
    ['projects', 401, { error: { status_code: '401', title: 'INVALID_OAUTHTOKEN' } }, 'dead'],
    ['projects', 401, { error: { status_code: '401', title: 'INVALID_TICKET' } }, 'denied'],
    ['projects', 403, { error: { title: 'INSUFFICIENT_SCOPE' } }, 'denied'],
    ['cliq', 401, { code: 'oauthtoken_invalid', message: 'Invalid OAuth token passed.' }, 'dead'],
    ['cliq', 401, '', 'fine'],
    ['analytics', 401, { errorCode: 8535, message: 'INVALID_OAUTHTOKEN' }, 'dead'],
    ['sprints', 401, { code: 7601, message: 'Invalid oauthscope' }, 'denied'],
    ['accounts', 401, { code: 'INVALID_OAUTHTOKEN' }, 'dead'],
    ['accounts', 401, { response: 'error', cause: 'INVALID_OAUTHSCOPE' }, 'denied'],
  ]
  test.each(rows)('%s %d %j is %s', (product, status, body, verdict) => {
    expect(judgeApiAnswer(product, status, typeof body === 'string' ? body : JSON.stringify(body))).toBe(
      verdict,
    )
  })
})

test.each(PRODUCTS)(
  '%s: a success, a rate limit and a server error say nothing about the token',
  (product) => {
    for (const status of [200, 204, 404, 429, 500, 503])
      expect(judgeApiAnswer(product, status, '{"code":"INVALID_TOKEN","errorCode":7213}')).toBe('fine')
  },
)

test('one product’s number means nothing in another product or an unknown one', () => {
  for (const code of [57, 1030, 7213, 8535]) {
    expect(judgeApiAnswer('crm', 401, JSON.stringify({ code }))).toBe('fine')
    expect(judgeApiAnswer(undefined, 401, JSON.stringify({ code }))).toBe('fine')
  }
  expect(judgeApiAnswer(undefined, 401, '{"code":"INVALID_TOKEN"}')).toBe('dead')
})

test.each([
  '{',
  'null',
  '[]',
  '"INVALID_TOKEN"',
  '{"response":null}',
  '{"error":[]}',
  `{"code":"${'x'.repeat(1e6)}"}`,
])('a body such as %.20s breaks nothing', (body) => {
  expect(judgeApiAnswer('crm', 401, body)).toBe('fine')
})

test.each([
  ['https://recruit.zoho.eu/recruit/v2/Candidates', 'recruit'],
  ['https://recruit.zohocloud.ca/recruit/v2/Candidates', 'recruit'],
  ['https://www.zohoapis.com/crm/v8/Leads', 'crm'],
  ['https://www.zohoapis.in/books/v3/invoices', 'books'],
  ['https://desk.zoho.com.au/api/v1/tickets', 'desk'],
  ['https://projects.zoho.com/api/v3/portals', 'projects'],
  ['https://projectsapi.zoho.com/restapi/portals/', 'projects'],
  ['https://cliq.zoho.com/api/v2/channels', 'cliq'],
  ['https://mail.zoho.com/api/accounts', 'mail'],
  ['https://analyticsapi.zoho.com/restapi/v2/workspaces', 'analytics'],
  ['http://127.0.0.1:4010/api/v1/tickets', 'desk'],
  ['http://127.0.0.1:4010/people/api/forms', 'people'],
  ['https://www.zohoapis.com/something/v1', undefined],
])('%s belongs to %s', (url, product) => {
  expect(productOf(new URL(url))).toBe(product)
})
