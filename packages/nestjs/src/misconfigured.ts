import { isZohoAuthError, ZohoAuthError } from '@zoho-auth/core'

/** What stands before each fault in an `ERR_ZOHO_CONFIG`. */
const BULLET = '\n  - '

/** One error for all faults. */
export function misconfigured(faults: readonly string[]): ZohoAuthError {
  return new ZohoAuthError('ERR_ZOHO_CONFIG', {
    message: ['zoho-auth is not configured correctly:', ...faults].join(BULLET),
  })
}

/** The faults that `check` finds, so that they can be listed with those of others. @throws What is no `ERR_ZOHO_CONFIG`. */
export function faultsOf(check: () => unknown): readonly string[] {
  try {
    check()
    return []
  } catch (error) {
    if (!isZohoAuthError(error) || error.code !== 'ERR_ZOHO_CONFIG') throw error
    const [whole = '', ...listed] = error.message.split(BULLET)
    return listed.length > 0 ? listed : [whole]
  }
}
