import { BoundedMap, type Outgoing } from '@zoho-auth/core/adapter'
import type { AxiosConfig } from './axios-like.js'

/** What axios takes for absolute: "scheme://", and "//". */
const ABSOLUTE = /^([a-z][a-z\d+\-.]*:)?\/\//i

/** What may be sent a token: spelt out in full. Other spellings that a parser would accept are left to axios. */
const WEB = /^https?:\/\//i

/**
 * The URL a request goes to, combined from `baseURL` and `url` as axios combines them. Query parameters are not in it.
 *
 * @returns How to find it out, if its host is that of a product and depends on the connection; `undefined` if there is
 *   none to send a token to: a relative URL without a product, or not http.
 */
export function finalUrl(
  config: AxiosConfig,
  outgoing: Outgoing,
  hasProduct: boolean,
  urls: UrlCache,
): URL | undefined | (() => Promise<URL>) {
  if (!lacksHost(config)) return urls.named(config)
  const path = fullPath(config)
  if (!hasProduct || ABSOLUTE.test(path)) return undefined
  return async () => new URL(combined((await outgoing.url('/')).origin, path))
}

/** Most URLs that are kept parsed, and the longest of them, in characters. */
const MAX_URLS = 1_000
const MAX_URL = 1_000

/** URLs, parsed once: many requests differ only in their query, which axios keeps apart. */
export class UrlCache {
  readonly #urls = new BoundedMap<string, URL>(MAX_URLS)

  /** The URL a config names, if it names one to which a token may go. */
  named(config: AxiosConfig): URL | undefined {
    const path = fullPath(config)
    const known = this.#urls.get(path)
    if (known !== undefined || !WEB.test(path)) return known
    const url = parsed(path)
    if (url !== undefined && path.length <= MAX_URL) this.#urls.set(path, url)
    return url
  }
}

/** Whether a config names no host at all, so that it goes to its product's. */
export function lacksHost(config: AxiosConfig): boolean {
  const path = fullPath(config)
  return !WEB.test(path) && !URL.canParse(path)
}

/** axios' `buildFullPath`. */
function fullPath({ url, baseURL, allowAbsoluteUrls }: AxiosConfig): string {
  const own = url === undefined || url === null ? '' : String(url)
  const usesBase = baseURL && (!ABSOLUTE.test(own) || allowAbsoluteUrls === false)
  return usesBase ? combined(baseURL, own) : own
}

/**
 * Makes `sending` name the URL that was judged, for everybody who reads it: `allowAbsoluteUrls` means nothing to axios before
 * 1.8, and adapters put `baseURL` and `url` together by themselves.
 *
 * @param keepParts Leaves `baseURL` and `url` as the app gave them if every reading of them leads to the judged origin.
 */
export function pinUrl(sending: AxiosConfig, { href, origin }: URL, keepParts: boolean): void {
  if (keepParts) {
    if (!WEB.test(fullPath(sending))) sending.baseURL = combined(origin, sending.baseURL ?? '')
    if (leadsOnlyTo(origin, sending)) return
  }
  sending.url = href
  delete sending.baseURL
  sending.allowAbsoluteUrls = true
}

/** Whether `baseURL` and `url` lead to an origin by axios' rules, with and without `allowAbsoluteUrls`, and by those of WHATWG. */
function leadsOnlyTo(origin: string, { url, baseURL }: AxiosConfig): boolean {
  const own = String(url ?? '')
  const first = baseURL || own
  if (first !== origin && !first.startsWith(`${origin}/`)) return false
  return !baseURL || (!ABSOLUTE.test(own) && parsed(own, baseURL)?.origin === origin)
}

/** axios' `combineURLs`. */
function combined(base: string, relative: string): string {
  return relative ? `${base.replace(/\/+$/, '')}/${relative.replace(/^\/+/, '')}` : base
}

function parsed(url: string, base?: string): URL | undefined {
  try {
    return new URL(url, base)
  } catch {
    return undefined
  }
}
