/** What has happened since the start or the last reset. Faults count as requests, and as nothing else. */
export interface Counters {
  /** Requests to the token endpoint, whatever became of them. */
  tokenRequests: number
  /** Access tokens made, over HTTP or by `issueToken`. */
  tokensIssued: number
  /** Token requests answered with an error, throttled ones apart. */
  tokenRefusals: number
  /** Token requests answered with `Access Denied`. */
  throttled: number
  /** Successful calls of a revoke endpoint. */
  revocations: number
  /** Requests to product APIs. */
  apiRequests: number
  /** API requests refused for their token: none, dead, or without the scope. */
  apiRefused: number
  /** Live access tokens the server forgot: one too many, an older grant deleted, or `killToken`. */
  evictions: number
}

export function noCounters(): Counters {
  return {
    tokenRequests: 0,
    tokensIssued: 0,
    tokenRefusals: 0,
    throttled: 0,
    revocations: 0,
    apiRequests: 0,
    apiRefused: 0,
    evictions: 0,
  }
}
