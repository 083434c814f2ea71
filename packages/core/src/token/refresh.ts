import type { TokenAnswer } from '../accounts/answers.js'
import type { Answer } from '../accounts/client.js'
import type { EnterOptions, Slot } from '../accounts/request-limit.js'
import { revokeDueGrants } from '../connections/replaced.js'
import type { Runtime } from '../runtime.js'
import type { RefreshLease, StoredToken } from '../stores/ports.js'
import type { Connection } from '../words/connection.js'
import { isZohoAuthError, ZohoAuthError } from '../words/errors.js'
import type { CachedToken, SourcedToken } from './cache.js'
import { commitToken, decodePayload, encodePayload, type TokenPayload } from './commit.js'
import type { RememberedCooldown } from './cooldowns.js'
import { RefreshFailures } from './failures.js'
import { grantKey, readGrant } from './grant.js'
import { acquireLease, type LeaseAnswer, type LeaseRequest } from './lease.js'
import type { FlightControl } from './single-flight.js'

/** A lease must lead to a request within this time of being asked for, in milliseconds; `leaseMs` is `timeoutMs` plus this. */
const LEASE_GRACE_MS = 1_000

/** Times one flight may start over: changed grants, pauses that were waited out, tokens that did not open. */
const MAX_ROUNDS = 32

/** While the store is down and nothing may be made, it is asked again after this, in milliseconds. */
const STORE_COOLDOWN_MS = 500

/** What a connection answers that is gone on purpose. */
const TAKEN_BACK: ReadonlySet<string> = new Set(['ERR_ZOHO_REVOKED', 'ERR_ZOHO_NO_CONNECTION'])

/** A request is not sent for callers who have less than this part of their time left: half. */
const MIN_TIME_LEFT = 0.5

/** How often its usual duration a request is given to be answered, before it is sent. */
const USUAL_DURATIONS = 1.5

/** Waits for a slot of a kind, ahead of those who have not had a lease or behind them. */
type Enter = (ahead: boolean, enter: (options: EnterOptions) => Promise<Slot>) => Promise<Slot>

/** What a lease is asked for with. */
interface LeaseOptions {
  readonly holder: string
  readonly minGeneration: number
  readonly deadline: number
  readonly flight: FlightControl
  /** This flight had a lease before. */
  readonly ahead: boolean
  /** Its slot among those who look at a connection. */
  readonly look: Slot
  readonly enter: Enter
}

/**
 * The shared half of the path: gates 3 to 6, grant, lease, accounts server and commit. Loaded at the first refresh, and run
 * once per flight, with nobody's scope around it.
 */
export class Refresher {
  readonly #runtime: Runtime
  readonly #failures: RefreshFailures
  readonly #leaseMs: number

  constructor(runtime: Runtime) {
    this.#runtime = runtime
    this.#leaseMs = runtime.timeoutMs + LEASE_GRACE_MS
    this.#failures = new RefreshFailures(runtime, (connection) => this.#readAgain(connection))
  }

  /** Gates 3 to 6, until there is a token or a reason why not. */
  async fly(id: string, flight: FlightControl, deadline: number): Promise<SourcedToken> {
    const { accounts, stopping, requests } = this.#runtime
    const holder = globalThis.crypto.randomUUID()
    const rejected = new Map<string, number>()
    const enter = this.#entering(id, flight)
    for (let round = 0; round < MAX_ROUNDS; round++) {
      stopping.throwIfAborted()
      const ahead = round > 0
      const look = await enter(ahead, (options) => requests.look(options))
      let connection: Connection
      let key: string
      let answer: LeaseAnswer
      try {
        connection = await flight.stop.wait(this.#grant(id))
        key = grantKey(connection, this.#runtime.clientId)
        this.#failures.assertAlive(key, id)
        await accounts.prepare(connection.dataCenter)
        const minGeneration = Math.max(this.#unwanted(id, key), rejected.get(key) ?? 0)
        answer = await this.#lease(id, key, { holder, minGeneration, deadline, flight, ahead, look, enter })
      } finally {
        look.leave()
      }
      if (answer.kind === 'cooldown') {
        if (answer.cooldown.reason === 'revoked') this.#runtime.cache.drop(id)
        await this.#pause(answer.cooldown, connection, flight, deadline)
        continue
      }
      if (answer.kind === 'hit') {
        const cached = this.#open(connection, key, answer.token, answer.askedAt)
        if (cached) {
          // Somebody's refresh went well: what failed here before says nothing any more.
          this.#runtime.cooldowns.recovered(key)
          this.#runtime.failures.ended(id)
          return { token: cached.token, from: 'cache' }
        }
        rejected.set(key, answer.token.generation)
        continue
      }
      const lease = answer.kind === 'acquired' ? answer.lease : undefined
      flight.stage = 'sending'
      const sourced = await this.#refresh(connection, key, lease, answer.slot, (cooldown) =>
        this.#pause(cooldown, connection, flight, deadline),
      )
      if (sourced) return sourced
    }
    throw new ZohoAuthError('ERR_ZOHO_UNAVAILABLE', { connection: id })
  }

  /** The connection. Where it was taken back, by whichever process, its tokens are dead: nobody is handed one any more. */
  async #grant(id: string): Promise<Connection> {
    try {
      return await readGrant(this.#runtime.grants, id)
    } catch (error) {
      if (isZohoAuthError(error) && TAKEN_BACK.has(error.code)) this.#runtime.cache.drop(id)
      throw error
    }
  }

  async #lease(
    id: string,
    key: string,
    { holder, minGeneration, deadline, flight, ahead, look, enter }: LeaseOptions,
  ): Promise<LeaseAnswer> {
    const { store, clock, random, budget, events, requests } = this.#runtime
    const request: LeaseRequest = {
      key,
      connection: id,
      holder,
      minGeneration,
      leaseMs: this.#leaseMs,
      graceMs: LEASE_GRACE_MS,
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
      const answer = await acquireLease(request, store, this.#runtime.cooldowns, clock, random)
      if (answer.kind === 'cooldown' && answer.learned && answer.cooldown.code === 'ERR_ZOHO_THROTTLED') {
        const { untilAt } = answer.cooldown
        const reason = answer.cooldown.reason === 'budget' ? 'budget' : 'throttled'
        events.emit('refresh.throttled', { connection: id, reason, retryAfterMs: untilAt - clock.now() })
      }
      return answer
    } catch (error) {
      if (isZohoAuthError(error) && error.code === 'ERR_ZOHO_STORE') {
        const now = clock.now()
        this.#runtime.cooldowns.set(
          key,
          { reason: 'store', code: error.code, untilAt: now + STORE_COOLDOWN_MS, cause: error.cause },
          now,
        )
      }
      throw error
    }
  }

  /**
   * How one flight waits for slots. It is told once that it waits, and nothing is done for callers who would not be there
   * for the answer.
   */
  #entering(id: string, flight: FlightControl): Enter {
    const { clock, events, maxWaitMs, requests } = this.#runtime
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
    const cached = this.#runtime.cache.get(id)
    if (cached === undefined || cached.key !== key) return 0
    return cached.rejected || !this.#runtime.cache.isFresh(cached, this.#runtime.clock.now())
      ? cached.token.generation
      : 0
  }

  /** Waits a back-off out if a caller has nothing else and the time for it; otherwise throws what the cooldown means. */
  async #pause(
    cooldown: RememberedCooldown,
    connection: Connection,
    flight: FlightControl,
    deadline: number,
  ): Promise<void> {
    const { clock, stopping } = this.#runtime
    const now = clock.now()
    const passes = cooldown.reason === 'backoff' || cooldown.reason === 'unreachable'
    const error = new ZohoAuthError(cooldown.code, {
      connection: connection.id,
      action: cooldown.action,
      cause: cooldown.cause,
      ...(cooldown.reason === 'dead' || cooldown.reason === 'revoked' || cooldown.reason === 'client'
        ? {}
        : { retryAfterMs: cooldown.untilAt - now }),
    })
    const untilAt = passes && cooldown.untilAt < deadline ? cooldown.untilAt : Number.POSITIVE_INFINITY
    if (!flight.pause(untilAt, error)) throw error
    stopping.throwIfAborted()
    await flight.stop.pause(Math.max(0, cooldown.untilAt - now), clock)
  }

  /** Puts a stored token into memory. `undefined` for one that does not open, or that is in its last seconds. */
  #open(connection: Connection, key: string, stored: StoredToken, askedAt: number): CachedToken | undefined {
    const payload = decodePayload(stored.value)
    if (payload === undefined) return undefined
    const cached = this.#put(connection, key, payload, stored.generation, askedAt + stored.lifeMs)
    return this.#runtime.cache.isUsable(cached, this.#runtime.clock.now()) ? cached : undefined
  }

  #put(
    { id, dataCenter }: Connection,
    key: string,
    { lifeMs, ...payload }: TokenPayload,
    generation: number,
    expiresAt: number,
  ): CachedToken {
    return this.#runtime.cache.put(id, key, { ...payload, dataCenter, generation, expiresAt }, lifeMs)
  }

  /** Gates 5 and 6. `undefined` means: start over. */
  async #refresh(
    connection: Connection,
    key: string,
    lease: RefreshLease | undefined,
    slot: Slot,
    pause: (cooldown: RememberedCooldown) => Promise<void>,
  ): Promise<SourcedToken | undefined> {
    const { clock, events, closing, requests, logger } = this.#runtime
    const { id, dataCenter } = connection
    const sentAt = clock.now()
    const answer = await this.#send(connection, slot)
    const durationMs = clock.now() - sentAt
    if (answer.kind !== 'token') {
      requests.took(durationMs)
      if (closing.aborted) {
        if (lease) await this.#runtime.store.release(key, lease)
        throw closing.reason
      }
      const cooldown = await this.#failures.judge(answer, connection, key, lease)
      if (cooldown) await pause(cooldown)
      return undefined
    }
    this.#runtime.cooldowns.forget(key)
    if (clock.now() >= sentAt + answer.lifeMs) {
      // The machine slept for longer than the token lives. Life counts from the sending, so this one is dead.
      if (lease) await this.#runtime.store.release(key, lease)
      return undefined
    }

    const ready = await this.#prepareCommit(answer, connection, key, lease)
    if (ready === undefined) return undefined
    const { payload, storeKey } = ready
    const cached = await this.#commit(connection, storeKey, lease, payload, sentAt)
    requests.took(clock.now() - sentAt)
    if (cached === undefined) return undefined
    // One process of the fleet comes here per expiry.
    if (connection.replaced?.some(({ revokeAt }) => revokeAt <= clock.now()))
      this.#runtime.background.run(() => revokeDueGrants(id, this.#runtime))
    const { generation, expiresAt } = cached.token
    events.emit('token.refreshed', {
      connection: id,
      dataCenter,
      generation,
      expiresAt,
      durationMs,
      used: lease?.used,
      ignoredApiDomain: answer.ignoredApiDomain,
    })
    if (answer.ignoredApiDomain !== undefined)
      logger.debug?.(
        `connection "${id}": api_domain ${answer.ignoredApiDomain} is not on the list of hosts, and is not used`,
      )
    if (lease && lease.used >= this.#runtime.budget.limit - 1)
      events.emit('budget.low', { connection: id, used: lease.used, limit: this.#runtime.budget.limit })
    return { token: cached.token, from: 'refresh' }
  }

  /** Gate 5. Whoever waits for room goes on as soon as the answer is here. */
  async #send(connection: Connection, slot: Slot): Promise<Answer<TokenAnswer>> {
    const { accounts, closing } = this.#runtime
    try {
      return await accounts.refresh(connection, closing)
    } finally {
      slot.leave('sent')
    }
  }

  /** Looks at the connection once more. `undefined`: it has another grant now. A lease that ends here is released. */
  async #prepareCommit(
    answer: Extract<TokenAnswer, { kind: 'token' }>,
    connection: Connection,
    key: string,
    lease: RefreshLease | undefined,
  ): Promise<{ readonly payload: TokenPayload; readonly storeKey: string } | undefined> {
    const { id } = connection
    let current: Connection | undefined
    let storeKey = key
    try {
      current = await this.#readAgain(connection)
      if (current !== undefined && grantKey(current, this.#runtime.clientId) !== key) {
        if (lease) await this.#runtime.store.release(key, lease)
        return undefined
      }
      storeKey = await this.#rotated(answer, current ?? connection, key, lease)
    } catch (error) {
      if (lease) await this.#runtime.store.release(key, lease)
      throw error
    }
    const payload: TokenPayload = {
      value: answer.value,
      lifeMs: answer.lifeMs,
      apiDomain:
        answer.apiDomain ??
        this.#runtime.cache.get(id)?.token.apiDomain ??
        this.#runtime.apiDomainOf(connection),
      scopes: answer.scopes,
    }
    return { payload, storeKey }
  }

  /** Gate 6 for a token that has just come. `undefined`: invalidated meanwhile. */
  async #commit(
    connection: Connection,
    key: string,
    lease: RefreshLease | undefined,
    payload: TokenPayload,
    sentAt: number,
  ): Promise<CachedToken | undefined> {
    const { clock, store } = this.#runtime
    const { id } = connection
    const expiresAt = sentAt + payload.lifeMs
    if (lease === undefined) {
      const generation =
        Math.max(this.#runtime.cache.get(id)?.token.generation ?? 0, Math.floor(clock.now())) + 1
      return this.#put(connection, key, payload, generation, expiresAt)
    }
    const askedAt = clock.now()
    const text = encodePayload(payload)
    const committed = await commitToken(key, lease, text, payload.lifeMs, store)
    if (committed.kind === 'invalidated') return undefined
    if (committed.kind === 'stored' && committed.token.generation > lease.generation) {
      const winner = this.#open(connection, key, committed.token, askedAt)
      if (winner) return winner
    }
    // Read back from the text, so that a store in this process and the token share one string.
    return this.#put(connection, key, decodePayload(text) ?? payload, lease.generation, expiresAt)
  }

  /** Zoho does not rotate refresh tokens today. If one comes, it is stored before anyone sees the access token. */
  async #rotated(
    answer: Extract<TokenAnswer, { kind: 'token' }>,
    connection: Connection,
    key: string,
    lease: RefreshLease | undefined,
  ): Promise<string> {
    const { grants, logger, clock } = this.#runtime
    if (connection.soid !== undefined) return key
    if (answer.refreshToken === undefined || answer.refreshToken === connection.refreshToken) return key
    const next = { ...connection, refreshToken: answer.refreshToken, updatedAt: clock.now() }
    if (grants.store === undefined) {
      logger.warn(
        `Zoho replaced the refresh token of connection "${connection.id}", and "connections" is a function that cannot store it: pass a ConnectionStore`,
      )
      return key
    }
    await grants.store.put(next, { ifVersion: connection.version })
    if (lease) await this.#runtime.store.release(key, lease, { unspent: true })
    return grantKey(next, this.#runtime.clientId)
  }

  /** The connection as it is now. A store that does not answer changes nothing. */
  async #readAgain(connection: Connection): Promise<Connection | undefined> {
    try {
      return await readGrant(this.#runtime.grants, connection.id)
    } catch (error) {
      if (isZohoAuthError(error) && error.code === 'ERR_ZOHO_STORE') return undefined
      this.#runtime.cache.drop(connection.id)
      throw error
    }
  }
}
