import { isZohoAuthError } from '@zoho-auth/core'

/** The faults that `check` finds, so that they can be listed with those of others. @throws What is no `ERR_ZOHO_CONFIG`. */
export function faultsOf(check: () => unknown): readonly string[] {
  try {
    check()
    return []
  } catch (error) {
    if (!isZohoAuthError(error) || error.code !== 'ERR_ZOHO_CONFIG') throw error
    return error.faults ?? [error.message]
  }
}
