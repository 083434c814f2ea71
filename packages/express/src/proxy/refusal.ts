import type { ServerResponse } from 'node:http'
import { sendProblem } from '../problem.js'

/** A request that goes no further, in words for whoever sent it. */
export interface Refusal {
  readonly status: 400 | 403 | 405
  /** The phrase of the status: a problem of type `about:blank` has no other (RFC 9457 section 4.2.1). */
  readonly title: string
  readonly detail: string
  readonly headers?: Readonly<Record<string, string>>
}

/** `authorize` did not say `true`. Never a 401: that would log the app's own user out. */
export const FORBIDDEN: Refusal = Object.freeze({
  status: 403,
  title: 'Forbidden',
  detail: 'This request may not be sent to Zoho',
})

export const BAD_PATH: Refusal = Object.freeze({
  status: 400,
  title: 'Bad Request',
  detail:
    'A path is forwarded if it starts with one slash and holds no dot segments, backslashes or controls',
})

/** `fetch` sends none, and RFC 9110 section 9.3.1 gives it no meaning. */
export const BODY_OF_READ: Refusal = Object.freeze({
  status: 400,
  title: 'Bad Request',
  detail: 'A GET or HEAD with a body is not forwarded',
})

export const BAD_METHOD: Refusal = Object.freeze({
  status: 405,
  title: 'Method Not Allowed',
  detail: 'This method is not forwarded',
  headers: { Allow: 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS' },
})

export function refuse(res: ServerResponse, { status, title, detail, headers }: Refusal): void {
  sendProblem(
    res,
    { type: 'about:blank', title, status, detail },
    { 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store', ...headers },
  )
}
