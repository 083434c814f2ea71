import type { DataCenter } from './data-centers.js'
import type { Product } from './products/product.js'

/** How many requests are remembered; one more forgets the oldest. */
const MAX_LOGGED_REQUESTS = 10_000

/** Which part of the emulator a request reached. `other`: none. */
export type RequestKind = 'token' | 'revoke' | 'api' | 'auth' | 'control' | 'other'

/** One request as it was answered. Tokens, codes and secrets are masked. */
export interface LoggedRequest {
  /** Grows by one with each request of this emulator. */
  readonly id: number
  /** Arrival, on the emulator's clock. */
  readonly at: number
  readonly kind: RequestKind
  readonly dataCenter: DataCenter
  readonly method: string
  readonly path: string
  /** The query without its question mark. */
  readonly query: string
  /** 0 if no answer was sent. */
  readonly status: number
  /**
   * What was decided: `issued`, `ok`, `revoked`, `throttled`, Zoho's own name of an error, `blank-token`, or
   * `dead-token:` and one of `expired`, `evicted`, `revoked`, `other-data-center`, `unknown`. A fault is
   * `fault:` and its kind, alone if it happened instead, or after a comma if the work was done.
   */
  readonly outcome: string
  /** Bytes of the request body. */
  readonly bodyLength: number
  /** The `Authorization` header, its secret masked. */
  readonly authorization?: string
  /** The refresh token the request was about, masked. */
  readonly refreshToken?: string
  readonly product?: Product
}

export type RequestListener = (request: LoggedRequest) => void

/** Remembers the last requests and tells whoever listens. */
export class RequestLog {
  readonly #listeners = new Set<RequestListener>()
  readonly #ring: LoggedRequest[] = []
  #next = 0
  #lastId = 0

  add(request: Omit<LoggedRequest, 'id'>): void {
    this.#lastId += 1
    const entry: LoggedRequest = Object.freeze({ id: this.#lastId, ...request })
    this.#ring[this.#next] = entry
    this.#next = (this.#next + 1) % MAX_LOGGED_REQUESTS
    for (const listener of this.#listeners) tell(listener, entry)
  }

  /** Oldest first. */
  entries(): LoggedRequest[] {
    if (this.#ring.length < MAX_LOGGED_REQUESTS) return [...this.#ring]
    return [...this.#ring.slice(this.#next), ...this.#ring.slice(0, this.#next)]
  }

  clear(): void {
    this.#ring.length = 0
    this.#next = 0
  }

  /** @returns A function that ends the listening. */
  onRequest(listener: RequestListener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }
}

/** A listener that throws must not take the request down with it. */
function tell(listener: RequestListener, entry: LoggedRequest): void {
  try {
    listener(entry)
  } catch (error) {
    process.emitWarning(error instanceof Error ? error : String(error))
  }
}
