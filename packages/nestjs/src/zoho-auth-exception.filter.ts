import type { ServerResponse } from 'node:http'
import { type ArgumentsHost, Catch, type ExceptionFilter, Logger } from '@nestjs/common'
import { ZohoAuthError } from '@zoho-auth/core'
import { problemHeaders, REPRESENTATION_HEADERS, toProblemDetails } from '@zoho-auth/core/adapter'
import { type Observable, throwError } from 'rxjs'

/**
 * Answers errors of this library, in the shape that each kind of caller expects.
 *
 * ```ts
 * app.useGlobalFilters(new ZohoAuthExceptionFilter())
 * ```
 *
 * - HTTP, on Express and on Fastify: a problem body (RFC 9457) and, if a time is known, `Retry-After`.
 * - Microservices, also in a hybrid application: the error `{ status: 'error', message, statusCode, code, retryable,
 *   retryAfterMs }`, as an `RpcException` would arrive.
 * - Gateways, on socket.io and on ws: the event `exception` with the same, and Nest's `cause`. Nest gives gateways no
 *   global filters: `@UseFilters(ZohoAuthExceptionFilter)`.
 * - GraphQL: an error whose `extensions` hold `code`, `retryable` and `retryAfterMs`.
 *
 * Errors that carry no status because only an operator can help (`ERR_ZOHO_CONFIG`, `ERR_ZOHO_CLIENT`,
 * `ERR_ZOHO_HOST_DENIED`) are a bare 500, and are logged. In a microservice every error is a line of `debug`, as nobody
 * waits for the answer to an event. For any other kind of caller the error is thrown on.
 */
@Catch(ZohoAuthError)
export class ZohoAuthExceptionFilter implements ExceptionFilter<ZohoAuthError> {
  readonly #logger = new Logger(ZohoAuthExceptionFilter.name)

  catch(error: ZohoAuthError, host: ArgumentsHost): Observable<never> | undefined {
    const answer = ANSWERS[host.getType<string>()]
    if (answer === undefined) throw error
    const line = `${error.code}: ${error.message}`
    if (error.statusCode === undefined) this.#logger.error(line, error.stack)
    // A handler of events looks the same here: its caller hears of nothing, and the engine says each failure only once.
    else if (host.getType() === 'rpc') this.#logger.debug(line)
    return answer(error, host)
  }
}

/** By the type of the context, as Nest and `@nestjs/graphql` name it. */
const ANSWERS: Readonly<
  Record<string, (error: ZohoAuthError, host: ArgumentsHost) => Observable<never> | undefined>
> = Object.freeze({
  http(error, host) {
    const problem = toProblemDetails(error)
    respond(host.switchToHttp().getResponse(), problem.status, problemHeaders(error), JSON.stringify(problem))
    return undefined
  },
  // The server subscribes to what a filter returns; what it throws reaches no caller.
  rpc: (error) => throwError(() => told(error)),
  ws(error, host) {
    const ws = host.switchToWs()
    emit(ws.getClient(), { ...told(error), cause: { pattern: ws.getPattern(), data: ws.getData() } })
    return undefined
  },
  graphql(error) {
    const { status: _, statusCode: __, message, ...extensions } = told(error)
    // A new error: calls may share the other one, and it says more than is fit for strangers.
    throw Object.assign(new Error(message, { cause: error }), { extensions })
  },
})

/** What a caller outside HTTP learns; of an error that only an operator can help with, only that there was one. */
interface Told {
  readonly status: 'error'
  readonly message: string
  /** As HTTP has it, and where Nest looks for it when an HTTP handler hands on what a microservice answered. */
  readonly statusCode: number
  readonly code?: string
  readonly retryable: boolean
  /** When to try again, in milliseconds from now, if known. */
  readonly retryAfterMs?: number
}

function told(error: ZohoAuthError): Told {
  const { status, title, detail, code, retryAfterMs } = toProblemDetails(error)
  return {
    status: 'error',
    message: detail ?? title,
    statusCode: status,
    ...(code === undefined ? {} : { code }),
    retryable: error.retryable,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  }
}

/** What we call of a client: socket.io's has `emit`; that of a WebSocket stays in this process. */
interface SocketClient {
  readonly readyState?: unknown
  emit?(event: string, payload: unknown): unknown
  send?(text: string): unknown
}

/** As Nest's own filter does it from version 12 on; the one of Nest 11 says nothing to a client of ws. */
function emit(client: SocketClient | undefined, payload: unknown): void {
  if (typeof client?.readyState !== 'number' && client?.emit !== undefined) client.emit('exception', payload)
  else client?.send?.(JSON.stringify({ event: 'exception', data: payload }))
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
function respond(
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
  for (const name of REPRESENTATION_HEADERS) response.removeHeader(name)
  if (isReply) {
    response.code(status).headers(headers).send(body)
    return
  }
  raw.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body) })
  raw.end(body)
}
