import { environment } from '@zoho-auth/core/adapter'
import { usage } from './failure.js'

/**
 * A variable that decides what a command opens, read as core reads it; everything else is read by core.
 *
 * @throws ZohoAuthError `ERR_ZOHO_CONFIG` for both forms at once, and for a file that cannot be read.
 */
export function variable(name: string): string | undefined {
  const faults: string[] = []
  const value = environment(process.env, faults)(name)
  const [fault] = faults
  if (fault !== undefined) throw usage(fault, `Correct ${name}_FILE, or unset it.`)
  return value
}
