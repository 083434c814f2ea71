import { type Counters, noCounters } from './counters.js'
import type { DataCenter } from './data-centers.js'
import type { EmulatorClock } from './options.js'
import type { Environment, Organization } from './people.js'
import type { Rules } from './rules.js'
import { newToken } from './secrets.js'
import { WindowLimit, type WindowRule } from './window-limit.js'

/** Dead tokens whose story is remembered, so that a log can say why one was refused. The oldest are forgotten. */
const MAX_REMEMBERED = 10_000

/** Users with at least one grant. Far above any test; it keeps a runaway program from filling the memory. */
const MAX_USERS = 250_000

/** Grants of client credentials, which have no refresh token. One more drops the oldest. */
const MAX_SERVICE_GRANTS = 1_000

/** Why an access token is refused. */
type DeathReason = TokenEnd | 'unknown' | 'other-data-center'

/** How the life of an access token ended. */
export type TokenEnd = 'expired' | 'evicted' | 'revoked'

/** One user's consent. Without a refresh token: online access, or client credentials. */
export interface Grant {
  refreshToken: string | undefined
  readonly user: string
  readonly dataCenter: DataCenter
  readonly organization: Organization
  readonly environment: Environment
  readonly scopes: readonly string[]
  readonly createdAt: number
  /** Live access tokens, oldest first. */
  readonly tokens: Map<string, AccessToken>
  /** The last access token that was made, dead or alive. */
  lastToken: AccessToken | undefined
  readonly quota: WindowLimit
  readonly counters: Counters
}

/** A grant that outlives its access tokens. */
export interface LastingGrant extends Grant {
  refreshToken: string
}

export interface AccessToken {
  readonly value: string
  readonly grant: Grant
  readonly issuedAt: number
  readonly expiresAt: number
}

/** An access token that is no longer accepted. */
export interface DeadToken {
  readonly token: AccessToken
  readonly reason: TokenEnd
  readonly endedAt: number
}

/** What the server thinks of an access token. */
export type Judgement =
  | { readonly live: true; readonly token: AccessToken }
  | { readonly live: false; readonly reason: DeathReason; readonly grant: Grant | undefined }

export interface NewGrant {
  readonly user: string
  readonly dataCenter: DataCenter
  readonly organization: Organization
  readonly environment: Environment
  readonly scopes: readonly string[]
}

interface User {
  readonly name: string
  readonly dataCenter: DataCenter
  /** Oldest first. */
  readonly grants: Set<Grant>
  readonly newGrants: WindowLimit
}

/** How much of Zoho's limits per user is used. */
export interface UserState {
  readonly user: string
  readonly dataCenter: DataCenter
  readonly refreshTokens: number
  /** New refresh tokens in the window that ends now. */
  readonly newInWindow: number
  readonly blockedForMs: number
}

/**
 * Everybody's grants and access tokens, under Zoho's limits.
 *
 * All data centres share it; a grant knows its own.
 */
export class Grants {
  readonly counters: Counters = noCounters()
  readonly #rules: Rules
  readonly #clock: EmulatorClock
  readonly #tokenRule: WindowRule
  readonly #grantRule: WindowRule
  readonly #users = new Map<string, User>()
  readonly #grants = new Map<string, LastingGrant>()
  readonly #services = new Map<string, Grant>()
  /** All tokens in order of issue; as all live equally long, also in order of expiry. */
  readonly #tokens = new Map<string, AccessToken>()
  readonly #deadTokens = new Map<string, DeadToken>()
  readonly #deadGrants = new Map<string, Grant>()

  constructor(rules: Rules, clock: EmulatorClock, throttleProlongs: boolean) {
    this.#rules = rules
    this.#clock = clock
    this.#tokenRule = {
      limit: rules.tokensPerWindow,
      windowMs: rules.tokenWindowMs,
      prolongs: throttleProlongs,
    }
    this.#grantRule = {
      limit: rules.grantsPerWindow,
      windowMs: rules.grantWindowMs,
      prolongs: throttleProlongs,
    }
  }

  /** Whether this user may have one more refresh token now, by the rule of 5 a minute. */
  admitsGrant(user: string, dataCenter: DataCenter): boolean {
    return this.#users.get(userKey(user, dataCenter))?.newGrants.admits(this.#clock.now()) ?? true
  }

  hasGrant(user: string, dataCenter: DataCenter): boolean {
    return (this.#users.get(userKey(user, dataCenter))?.grants.size ?? 0) > 0
  }

  /**
   * Makes a refresh token. The user's 21st deletes the first, and its access tokens.
   *
   * @param counted Whether it counts for the rule of 5 a minute; the rule itself is asked with `admitsGrant`.
   */
  create(request: NewGrant, counted: boolean): LastingGrant {
    const key = userKey(request.user, request.dataCenter)
    let user = this.#users.get(key)
    if (user === undefined) {
      if (this.#users.size >= MAX_USERS) throw new RangeError(`the emulator keeps at most ${MAX_USERS} users`)
      user = {
        name: request.user,
        dataCenter: request.dataCenter,
        grants: new Set(),
        newGrants: new WindowLimit(this.#grantRule),
      }
      this.#users.set(key, user)
    }
    if (user.grants.size >= this.#rules.refreshTokensPerUser) {
      const [oldest] = user.grants
      if (oldest !== undefined) this.#end(oldest, 'evicted')
    }
    const refreshToken = newToken()
    const grant = Object.assign(this.#bare(request), { refreshToken })
    user.grants.add(grant)
    if (counted) user.newGrants.record(grant.createdAt)
    this.#grants.set(refreshToken, grant)
    return grant
  }

  /** A grant that has no refresh token and dies with its access token. */
  createOnline(request: NewGrant): Grant {
    return this.#bare(request)
  }

  /** The one grant of an organisation and its scopes, as client credentials have no refresh token to count by. */
  service(request: NewGrant): Grant {
    const key = `${request.dataCenter}/${request.user}/${[...request.scopes].sort().join(' ')}`
    let grant = this.#services.get(key)
    if (grant === undefined) {
      grant = this.#bare(request)
      this.#services.set(key, grant)
      shrink(this.#services, MAX_SERVICE_GRANTS)
    }
    return grant
  }

  /** The living grant of this refresh token. */
  find(refreshToken: string): LastingGrant | undefined {
    return this.#grants.get(refreshToken)
  }

  /** As `find`, also for a grant that has died or changed its refresh token. */
  recall(refreshToken: string): Grant | undefined {
    return this.#grants.get(refreshToken) ?? this.#deadGrants.get(refreshToken)
  }

  /** Living grants that have a refresh token, oldest first. */
  all(): Iterable<LastingGrant> {
    return this.#grants.values()
  }

  /** Makes an access token, and deletes the oldest of the grant if it has too many. */
  mint(grant: Grant, counted = true): AccessToken {
    const now = this.#clock.now()
    this.#sweep(now)
    if (counted) grant.quota.record(now)
    if (grant.tokens.size >= this.#rules.liveTokens) {
      const [oldest] = grant.tokens.values()
      if (oldest !== undefined) this.#forget(oldest, 'evicted')
    }
    const token = { value: newToken(), grant, issuedAt: now, expiresAt: now + this.#rules.tokenLifeMs }
    grant.tokens.set(token.value, token)
    grant.lastToken = token
    this.#tokens.set(token.value, token)
    this.counters.tokensIssued += 1
    grant.counters.tokensIssued += 1
    return token
  }

  /** Judges an access token that reached an API of this data centre. */
  judge(value: string, dataCenter: DataCenter): Judgement {
    const token = this.#tokens.get(value)
    if (token === undefined) {
      const dead = this.#deadTokens.get(value)
      return { live: false, reason: dead?.reason ?? 'unknown', grant: dead?.token.grant }
    }
    if (this.#clock.now() >= token.expiresAt) {
      this.#forget(token, 'expired')
      return { live: false, reason: 'expired', grant: token.grant }
    }
    if (token.grant.dataCenter !== dataCenter)
      return { live: false, reason: 'other-data-center', grant: token.grant }
    return { live: true, token }
  }

  /** Tokens that would be accepted now, of one grant or of all, oldest first. */
  live(grant?: Grant): AccessToken[] {
    this.#sweep(this.#clock.now())
    return [...(grant?.tokens ?? this.#tokens).values()]
  }

  /** The last tokens that ended, at most 10 000, in the order in which that was noticed. */
  dead(): Iterable<DeadToken> {
    this.#sweep(this.#clock.now())
    return this.#deadTokens.values()
  }

  /** Users with a living grant, or with one made within the last minute. */
  users(): UserState[] {
    const now = this.#clock.now()
    return [...this.#users.values()].map(({ name, dataCenter, grants, newGrants }) => ({
      user: name,
      dataCenter,
      refreshTokens: grants.size,
      newInWindow: newGrants.used(now),
      blockedForMs: newGrants.blockedForMs(now),
    }))
  }

  /** Makes the server forget one access token. */
  endToken(value: string, reason: 'evicted' | 'revoked'): boolean {
    this.#sweep(this.#clock.now())
    const token = this.#tokens.get(value)
    if (token === undefined) return false
    this.#forget(token, reason)
    return true
  }

  /** Ends a grant with all its access tokens. */
  endGrant(refreshToken: string): boolean {
    const grant = this.#grants.get(refreshToken)
    if (grant === undefined) return false
    this.#end(grant, 'revoked')
    return true
  }

  /** Gives a grant another refresh token; the old one is dead, the access tokens stay. */
  rotate(grant: Grant): string {
    const old = grant.refreshToken
    const fresh = newToken()
    if (old !== undefined) {
      this.#grants.delete(old)
      this.#rememberGrant(old, grant)
    }
    this.#grants.set(fresh, Object.assign(grant, { refreshToken: fresh }))
    return fresh
  }

  resetCounters(): void {
    Object.assign(this.counters, noCounters())
    for (const grants of [this.#grants, this.#deadGrants, this.#services])
      for (const grant of grants.values()) {
        Object.assign(grant.counters, noCounters())
        grant.quota.resetPeak()
      }
  }

  /** Gives every grant and user a new window. */
  forgetQuotas(): void {
    for (const grant of this.#grants.values()) grant.quota.forget()
    for (const grant of this.#services.values()) grant.quota.forget()
    for (const user of this.#users.values()) user.newGrants.forget()
  }

  #bare({ user, dataCenter, organization, environment, scopes }: NewGrant): Grant {
    return {
      refreshToken: undefined,
      user,
      dataCenter,
      organization,
      environment,
      scopes: [...scopes],
      createdAt: this.#clock.now(),
      tokens: new Map(),
      lastToken: undefined,
      quota: new WindowLimit(this.#tokenRule),
      counters: noCounters(),
    }
  }

  #end(grant: Grant, reason: 'evicted' | 'revoked'): void {
    this.#sweep(this.#clock.now())
    for (const token of [...grant.tokens.values()]) this.#forget(token, reason)
    if (grant.refreshToken !== undefined) {
      this.#grants.delete(grant.refreshToken)
      this.#rememberGrant(grant.refreshToken, grant)
    }
    const key = userKey(grant.user, grant.dataCenter)
    const user = this.#users.get(key)
    user?.grants.delete(grant)
    if (user?.grants.size === 0 && user.newGrants.used(this.#clock.now()) === 0) this.#users.delete(key)
  }

  #sweep(now: number): void {
    for (const token of this.#tokens.values()) {
      if (token.expiresAt > now) return
      this.#forget(token, 'expired')
    }
  }

  #forget(token: AccessToken, reason: TokenEnd): void {
    this.#tokens.delete(token.value)
    token.grant.tokens.delete(token.value)
    const endedAt = reason === 'expired' ? token.expiresAt : this.#clock.now()
    this.#deadTokens.set(token.value, { token, reason, endedAt })
    shrink(this.#deadTokens, MAX_REMEMBERED)
    if (reason !== 'evicted') return
    this.counters.evictions += 1
    token.grant.counters.evictions += 1
  }

  #rememberGrant(refreshToken: string, grant: Grant): void {
    this.#deadGrants.set(refreshToken, grant)
    shrink(this.#deadGrants, MAX_REMEMBERED)
  }
}

/** The same name in two data centres is two users. */
function userKey(user: string, dataCenter: DataCenter): string {
  return `${dataCenter}/${user}`
}

function shrink(map: Map<string, unknown>, size: number): void {
  for (const key of map.keys()) {
    if (map.size <= size) return
    map.delete(key)
  }
}
