import { type Answer, HTML_TYPE, json } from '../answer.js'
import type { Product } from './product.js'

/** How one product refuses a request. */
export interface Dialect {
  /** No token came, or a blank one. */
  readonly blank: Answer
  /** The token is expired, forgotten, revoked, of another data centre, or was never a token. */
  readonly dead: Answer
  /** The grant lacks the scope. */
  readonly scope: Answer
  /** The user may not do this. */
  readonly permission: Answer
}

/** What the request log calls each kind of refusal. */
const OUTCOMES: Readonly<Record<keyof Dialect, string>> = {
  blank: 'blank-token',
  dead: 'dead-token',
  scope: 'scope-mismatch',
  permission: 'no-permission',
}

/** A status and a JSON body, or `null` for Cliq's blank page. */
type Words = readonly [status: number, body: unknown]

function dialect(words: Readonly<Record<keyof Dialect, Words>>): Dialect {
  const answer = (kind: keyof Dialect): Answer => {
    const [status, body] = words[kind]
    if (body === null) return { status, body: '', contentType: HTML_TYPE, outcome: OUTCOMES[kind] }
    return json(status, body, OUTCOMES[kind])
  }
  return {
    blank: answer('blank'),
    dead: answer('dead'),
    scope: answer('scope'),
    permission: answer('permission'),
  }
}

/** Zoho CRM's published OpenAPI description, v8; Recruit and Bigin were seen to use the same words. */
const CRM = dialect({
  blank: [
    401,
    { code: 'AUTHENTICATION_FAILURE', details: {}, message: 'Authentication failed', status: 'error' },
  ],
  dead: [401, { code: 'INVALID_TOKEN', details: {}, message: 'invalid oauth token', status: 'error' }],
  scope: [401, { code: 'OAUTH_SCOPE_MISMATCH', details: {}, message: 'Unauthorized', status: 'error' }],
  permission: [403, { code: 'NO_PERMISSION', details: {}, message: 'permission denied', status: 'error' }],
})

/** A log of 2019: the words of CRM, but the dead token is a 400. The blank answer is inferred. */
const PHONEBRIDGE = dialect({
  blank: [400, { code: 'AUTHENTICATION_FAILURE', message: 'Authentication failed', status: 'error' }],
  dead: [400, { code: 'INVALID_TOKEN', message: 'invalid oauth token', status: 'error' }],
  scope: [400, { code: 'OAUTH_SCOPE_MISMATCH', message: 'Unauthorized', status: 'error' }],
  permission: [403, { code: 'NO_PERMISSION', message: 'permission denied', status: 'error' }],
})

/** Probes of Books and Invoice. A missing scope and a dead token look the same; users report it as 401 and as 400. */
const BOOKS_UNAUTHORIZED = { code: 57, message: 'You are not authorized to perform this operation' }
const BOOKS = dialect({
  blank: [401, { code: 14, message: 'The request could not be authenticated. Provide a valid token.' }],
  dead: [401, BOOKS_UNAUTHORIZED],
  scope: [401, BOOKS_UNAUTHORIZED],
  permission: [400, BOOKS_UNAUTHORIZED],
})

/** Probes of Desk; scope and licence from users' reports. */
const DESK = dialect({
  blank: [
    401,
    { errorCode: 'UNAUTHORIZED', message: 'You are not authenticated to perform this operation.' },
  ],
  dead: [401, { errorCode: 'INVALID_OAUTH', message: 'The OAuth Token you provided is invalid.' }],
  scope: [403, { errorCode: 'SCOPE_MISMATCH', message: 'Your OAuth scope does not cover this resource.' }],
  permission: [403, { errorCode: 'LICENSE_ACCESS_LIMITED', message: 'Your licence does not cover this.' }],
})

/** Probes of People: "nothing sent" is a 400. The codes for scope and permission are inferred. */
const people = (code: number, message: string): unknown => ({
  response: { errors: { code, message }, message: 'Error occurred', status: 1 },
})
const PEOPLE = dialect({
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
const CREATOR = dialect({
  blank: [401, CREATOR_FAILURE],
  dead: [401, CREATOR_FAILURE],
  scope: [403, { code: 2945, description: 'The scope of the access token does not cover this.' }],
  permission: [403, { code: 1130, description: 'API access is disabled for your account.' }],
})

/** Probes of Mail: "nothing sent" is a 400. Scope and permission are inferred. */
const mail = (code: number, errorCode: string, description: string): unknown => ({
  data: { errorCode },
  status: { code, description },
})
const MAIL = dialect({
  blank: [400, mail(400, 'INVALID_TICKET', 'Invalid Input')],
  dead: [401, mail(401, 'INVALID_OAUTHTOKEN', 'Unauthorized')],
  scope: [401, mail(401, 'INVALID_OAUTHSCOPE', 'Unauthorized')],
  permission: [403, mail(403, 'NO_PERMISSION', 'Forbidden')],
})

/** Probes of Projects v3. The title of a missing scope contains `SCOPE`. */
const projects = (status: number, title: string, message: string): unknown => ({
  error: { status_code: String(status), title, details: [{ message }] },
})
const PROJECTS = dialect({
  blank: [401, projects(401, 'INVALID_TICKET', 'Invalid ticket.')],
  dead: [401, projects(401, 'INVALID_OAUTHTOKEN', 'Invalid OAuth token.')],
  scope: [401, projects(401, 'INVALID_OAUTHSCOPE', 'Invalid OAuth scope.')],
  permission: [403, projects(403, 'ACCESS_DENIED', 'Permission denied.')],
})

/** Probes of Cliq, whose answer to a request without a token is a blank page; the scope from users' reports. */
const CLIQ = dialect({
  blank: [401, null],
  dead: [401, { code: 'oauthtoken_invalid', message: 'Invalid OAuth token passed.' }],
  scope: [401, { code: 'oauthtoken_scope_invalid', message: 'Invalid OAuth scope.' }],
  permission: [403, { code: 'operation_not_allowed', message: 'Operation not allowed.' }],
})

/** Analytics' pages of error codes: 8518, 8535 and 7301. The code of a missing scope is inferred. */
const analytics = (errorCode: number, summary: string, errorMessage: string): unknown => ({
  status: 'failure',
  summary,
  data: { errorCode, errorMessage },
})
const ANALYTICS = dialect({
  blank: [401, analytics(8518, 'INVALID_AUTHENTICATION', 'Invalid authentication.')],
  dead: [401, analytics(8535, 'INVALID_OAUTHTOKEN', 'Invalid OAuth token.')],
  scope: [401, analytics(8540, 'INVALID_OAUTHSCOPE', 'Invalid OAuth scope.')],
  permission: [403, analytics(7301, 'NO_PERMISSION', 'You do not have the permission to do this operation.')],
})

export const DIALECTS: Readonly<Record<Product, Dialect>> = {
  recruit: CRM,
  crm: CRM,
  bigin: CRM,
  phonebridge: PHONEBRIDGE,
  books: BOOKS,
  invoice: BOOKS,
  inventory: BOOKS,
  desk: DESK,
  people: PEOPLE,
  creator: CREATOR,
  mail: MAIL,
  projects: PROJECTS,
  cliq: CLIQ,
  analytics: ANALYTICS,
}
