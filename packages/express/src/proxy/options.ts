import { isZohoAuth, PRODUCTS, type Product, type ZohoAuth } from '@zoho-auth/core'
import type { ConnectionOfRequest } from '../options.js'
import type { ZohoRequest } from '../request.js'

/** What `zohoProxy` takes. */
export interface ZohoProxyOptions<R extends ZohoRequest = ZohoRequest> {
  /** Whose host requests go to, in the data centre of the request's connection. Nothing in a request changes it. */
  readonly product: Product
  /**
   * Whether a request may go to Zoho with the connection's token, which can do whatever the Zoho user consented to. There
   * is no default: without it the proxy would be an open door.
   *
   * Only `true` opens; everything else is answered with a 403. May be async. What it throws goes to `next`. Decide by
   * what your own sign-in has proved and, if not every path is for everyone, by a list of what is allowed: Zoho may
   * read a path that you do not know (other case, encoded letters) as one that you meant to keep out.
   */
  readonly authorize: (req: R) => boolean | undefined | Promise<boolean | undefined>
  /** An engine to use. Default: that of the `zohoAuth()` that ran before, else the one the whole process shares. */
  readonly auth?: ZohoAuth | undefined
  /** Whose Zoho connection a request is for, as with `zohoAuth`. Default: what `req.zoho` or the engine finds. */
  readonly connection?: ConnectionOfRequest<R> | undefined
  /**
   * The path at Zoho, query included, such as `(req) => '/recruit/v2' + req.url`. Default `req.originalUrl`: the path as
   * the client sent it, mount path included, which is what Zoho's own paths begin with (`/recruit`, `/crm`). May be async.
   */
  readonly rewrite?: ((req: R) => string | Promise<string>) | undefined
  /** Request headers that stay here besides those that always do, such as an API key of your own. Default none. */
  readonly dropHeaders?: readonly string[] | undefined
  /**
   * How long Zoho may keep a client waiting without a byte moving, in milliseconds, a wait for a token included; and how
   * long a client may leave an answer unread. Default 60 000 (one minute). A client that is slow to send is not counted:
   * that is `requestTimeout` of Node's server.
   */
  readonly timeoutMs?: number | undefined
}

/** Default of `timeoutMs`, in milliseconds (one minute). */
export const DEFAULT_PROXY_TIMEOUT_MS = 60_000

/** Node's timers overflow above this, and fire at once. */
const MAX_TIMER_MS = 2_147_483_647

const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]+$/

/** @throws TypeError with the code `ERR_ZOHO_CONFIG`, one for all faults. */
export function assertOptions<R extends ZohoRequest>(options: ZohoProxyOptions<R>): void {
  const given: Partial<ZohoProxyOptions<R>> = options ?? {}
  const { product, authorize, auth, connection, rewrite, dropHeaders, timeoutMs } = given
  const faults: string[] = []
  if (authorize === undefined)
    faults.push(
      'authorize is missing, and without it anyone could use Zoho through this app: pass a function that says who may, such as authorize: (req) => req.user !== undefined',
    )
  else if (typeof authorize !== 'function')
    faults.push(
      'authorize must be a function of the request that returns true for those who may, such as (req) => req.user !== undefined',
    )
  if (!PRODUCTS.includes(product as Product))
    faults.push(
      `product must name whose host requests go to, such as product: 'recruit'; they are ${PRODUCTS.join(', ')}`,
    )
  if (auth !== undefined && !isZohoAuth(auth)) faults.push('auth must be an engine made by createZohoAuth')
  if (connection !== undefined && typeof connection !== 'function')
    faults.push('connection must be a function of the request, such as (req) => req.user?.org')
  if (rewrite !== undefined && typeof rewrite !== 'function')
    faults.push("rewrite must be a function of the request, such as (req) => '/recruit/v2' + req.url")
  if (dropHeaders !== undefined && !isNames(dropHeaders))
    faults.push("dropHeaders must be a list of header names, such as ['x-api-key']")
  if (timeoutMs !== undefined && !isTime(timeoutMs))
    faults.push(`timeoutMs must be a number of milliseconds from 1 to ${MAX_TIMER_MS}`)
  if (faults.length === 0) return
  const message = `zohoProxy is not configured correctly:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`
  throw Object.assign(new TypeError(message), { code: 'ERR_ZOHO_CONFIG' })
}

function isNames(list: unknown): boolean {
  return Array.isArray(list) && list.every((name) => typeof name === 'string' && HEADER_NAME.test(name))
}

function isTime(ms: unknown): boolean {
  return typeof ms === 'number' && ms >= 1 && ms <= MAX_TIMER_MS
}
