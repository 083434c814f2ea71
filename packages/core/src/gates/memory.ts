import { type ExpiryPolicy, Freshener } from '../rules/freshness.js'
import type { Token } from '../words/token.js'

/** Most connections whose tokens are kept in memory; beyond it the token refreshed longest ago is dropped. */
export const MOST_TOKENS_IN_MEMORY = 100_000

/** A token in memory, with what this process knows of it. Small, because there can be very many. */
export interface Held {
  readonly token: Token
  /** The key it is stored under: another key is another grant. */
  readonly key: string
  /** Its whole life when it was made, in milliseconds. */
  readonly lifeMs: number
  /** Somebody was refused with it: only used where nothing better can be had. */
  refused: boolean
  /** Some API has accepted it since: a refusal now is no lag between Zoho's servers. */
  proven: boolean
}

/**
 * Gate 1, memory: a token that this process already has is handed out without asking anyone, while it is fresh; a stale
 * one too, with a refresh behind it (`rules/freshness.ts`).
 *
 * Oldest refresh first out: a refreshed connection moves to the end, and reading moves nothing.
 */
export class Memory {
  readonly #held = new Map<string, Held>()
  readonly #freshener: Freshener

  constructor(policy: ExpiryPolicy, spread: number) {
    this.#freshener = new Freshener(policy, spread)
  }

  get(connection: string): Held | undefined {
    return this.#held.get(connection)
  }

  isFresh({ token, lifeMs }: Held, now: number): boolean {
    return now < this.#freshener.staleAt(token.expiresAt, lifeMs)
  }

  isUsable({ token, lifeMs }: Held, now: number): boolean {
    return now < this.#freshener.unusableAt(token.expiresAt, lifeMs)
  }

  /** @param lifeMs Whole life of the token when it was made, in milliseconds. */
  hold(connection: string, key: string, token: Token, lifeMs: number): Held {
    const held: Held = { token, key, lifeMs, refused: false, proven: false }
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
