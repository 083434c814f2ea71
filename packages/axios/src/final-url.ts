import type { Outgoing } from '@zoho-auth/core'
import type { AxiosConfig } from './axios-like.js'

/** What axios takes for absolute: "scheme://", and "//". */
const ABSOLUTE = /^([a-z][a-z\d+\-.]*:)?\/\//i

/** What may be sent a token: spelt out in full. Other spellings that a parser would accept are left to axios. */
const WEB = /^https?:\/\//i

/**
 * The URL a request goes to, combined from `baseURL` and `url` as axios combines them. Query parameters are not in it.
 *
 * @returns `undefined` where there is none to send a token to: a relative URL without a product, or not http.
 * @throws ZohoAuthError where the product's host depends on a connection that has none.
 */
export async function finalUrl(
  config: AxiosConfig,
  outgoing: Outgoing,
  hasProduct: boolean,
): Promise<URL | undefined> {
  const path = fullPath(config)
  if (WEB.test(path)) return URL.canParse(path) ? new URL(path) : undefined
  if (!hasProduct || ABSOLUTE.test(path) || URL.canParse(path)) return undefined
  const { origin } = await outgoing.url('/')
  return new URL(combined(origin, path))
}

/** Whether a request names no host, and goes to its product's. */
export function lacksHost(config: AxiosConfig): boolean {
  return !WEB.test(fullPath(config))
}

/** axios' `buildFullPath`. */
function fullPath({ url, baseURL, allowAbsoluteUrls }: AxiosConfig): string {
  const own = url === undefined || url === null ? '' : String(url)
  const usesBase = baseURL && (!ABSOLUTE.test(own) || allowAbsoluteUrls === false)
  return usesBase ? combined(baseURL, own) : own
}

/** axios' `combineURLs`. */
export function combined(base: string, relative: string): string {
  return relative ? `${base.replace(/\/+$/, '')}/${relative.replace(/^\/+/, '')}` : base
}
