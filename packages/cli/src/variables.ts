import { readFileSync } from 'node:fs'
import { usage } from './failure.js'

/**
 * A variable that decides what a command opens; everything else is read by core. As there: also as `…_FILE`, and an empty
 * one is not set.
 *
 * @throws ZohoAuthError `ERR_ZOHO_CONFIG` for both forms at once, and for a file that cannot be read.
 */
export function variable(name: string): string | undefined {
  const value = process.env[name]?.trim() || undefined
  const path = process.env[`${name}_FILE`] || undefined
  if (path === undefined) return value
  if (value !== undefined)
    throw usage(`${name} and ${name}_FILE are both set`, `Unset one of ${name} and ${name}_FILE.`)
  let content: string
  try {
    content = readFileSync(path, 'utf8').trim()
  } catch (error) {
    const { code = 'unknown fault' } = error as NodeJS.ErrnoException
    throw usage(`${name}_FILE: the file cannot be read (${code})`, `Correct ${name}_FILE, or unset it.`)
  }
  if (content === '') throw usage(`${name}_FILE: the file is empty`, `Fill the file, or unset ${name}_FILE.`)
  return content
}
