import { existsSync, realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { OpenedStores, OpenStores } from '@zoho-auth/core'
import { usage } from './failure.js'

/** Which package keeps the stores of a URL, by its scheme, and what else has to be installed with it; core has the same. */
const PACKAGES: Readonly<Record<string, { readonly name: string; readonly with?: string }>> = Object.freeze({
  'file:': { name: '@zoho-auth/store-file' },
  'redis:': { name: '@zoho-auth/store-redis', with: 'redis' },
  'rediss:': { name: '@zoho-auth/store-redis', with: 'redis' },
  'postgres:': { name: '@zoho-auth/store-postgres', with: 'pg' },
  'postgresql:': { name: '@zoho-auth/store-postgres', with: 'pg' },
})

/** The store package that a URL needs. @throws ZohoAuthError `ERR_ZOHO_CONFIG` for a URL that is nobody's. */
export function storePackage(url: string): { readonly name: string; readonly install: string } {
  const scheme = /^[a-z]{1,20}:/.exec(url)?.[0]
  const known = scheme === undefined ? undefined : PACKAGES[scheme]
  if (known === undefined)
    throw usage(
      `ZOHO_AUTH_STORE begins with ${scheme ?? 'no scheme'}`,
      `Begin it with memory:, ${Object.keys(PACKAGES).join(', ')}`,
    )
  return {
    name: known.name,
    install: `npm install ${[known.name, known.with].filter(Boolean).join(' ')}`,
  }
}

/**
 * Opens the stores of a URL. Their package is the app's own, of the working folder; else the one that came with this
 * program, which brings the file store.
 *
 * @throws ZohoAuthError `ERR_ZOHO_CONFIG` where it is not installed, and for a URL that it refuses.
 */
export async function openStores(url: string): Promise<OpenedStores> {
  const { name, install } = storePackage(url)
  const path = foundFrom(APP, name) ?? foundFrom(realpathSync(process.argv[1] ?? ''), name)
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
  if (process.versions.pnp !== undefined) return foundFrom(APP, name) === undefined ? 'no' : 'yes'
  for (let folder = dirname(APP); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'node_modules', name, 'package.json'))) return 'yes'
    if (dirname(folder) === folder) return 'no'
  }
}

function foundFrom(place: string, name: string): string | undefined {
  try {
    return createRequire(place).resolve(name)
  } catch {
    return undefined
  }
}
