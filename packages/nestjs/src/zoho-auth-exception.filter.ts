import type { ServerResponse } from 'node:http'
import { type ArgumentsHost, Catch, type ExceptionFilter, Logger } from '@nestjs/common'
import {
  HEADERS_OF_ANOTHER_BODY,
  isZohoAuthError,
  problemHeaders,
  problemOf,
  type ZohoAuthError,
} from '@zoho-auth/core'

/** For `@Catch`, which asks by `instanceof`: errors of every loaded copy of core. */
class AnyZohoAuthError {
  static [Symbol.hasInstance](thrown: unknown): boolean {
    return isZohoAuthError(thrown)
  }
}

/**
 * Answers errors of this library with a problem body (RFC 9457) and, where a time is known, `Retry-After`; on Express and
 * on Fastify.
 *
 * ```ts
 * app.useGlobalFilters(new ZohoAuthExceptionFilter())
 * ```
 *
 * Errors that carry no status because only an operator can help (`ERR_ZOHO_CONFIG`, `ERR_ZOHO_CLIENT`,
 * `ERR_ZOHO_HOST_DENIED`) are a bare 500, and are logged. Outside HTTP the error is thrown on.
 */
@Catch(AnyZohoAuthError)
export class ZohoAuthExceptionFilter implements ExceptionFilter<ZohoAuthError> {
  readonly #logger = new Logger(ZohoAuthExceptionFilter.name)

  catch(error: ZohoAuthError, host: ArgumentsHost): void {
    if (host.getType() !== 'http') throw error
    const problem = problemOf(error)
    if (error.statusCode === undefined) this.#logger.error(`${error.code}: ${error.message}`, error.stack)
    const headers = problemHeaders(error)
    answer(host.switchToHttp().getResponse(), problem.status, headers, JSON.stringify(problem))
  }
}

/** What we call of a reply of Fastify. */
interface FastifyReply {
  readonly sent: boolean
  readonly raw: ServerResponse
  code(status: number): this
  headers(values: Readonly<Record<string, string>>): this
  removeHeader(name: string): this
  send(body: string): unknown
}

/** The response of Express is Node's own; so is what Fastify hands to middleware. */
function answer(
  response: FastifyReply | ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string,
): void {
  const isReply = 'raw' in response
  const raw = isReply ? response.raw : response
  if (raw.headersSent) {
    raw.end()
    return
  }
  for (const name of HEADERS_OF_ANOTHER_BODY) response.removeHeader(name)
  if (isReply) {
    response.code(status).headers(headers).send(body)
    return
  }
  raw.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body) })
  raw.end(body)
}
