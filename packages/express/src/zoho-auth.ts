import type { ServerResponse } from 'node:http'
import type { ZohoAuth, ZohoHandle } from '@zoho-auth/core'
import { firstAnswer } from '@zoho-auth/core/adapter'
import { engineOf, type ZohoAuthMiddlewareOptions } from './options.js'
import type { Next, ZohoRequest } from './request.js'

/** The middleware, with the engine it uses. */
export interface ZohoAuthMiddleware<R extends ZohoRequest = ZohoRequest> {
  (req: R, res: ServerResponse, next: Next): void
  /** The engine: for jobs and services that have no request. */
  readonly auth: ZohoAuth
  /** Closes the engine if this middleware made it from options; a given or shared one stays open. Idempotent. */
  close(): Promise<void>
}

/**
 * Gives every request `req.zoho`, and everything that runs below it the request's Zoho connection.
 *
 * ```ts
 * app.use(zohoAuth())
 * app.get('/candidates', async (req, res) => {
 *   const answer = await req.zoho.fetch('/recruit/v2/Candidates', { product: 'recruit' })
 *   res.status(answer.status).json(await answer.json())
 * })
 * ```
 *
 * Sends nothing and asks nobody until a token is used. Mounted twice, the later one wins for what runs after it.
 *
 * Not promised: that raw stream events (`req.on('data')`) and shared pools run in the request's scope. `req.zoho` is
 * right there too if `connection` is given, because it belongs to the request.
 *
 * @throws ZohoAuthError `ERR_ZOHO_CONFIG` at once, for options or variables that cannot be right.
 */
export function zohoAuth<R extends ZohoRequest = ZohoRequest>(
  options: ZohoAuthMiddlewareOptions<R> = {},
): ZohoAuthMiddleware<R> {
  const { auth, own } = engineOf(options)
  const { connection } = options

  const middleware = (req: R, _res: ServerResponse, next: Next): void => {
    const resolve = connection && firstAnswer(() => connection(req))
    attach(req, () => (resolve ? auth.forConnection(resolve) : auth.forConnection()))
    if (resolve && auth.ambient) auth.withConnection(resolve, () => next())
    else next()
  }
  return Object.assign(middleware, { auth, close: async () => (own ? auth.close() : undefined) })
}

/** Sets `req.zoho`. Made when it is read first; not enumerable, so that a request that is logged does not show it. */
function attach(req: ZohoRequest, make: () => ZohoHandle): void {
  let handle: ZohoHandle | undefined
  Object.defineProperty(req, 'zoho', {
    configurable: true,
    enumerable: false,
    get() {
      handle ??= make()
      return handle
    },
    set(other: ZohoHandle) {
      handle = other
    },
  })
}
