import { type Held, Memory } from './gates/memory.js'
import { QuietMemory, type RememberedQuiet } from './gates/quiet-memory.js'
import { type Flight, type FlightControl, SingleFlight } from './gates/single-flight.js'
import type { Refresher } from './refresher.js'
import { proportion, REFERENCE_LIFE_MS } from './rules/freshness.js'
import type { Provided, TokenProviderParts } from './token-provider-parts.js'
import { abortable, within } from './words/abortable.js'
import { ZohoAuthError } from './words/errors.js'
import type { Token } from './words/token.js'

/** Times one caller joins a flight before it gives up on a token that is not the one it refused. */
const MOST_JOINS = 3

/** A token younger than this may not have reached all of Zoho's servers, in milliseconds; shorter-lived ones in proportion. */
const YOUNG_MS = 5_000

/** The time it is then given, in milliseconds. */
const LAG_MS = 1_000

/** What a caller asks of the provider. */
export interface GetOptions {
  /** The value of the token an API has just rejected. */
  readonly refused?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * The path of a token through six gates: memory, single flight, grant, turn, accounts server, commit. This is what a
 * caller meets, the first two; `refresher.ts` has the rest.
 */
export class TokenProvider {
  readonly memory: Memory
  readonly #parts: TokenProviderParts
  readonly #flights = new SingleFlight<Provided>()
  readonly #quiets = new QuietMemory()
  /** Callers who have no token at all, by connection. */
  readonly #waiting = new Map<string, Promise<Token>>()
  #refresher: Promise<Refresher> | undefined

  /** How long a caller waits at most, in milliseconds. */
  readonly deadlineMs: number

  constructor(parts: TokenProviderParts) {
    this.#parts = parts
    // Twice a lease, and a request: `2 × leaseMs + timeoutMs`, with a lease of `timeoutMs` and its grace of one second.
    this.deadlineMs = 3 * parts.timeoutMs + 2_000
    this.memory = new Memory(parts.expiry, parts.random())
  }

  /** A usable token without waiting, or `undefined`. Starts nothing. */
  peek(id: string): Token | undefined {
    const held = this.memory.get(id)
    return held && !held.refused && this.memory.isFresh(held, this.#parts.clock.now())
      ? held.token
      : undefined
  }

  /**
   * The slow half of `getToken` for a caller without wishes: those who have nothing to fall back on wait on one promise,
   * so that ten thousand of them cost no more than one.
   */
  token(id: string): Promise<Token> {
    const waiting = this.#waiting.get(id)
    if (waiting !== undefined) return waiting
    const token = this.provide(id, {}).then((provided) => provided.token)
    if (this.#usable(id, undefined)) return token
    const forget = (): boolean => this.#waiting.delete(id)
    token.then(
      () => forget(),
      () => forget(),
    )
    this.#waiting.set(id, token)
    return token
  }

  /** The slow half of `getToken`: everything but a fresh token in memory. */
  async provide(id: string, options: GetOptions): Promise<Provided> {
    const { refused, signal } = options
    const { clock } = this.#parts
    for (let join = 0; join < MOST_JOINS; join++) {
      signal?.throwIfAborted()
      const held = this.memory.get(id)
      if (held && held.token.value === refused) held.refused = true
      const usable = this.#usable(id, refused)
      if (usable && !usable.refused) {
        if (!this.memory.isFresh(usable, clock.now())) this.#refreshBehind(id)
        return { token: usable.token, how: 'known' }
      }
      const flight = this.#join(id, usable === undefined)
      try {
        const paused = usable && flight.paused
        const provided = await whicheverFirst(flight.outcome, paused, signal)
        if (provided && provided.token.value !== refused) return provided
        // Still the refused one: it came from the store, and is marked as refused in the next round.
        if (provided) continue
      } catch (error) {
        if (signal?.aborted || !this.#usable(id, refused)) throw error
      }
      // The turn ended in quiet or failure: a token that only others were refused with is better than none.
      const fallback = this.#usable(id, refused)
      if (fallback) return { token: fallback.token, how: 'known' }
    }
    throw new ZohoAuthError('ERR_ZOHO_BAD_RESPONSE', {
      connection: id,
      action: 'The token that an API refused is the only one there is; see docs/errors.md.',
    })
  }

  /**
   * The token to send instead of one that an API has just refused.
   *
   * A token that nobody has accepted yet and that is younger than five seconds may not have reached all of Zoho's
   * servers: it is given another second first.
   *
   * @param replayed Whether this request was already sent again once with a token that was known.
   */
  async replacement(
    id: string,
    refused: string,
    replayed: boolean,
    signal: AbortSignal | undefined,
  ): Promise<Provided> {
    const { clock } = this.#parts
    const held = this.memory.get(id)
    const scale = proportion(held?.lifeMs ?? REFERENCE_LIFE_MS)
    const young = held && clock.now() - (held.token.expiresAt - held.lifeMs) < YOUNG_MS * scale
    if (!replayed && held && held.token.value === refused && young && !held.proven && !held.refused) {
      await clock.sleep(LAG_MS * scale, signal)
      const later = this.memory.get(id)
      if (later && !later.refused && this.memory.isUsable(later, clock.now()))
        return { token: later.token, how: 'known' }
    }
    return this.provide(id, { refused, signal })
  }

  /** An API accepted this token. */
  accepted(id: string, value: string): void {
    const held = this.memory.get(id)
    if (held && !held.proven && held.token.value === value) held.proven = true
  }

  /** An API refused this token, and the request was not sent again: whoever asks next waits for a better one. */
  refuse(id: string, value: string): void {
    const held = this.memory.get(id)
    if (held?.token.value === value) held.refused = true
  }

  #usable(id: string, refused: string | undefined): Held | undefined {
    const held = this.memory.get(id)
    return held && held.token.value !== refused && this.memory.isUsable(held, this.#parts.clock.now())
      ? held
      : undefined
  }

  /** Forgets what this process knows of a connection. */
  forget(id: string, key?: string): void {
    this.memory.drop(id)
    if (key === undefined) return
    this.#quiets.delete(key)
    this.#refresher?.then(
      (refresher) => refresher.forget(key),
      () => {},
    )
  }

  /** What is quiet for a key, as far as this process remembers. */
  remembered(key: string): RememberedQuiet | undefined {
    return this.#quiets.get(key, this.#parts.clock.now())
  }

  /** Settles when no refresh is under way any more. */
  settled(): Promise<void> {
    return this.#flights.settled()
  }

  #refreshBehind(id: string): void {
    const held = this.memory.get(id)
    if (this.#flights.has(id) || this.#parts.stopping.aborted) return
    if (held && this.#quiets.get(held.key, this.#parts.clock.now())) return
    this.#join(id, false)
  }

  #join(id: string, needed: boolean): Flight<Provided> {
    return this.#flights.join(id, needed, (control) =>
      this.#parts.outside(() => this.#limited(id, this.#fly(id, control))),
    )
  }

  async #fly(id: string, control: FlightControl): Promise<Provided> {
    const deadline = this.#parts.clock.now() + this.deadlineMs
    this.#refresher ??= import('./refresher.js').then(
      ({ Refresher }) => new Refresher(this.#parts, this.memory, this.#quiets),
    )
    this.#refresher.catch(() => {
      // Not loaded: the next flight tries again.
      this.#refresher = undefined
    })
    return (await this.#refresher).fly(id, { ...control, deadline })
  }

  /** Every flight ends, also where a store or an app's own lookup never answers. */
  #limited(id: string, work: Promise<Provided>): Promise<Provided> {
    const late = () => new ZohoAuthError('ERR_ZOHO_TIMEOUT', { connection: id })
    return within(work, this.deadlineMs, this.#parts.clock, late)
  }
}

/** A caller's wait: ends with its signal, and leaves the shared work alone. `undefined`: the flight has to pause. */
function whicheverFirst(
  outcome: Promise<Provided>,
  paused: Promise<void> | undefined,
  signal: AbortSignal | undefined,
): Promise<Provided | undefined> {
  return abortable(
    paused === undefined ? outcome : Promise.race([outcome, paused.then(() => undefined)]),
    signal,
  )
}
