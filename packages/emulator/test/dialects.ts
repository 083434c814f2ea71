import { expect } from '@jest/globals'
import type { Product } from '../src/index.js'

/** How a product answers. */
export interface Dialect {
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

const campaignsFailure = { status: 'error', Code: '1007', message: 'Unauthorized request.' }
const writerFailure = { error: expect.objectContaining({ errorcode: expect.stringMatching(/^R\d{4}$/) }) }
const catalystFailure = {
  status: 'failure',
  data: expect.objectContaining({ error_code: 'INVALID_TOKEN' }),
}
const creatorFailure = expect.objectContaining({ code: 1030 })

export const dialects: readonly Dialect[] = [
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
    scope: [401, '[2,{"errorCode":"INVALID_OAUTHSCOPE"'],
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
    blank: [
      400,
      expect.objectContaining({
        summary: 'INVALID_TICKET',
        data: { errorCode: 8518, errorMessage: expect.stringContaining('You need to (re)login') },
      }),
    ],
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
  { product: 'fsm', path: '/fsm/v1/Contacts', success: { data: [{}, {}] }, ...crmLike },
  { product: 'billing', path: '/billing/v1/plans', ...booksLike },
  { product: 'expense', path: '/expense/v1/expensereports', ...booksLike },
  {
    product: 'sign',
    path: '/api/v1/requests',
    success: { code: 0, status: 'success' },
    blank: [401, { code: 9031, message: 'Ticket invalid', status: 'failure' }],
    dead: [401, { code: 9041, message: 'Invalid Oauth token', status: 'failure' }],
    scope: [401, 'Invalid Oauth scope'],
  },
  {
    product: 'workdrive',
    path: '/workdrive/api/v1/users/me',
    success: { data: [{ type: 'files' }] },
    blank: [500, { errors: [{ id: 'F000', title: 'INVALID_TICKET' }] }],
    dead: [401, { errors: [{ id: 'F7003', title: 'Invalid OAuth token.' }] }],
    scope: [401, 'F7004'],
  },
  {
    product: 'campaigns',
    path: '/api/v1.1/getmailinglists',
    success: { status: 'success' },
    blank: [401, campaignsFailure],
    dead: [401, campaignsFailure],
    scope: [401, '"Code":"1007"'],
  },
  {
    product: 'sheet',
    path: '/api/v2/workbooks',
    success: { status: 'success' },
    blank: [401, expect.objectContaining({ error_code: 2401 })],
    dead: [401, expect.objectContaining({ error_code: 2401 })],
    scope: [401, '2401'],
  },
  {
    product: 'bookings',
    path: '/bookings/v1/json/workspaces',
    success: { response: { status: 'success' } },
    blank: [400, 'Zoho Creator - Error Page'],
    dead: [401, 'Zoho Creator - Error Page'],
    scope: [401, 'Zoho Creator - Error Page'],
  },
  {
    product: 'writer',
    path: '/writer/api/v1/documents',
    success: { documents: [] },
    blank: [401, writerFailure],
    dead: [401, writerFailure],
    scope: [401, 'errorcode'],
  },
  {
    product: 'salesiq',
    path: '/api/v2/zylker/operators',
    success: { object: 'list', data: [] },
    blank: [200, { error: { code: 1002, message: 'Invalid authorization header.' } }],
    dead: [200, { error: { code: 1008, message: 'Invalid OAuthToken' } }],
    scope: [200, '1009'],
  },
  {
    product: 'meeting',
    path: '/api/v2/20000000001/sessions.json',
    success: { session: [] },
    blank: [401, { error: expect.objectContaining({ errorCode: 'INVALID_TICKET' }) }],
    dead: [401, { error: expect.objectContaining({ errorCode: 'INVALID_OAUTHTOKEN' }) }],
    scope: [401, 'INVALID_OAUTHSCOPE'],
  },
  {
    product: 'assist',
    path: '/api/v2/user',
    success: { representation: {} },
    blank: [401, { error: { code: 1009, message: 'INVALID_TICKET' } }],
    dead: [401, { error: { code: 1009, message: 'INVALID_OAUTHTOKEN' } }],
    scope: [401, 'INVALID_OAUTHSCOPE'],
  },
  {
    product: 'catalyst',
    path: '/baas/v1/project/4150868/table',
    success: { status: 'success' },
    blank: [401, catalystFailure],
    dead: [401, catalystFailure],
    scope: [401, 'OAUTH_SCOPE_MISMATCH'],
  },
  {
    product: 'sprints',
    path: '/zsapi/team/20000000001/projects/',
    success: { status: 'success' },
    blank: [400, { code: 7601, message: 'Invalid oauthToken' }],
    dead: [400, { code: 7601, message: 'Invalid oauthToken' }],
    scope: [401, '{"code":7601,"message":"Invalid oauthscope"}'],
  },
]
