import { type Dialect, dialect } from './dialect.js'

/** Probes of Projects v3. The title of a missing scope contains `SCOPE`. */
const projects = (status: number, title: string, message: string): object => ({
  error: { status_code: String(status), title, details: [{ message }] },
})
export const PROJECTS: Dialect = dialect({
  blank: [401, projects(401, 'INVALID_TICKET', 'Invalid ticket.')],
  dead: [401, projects(401, 'INVALID_OAUTHTOKEN', 'Invalid OAuth token.')],
  scope: [401, projects(401, 'INVALID_OAUTHSCOPE', 'Invalid OAuth scope.')],
  permission: [403, projects(403, 'ACCESS_DENIED', 'Permission denied.')],
})

/**
 * Users' reports: one code, and status and text tell a dead token from a missing scope; 7401.14 is a role. The blank
 * answer and the status of the role are inferred.
 */
const SPRINTS_DEAD = { code: 7601, message: 'Invalid oauthToken' }
export const SPRINTS: Dialect = dialect({
  blank: [400, SPRINTS_DEAD],
  dead: [400, SPRINTS_DEAD],
  scope: [401, { code: 7601, message: 'Invalid oauthscope' }],
  permission: [403, { code: '7401.14', message: 'Your role does not allow this.' }],
})

/**
 * Analytics' pages of error codes: 8535 and 7301. "Nothing sent" is a 400 with 8518 (measured 2026-09-29), and 8540 a
 * missing scope (two users' reports).
 */
const analytics = (errorCode: number, summary: string, errorMessage: string): object => ({
  status: 'failure',
  summary,
  data: { errorCode, errorMessage },
})
export const ANALYTICS: Dialect = dialect({
  blank: [400, analytics(8518, 'INVALID_TICKET', 'You need to (re)login to perform this operation')],
  dead: [401, analytics(8535, 'INVALID_OAUTHTOKEN', 'Invalid OAuth token.')],
  scope: [401, analytics(8540, 'INVALID_OAUTHSCOPE', 'Invalid OAuth scope.')],
  permission: [403, analytics(7301, 'NO_PERMISSION', 'You do not have the permission to do this operation.')],
})

/** Probes of Sign: 9031 and 9041. The codes for scope and permission are inferred. */
const sign = (code: number, message: string): object => ({ code, message, status: 'failure' })
export const SIGN: Dialect = dialect({
  blank: [401, sign(9031, 'Ticket invalid')],
  dead: [401, sign(9041, 'Invalid Oauth token')],
  scope: [401, sign(9043, 'Invalid Oauth scope')],
  permission: [403, sign(4003, 'Permission denied')],
})

/**
 * Probes of WorkDrive, in JSON:API: "nothing sent" is a 500, and a resource that is not there a 401, which has nothing
 * to do with the token. The titles of `F7004` and `R008`, and the permission, are inferred.
 */
const workdrive = (id: string, title: string): object => ({ errors: [{ id, title }] })
export const WORKDRIVE: Dialect = dialect({
  blank: [500, workdrive('F000', 'INVALID_TICKET')],
  dead: [401, workdrive('F7003', 'Invalid OAuth token.')],
  scope: [401, workdrive('F7004', 'Invalid OAuth scope.')],
  permission: [403, workdrive('F6016', 'Access denied.')],
  missing: [401, workdrive('R008', 'Resource does not exist.')],
})

/**
 * Writer's pages of errors: the envelope, and `R5014` for a missing privilege, without its status. The codes for the
 * token and the scope are inferred.
 */
const writer = (errorcode: string, message: string): object => ({ error: { message, errorcode } })
export const WRITER: Dialect = dialect({
  blank: [401, writer('R5001', 'Invalid ticket.')],
  dead: [401, writer('R5001', 'Invalid OAuth token.')],
  scope: [401, writer('R5004', 'Invalid OAuth scope.')],
  permission: [403, writer('R5014', 'You do not have the privilege to do this.')],
})

/** Probes of Sheet of 2026-09-05: one code, two texts. 2862 is of its page; its status, scope and permission are inferred. */
const sheet = (error_code: number, error_message: string): object => ({ error_message, error_code })
export const SHEET: Dialect = dialect({
  blank: [401, sheet(2401, 'Valid [authorization ticket] is required for processing the request.')],
  dead: [401, sheet(2401, 'Valid [OAUTHTOKEN] is required for processing the request.')],
  scope: [401, sheet(2401, 'Valid [OAUTHSCOPE] is required for processing the request.')],
  permission: [403, sheet(2403, 'You do not have the permission to do this.')],
  missing: [404, sheet(2862, 'There is no such workbook.')],
})
