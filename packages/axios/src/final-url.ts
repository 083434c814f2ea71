import type { Outgoing } from '@zoho-auth/core/adapter'
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
function lacksHost(config: AxiosConfig): boolean {
  return !WEB.test(fullPath(config))
}

/** axios' `buildFullPath`. */
export function fullPath({ url, baseURL, allowAbsoluteUrls }: AxiosConfig): string {
  const own = url === undefined || url === null ? '' : String(url)
  const usesBase = baseURL && (!ABSOLUTE.test(own) || allowAbsoluteUrls === false)
  return usesBase ? combined(baseURL, own) : own
}

/**
 * Makes `sending` name the URL that was judged, for everybody who reads it: `allowAbsoluteUrls` means nothing to axios before
 * 1.8, and adapters put `baseURL` and `url` together by themselves.
 *
 * @param keepParts Leaves `baseURL` and `url` as the app gave them where every reading of them leads to the judged origin.
 */
export function pinUrl(sending: AxiosConfig, judged: URL, keepParts: boolean): void {
  if (keepParts) {
    if (lacksHost(sending)) sending.baseURL = combined(judged.origin, sending.baseURL ?? '')
    if (leadsOnlyTo(judged.origin, sending)) return
  }
  sending.url = judged.href
  delete sending.baseURL
  sending.allowAbsoluteUrls = true
}

/** Whether `baseURL` and `url` lead to an origin by axios' rules, with and without `allowAbsoluteUrls`, and by those of WHATWG. */
function leadsOnlyTo(origin: string, { url, baseURL }: AxiosConfig): boolean {
  const own = String(url ?? '')
  const first = baseURL || own
  if (first !== origin && !first.startsWith(`${origin}/`)) return false
  if (!baseURL) return true
  return !ABSOLUTE.test(own) && URL.canParse(own, baseURL) && new URL(own, baseURL).origin === origin
}

/** axios' `combineURLs`. */
function combined(base: string, relative: string): string {
  return relative ? `${base.replace(/\/+$/, '')}/${relative.replace(/^\/+/, '')}` : base
}
