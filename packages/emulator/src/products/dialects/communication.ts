import { type Dialect, dialect } from './dialect.js'

/** Probes of Desk; scope and licence from users' reports. */
export const DESK: Dialect = dialect({
  blank: [
    401,
    { errorCode: 'UNAUTHORIZED', message: 'You are not authenticated to perform this operation.' },
  ],
  dead: [401, { errorCode: 'INVALID_OAUTH', message: 'The OAuth Token you provided is invalid.' }],
  scope: [403, { errorCode: 'SCOPE_MISMATCH', message: 'Your OAuth scope does not cover this resource.' }],
  permission: [403, { errorCode: 'LICENSE_ACCESS_LIMITED', message: 'Your licence does not cover this.' }],
})

/**
 * Probes of Mail: "nothing sent" is a 400, a dead token an object. A missing scope is an array (recorded 2026-05, and a
 * user's report), and users saw a dead token as one too. The permission is inferred.
 */
const mail = (code: number, errorCode: string, description: string): object => ({
  data: { errorCode },
  status: { code, description },
})
const mailArray = (errorCode: string): object => [2, { errorCode, authFail: 'true', status: '401' }]
export const MAIL: Dialect = dialect({
  blank: [400, mail(400, 'INVALID_TICKET', 'Invalid Input')],
  dead: [401, mail(401, 'INVALID_OAUTHTOKEN', 'Unauthorized')],
  deadVariant: [401, mailArray('INVALID_OAUTHTOKEN')],
  scope: [401, mailArray('INVALID_OAUTHSCOPE')],
  permission: [403, mail(403, 'NO_PERMISSION', 'Forbidden')],
})

/** Probes of Cliq, whose answer to a request without a token is a blank page; the scope from users' reports. */
export const CLIQ: Dialect = dialect({
  blank: [401, null],
  dead: [401, { code: 'oauthtoken_invalid', message: 'Invalid OAuth token passed.' }],
  scope: [401, { code: 'oauthtoken_scope_invalid', message: 'Invalid OAuth scope.' }],
  permission: [403, { code: 'operation_not_allowed', message: 'Operation not allowed.' }],
})

/**
 * SalesIQ's page of REST APIs: every error is a 200, and 1002 is a header that is absent or wrong. 1008 and 1009 from
 * users' reports; the permission is inferred.
 */
const salesiq = (code: number, message: string): object => ({ error: { message, code } })
export const SALESIQ: Dialect = dialect({
  blank: [200, salesiq(1002, 'Invalid authorization header.')],
  dead: [200, salesiq(1008, 'Invalid OAuthToken')],
  scope: [200, salesiq(1009, 'Invalid OAuthScope')],
  permission: [200, salesiq(1010, 'Permission denied')],
  missing: [200, salesiq(1006, 'Invalid URL')],
})

/** All inferred: no answer of Meeting was found; these are the names that Zoho's products share. */
const meeting = (errorCode: string, message: string): object => ({ error: { errorCode, message } })
export const MEETING: Dialect = dialect({
  blank: [401, meeting('INVALID_TICKET', 'Invalid ticket.')],
  dead: [401, meeting('INVALID_OAUTHTOKEN', 'Invalid OAuth token.')],
  scope: [401, meeting('INVALID_OAUTHSCOPE', 'Invalid OAuth scope.')],
  permission: [403, meeting('NO_PERMISSION', 'Permission denied.')],
})

/** Assist's page of errors: 1009 and `INVALID_OAUTHTOKEN`, and 401 for it. The other words are inferred. */
const assist = (code: number, message: string): object => ({ error: { code, message } })
export const ASSIST: Dialect = dialect({
  blank: [401, assist(1009, 'INVALID_TICKET')],
  dead: [401, assist(1009, 'INVALID_OAUTHTOKEN')],
  scope: [401, assist(1009, 'INVALID_OAUTHSCOPE')],
  permission: [403, assist(1010, 'NO_PERMISSION')],
})

/** Probes of Campaigns: a capital `Code`, and a text. Without a token and without the scope the same is inferred. */
const CAMPAIGNS_UNAUTHORIZED = { status: 'error', Code: '1007', message: 'Unauthorized request.' }
export const CAMPAIGNS: Dialect = dialect({
  blank: [401, CAMPAIGNS_UNAUTHORIZED],
  dead: [401, CAMPAIGNS_UNAUTHORIZED],
  scope: [401, CAMPAIGNS_UNAUTHORIZED],
  permission: [
    403,
    { status: 'error', Code: '902', message: 'You are unauthorized to perform this action.' },
  ],
})
