import type { AccountsServer, Answer } from './gates/accounts-server.js'
import { commitToken, decodePayload, encodePayload, type TokenPayload } from './gates/commit.js'
import { type Grants, grantKey, readGrant } from './gates/grant.js'
import { type Held, Memory } from './gates/memory.js'
import { type FlightControl, SingleFlight } from './gates/single-flight.js'
import type { StoreHealth } from './gates/store-health.js'
import { CODE_OF_QUIET, QuietMemory, type RememberedQuiet, type Turn, takeTurn } from './gates/turn.js'
import { BACKOFF_LONGEST_MS, backoffMs } from './rules/backoff.js'
import { type ExpiryPolicy, proportion, REFERENCE_LIFE_MS } from './rules/freshness.js'
import type { TokenAnswer } from './rules/token-response.js'
import type { BudgetPolicy, GoTurn, Quiet, QuietReason, StoredToken, TokenStore } from './stores/ports.js'
import type { Clock } from './words/clock.js'
import type { Connection } from './words/connection.js'
import { isZohoAuthError, ZohoAuthError, type ZohoAuthErrorCode } from './words/errors.js'
import type { Events } from './words/events.js'
import type { Logger } from './words/logger.js'
import { Token } from './words/token.js'

/** A turn must reach the accounts server within this time of being asked for, in milliseconds; `leaseMs` is `timeoutMs` plus this. */
export const TURN_GRACE_MS = 1_000

/** After a first dead answer the grant is left alone for this long, in milliseconds (one minute). */
export const DEAD_QUIET_MS = 60_000

/** After Zoho refused the client, this process leaves the connection alone for this long, in milliseconds (30 seconds). */
export const CLIENT_QUIET_MS = 30_000

/** Times one flight may start over: changed grants, pauses that were waited out, tokens that did not open. */
const MOST_ROUNDS = 32

/** Times one caller joins a flight before it gives up on a token that is not the one it refused. */
const MOST_JOINS = 3

/** Most keys whose first dead answer is remembered here. */
const MOST_DEAD = 100_000

/** A token younger than this may not have reached all of Zoho's servers, in milliseconds; shorter-lived ones in proportion. */
export const YOUNG_MS = 5_000

/** The time it is then given, in milliseconds. */
export const LAG_MS = 1_000

/** While the store is down and nothing may be made, it is asked again after this, in milliseconds. */
const STORE_QUIET_MS = 500

/** A token and where it came from. */
export interface Provided {
  readonly token: Token
  /** `known`: it was there already, here or in the store. `made`: it was made for this call. */
  readonly how: 'known' | 'made'
}

/** Everything the path is made of. */
export interface TokenProviderParts {
  readonly clientId: string
  readonly clock: Clock
  readonly random: () => number
  readonly events: Events
  readonly logger: Logger
  readonly grants: Grants
  readonly store: TokenStore
  readonly health: StoreHealth
  readonly accounts: AccountsServer
  readonly budget: BudgetPolicy
  readonly expiry: ExpiryPolicy
  readonly timeoutMs: number
  /** What to assume where Zoho's answer names no `api_domain`. */
  apiDomainOf(connection: Connection): string
  /** Runs work that callers share outside any caller's async scope. */
  outside<T>(work: () => T): T
  /** Aborted when the engine begins to close: nothing new is begun, nobody sleeps any longer. */
  readonly stopping: AbortSignal
  /** Aborted when the grace of closing is over: requests under way are cut. */
  readonly closing: AbortSignal
}

/** What a caller asks of the provider. */
export interface GetOptions {
  /** The value of the token an API has just rejected. */
  readonly refused?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/** One flight: its control, and when it gives up, in milliseconds since the epoch. */
interface FlightContext extends FlightControl {
  readonly deadline: number
}

/** Wires the six gates: memory, single flight, grant, turn, accounts server, commit. */
export class TokenProvider {
  readonly memory: Memory
  readonly #parts: TokenProviderParts
  readonly #flights = new SingleFlight<Provided>()
  readonly #quiets = new QuietMemory()
  /** Keys for which a dead answer came once, and those for which it came twice and cannot be written down. */
  readonly #dead = new Map<string, 'once' | 'for-good'>()
  /** Failures in a row of reaching the accounts server at all, by key. */
  readonly #unreachable = new Map<string, number>()
  /** Most connections have the same domain and scopes: they are kept once. */
  readonly #shared = new Shared()
  readonly #leaseMs: number

  /** How long a caller waits at most, in milliseconds. */
  readonly deadlineMs: number

  constructor(parts: TokenProviderParts) {
    this.#parts = parts
    this.#leaseMs = parts.timeoutMs + TURN_GRACE_MS
    this.deadlineMs = 2 * this.#leaseMs + parts.timeoutMs
    this.memory = new Memory(parts.expiry, parts.random())
  }

  /** A usable token without waiting, or `undefined`. Starts nothing. */
  peek(id: string): Token | undefined {
    const held = this.memory.get(id)
    return held && !held.refused && this.memory.isFresh(held, this.#parts.clock.now())
      ? held.token
      : undefined
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
    this.#dead.delete(key)
    this.#unreachable.delete(key)
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

  #join(id: string, needed: boolean) {
    return this.#flights.join(id, needed, (control) =>
      this.#parts.outside(() => this.#limited(id, this.#fly(id, control))),
    )
  }

  /** Every flight ends, also where a store or an app's own lookup never answers. */
  async #limited(id: string, work: Promise<Provided>): Promise<Provided> {
    const timer = new AbortController()
    const late = this.#parts.clock.sleep(this.deadlineMs, timer.signal).then(() => {
      throw new ZohoAuthError('ERR_ZOHO_TIMEOUT', { connection: id })
    })
    try {
      return await Promise.race([work, late])
    } finally {
      timer.abort()
    }
  }

  /** Gates 3 to 6, until there is a token or a reason why not. */
  async #fly(id: string, control: FlightControl): Promise<Provided> {
    const { clock, grants, accounts, stopping } = this.#parts
    const flight: FlightContext = { ...control, deadline: clock.now() + this.deadlineMs }
    const lease = globalThis.crypto.randomUUID()
    const rejected = new Map<string, number>()
    await accounts.prepare()
    for (let round = 0; round < MOST_ROUNDS; round++) {
      stopping.throwIfAborted()
      const connection = await readGrant(grants, id)
      const key = grantKey(connection, this.#parts.clientId)
      if (this.#dead.get(key) === 'for-good')
        throw new ZohoAuthError('ERR_ZOHO_CONSENT_REQUIRED', { connection: id })
      const newerThan = Math.max(this.#unwanted(id, key), rejected.get(key) ?? 0)
      const turn = await this.#turn(key, id, lease, newerThan, flight.deadline)
      if (turn.kind === 'quiet') {
        await this.#pause(turn.quiet, connection, flight)
        continue
      }
      if (turn.kind === 'adopt') {
        const held = this.#open(id, key, connection, turn.token, turn.askedAt)
        if (held) return { token: held.token, how: 'known' }
        rejected.set(key, turn.token.generation)
        continue
      }
      const go = turn.kind === 'go' ? turn.turn : undefined
      const provided = await this.#refresh(connection, key, go, flight)
      if (provided) return provided
    }
    throw new ZohoAuthError('ERR_ZOHO_UNAVAILABLE', { connection: id })
  }

  async #turn(key: string, id: string, lease: string, newerThan: number, deadline: number): Promise<Turn> {
    const { store, health, clock, random, stopping, budget, events } = this.#parts
    const leaseMs = this.#leaseMs
    const request = {
      key,
      connection: id,
      lease,
      newerThan,
      leaseMs,
      graceMs: TURN_GRACE_MS,
      budget,
      deadline,
    }
    try {
      const turn = await takeTurn(request, store, health, this.#quiets, clock, random, stopping)
      if (turn.kind === 'quiet' && turn.learned && turn.quiet.code === 'ERR_ZOHO_THROTTLED') {
        const { reason, untilAt } = turn.quiet
        events.emit('refresh.throttled', { connection: id, reason, retryAfterMs: untilAt - clock.now() })
      }
      return turn
    } catch (error) {
      if (isZohoAuthError(error) && error.code === 'ERR_ZOHO_STORE') {
        const now = clock.now()
        this.#quiets.set(
          key,
          { reason: 'store', code: error.code, untilAt: now + STORE_QUIET_MS, cause: error.cause },
          now,
        )
      }
      throw error
    }
  }

  /** The generation that is not good enough any more: refused, stale or expired, under this very key. */
  #unwanted(id: string, key: string): number {
    const held = this.memory.get(id)
    if (held === undefined || held.key !== key) return 0
    return held.refused || !this.memory.isFresh(held, this.#parts.clock.now()) ? held.token.generation : 0
  }

  /** Waits a back-off out where a caller has nothing else and the deadline allows; otherwise throws what quiet means. */
  async #pause(quiet: RememberedQuiet, connection: Connection, flight: FlightContext): Promise<void> {
    const { clock, stopping } = this.#parts
    const now = clock.now()
    const waits = quiet.reason === 'backoff' || quiet.reason === 'unreachable'
    flight.pause()
    if (waits && flight.needed() && quiet.untilAt < flight.deadline)
      return clock.sleep(Math.max(0, quiet.untilAt - now), stopping)
    throw new ZohoAuthError(quiet.code, {
      connection: connection.id,
      action: quiet.action,
      cause: quiet.cause,
      ...(quiet.reason === 'dead' || quiet.reason === 'revoked' || quiet.reason === 'client'
        ? {}
        : { retryAfterMs: quiet.untilAt - now }),
    })
  }

  /** Puts a stored token into memory. `undefined` for one that does not open, or that is in its last seconds. */
  #open(
    id: string,
    key: string,
    connection: Connection,
    stored: StoredToken,
    askedAt: number,
  ): Held | undefined {
    const payload = decodePayload(stored.value)
    if (payload === undefined) return undefined
    const held = this.#hold(id, key, connection, payload, stored.generation, askedAt + stored.lifeMs)
    return this.memory.isUsable(held, this.#parts.clock.now()) ? held : undefined
  }

  #hold(
    id: string,
    key: string,
    connection: Connection,
    payload: TokenPayload,
    generation: number,
    expiresAt: number,
  ): Held {
    const before = this.memory.get(id)
    const same = before?.token.value === payload.value
    const token = new Token({
      value: payload.value,
      expiresAt,
      apiDomain: this.#shared.text(payload.apiDomain),
      dataCenter: connection.dataCenter,
      scopes: this.#shared.list(payload.scopes),
      generation,
    })
    const held = this.memory.hold(id, key, token, payload.lifeMs)
    if (same && before) {
      held.refused = before.refused
      held.proven = before.proven
    }
    return held
  }

  /** Gates 5 and 6. `undefined` means: start over. */
  async #refresh(
    connection: Connection,
    key: string,
    go: GoTurn | undefined,
    flight: FlightContext,
  ): Promise<Provided | undefined> {
    const { accounts, clock, events, closing } = this.#parts
    const { id, dataCenter } = connection
    const sentAt = clock.now()
    const answer = await accounts.refresh(connection, closing)
    const durationMs = clock.now() - sentAt
    if (answer.kind !== 'token') return this.#failed(answer, connection, key, go, flight)
    this.#dead.delete(key)
    this.#unreachable.delete(key)
    this.#quiets.delete(key)

    const current = await this.#readAgain(connection)
    const changed = current !== undefined && grantKey(current, this.#parts.clientId) !== key
    if (changed) {
      await this.#abandon(key, go)
      return undefined
    }
    const payload: TokenPayload = {
      value: answer.value,
      lifeMs: answer.lifeMs,
      apiDomain:
        answer.apiDomain ?? this.memory.get(id)?.token.apiDomain ?? this.#parts.apiDomainOf(connection),
      scopes: answer.scopes,
    }
    const storeKey = await this.#rotated(answer, current ?? connection, key, go)
    const held = await this.#commit(connection, storeKey, go, payload, sentAt)
    if (held === undefined) return undefined
    const { generation, expiresAt } = held.token
    events.emit('token.refreshed', {
      connection: id,
      dataCenter,
      generation,
      expiresAt,
      durationMs,
      used: go?.used,
    })
    if (go && go.used >= this.#parts.budget.limit - 1)
      events.emit('budget.low', { connection: id, used: go.used, limit: this.#parts.budget.limit })
    return { token: held.token, how: 'made' }
  }

  /** Gate 6 for a token that has just come. `undefined`: forgotten meanwhile. */
  async #commit(
    connection: Connection,
    key: string,
    go: GoTurn | undefined,
    payload: TokenPayload,
    sentAt: number,
  ): Promise<Held | undefined> {
    const { clock, store, health } = this.#parts
    const { id } = connection
    const expiresAt = sentAt + payload.lifeMs
    if (go === undefined) {
      const generation = Math.max(this.memory.get(id)?.token.generation ?? 0, Math.floor(clock.now())) + 1
      return this.#hold(id, key, connection, payload, generation, expiresAt)
    }
    const askedAt = clock.now()
    const text = encodePayload(payload)
    const committed = await commitToken(key, go, text, payload.lifeMs, store, health)
    if (committed.kind === 'forgotten') return undefined
    if (committed.kind === 'stored' && committed.token.generation > go.generation) {
      const winner = this.#open(id, key, connection, committed.token, askedAt)
      if (winner) return winner
    }
    // Read back from the text, so that a store in this process and the token share one string.
    return this.#hold(id, key, connection, decodePayload(text) ?? payload, go.generation, expiresAt)
  }

  /** Zoho does not rotate refresh tokens today. If one comes, it is stored before anyone sees the access token. */
  async #rotated(
    answer: Extract<TokenAnswer, { kind: 'token' }>,
    connection: Connection,
    key: string,
    go: GoTurn | undefined,
  ): Promise<string> {
    const { grants, logger, clock } = this.#parts
    if (answer.refreshToken === undefined || answer.refreshToken === connection.refreshToken) return key
    const next = { ...connection, refreshToken: answer.refreshToken, updatedAt: clock.now() }
    if (grants.store === undefined) {
      logger.warn(
        `Zoho replaced the refresh token of connection "${connection.id}", and "connections" is a function that cannot store it: pass a ConnectionStore`,
      )
      return key
    }
    await grants.store.put(next, { ifVersion: connection.version })
    await this.#abandon(key, go, { unspent: true })
    return grantKey(next, this.#parts.clientId)
  }

  /** The connection as it is now. A store that does not answer changes nothing. */
  async #readAgain(connection: Connection): Promise<Connection | undefined> {
    try {
      return await readGrant(this.#parts.grants, connection.id)
    } catch (error) {
      if (isZohoAuthError(error) && error.code === 'ERR_ZOHO_STORE') return undefined
      this.forget(connection.id)
      throw error
    }
  }

  async #abandon(
    key: string,
    go: GoTurn | undefined,
    options: { readonly quiet?: Quiet; readonly unspent?: boolean } = {},
  ): Promise<void> {
    if (go === undefined) return
    const { store, health } = this.#parts
    const write = () => store.abandon(key, go, options)
    await health.run(write).catch(() => void health.persist(write))
  }

  /** The failing rows of the table in DESIGN section 7. Throws, or returns `undefined` to start over. */
  async #failed(
    answer: Exclude<Answer<TokenAnswer>, { kind: 'token' }>,
    connection: Connection,
    key: string,
    go: GoTurn | undefined,
    flight: FlightContext,
  ): Promise<undefined> {
    this.#parts.closing.throwIfAborted()
    switch (answer.kind) {
      case 'dead-grant':
        return this.#deadGrant(answer.error, connection, key, go)
      case 'client-fault':
        await this.#abandon(key, go, { unspent: true })
        this.#report(connection, 'ERR_ZOHO_CLIENT', answer.error)
        return this.#silence(connection, key, 'client', CLIENT_QUIET_MS, 'ERR_ZOHO_CLIENT', flight, {
          action: clientAction(answer.error, connection),
        })
      case 'throttled': {
        const { windowMs } = this.#parts.budget
        await this.#abandon(key, go, { quiet: { reason: 'throttled', ms: windowMs }, unspent: true })
        this.#report(connection, 'ERR_ZOHO_THROTTLED', 'throttled')
        const { id } = connection
        this.#parts.events.emit('refresh.throttled', {
          connection: id,
          reason: 'throttled',
          retryAfterMs: windowMs,
        })
        return this.#silence(connection, key, 'throttled', windowMs, 'ERR_ZOHO_THROTTLED', flight)
      }
      case 'unreachable': {
        await this.#abandon(key, go, { unspent: true })
        this.#report(connection, 'ERR_ZOHO_UNAVAILABLE', answer.detail)
        const failures = this.#unreachable.get(key) ?? 0
        if (this.#unreachable.size >= MOST_DEAD) this.#unreachable.clear()
        this.#unreachable.set(key, failures + 1)
        const ms = backoffMs(failures, this.#parts.random(), false, 0, this.#parts.budget)
        return this.#silence(connection, key, 'unreachable', ms, 'ERR_ZOHO_UNAVAILABLE', flight, {
          cause: new Error(answer.detail),
        })
      }
      default:
        return this.#backoff(answer, connection, key, go, flight)
    }
  }

  async #backoff(
    answer: Extract<Answer<TokenAnswer>, { kind: 'transient' | 'malformed' | 'timeout' | 'lost' }>,
    connection: Connection,
    key: string,
    go: GoTurn | undefined,
    flight: FlightContext,
  ): Promise<undefined> {
    const { budget, random } = this.#parts
    // A complete answer without a token cost none; after a broken one, or a token that was not usable, one may exist.
    const unclear = answer.kind !== 'transient'
    const code = CODE_OF_FAILURE[answer.kind](answer.detail)
    const asked = answer.kind === 'transient' ? (answer.retryAfterMs ?? 0) : 0
    const own = backoffMs(go?.failures ?? 0, random(), unclear, go?.used ?? 0, budget)
    const ms = Math.max(own, Math.min(asked, budget.windowMs, BACKOFF_LONGEST_MS * 2))
    await this.#abandon(key, go, { quiet: { reason: 'backoff', ms }, unspent: !unclear })
    this.#report(connection, code, answer.detail)
    return this.#silence(connection, key, 'backoff', ms, code, flight, { cause: new Error(answer.detail) })
  }

  async #deadGrant(
    error: string,
    connection: Connection,
    key: string,
    go: GoTurn | undefined,
  ): Promise<undefined> {
    const { clock, grants, events } = this.#parts
    const current = await this.#readAgain(connection)
    const quiet: Quiet = { reason: 'dead', ms: DEAD_QUIET_MS }
    await this.#abandon(key, go, { quiet, unspent: true })
    if (current && grantKey(current, this.#parts.clientId) !== key) return undefined
    const { id, dataCenter } = connection
    this.#report(connection, 'ERR_ZOHO_CONSENT_REQUIRED', error)
    this.#quiets.set(key, asRemembered(quiet, clock.now()), clock.now())
    if (this.#dead.size >= MOST_DEAD) this.#dead.clear()
    if (this.#dead.get(key) !== 'once' && go?.lastQuiet !== 'dead') {
      this.#dead.set(key, 'once')
    } else {
      this.#dead.set(key, grants.store ? 'once' : 'for-good')
      if (grants.store && current) {
        const next = { ...current, state: 'consent-required' as const, updatedAt: clock.now() }
        // A conflict means that somebody changed the connection just now; the next attempt reads what they wrote.
        await grants.store.put(next, { ifVersion: current.version }).catch(() => {})
      }
      events.emit('connection.consent_required', { connection: id, dataCenter })
    }
    throw new ZohoAuthError('ERR_ZOHO_CONSENT_REQUIRED', { connection: id })
  }

  /** Remembers a quiet that was learned just now, and pauses for it or throws. */
  async #silence(
    connection: Connection,
    key: string,
    reason: RememberedQuiet['reason'],
    ms: number,
    code: ZohoAuthErrorCode,
    flight: FlightContext,
    extra: { readonly action?: string; readonly cause?: unknown } = {},
  ): Promise<undefined> {
    const now = this.#parts.clock.now()
    const quiet: RememberedQuiet = { reason, code, untilAt: now + ms, ...extra }
    this.#quiets.set(key, quiet, now)
    await this.#pause(quiet, connection, flight)
    return undefined
  }

  #report(connection: Connection, code: ZohoAuthErrorCode, detail: string): void {
    const { id, dataCenter } = connection
    this.#parts.events.emit('token.refresh_failed', { connection: id, dataCenter, code, detail })
  }
}

/** A caller's wait: ends with its signal, and leaves the shared work alone. `undefined`: the flight has to pause. */
async function whicheverFirst(
  outcome: Promise<Provided>,
  paused: Promise<void> | undefined,
  signal: AbortSignal | undefined,
): Promise<Provided | undefined> {
  if (paused === undefined && signal === undefined) return outcome
  const waits: Promise<Provided | undefined>[] = [outcome]
  if (paused) waits.push(paused.then(() => undefined))
  if (signal === undefined) return Promise.race(waits)
  let onAbort = (): void => {}
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
  })
  try {
    return await Promise.race([...waits, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

const CODE_OF_FAILURE = {
  transient: (detail: string): ZohoAuthErrorCode =>
    /^status (5\d\d|429)|^error /.test(detail) ? 'ERR_ZOHO_UNAVAILABLE' : 'ERR_ZOHO_BAD_RESPONSE',
  malformed: (): ZohoAuthErrorCode => 'ERR_ZOHO_BAD_RESPONSE',
  timeout: (): ZohoAuthErrorCode => 'ERR_ZOHO_TIMEOUT',
  lost: (): ZohoAuthErrorCode => 'ERR_ZOHO_UNAVAILABLE',
} as const

function asRemembered(quiet: Quiet, now: number): RememberedQuiet {
  return { reason: quiet.reason, code: CODE_OF_QUIET[quiet.reason as QuietReason], untilAt: now + quiet.ms }
}

/** Names the variable to try, without sending the secret anywhere else to find out. */
function clientAction(error: string, connection: Connection): string {
  if (error === 'missing_org_info') return 'Zoho wants an organisation: give "soid" with client credentials.'
  return (
    `Zoho answered ${error}. Check ZOHO_CLIENT_ID and ZOHO_CLIENT_SECRET; Zoho may issue one secret per data centre ` +
    `(ZOHO_CLIENT_SECRET_${connection.dataCenter.toUpperCase()}). ZOHO_DATA_CENTER is "${connection.dataCenter}" for ` +
    `connection "${connection.id}": is this an account of another data centre?`
  )
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
