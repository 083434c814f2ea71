import { type ExpiryPolicy, Freshener } from '../rules/freshness.js'
import { makeRoom } from '../words/make-room.js'
import { Token, type TokenFields } from '../words/token.js'

/** Most connections whose tokens are kept in memory; beyond it the token refreshed longest ago is dropped. */
const MOST_TOKENS_IN_MEMORY = 100_000

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
  /** Most connections have the same domain and scopes: they are kept once. */
  readonly #shared = new Shared()

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

  /**
   * Takes a token in. One that is here already keeps what is known of it.
   *
   * @param lifeMs Whole life of the token when it was made, in milliseconds.
   */
  hold(connection: string, key: string, fields: TokenFields, lifeMs: number): Held {
    const before = this.#held.get(connection)
    const same = before?.token.value === fields.value
    const apiDomain = this.#shared.text(fields.apiDomain)
    const token = new Token({ ...fields, apiDomain, scopes: this.#shared.list(fields.scopes) })
    const refused = same && before.refused
    const held: Held = { token, key, lifeMs, refused, proven: same && before.proven }
    this.#held.delete(connection)
    makeRoom(this.#held, MOST_TOKENS_IN_MEMORY)
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

/** Most different texts and lists that are kept once; beyond it each keeps its own. */
const MOST_SHARED = 1_000

/** Equal texts and lists become the same ones. */
class Shared {
  readonly #texts = new Map<string, string>()
  readonly #lists = new Map<string, readonly string[]>()

  text(text: string): string {
    const known = this.#texts.get(text)
    if (known === undefined && this.#texts.size < MOST_SHARED) this.#texts.set(text, text)
    return known ?? text
  }

  list(list: readonly string[]): readonly string[] {
    const text = list.join(' ')
    const known = this.#lists.get(text)
    if (known === undefined && this.#lists.size < MOST_SHARED) this.#lists.set(text, list)
    return known ?? list
  }
}
