import {
  createZohoAuth,
  defaultZohoAuth,
  isZohoAuth,
  type ZohoAuth,
  type ZohoAuthOptions,
} from '@zoho-auth/core'
import { type ConnectionAnswer, configError } from '@zoho-auth/core/adapter'
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

/** The engine to use, and whether it was made for this middleware. */
export interface Engine {
  readonly auth: ZohoAuth
  readonly own: boolean
}

/**
 * Picks the engine.
 *
 * @throws ZohoAuthError `ERR_ZOHO_CONFIG`
 */
export function engineOf<R extends ZohoRequest>(options: ZohoAuthMiddlewareOptions<R>): Engine {
  if (typeof options !== 'object' || options === null)
    throw configError(['the options must be an object, such as { connection }'])
  const { auth, connection, ...engine } = options
  const given = Object.entries(engine).filter(([, value]) => value !== undefined)
  const faults: string[] = []
  if (isZohoAuth(options)) faults.push('an engine is passed as an option: zohoAuth({ auth })')
  if (auth !== undefined && !isZohoAuth(auth)) faults.push('auth must be an engine made by createZohoAuth')
  if (auth !== undefined && given.length > 0)
    faults.push(`auth has options of its own: pass ${given.map(([name]) => name).join(', ')} to it instead`)
  if (connection !== undefined && typeof connection !== 'function')
    faults.push('connection must be a function of the request, such as (req) => req.user?.org')
  if (faults.length > 0) throw configError(faults)
  if (auth !== undefined) return { auth, own: false }
  return given.length === 0
    ? { auth: defaultZohoAuth(), own: false }
    : { auth: createZohoAuth(engine), own: true }
}
