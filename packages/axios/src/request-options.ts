import type { Product } from '@zoho-auth/core'
import type { ZohoChoice } from './commonjs.cjs'

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
