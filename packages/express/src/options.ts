import { isZohoAuth, type ZohoAuth, type ZohoAuthOptions } from '@zoho-auth/core'
import { type AdapterEngine, type ConnectionAnswer, configError, engineFrom } from '@zoho-auth/core/adapter'
import type { ZohoRequest } from './request.js'

/** Whose Zoho connection a request is for. `undefined` and `null`: nobody's, at least not yet. */
export type ConnectionOfRequest<R> = (req: R) => ConnectionAnswer | Promise<ConnectionAnswer>

/**
 * What `zohoAuth` takes: an engine of yours as `auth`, or the options of `createZohoAuth` for an engine of its own, or
 * neither for the one that the whole process shares (`defaultZohoAuth`, configured by `ZOHO_*` variables).
 */
export interface ZohoAuthMiddlewareOptions<R extends ZohoRequest = ZohoRequest> extends ZohoAuthOptions {
  /** An engine to use. It stays yours: `close()` of the middleware leaves it open. Not together with engine options. */
  readonly auth?: ZohoAuth | undefined
  /**
   * Whose Zoho connection a request is for, such as `(req) => req.user?.org`. Take it from what your own sign-in has
   * proved, never from something the client can choose freely.
   *
   * Asked at the first use of a token, so middleware that comes later (passport and friends) has run by then. May be
   * async. The first defined answer is kept for the request; `undefined` is `ERR_ZOHO_NO_CONNECTION` for that use, and
   * what it throws is thrown by that use. Never asked for a request that does not use Zoho.
   *
   * Default: the engine decides, by the surrounding `withConnection`, else the only configured connection.
   */
  readonly connection?: ConnectionOfRequest<R> | undefined
}

/** The engine to use. @throws ZohoAuthError `ERR_ZOHO_CONFIG` */
export function engineOf<R extends ZohoRequest>(options: ZohoAuthMiddlewareOptions<R>): AdapterEngine {
  if (typeof options !== 'object' || options === null)
    throw configError(['the options must be an object, such as { connection }'])
  const { connection, ...engine } = options
  const faults: string[] = []
  if (isZohoAuth(options)) faults.push('an engine is passed as an option: zohoAuth({ auth })')
  if (connection !== undefined && typeof connection !== 'function')
    faults.push('connection must be a function of the request, such as (req) => req.user?.org')
  return engineFrom(engine, faults)
}
