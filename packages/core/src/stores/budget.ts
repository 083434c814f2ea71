import type { BudgetPolicy } from './ports.js'

/** Eight of the ten new tokens that Zoho allows per refresh token in ten minutes (zoho-facts: Accounts, token limits). */
export const DEFAULT_BUDGET: BudgetPolicy = Object.freeze({ limit: 8, windowMs: 600_000 })

/** Tokens the whole fleet may take per window while no process can reach the store. */
const TOKENS_WITHOUT_STORE = 2

/** Tokens that can be saved up: one, so that a store that comes and goes does not add up shares. */
const CAPACITY = 1

/**
 * What one process may spend while the store is down: its part of {@link TOKENS_WITHOUT_STORE}, as a bucket that fills
 * evenly. Never rounded up, because the fleet may already have spent its share; the random initial fill makes the
 * expected sum over all processes right from the first moment.
 */
export class TokenBucket {
  readonly #perMs: number
  #level: number
  #filledAt: number

  constructor(budget: BudgetPolicy, instances: number, now: number, random: () => number) {
    const share = TOKENS_WITHOUT_STORE / instances
    this.#perMs = share / budget.windowMs
    this.#level = random()
    this.#filledAt = now
  }

  /** Takes one token, or says in how many milliseconds there will be one. */
  take(now: number): { readonly ok: true } | { readonly ok: false; readonly ms: number } {
    this.#level = Math.min(CAPACITY, this.#level + (now - this.#filledAt) * this.#perMs)
    this.#filledAt = now
    if (this.#level >= 1) {
      this.#level -= 1
      return { ok: true }
    }
    return { ok: false, ms: Math.ceil((1 - this.#level) / this.#perMs) }
  }
}
