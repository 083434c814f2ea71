import type { ServerResponse } from 'node:http'
import { type ProblemDetails, REPRESENTATION_HEADERS } from '@zoho-auth/core/adapter'

/** Ends a request with a problem body (RFC 9457). What was set for the answer that did not come is taken back. */
export function sendProblem(
  res: ServerResponse,
  problem: ProblemDetails,
  headers: Readonly<Record<string, string>>,
): void {
  const body = JSON.stringify(problem)
  for (const name of REPRESENTATION_HEADERS) res.removeHeader(name)
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value)
  res.statusCode = problem.status
  res.setHeader('Content-Length', Buffer.byteLength(body))
  res.end(body)
}
