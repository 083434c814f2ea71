import { createZohoAuth } from './create-zoho-auth.js'
import type { ZohoAuth } from './zoho-auth.js'

const DEFAULT: unique symbol = Symbol.for('zoho-auth.default') as never

/**
 * The engine that adapters share when they are given none: one per process, made from `ZOHO_*` variables at first use,
 * also across copies of this package. `close()` clears it, and the next call makes another.
 *
 * @throws ZohoAuthError `ERR_ZOHO_CONFIG`
 */
export function defaultZohoAuth(): ZohoAuth {
  const holder = globalThis as { [DEFAULT]?: ZohoAuth | undefined }
  const current = holder[DEFAULT]
  if (current !== undefined) return current
  const auth = createZohoAuth()
  const close = auth.close.bind(auth)
  auth.close = () => {
    if (holder[DEFAULT] === auth) holder[DEFAULT] = undefined
    return close()
  }
  holder[DEFAULT] = auth
  return auth
}
