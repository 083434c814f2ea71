import { isZohoAuthError, type Token } from '@zoho-auth/core'
import type { Gets } from './messages.js'

/** Counts what becomes of calls for a token. */
export class Tally {
  #served = 0
  readonly #failed: Record<string, number> = {}
  readonly #tokens = new Set<string>()
  #expiresAt = 0
  #longestMs = 0

  /** Waits for one call, and never rejects. */
  async count(call: () => Promise<Token>): Promise<void> {
    const since = performance.now()
    try {
      const { value, expiresAt } = await call()
      this.#served += 1
      this.#tokens.delete(value)
      this.#tokens.add(value)
      this.#expiresAt = expiresAt
    } catch (error) {
      // What an app would do with it; the output is searched for secrets.
      console.error(error)
      const code = isZohoAuthError(error) ? error.code : String(error)
      this.#failed[code] = (this.#failed[code] ?? 0) + 1
    }
    this.#longestMs = Math.max(this.#longestMs, performance.now() - since)
  }

  result(): Gets {
    return {
      served: this.#served,
      failed: this.#failed,
      tokens: [...this.#tokens],
      expiresAt: this.#expiresAt,
      longestMs: this.#longestMs,
    }
  }
}
