import { type Deadlines, deadlines, type ExpiryPolicy } from '../rules/freshness.js'
import type { Token } from '../words/token.js'

/** Most connections whose tokens are kept in memory; beyond it the token refreshed longest ago is dropped. */
export const MOST_TOKENS_IN_MEMORY = 100_000

/** A token in memory, with what this process knows of it. */
export interface Held extends Deadlines {
  readonly token: Token
  /** The key it is stored under: another key is another grant. */
  readonly key: string
  readonly staleAt: number
  readonly unusableAt: number
  /** Its whole life when it was made, in milliseconds. */
  readonly lifeMs: number
  /** Somebody was refused with it: only used where nothing better can be had. */
  refused: boolean
  /** Some API has accepted it since: a refusal now is no lag between Zoho's servers. */
  proven: boolean
}

/**
 * Gate 1, memory: a token that this process already has is handed out without asking anyone.
 *
 * Oldest refresh first out: a refreshed connection moves to the end, and reading moves nothing.
 */
export class Memory {
  readonly #held = new Map<string, Held>()
  readonly #policy: ExpiryPolicy
  readonly #spread: number

  constructor(policy: ExpiryPolicy, spread: number) {
    this.#policy = policy
    this.#spread = spread
  }

  get(connection: string): Held | undefined {
    return this.#held.get(connection)
  }

  /** @param lifeMs Whole life of the token when it was made, in milliseconds. */
  hold(connection: string, key: string, token: Token, lifeMs: number): Held {
    const { staleAt, unusableAt } = deadlines(token.expiresAt, lifeMs, this.#policy, this.#spread)
    const held: Held = { token, key, staleAt, unusableAt, lifeMs, refused: false, proven: false }
    this.#held.delete(connection)
    if (this.#held.size >= MOST_TOKENS_IN_MEMORY) {
      for (const oldest of this.#held.keys()) {
        this.#held.delete(oldest)
        break
      }
    }
    this.#held.set(connection, held)
    return held
  }

  drop(connection: string): void {
    this.#held.delete(connection)
  }

  clear(): void {
    this.#held.clear()
  }
}
