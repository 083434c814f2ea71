import { type Dialect, dialect } from './dialect.js'

/** Zoho CRM's published OpenAPI description, v8; Recruit, Bigin and FSM were seen to use the same words. */
export const CRM: Dialect = dialect({
  blank: [
    401,
    { code: 'AUTHENTICATION_FAILURE', details: {}, message: 'Authentication failed', status: 'error' },
  ],
  dead: [401, { code: 'INVALID_TOKEN', details: {}, message: 'invalid oauth token', status: 'error' }],
  scope: [401, { code: 'OAUTH_SCOPE_MISMATCH', details: {}, message: 'Unauthorized', status: 'error' }],
  permission: [403, { code: 'NO_PERMISSION', details: {}, message: 'permission denied', status: 'error' }],
})

/** A log of 2019: the words of CRM, but the dead token is a 400. The blank answer is inferred. */
export const PHONEBRIDGE: Dialect = dialect({
  blank: [400, { code: 'AUTHENTICATION_FAILURE', message: 'Authentication failed', status: 'error' }],
  dead: [400, { code: 'INVALID_TOKEN', message: 'invalid oauth token', status: 'error' }],
  scope: [400, { code: 'OAUTH_SCOPE_MISMATCH', message: 'Unauthorized', status: 'error' }],
  permission: [403, { code: 'NO_PERMISSION', message: 'permission denied', status: 'error' }],
})

/**
 * Probes of Books, Invoice, Inventory and Expense; Billing is of the same family, and inferred. A missing scope and a
 * dead token look the same; users report it as 401 and as 400.
 */
const BOOKS_UNAUTHORIZED = { code: 57, message: 'You are not authorized to perform this operation' }
export const BOOKS: Dialect = dialect({
  blank: [401, { code: 14, message: 'The request could not be authenticated. Provide a valid token.' }],
  dead: [401, BOOKS_UNAUTHORIZED],
  scope: [401, BOOKS_UNAUTHORIZED],
  permission: [400, BOOKS_UNAUTHORIZED],
})

/** Probes of People: "nothing sent" is a 400. The codes for scope and permission are inferred. */
const people = (code: number, message: string): object => ({
  response: { errors: { code, message }, message: 'Error occurred', status: 1 },
})
export const PEOPLE: Dialect = dialect({
  blank: [400, people(7202, 'No valid authentication was sent.')],
  dead: [401, people(7213, 'The provided OAuth token is invalid.')],
  scope: [401, people(7218, 'The provided OAuth token does not have the scope.')],
  // People is known to fail with a 2xx and `response.status` 1
  permission: [200, people(7077, 'Permission denied.')],
})

/** Creator's page of status codes. It has no code for a missing scope: the one here is inferred. */
const CREATOR_FAILURE = {
  code: 1030,
  description:
    'Authorization Failure. The access token is either invalid or has expired. Please check your Zoho Account for more information.',
}
export const CREATOR: Dialect = dialect({
  blank: [401, CREATOR_FAILURE],
  dead: [401, CREATOR_FAILURE],
  scope: [403, { code: 2945, description: 'The scope of the access token does not cover this.' }],
  permission: [403, { code: 1130, description: 'API access is disabled for your account.' }],
})

/** Probes of 2026-09-05: one web page, that of Creator, and the status alone tells. Scope and permission are inferred. */
const BOOKINGS_PAGE = 'Zoho Creator - Error Page'
export const BOOKINGS: Dialect = dialect({
  blank: [400, BOOKINGS_PAGE],
  dead: [401, BOOKINGS_PAGE],
  scope: [401, BOOKINGS_PAGE],
  permission: [403, BOOKINGS_PAGE],
})

/** All inferred: Catalyst's pages give the envelope, and `INVALID_TOKEN` is a guess after CRM's. */
const catalyst = (code: string, message: string): object => ({
  status: 'failure',
  data: { message, error_code: code },
})
export const CATALYST: Dialect = dialect({
  blank: [401, catalyst('INVALID_TOKEN', 'No valid authentication was sent.')],
  dead: [401, catalyst('INVALID_TOKEN', 'Invalid OAuth token.')],
  scope: [401, catalyst('OAUTH_SCOPE_MISMATCH', 'Invalid OAuth scope.')],
  permission: [403, catalyst('NO_ACCESS', 'Permission denied.')],
})
