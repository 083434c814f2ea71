import type { Runtime } from '../runtime.js'
import { BoundedMap } from '../words/bounded-map.js'
import { ZohoAuthError } from '../words/errors.js'
import { proportion, REFERENCE_LIFE_MS } from '../words/expiry.js'
import { forwardProxy } from '../words/forward-proxy.js'
import type { Token } from '../words/token.js'
import type { CachedToken, SourcedToken } from './cache.js'
import { Refresher } from './refresh.js'
import { type Caller, type FlightControl, type FlightStage, SingleFlight } from './single-flight.js'

/** Times one caller joins a flight before it gives up on a token that is not the one it refused. */
const MAX_JOINS = 3

/** With so many requests waiting, no refresh in the background is begun: whoever asks next tries again. */
const MAX_QUEUED_IN_BACKGROUND = 10_000

/** Most connections of which it is remembered that Zoho has no other token. */
const MAX_INSISTED_ON = 10_000

/** A token younger than this may not have reached all of Zoho's servers, in milliseconds; shorter-lived ones in proportion. */
const YOUNG_MS = 5_000

/** The time it is then given, in milliseconds. */
const LAG_MS = 1_000

/**
 * Callers who come within this part of `maxWaitMs` after one another share one wait, and the end of the first one's time:
 * ten thousand of them cost no more than a hundred.
 */
const SHARED_WAIT = 0.01

/** What a caller asks of the source. */
export interface GetOptions {
  /** The value of the token an API has just rejected. */
  readonly rejectedToken?: string | undefined
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
 * The path of a token through six gates: cache, single flight, grant, lease, accounts server, commit. This is what a
 * caller meets, the first two; `token/refresh.ts` has the rest.
 */
export class TokenSource {
  readonly #runtime: Runtime
  readonly #flights: SingleFlight<SourcedToken>
  /** Callers who have no token at all, by connection. */
  readonly #waiting = new Map<string, SharedWait>()
  /** Refused tokens that Zoho answered a refresh with again, by connection. */
  readonly #insistedOn = new BoundedMap<string, { readonly value: string; readonly untilAt: number }>(
    MAX_INSISTED_ON,
  )
  /** How long a flight lasts at most, in milliseconds. Who waits for it has less patience (`maxWaitMs`). */
  readonly #flightMs: number
  readonly #refresher: Refresher

  constructor(runtime: Runtime) {
    this.#runtime = runtime
    this.#flights = new SingleFlight(runtime.clock)
    this.#refresher = new Refresher(runtime)
    // Twice a lease, and a request: `2 × leaseMs + timeoutMs`, with a lease of `timeoutMs` and its grace of one second.
    this.#flightMs = Math.max(3 * runtime.timeoutMs + 2_000, runtime.maxWaitMs)
    runtime.stopping.addEventListener('abort', () => this.#flights.stop(runtime.stopping.reason), {
      once: true,
    })
  }

  /** The slow half of `getToken` for a caller without wishes. */
  token(id: string): Promise<Token> {
    const now = this.#runtime.clock.now()
    const waiting = this.#waiting.get(id)
    if (waiting !== undefined && now < waiting.closesAt) return waiting.token
    const token = this.get(id, {}).then((sourced) => sourced.token)
    if (this.#usable(id, undefined)) return token
    const shared = { token, closesAt: now + this.#runtime.maxWaitMs * SHARED_WAIT }
    const forget = (): void => {
      if (this.#waiting.get(id) === shared) this.#waiting.delete(id)
    }
    token.then(forget, forget)
    this.#waiting.set(id, shared)
    return token
  }

  /**
   * The slow half of `getToken`: everything but a fresh token in the cache. Gives the refused one back, from `refresh`, if Zoho
   * answered a refresh with it: it is not asked again for a while.
   *
   * @throws ZohoAuthError `ERR_ZOHO_UNAVAILABLE` at the end of the caller's time, whatever it waited for.
   */
  async get(id: string, options: GetOptions): Promise<SourcedToken> {
    const { clock, maxWaitMs, failures } = this.#runtime
    const { rejectedToken, signal, until = clock.now() + maxWaitMs } = options
    for (let join = 0; join < MAX_JOINS; join++) {
      signal?.throwIfAborted()
      const cached = this.#runtime.cache.get(id)
      if (cached && cached.token.value === rejectedToken) {
        if (this.#isInsistedOn(id, rejectedToken)) return { token: cached.token, from: 'refresh' }
        cached.rejected = true
      }
      const usable = this.#usable(id, rejectedToken)
      if (usable && !usable.rejected) {
        if (!this.#runtime.cache.isFresh(usable, clock.now())) this.#refreshInBackground(id)
        return { token: usable.token, from: 'cache' }
      }
      const fallback = usable !== undefined
      const late: Caller['late'] = (stage, failure) => this.#late(id, stage, maxWaitMs, failure)
      try {
        const sourced = await this.#flights.join(id, { until, fallback, signal, late }, this.#task(id))
        // Whatever happened since it came: a store that took its time, a machine that slept.
        if (sourced && sourced.token.expiresAt <= clock.now()) continue
        if (sourced && sourced.token.value !== rejectedToken) return sourced
        if (sourced?.from === 'refresh') return this.#insisted(id, sourced)
        // Still the refused one: it came from the store, and is marked as refused in the next round.
        if (sourced) continue
      } catch (error) {
        if (signal?.aborted) throw error
        failures.failed(error)
        if (!this.#usable(id, rejectedToken)) throw error
      }
      // The flight ended in a cooldown or a failure: a token that only others were refused with is better than none.
      const known = this.#usable(id, rejectedToken)
      if (known) return { token: known.token, from: 'cache' }
    }
    const only = new ZohoAuthError('ERR_ZOHO_BAD_RESPONSE', {
      connection: id,
      action: 'The token that an API refused is the only one there is; see docs/errors.md.',
    })
    failures.failed(only)
    throw only
  }

  /**
   * The same, for a caller who cannot use the token that was rejected.
   *
   * @throws ZohoAuthError `ERR_ZOHO_BAD_RESPONSE` if Zoho answers with the very same one.
   */
  async other(id: string, options: GetOptions): Promise<Token> {
    const { token } = await this.get(id, options)
    if (token.value !== options.rejectedToken) return token
    const same = new ZohoAuthError('ERR_ZOHO_BAD_RESPONSE', {
      connection: id,
      action: 'Zoho answered a refresh with the very token that an API refused; see docs/errors.md.',
    })
    this.#runtime.failures.failed(same)
    throw same
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
    rejectedToken: string,
    replayed: boolean,
    { signal, until }: Omit<GetOptions, 'rejectedToken'>,
  ): Promise<SourcedToken> {
    const { clock } = this.#runtime
    const cached = this.#runtime.cache.get(id)
    const scale = proportion(cached?.lifeMs ?? REFERENCE_LIFE_MS)
    const young = cached && clock.now() - (cached.token.expiresAt - cached.lifeMs) < YOUNG_MS * scale
    if (
      !replayed &&
      cached &&
      cached.token.value === rejectedToken &&
      young &&
      !cached.proven &&
      !cached.rejected
    ) {
      await clock.sleep(LAG_MS * scale, signal)
      const later = this.#runtime.cache.get(id)
      if (later && !later.rejected && this.#runtime.cache.isUsable(later, clock.now()))
        return { token: later.token, from: 'cache' }
    }
    return this.get(id, { rejectedToken, signal, until })
  }

  #insisted(id: string, sourced: SourcedToken): SourcedToken {
    const cached = this.#runtime.cache.get(id)
    if (cached?.token.value === sourced.token.value) {
      cached.rejected = false
      const untilAt = this.#runtime.clock.now() + this.#runtime.budget.windowMs
      this.#insistedOn.set(id, { value: sourced.token.value, untilAt })
    }
    return sourced
  }

  /** Whether a refresh gave this very token again, a short while ago: Zoho has no other one. */
  #isInsistedOn(id: string, value: string): boolean {
    const insisted = this.#insistedOn.get(id)
    return insisted?.value === value && this.#runtime.clock.now() < insisted.untilAt
  }

  #usable(id: string, rejectedToken: string | undefined): CachedToken | undefined {
    const { cache, clock } = this.#runtime
    return cache.usable(id, rejectedToken, clock.now())
  }

  /** Settles when no refresh is under way any more. */
  settled(): Promise<void> {
    return this.#flights.settled()
  }

  #refreshInBackground(id: string): void {
    const cached = this.#runtime.cache.get(id)
    if (this.#flights.has(id) || this.#runtime.stopping.aborted) return
    if (this.#runtime.requests.counts.queued >= MAX_QUEUED_IN_BACKGROUND) return
    if (cached && this.#runtime.cooldowns.get(cached.key, this.#runtime.clock.now())) return
    this.#flights.startInBackground(id, this.#task(id))
  }

  /** One flight. It ends, also if a store or an app's own lookup never answers. */
  #task(id: string): (control: FlightControl) => Promise<SourcedToken> {
    const { clock } = this.#runtime
    return (control) => {
      const late = () => this.#late(id, control.stage, this.#flightMs)
      const flight = () => clock.withTimeout(this.#fly(id, control), this.#flightMs, late)
      return this.#runtime.failures.watch(this.#runtime.scope.outside(flight))
    }
  }

  async #fly(id: string, control: FlightControl): Promise<SourcedToken> {
    return this.#refresher.fly(id, control, this.#runtime.clock.now() + this.#flightMs)
  }

  /** What a caller is told whose time is over. */
  #late(id: string, stage: FlightStage, ms: number, failure?: Error): ZohoAuthError {
    const { requests } = this.#runtime
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
