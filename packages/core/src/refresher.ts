import type { Answer } from './gates/accounts-server.js'
import { commitToken, decodePayload, encodePayload, type TokenPayload } from './gates/commit.js'
import { grantKey, isSameGrant, readGrant } from './gates/grant.js'
import type { Held, Memory } from './gates/memory.js'
import type { QuietMemory, RememberedQuiet } from './gates/quiet-memory.js'
import type { EnterOptions, Slot } from './gates/request-limit.js'
import type { FlightControl } from './gates/single-flight.js'
import { type Turn, type TurnRequest, takeTurn } from './gates/turn.js'
import { abandonTurn, RefreshFailures } from './refresh-failures.js'
import type { TokenAnswer } from './rules/token-response.js'
import type { GoTurn, StoredToken } from './stores/ports.js'
import type { Provided, TokenProviderParts } from './token-provider-parts.js'
import type { Connection } from './words/connection.js'
import { isZohoAuthError, ZohoAuthError } from './words/errors.js'

/** A turn must reach the accounts server within this time of being asked for, in milliseconds; `leaseMs` is `timeoutMs` plus this. */
const TURN_GRACE_MS = 1_000

/** Times one flight may start over: changed grants, pauses that were waited out, tokens that did not open. */
const MOST_ROUNDS = 32

/** While the store is down and nothing may be made, it is asked again after this, in milliseconds. */
const STORE_QUIET_MS = 500

/** What a connection answers that is gone on purpose. */
const TAKEN_BACK: ReadonlySet<string> = new Set(['ERR_ZOHO_REVOKED', 'ERR_ZOHO_NO_CONNECTION'])

/** A request is not sent for callers who have less than this part of their time left: half. */
const MIN_TIME_LEFT = 0.5

/** How often its usual duration a request is given to be answered, before it is sent. */
const USUAL_DURATIONS = 1.5

/** Waits for a place of a kind, ahead of those who have not had their turn or behind them. */
type Enter = (ahead: boolean, enter: (options: EnterOptions) => Promise<Slot>) => Promise<Slot>

/** What a turn is asked for with. */
interface TurnOptions {
  readonly lease: string
  readonly newerThan: number
  readonly deadline: number
  readonly flight: FlightControl
  /** This flight had its turn before. */
  readonly ahead: boolean
  /** Its place among those who look at a connection. */
  readonly look: Slot
  readonly enter: Enter
}

/**
 * The shared half of the path: gates 3 to 6, grant, turn, accounts server and commit. Loaded at the first refresh, and run
 * once per flight, with nobody's scope around it.
 */
export class Refresher {
  readonly #parts: TokenProviderParts
  readonly #memory: Memory
  readonly #quiets: QuietMemory
  readonly #failures: RefreshFailures
  readonly #leaseMs: number

  constructor(parts: TokenProviderParts, memory: Memory, quiets: QuietMemory) {
    this.#parts = parts
    this.#memory = memory
    this.#quiets = quiets
    this.#leaseMs = parts.timeoutMs + TURN_GRACE_MS
    this.#failures = new RefreshFailures(parts, quiets, (connection) => this.#readAgain(connection))
  }

  /** Forgets which failures it has seen under a key. */
  forget(key: string): void {
    this.#failures.forget(key)
  }

  /** Gates 3 to 6, until there is a token or a reason why not. */
  async fly(id: string, flight: FlightControl, deadline: number): Promise<Provided> {
    const { stopping, requests } = this.#parts
    const lease = globalThis.crypto.randomUUID()
    const rejected = new Map<string, number>()
    const enter = this.#entering(id, flight)
    const accounts = await this.#parts.accounts()
    for (let round = 0; round < MOST_ROUNDS; round++) {
      stopping.throwIfAborted()
      const ahead = round > 0
      const look = await enter(ahead, (options) => requests.look(options))
      let connection: Connection
      let key: string
      let turn: Turn
      try {
        connection = await flight.stop.wait(this.#grant(id))
        key = grantKey(connection, this.#parts.clientId)
        this.#failures.assertAlive(key, id)
        await accounts.prepare(connection.dataCenter)
        const newerThan = Math.max(this.#unwanted(id, key), rejected.get(key) ?? 0)
        turn = await this.#turn(id, key, { lease, newerThan, deadline, flight, ahead, look, enter })
      } finally {
        look.leave()
      }
      if (turn.kind === 'quiet') {
        if (turn.quiet.reason === 'revoked') this.#memory.drop(id)
        await this.#pause(turn.quiet, connection, flight, deadline)
        continue
      }
      if (turn.kind === 'adopt') {
        const held = this.#open(connection, key, turn.token, turn.askedAt)
        if (held) {
          // Somebody's refresh went well: what failed here before says nothing any more.
          this.#failures.forget(key)
          this.#parts.failures.ended(id)
          return { token: held.token, how: 'known' }
        }
        rejected.set(key, turn.token.generation)
        continue
      }
      const go = turn.kind === 'go' ? turn.turn : undefined
      flight.stage = 'sending'
      const provided = await this.#refresh(connection, key, go, turn.slot, (quiet) =>
        this.#pause(quiet, connection, flight, deadline),
      )
      if (provided) return provided
    }
    throw new ZohoAuthError('ERR_ZOHO_UNAVAILABLE', { connection: id })
  }

  /** The connection. Where it was taken back, by whichever process, its tokens are dead: nobody is handed one any more. */
  async #grant(id: string): Promise<Connection> {
    try {
      return await readGrant(this.#parts.grants, id)
    } catch (error) {
      if (isZohoAuthError(error) && TAKEN_BACK.has(error.code)) this.#memory.drop(id)
      throw error
    }
  }

  async #turn(
    id: string,
    key: string,
    { lease, newerThan, deadline, flight, ahead, look, enter }: TurnOptions,
  ): Promise<Turn> {
    const { store, health, clock, random, budget, events, requests } = this.#parts
    const request: TurnRequest = {
      key,
      connection: id,
      lease,
      newerThan,
      leaseMs: this.#leaseMs,
      graceMs: TURN_GRACE_MS,
      budget,
      deadline,
      stop: flight.stop,
      enterNow: () => requests.enterNow(),
      enter: (again) => {
        look.leave()
        return enter(ahead || again, (options) => requests.enter(options))
      },
      elsewhere: () => {
        look.leave()
        flight.stage = 'elsewhere'
      },
    }
    try {
      const turn = await takeTurn(request, store, health, this.#quiets, clock, random)
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

  /**
   * How one flight waits for places. It is told once that it waits, and nothing is done for callers who would not be there
   * for the answer.
   */
  #entering(id: string, flight: FlightControl): Enter {
    const { clock, events, maxWaitMs, requests } = this.#parts
    let told = false
    return async (ahead, enter) => {
      flight.stage = 'queued'
      let waited = false
      const onQueued = (before: number) => {
        waited = true
        if (!told)
          events.emit('refresh.queued', { connection: id, before, underWay: requests.counts.underWay })
        told = true
      }
      const slot = await enter({ stop: flight.stop, ahead, onQueued })
      flight.stage = 'starting'
      const neededMs = Math.min(requests.meanMs * USUAL_DURATIONS, maxWaitMs * MIN_TIME_LEFT)
      if (!waited || flight.lastUntil() - clock.now() >= neededMs) return slot
      slot.leave()
      throw requests.noRoom(
        id,
        'There was no room in time among the requests to the accounts servers (maxConcurrentRefreshes, maxWaitMs)',
      )
    }
  }

  /** The generation that is not good enough any more: refused, stale or expired, under this very key. */
  #unwanted(id: string, key: string): number {
    const held = this.#memory.get(id)
    if (held === undefined || held.key !== key) return 0
    return held.refused || !this.#memory.isFresh(held, this.#parts.clock.now()) ? held.token.generation : 0
  }

  /** Waits a back-off out where a caller has nothing else and the time for it; otherwise throws what quiet means. */
  async #pause(
    quiet: RememberedQuiet,
    connection: Connection,
    flight: FlightControl,
    deadline: number,
  ): Promise<void> {
    const { clock, stopping } = this.#parts
    const now = clock.now()
    const passes = quiet.reason === 'backoff' || quiet.reason === 'unreachable'
    const error = new ZohoAuthError(quiet.code, {
      connection: connection.id,
      action: quiet.action,
      cause: quiet.cause,
      ...(quiet.reason === 'dead' || quiet.reason === 'revoked' || quiet.reason === 'client'
        ? {}
        : { retryAfterMs: quiet.untilAt - now }),
    })
    const untilAt = passes && quiet.untilAt < deadline ? quiet.untilAt : Number.POSITIVE_INFINITY
    if (!flight.pause(untilAt, error)) throw error
    stopping.throwIfAborted()
    await flight.stop.pause(Math.max(0, quiet.untilAt - now), clock)
  }

  /** Puts a stored token into memory. `undefined` for one that does not open, or that is in its last seconds. */
  #open(connection: Connection, key: string, stored: StoredToken, askedAt: number): Held | undefined {
    const payload = decodePayload(stored.value)
    if (payload === undefined) return undefined
    const held = this.#hold(connection, key, payload, stored.generation, askedAt + stored.lifeMs)
    return this.#memory.isUsable(held, this.#parts.clock.now()) ? held : undefined
  }

  #hold(
    { id, dataCenter }: Connection,
    key: string,
    { lifeMs, ...payload }: TokenPayload,
    generation: number,
    expiresAt: number,
  ): Held {
    return this.#memory.hold(id, key, { ...payload, dataCenter, generation, expiresAt }, lifeMs)
  }

  /** Gates 5 and 6. `undefined` means: start over. */
  async #refresh(
    connection: Connection,
    key: string,
    go: GoTurn | undefined,
    slot: Slot,
    pause: (quiet: RememberedQuiet) => Promise<void>,
  ): Promise<Provided | undefined> {
    const { clock, events, closing, requests, logger } = this.#parts
    const { id, dataCenter } = connection
    const sentAt = clock.now()
    const answer = await this.#send(connection, slot)
    const durationMs = clock.now() - sentAt
    if (answer.kind !== 'token') {
      requests.took(durationMs)
      if (closing.aborted) {
        await abandonTurn(this.#parts, key, go)
        throw closing.reason
      }
      const quiet = await this.#failures.judge(answer, connection, key, go)
      if (quiet) await pause(quiet)
      return undefined
    }
    this.#failures.forget(key)
    this.#quiets.delete(key)
    if (clock.now() >= sentAt + answer.lifeMs) {
      // The machine slept for longer than the token lives. Life counts from the sending, so this one is dead.
      await abandonTurn(this.#parts, key, go)
      return undefined
    }

    const ready = await this.#prepareCommit(answer, connection, key, go)
    if (ready === undefined) return undefined
    const { payload, storeKey } = ready
    const held = await this.#commit(connection, storeKey, go, payload, sentAt)
    requests.took(clock.now() - sentAt)
    if (held === undefined) return undefined
    // One process of the fleet comes here per expiry.
    if (connection.replaced?.some(({ revokeAt }) => revokeAt <= clock.now())) this.#parts.revokeDueGrants(id)
    const { generation, expiresAt } = held.token
    events.emit('token.refreshed', {
      connection: id,
      dataCenter,
      generation,
      expiresAt,
      durationMs,
      used: go?.used,
      ignoredApiDomain: answer.ignoredApiDomain,
    })
    if (answer.ignoredApiDomain !== undefined)
      logger.debug?.(
        `connection "${id}": api_domain ${answer.ignoredApiDomain} is not on the list of hosts, and is not used`,
      )
    if (go && go.used >= this.#parts.budget.limit - 1)
      events.emit('budget.low', { connection: id, used: go.used, limit: this.#parts.budget.limit })
    return { token: held.token, how: 'made' }
  }

  /** Gate 5. Whoever waits for room goes on as soon as the answer is here. */
  async #send(connection: Connection, slot: Slot): Promise<Answer<TokenAnswer>> {
    const { closing } = this.#parts
    try {
      const accounts = await this.#parts.accounts()
      return await accounts.refresh(connection, closing)
    } finally {
      slot.leave('sent')
    }
  }

  /** Looks at the connection once more. `undefined`: it has another grant now. A turn that ends here is given up. */
  async #prepareCommit(
    answer: Extract<TokenAnswer, { kind: 'token' }>,
    connection: Connection,
    key: string,
    go: GoTurn | undefined,
  ): Promise<{ readonly payload: TokenPayload; readonly storeKey: string } | undefined> {
    const { id } = connection
    let current: Connection | undefined
    let storeKey = key
    try {
      current = await this.#readAgain(connection)
      if (
        current !== undefined &&
        !isSameGrant(current, connection) &&
        grantKey(current, this.#parts.clientId) !== key
      ) {
        await abandonTurn(this.#parts, key, go)
        return undefined
      }
      storeKey = await this.#rotated(answer, current ?? connection, key, go)
    } catch (error) {
      await abandonTurn(this.#parts, key, go)
      throw error
    }
    const payload: TokenPayload = {
      value: answer.value,
      lifeMs: answer.lifeMs,
      apiDomain:
        answer.apiDomain ?? this.#memory.get(id)?.token.apiDomain ?? this.#parts.apiDomainOf(connection),
      scopes: answer.scopes,
    }
    return { payload, storeKey }
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
      const generation = Math.max(this.#memory.get(id)?.token.generation ?? 0, Math.floor(clock.now())) + 1
      return this.#hold(connection, key, payload, generation, expiresAt)
    }
    const askedAt = clock.now()
    const text = encodePayload(payload)
    const committed = await commitToken(key, go, text, payload.lifeMs, store, health)
    if (committed.kind === 'forgotten') return undefined
    if (committed.kind === 'stored' && committed.token.generation > go.generation) {
      const winner = this.#open(connection, key, committed.token, askedAt)
      if (winner) return winner
    }
    // Read back from the text, so that a store in this process and the token share one string.
    return this.#hold(connection, key, decodePayload(text) ?? payload, go.generation, expiresAt)
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
    await abandonTurn(this.#parts, key, go, { unspent: true })
    return grantKey(next, this.#parts.clientId)
  }

  /** The connection as it is now. A store that does not answer changes nothing. */
  async #readAgain(connection: Connection): Promise<Connection | undefined> {
    try {
      return await readGrant(this.#parts.grants, connection.id)
    } catch (error) {
      if (isZohoAuthError(error) && error.code === 'ERR_ZOHO_STORE') return undefined
      this.#memory.drop(connection.id)
      throw error
    }
  }
}
