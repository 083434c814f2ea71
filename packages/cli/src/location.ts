import type { OpenedStores } from '@zoho-auth/core/store'
import { openStores } from './store-package.js'
import { variable } from './variables.js'

/** Where `login` puts connections if nothing else is said. */
export const DEFAULT_STORE = 'file:./.zoho-auth'

/** No store: what is kept ends with the process. */
const MEMORY = 'memory:'

/** Where tokens and connections are kept. */
export interface StoreLocation {
  /** Fit to be shown: without user and password. */
  readonly name: string
  /** The URL, which may hold a password; `undefined` for memory. */
  readonly url: string | undefined
  /** Whether `ZOHO_AUTH_STORE` said so; else it is the default. */
  readonly named: boolean
  /** The one connection `default` comes from `ZOHO_REFRESH_TOKEN`; connections of a store are not looked at then. */
  readonly single: boolean
}

/**
 * What the variables say. Without any it is the folder in which `login` keeps connections.
 *
 * @throws ZohoAuthError `ERR_ZOHO_CONFIG`
 */
export function locationOf(): StoreLocation {
  const url = variable('ZOHO_AUTH_STORE')
  const single = variable('ZOHO_REFRESH_TOKEN') !== undefined
  const named = url !== undefined
  const chosen = url ?? (single ? MEMORY : DEFAULT_STORE)
  return chosen === MEMORY
    ? { name: MEMORY, url: undefined, named, single }
    : { name: shown(chosen), url: chosen, named, single }
}

/** Opens it; `undefined` for memory. Connects at the first use. */
export async function openLocation(location: StoreLocation): Promise<OpenedStores | undefined> {
  return location.url === undefined ? undefined : openStores(location.url)
}

function shown(url: string): string {
  if (/^file:/i.test(url)) return url
  if (!URL.canParse(url)) return `${/^[a-z]+:/.exec(url)?.[0] ?? ''}…`
  const { protocol, host, pathname } = new URL(url)
  return `${protocol}//${host}${pathname}`
}
