import { CooldownCache, type RememberedCooldown } from './gates/cooldown-cache.js'
import { type Held, Memory } from './gates/memory.js'
import { type Caller, type FlightControl, type FlightStage, SingleFlight } from './gates/single-flight.js'
import type { Refresher } from './refresher.js'
import { proportion, REFERENCE_LIFE_MS } from './rules/freshness.js'
import type { Provided, TokenProviderParts } from './token-provider-parts.js'
import { ZohoAuthError } from './words/errors.js'
import { forwardProxy } from './words/forward-proxy.js'
import type { Token } from './words/token.js'

/** Times one caller joins a flight before it gives up on a token that is not the one it refused. */
const MOST_JOINS = 3

/** With so many requests waiting, no refresh is begun that nobody waits for: whoever asks next tries again. */
const MAX_QUEUED_BEHIND = 10_000

/** Most connections of which it is remembered that Zoho has no other token. */
const MOST_INSISTED_ON = 10_000

/** A token younger than this may not have reached all of Zoho's servers, in milliseconds; shorter-lived ones in proportion. */
const YOUNG_MS = 5_000

/** The time it is then given, in milliseconds. */
const LAG_MS = 1_000

/**
 * Callers who come within this part of `maxWaitMs` after one another share one wait, and the end of the first one's time:
 * ten thousand of them cost no more than a hundred.
 */
const SHARED_WAIT = 0.01

/** What a caller asks of the provider. */
export interface GetOptions {
  /** The value of the token an API has just rejected. */
  readonly refused?: string | undefined
  readonly signal?: AbortSignal | undefined
  /** When the caller gives up, in milliseconds since the epoch. Default: `maxWaitMs` from now. */
  readonly until?: number | undefined
}

/** Callers who share one wait. */
interface SharedWait {
  readonly token: Promise<Token>
  /** Who comes later waits for itself. */
  readonly closesAt: number
}

/**
 * The path of a token through six gates: memory, single flight, grant, lease, accounts server, commit. This is what a
 * caller meets, the first two; `refresher.ts` has the rest.
 */
export class TokenProvider {
  readonly memory: Memory
  readonly #parts: TokenProviderParts
  readonly #flights: SingleFlight<Provided>
  readonly #cooldowns = new CooldownCache()
  /** Callers who have no token at all, by connection. */
  readonly #waiting = new Map<string, SharedWait>()
  /** Refused tokens that Zoho answered a refresh with again, by connection. */
  readonly #insistedOn = new Map<string, { readonly value: string; readonly untilAt: number }>()
  /** How long a flight lasts at most, in milliseconds. Who waits for it has less patience (`maxWaitMs`). */
  readonly #flightMs: number
  #refresher: Promise<Refresher> | undefined

  constructor(parts: TokenProviderParts) {
    this.#parts = parts
    this.#flights = new SingleFlight(parts.clock)
    // Twice a lease, and a request: `2 × leaseMs + timeoutMs`, with a lease of `timeoutMs` and its grace of one second.
    this.#flightMs = Math.max(3 * parts.timeoutMs + 2_000, parts.maxWaitMs)
    this.memory = new Memory(parts.expiry, parts.random())
    parts.stopping.addEventListener('abort', () => this.#flights.stop(parts.stopping.reason), { once: true })
  }

  /** A usable token without waiting, or `undefined`. Starts nothing. */
  peek(id: string): Token | undefined {
    const held = this.memory.get(id)
    return held && !held.refused && this.memory.isFresh(held, this.#parts.clock.now())
      ? held.token
      : undefined
  }

  /** The slow half of `getToken` for a caller without wishes. */
  token(id: string): Promise<Token> {
    const now = this.#parts.clock.now()
    const waiting = this.#waiting.get(id)
    if (waiting !== undefined && now < waiting.closesAt) return waiting.token
    const token = this.provide(id, {}).then((provided) => provided.token)
    if (this.#usable(id, undefined)) return token
    const shared = { token, closesAt: now + this.#parts.maxWaitMs * SHARED_WAIT }
    const forget = (): void => {
      if (this.#waiting.get(id) === shared) this.#waiting.delete(id)
    }
    token.then(forget, forget)
    this.#waiting.set(id, shared)
    return token
  }

  /**
   * The slow half of `getToken`: everything but a fresh token in memory. Gives the refused one back, as `made`, where Zoho
   * answered a refresh with it: it is not asked again for a while.
   *
   * @throws ZohoAuthError `ERR_ZOHO_UNAVAILABLE` at the end of the caller's time, whatever it waited for.
   */
  async provide(id: string, options: GetOptions): Promise<Provided> {
    const { clock, maxWaitMs, failures } = this.#parts
    const { refused, signal, until = clock.now() + maxWaitMs } = options
    for (let join = 0; join < MOST_JOINS; join++) {
      signal?.throwIfAborted()
      const held = this.memory.get(id)
      if (held && held.token.value === refused) {
        if (this.#isInsistedOn(id, refused)) return { token: held.token, how: 'made' }
        held.refused = true
      }
      const usable = this.#usable(id, refused)
      if (usable && !usable.refused) {
        if (!this.memory.isFresh(usable, clock.now())) this.#refreshBehind(id)
        return { token: usable.token, how: 'known' }
      }
      const fallback = usable !== undefined
      const late: Caller['late'] = (stage, failure) => this.#late(id, stage, maxWaitMs, failure)
      try {
        const provided = await this.#flights.join(id, { until, fallback, signal, late }, this.#task(id))
        // Whatever happened since it came: a store that took its time, a machine that slept.
        if (provided && provided.token.expiresAt <= clock.now()) continue
        if (provided && provided.token.value !== refused) return provided
        if (provided?.how === 'made') return this.#insisted(id, provided)
        // Still the refused one: it came from the store, and is marked as refused in the next round.
        if (provided) continue
      } catch (error) {
        if (signal?.aborted) throw error
        failures.failed(error)
        if (!this.#usable(id, refused)) throw error
      }
      // The flight ended in a cooldown or a failure: a token that only others were refused with is better than none.
      const known = this.#usable(id, refused)
      if (known) return { token: known.token, how: 'known' }
    }
    const only = new ZohoAuthError('ERR_ZOHO_BAD_RESPONSE', {
      connection: id,
      action: 'The token that an API refused is the only one there is; see docs/errors.md.',
    })
    failures.failed(only)
    throw only
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
    { signal, until }: Omit<GetOptions, 'refused'>,
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
    return this.provide(id, { refused, signal, until })
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

  /** Whether there is another usable token here, which nobody was refused with. */
  hasOther(id: string, refused: string): boolean {
    const held = this.#usable(id, refused)
    return held !== undefined && !held.refused
  }

  /** When a token that is in memory was made, in milliseconds since the epoch. */
  bornAt(id: string, value: string): number | undefined {
    const held = this.memory.get(id)
    return held?.token.value === value ? held.token.expiresAt - held.lifeMs : undefined
  }

  #insisted(id: string, provided: Provided): Provided {
    const held = this.memory.get(id)
    if (held?.token.value === provided.token.value) {
      held.refused = false
      if (this.#insistedOn.size >= MOST_INSISTED_ON) this.#insistedOn.clear()
      const untilAt = this.#parts.clock.now() + this.#parts.budget.windowMs
      this.#insistedOn.set(id, { value: provided.token.value, untilAt })
    }
    return provided
  }

  /** Whether a refresh gave this very token again, a short while ago: Zoho has no other one. */
  #isInsistedOn(id: string, value: string): boolean {
    const insisted = this.#insistedOn.get(id)
    return insisted?.value === value && this.#parts.clock.now() < insisted.untilAt
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
    this.#cooldowns.delete(key)
    this.#refresher?.then(
      (refresher) => refresher.forget(key),
      () => {},
    )
  }

  /** The cooldown of a key, as far as this process remembers. */
  remembered(key: string): RememberedCooldown | undefined {
    return this.#cooldowns.get(key, this.#parts.clock.now())
  }

  /** Settles when no refresh is under way any more. */
  settled(): Promise<void> {
    return this.#flights.settled()
  }

  #refreshBehind(id: string): void {
    const held = this.memory.get(id)
    if (this.#flights.has(id) || this.#parts.stopping.aborted) return
    if (this.#parts.requests.counts.queued >= MAX_QUEUED_BEHIND) return
    if (held && this.#cooldowns.get(held.key, this.#parts.clock.now())) return
    this.#flights.startBehind(id, this.#task(id))
  }

  /** One flight. It ends, also where a store or an app's own lookup never answers. */
  #task(id: string): (control: FlightControl) => Promise<Provided> {
    const { clock } = this.#parts
    return (control) => {
      const late = () => this.#late(id, control.stage, this.#flightMs)
      const flight = () => clock.within(this.#fly(id, control), this.#flightMs, late)
      return this.#parts.failures.watch(this.#parts.outside(flight))
    }
  }

  async #fly(id: string, control: FlightControl): Promise<Provided> {
    const deadline = this.#parts.clock.now() + this.#flightMs
    this.#refresher ??= import('./refresher.js').then(
      ({ Refresher }) => new Refresher(this.#parts, this.memory, this.#cooldowns),
    )
    this.#refresher.catch(() => {
      // Not loaded: the next flight tries again.
      this.#refresher = undefined
    })
    return (await this.#refresher).fly(id, control, deadline)
  }

  /** What a caller is told whose time is over. */
  #late(id: string, stage: FlightStage, ms: number, failure?: Error): ZohoAuthError {
    const { requests } = this.#parts
    const limit = `for ${ms} ms (maxWaitMs)`
    if (stage !== 'queued') {
      const advice = stage === 'paused' || stage === 'sending' ? forwardProxy()?.advice : undefined
      const what = [`${WAITED_FOR[stage]} ${limit}`, advice].filter(Boolean).join('. ')
      return requests.notInTime(id, what, { cause: failure })
    }
    const { underWay, queued } = requests.counts
    return requests.noRoom(
      id,
      `There was no room: ${underWay} requests to the accounts servers are under way (maxConcurrentRefreshes) and ${queued} wait for their turn, this one ${limit}`,
    )
  }
}

/** What a caller waited for in vain. */
const WAITED_FOR: Readonly<Record<Exclude<FlightStage, 'queued'>, string>> = Object.freeze({
  starting: 'A store had not answered',
  elsewhere: 'Another process is refreshing it, and had not finished',
  paused: 'The accounts server failed, and the next attempt was not due',
  sending: 'The accounts server had not answered',
})
