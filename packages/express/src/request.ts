import type { IncomingMessage } from 'node:http'
import type { ZohoHandle } from '@zoho-auth/core'

declare global {
  /** The place that `@types/express` leaves open for additions; it need not be installed. */
  namespace Express {
    interface Request {
      /** Zoho for this request: whose connection it is, is asked at the first use of a token. Set by `zohoAuth()`. */
      zoho: ZohoHandle
    }
  }
}

/** What Express 4 and 5 hand to a middleware, as far as we look at it. */
export type ZohoRequest = IncomingMessage & Express.Request

/** Express's `next`, as far as we call it. */
export type Next = (error?: unknown) => void
