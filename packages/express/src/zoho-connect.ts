import type { ServerResponse } from 'node:http'
import { type ConnectOptions, connectHandler } from '@zoho-auth/connect'
import type { ZohoAuth } from '@zoho-auth/core'
import { engineFrom } from '@zoho-auth/core/adapter'
import type { Next, ZohoRequest } from './request.js'

/** What `zohoConnect` takes. */
export interface ZohoConnectOptions<R extends ZohoRequest = ZohoRequest> extends ConnectOptions<R> {
  /** The engine whose connections are made and ended. Default: the one the whole process shares. */
  readonly auth?: ZohoAuth | undefined
}

/** A middleware of Express. */
export type ZohoConnect<R extends ZohoRequest = ZohoRequest> = (
  req: R,
  res: ServerResponse,
  next: Next,
) => void

/**
 * Lets a signed-in user connect a Zoho account in the browser, and disconnect it.
 *
 * ```ts
 * app.use('/zoho', zohoConnect({
 *   scopes: ['ZohoRecruit.modules.ALL', 'AaaServer.profile.READ'],
 *   redirectUri: 'https://app.example.com/zoho/callback',
 *   connection: (req) => req.user?.org,
 * }))
 * ```
 *
 * - `GET /zoho/connect` sends the browser to Zoho; `?returnTo=/settings` says where it goes in the end.
 * - `GET /zoho/callback` is where Zoho sends it back to, and ends on a page that says what was connected and asks whether
 *   that is right.
 * - `GET /zoho/disconnect` asks, and `POST /zoho/disconnect` does it, for the whole fleet.
 *
 * A consent is bound to the browser by a cookie (`__Host-`, HttpOnly, Secure, SameSite=Lax) and to the connection. Several
 * processes need a shared token store, where a consent under way is kept. Everything else goes on to `next`.
 *
 * Not promised: that `connection` and `authorize` see what middleware mounted later adds to the request.
 *
 * @throws ZohoAuthError `ERR_ZOHO_CONFIG` at once, for options that cannot be right.
 */
export function zohoConnect<R extends ZohoRequest = ZohoRequest>(
  options: ZohoConnectOptions<R>,
): ZohoConnect<R> {
  const { auth, ...rest } = options ?? {}
  return connectHandler<R>({ auth: engineFrom({ auth }).auth, options: rest as ConnectOptions<R> })
}
