import type { ZohoRequestOptions } from './request-options.js' with { 'resolution-mode': 'import' }

export type {} from 'axios'

/** The value of `zoho` in an axios config: options, or `false` to leave a request alone. */
export type ZohoChoice = false | ZohoRequestOptions

// axios has a second declaration file for CommonJS apps. It is only seen, and so only augmented, from a CommonJS module.
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
