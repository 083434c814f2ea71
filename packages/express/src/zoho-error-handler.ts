import type { ServerResponse } from 'node:http'
import { isZohoAuthError } from '@zoho-auth/core'
import { configError, problemHeaders, toProblemDetails } from '@zoho-auth/core/adapter'
import { sendProblem } from './problem.js'
import type { Next, ZohoRequest } from './request.js'

/** What `zohoErrorHandler` takes. */
export interface ZohoErrorHandlerOptions<R extends ZohoRequest = ZohoRequest> {
  /** Names this occurrence in the body, as a URI: `(req) => 'urn:request:' + req.id`. Default: not named. */
  readonly instance?: ((req: R) => string | undefined) | undefined
}

/** An error handler of Express. */
export type ZohoErrorHandler<R extends ZohoRequest = ZohoRequest> = (
  error: unknown,
  req: R,
  res: ServerResponse,
  next: Next,
) => void

/**
 * Answers errors of this library with a problem body (RFC 9457) and, if a time is known, `Retry-After`. Mount it after
 * your routes.
 *
 * Everything else goes on to the next error handler: foreign errors, errors after the headers are sent, and errors that
 * carry no status because only an operator can help (`ERR_ZOHO_CONFIG`, `ERR_ZOHO_CLIENT`, `ERR_ZOHO_HOST_DENIED`);
 * Express answers those with a 500. It logs nothing: the engine has told its `logger` what failed, once per connection
 * and cause, with what to do about it.
 *
 * @throws ZohoAuthError `ERR_ZOHO_CONFIG` at once, for an `instance` that is not a function.
 */
export function zohoErrorHandler<R extends ZohoRequest = ZohoRequest>(
  options: ZohoErrorHandlerOptions<R> = {},
): ZohoErrorHandler<R> {
  const { instance } = options
  if (instance !== undefined && typeof instance !== 'function')
    throw configError(['instance must be a function of the request'])

  // Four parameters: by their number Express tells an error handler.
  return (error, req, res, next) => {
    if (!isZohoAuthError(error) || error.statusCode === undefined || res.headersSent) return next(error)
    sendProblem(res, toProblemDetails(error, instance?.(req)), problemHeaders(error))
  }
}
