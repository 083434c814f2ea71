import type { Product, ZohoAuth } from '@zoho-auth/core'
import type { AxiosConfig } from './axios-like.js'
import type { ZohoChoice } from './commonjs.cjs'
import type { UrlCache } from './final-url.js'
import type { Sibling } from './sibling.js'

export type {} from 'axios'

/** What one request can say about Zoho, under `zoho` in its axios config. */
export interface ZohoRequestOptions {
  /** Whose token. Default: the one given at install, else the surrounding `withConnection`, else the only one. */
  readonly connection?: string | undefined
  /** Whose host a relative URL without `baseURL` is meant for. Default: the one given at install. */
  readonly product?: Product | undefined
}

declare module 'axios' {
  interface AxiosRequestConfig {
    /** Which Zoho connection and product; `false` leaves this request alone. */
    zoho?: ZohoChoice | undefined
  }
  interface AxiosResponse {
    /** Why a refused token was handed on instead of sent again, in words for the developer. */
    zohoHint?: string
  }
}

/** What the requests of one install are sent with. */
export interface SendParts extends ZohoRequestOptions {
  readonly auth: ZohoAuth
  readonly sibling: Sibling
  /** See `UrlCache`. */
  readonly urls: UrlCache
}

/**
 * What the request says about Zoho; `undefined` if it wants to be left alone.
 *
 * @param surrounding Whose token, if neither the request nor the install says so.
 * @throws TypeError for anything else.
 */
export function optionsOf(
  { zoho }: AxiosConfig,
  defaults: ZohoRequestOptions,
  surrounding?: string,
): ZohoRequestOptions | undefined {
  if (zoho === false) return undefined
  if (zoho !== undefined && zoho !== null && typeof zoho !== 'object')
    throw new TypeError('"zoho" in an axios config is an object such as { connection: "acme" }, or false')
  const { connection, product } = (zoho ?? {}) as ZohoRequestOptions
  return {
    connection: connection ?? defaults.connection ?? surrounding,
    product: product ?? defaults.product,
  }
}

/** Whether the caller set the header, or forbade it with `false`. axios makes it from `auth` too. */
export function isAuthorized({ headers, auth }: AxiosConfig): boolean {
  return (headers.get('authorization') ?? undefined) !== undefined || Boolean(auth)
}
