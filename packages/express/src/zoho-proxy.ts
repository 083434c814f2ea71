import type { ServerResponse } from 'node:http'
import type { ZohoHandle } from '@zoho-auth/core'
import { configError, engineFrom, firstAnswer } from '@zoho-auth/core/adapter'
import { exchange } from './proxy/exchange.js'
import { assertOptions, DEFAULT_PROXY_TIMEOUT_MS, type ZohoProxyOptions } from './proxy/options.js'
import { BAD_METHOD, BAD_PATH, BODY_OF_READ, FORBIDDEN, refuse } from './proxy/refusal.js'
import { hasBody, isTaken } from './proxy/request-body.js'
import { isForwardable } from './proxy/target-path.js'
import type { Next, ZohoRequest } from './request.js'

/** A handler of Express. It ends every request it gets, or hands an error on; then its promise is fulfilled. */
export type ZohoProxy<R extends ZohoRequest = ZohoRequest> = (
  req: R,
  res: ServerResponse,
  next: Next,
) => Promise<void>

/** Methods that `fetch` refuses to send; TRACE would also show the token to the client. */
const REFUSED_METHODS: ReadonlySet<string> = new Set(['CONNECT', 'TRACE', 'TRACK'])

const READS: ReadonlySet<string> = new Set(['GET', 'HEAD'])

/**
 * Forwards requests to a Zoho product with the token of the request's connection, for browsers and services that must
 * never hold one.
 *
 * ```ts
 * app.use('/recruit', zohoProxy({ product: 'recruit', authorize: (req) => req.user?.mayRecruit === true }))
 * ```
 *
 * The host is always the product's, in the data centre of the connection. Bodies are streamed in both directions; up to
 * 64 KiB of a request are kept so that it can be sent again if the token turns out to be dead. Mount it before body
 * parsers, and after your sign-in.
 *
 * Zoho's answers are handed on as they are, a 401 or 429 included. Where there is none, an error goes to `next`:
 * `ERR_ZOHO_UNAVAILABLE`, `ERR_ZOHO_TIMEOUT`, `ERR_ZOHO_BAD_RESPONSE`, those of `getToken`, `ERR_ZOHO_CONFIG` for a body
 * that was read before, and what `authorize`, `connection` and `rewrite` throw.
 *
 * Not promised: WebSockets, trailers, the bodies of GET and HEAD, redirects of bodies that were streamed, that Zoho sees the
 * client's headers in their order and spelling, and an answer with which Zoho hangs up in the moment of a write.
 *
 * @throws TypeError with the code `ERR_ZOHO_CONFIG` at once, for options that cannot be right: above all without
 *   `authorize`.
 */
export function zohoProxy<R extends ZohoRequest = ZohoRequest>(options: ZohoProxyOptions<R>): ZohoProxy<R> {
  assertOptions(options)
  const { product, authorize, rewrite, timeoutMs = DEFAULT_PROXY_TIMEOUT_MS } = options
  const dropped = new Set(options.dropHeaders?.map((name) => name.toLowerCase()))

  const forward = async (req: R, res: ServerResponse): Promise<void> => {
    const { method = 'GET' } = req
    const { originalUrl = req.url, baseUrl = '' } = req as { originalUrl?: string; baseUrl?: string }
    if (REFUSED_METHODS.has(method)) return refuse(res, BAD_METHOD)
    if ((await authorize(req)) !== true) return refuse(res, FORBIDDEN)
    const path = rewrite === undefined ? originalUrl : await rewrite(req)
    if (typeof path !== 'string') throw configError(['rewrite of zohoProxy must return a path'])
    if (!isForwardable(path)) return refuse(res, BAD_PATH)
    if (hasBody(req)) {
      if (READS.has(method)) return refuse(res, BODY_OF_READ)
      if (isTaken(req)) throw configError([BODY_TAKEN])
    }
    const zoho = handleOf(req, options)
    const mount = rewrite === undefined ? baseUrl : undefined
    await exchange(req, res, { zoho, product, path, mount, dropped, timeoutMs })
  }
  return async (req, res, next) => {
    try {
      await forward(req, res)
    } catch (error) {
      next(error)
    }
  }
}

const BODY_TAKEN =
  'the request body was read before zohoProxy got it, and would go out empty: mount zohoProxy before express.json() and other body parsers, or give those a path of their own'

/** The connection of this request. `req.zoho` knows it if a `zohoAuth()` ran before. */
function handleOf<R extends ZohoRequest>(req: R, { auth, connection }: ZohoProxyOptions<R>): ZohoHandle {
  const resolve = connection && firstAnswer(() => connection(req))
  const { zoho } = req as { zoho?: ZohoHandle }
  if (auth === undefined && zoho !== undefined) return resolve ? zoho.forConnection(resolve) : zoho
  const engine = engineFrom({ auth }).auth
  return resolve ? engine.forConnection(resolve) : engine.forConnection()
}
