import { existsSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { findPackage, storePackage } from '@zoho-auth/core/adapter'
import type { OpenedStores, OpenStores } from '@zoho-auth/core/store'
import { usage } from './failure.js'

/** The store package that a URL needs. @throws ZohoAuthError `ERR_ZOHO_CONFIG` for a URL that is nobody's. */
export function packageOf(url: string): { readonly name: string; readonly install: string } {
  const known = storePackage(url)
  if (typeof known === 'string') throw usage(known, 'Correct ZOHO_AUTH_STORE.')
  return known
}

/**
 * Opens the stores of a URL. Their package is the app's own, of the working folder; else the one that came with this
 * program, which brings the file store.
 *
 * @throws ZohoAuthError `ERR_ZOHO_CONFIG` if it is not installed, and for a URL that it refuses.
 */
export async function openStores(url: string): Promise<OpenedStores> {
  const { name, install } = packageOf(url)
  const path = findPackage(name, [APP, realpathSync(process.argv[1] ?? '')])
  if (path === undefined)
    throw usage(`ZOHO_AUTH_STORE needs the package ${name}, which is not installed here`, `${install}`)
  try {
    const store = (await import(pathToFileURL(path).href)) as { readonly openStores: OpenStores }
    return store.openStores(url)
  } catch (error) {
    throw usage(`ZOHO_AUTH_STORE cannot be used: ${(error as Error).message}`, 'Correct ZOHO_AUTH_STORE.')
  }
}

/** The app in whose folder the command runs. */
const APP = join(process.cwd(), 'package.json')

/**
 * Whether the app itself finds the package. `unknown` outside of an app. Only folders above the app count: pnpm starts
 * programs with a `NODE_PATH` in which everything is found.
 */
export function appHas(name: string): 'yes' | 'no' | 'unknown' {
  if (!existsSync(APP)) return 'unknown'
  if (process.versions.pnp !== undefined) return findPackage(name, [APP]) === undefined ? 'no' : 'yes'
  for (let folder = dirname(APP); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'node_modules', name, 'package.json'))) return 'yes'
    if (dirname(folder) === folder) return 'no'
  }
}
