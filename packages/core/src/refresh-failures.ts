import type { Answer } from './gates/accounts-server.js'
import type { CooldownCache, RememberedCooldown } from './gates/cooldown-cache.js'
import { grantKey } from './gates/grant.js'
import { backoffMs } from './rules/backoff.js'
import type { TokenAnswer } from './rules/token-response.js'
import type { RefreshLease, ReleaseOptions } from './stores/ports.js'
import type { TokenProviderParts } from './token-provider-parts.js'
import type { Connection } from './words/connection.js'
import { ZohoAuthError, type ZohoAuthErrorCode } from './words/errors.js'
import { unreachedAction } from './words/forward-proxy.js'

/** After a first dead answer the grant is left alone for this long, in milliseconds (one minute). */
const DEAD_COOLDOWN_MS = 60_000

/** After Zoho refused the client, this process leaves the connection alone for this long, in milliseconds (30 seconds). */
const CLIENT_COOLDOWN_MS = 30_000

/** Most keys whose failures are remembered here. */
const MOST_KEYS = 100_000

/** An answer of the accounts server without a token, or no answer. */
export type FailedAnswer = Exclude<Answer<TokenAnswer>, { kind: 'token' }>

/** What each failing answer of the accounts server leads to: who is told, how long nothing is sent, what it costs. */
export class RefreshFailures {
  readonly #parts: TokenProviderParts
  readonly #cooldowns: CooldownCache
  readonly #readAgain: (connection: Connection) => Promise<Connection | undefined>
  /** Keys for which a dead answer came once, and those for which it came twice and cannot be written down. */
  readonly #dead = new Map<string, 'once' | 'for-good'>()
  /** Failures in a row of reaching the accounts server at all, by key. */
  readonly #unreachable = new Map<string, number>()

  constructor(
    parts: TokenProviderParts,
    cooldowns: CooldownCache,
    readAgain: (connection: Connection) => Promise<Connection | undefined>,
  ) {
    this.#parts = parts
    this.#cooldowns = cooldowns
    this.#readAgain = readAgain
  }

  forget(key: string): void {
    this.#dead.delete(key)
    this.#unreachable.delete(key)
  }

  /** @throws ZohoAuthError `ERR_ZOHO_CONSENT_REQUIRED` where a grant is known to be dead and could not be marked. */
  assertAlive(key: string, connection: string): void {
    if (this.#dead.get(key) === 'for-good')
      throw new ZohoAuthError('ERR_ZOHO_CONSENT_REQUIRED', { connection })
  }

  /**
   * Ends the lease, remembers the cooldown and reports the failure.
   *
   * @returns The cooldown to pause for, or `undefined`: the grant was replaced meanwhile, start over.
   */
  async judge(
    answer: FailedAnswer,
    connection: Connection,
    key: string,
    lease: RefreshLease | undefined,
  ): Promise<RememberedCooldown | undefined> {
    switch (answer.kind) {
      case 'dead-grant':
        return this.#deadGrant(answer.error, connection, key, lease)
      case 'client-fault':
        await this.#release(key, lease, { unspent: true })
        return this.#cool(connection, key, 'client', CLIENT_COOLDOWN_MS, 'ERR_ZOHO_CLIENT', answer.error, {
          action: clientAction(answer.error, connection),
        })
      case 'throttled': {
        const { windowMs } = this.#parts.budget
        await this.#release(key, lease, {
          cooldown: { reason: 'throttled', ms: windowMs },
          unspent: true,
        })
        const event = { connection: connection.id, reason: 'throttled', retryAfterMs: windowMs }
        this.#parts.events.emit('refresh.throttled', event)
        return this.#cool(connection, key, 'throttled', windowMs, 'ERR_ZOHO_THROTTLED', 'throttled')
      }
      case 'unreachable': {
        await this.#release(key, lease, { unspent: true })
        const failures = this.#unreachable.get(key) ?? 0
        bounded(this.#unreachable).set(key, failures + 1)
        const ms = backoffMs(failures, this.#parts.random(), false, 0, this.#parts.budget)
        return this.#cool(connection, key, 'unreachable', ms, 'ERR_ZOHO_UNAVAILABLE', answer.detail, {
          action: unreachedAction('ERR_ZOHO_UNAVAILABLE'),
          cause: new Error(answer.detail),
        })
      }
      default:
        return this.#backoff(answer, connection, key, lease)
    }
  }

  async #backoff(
    answer: Extract<FailedAnswer, { kind: 'transient' | 'malformed' | 'timeout' | 'lost' }>,
    connection: Connection,
    key: string,
    lease: RefreshLease | undefined,
  ): Promise<RememberedCooldown> {
    const { budget, random } = this.#parts
    // A complete answer without a token cost none; after a broken one, or a token that was not usable, one may exist.
    const unclear = answer.kind !== 'transient' || answer.unclear === true
    const asked = answer.kind === 'transient' ? (answer.retryAfterMs ?? 0) : 0
    const own = backoffMs(lease?.failures ?? 0, random(), unclear, lease?.used ?? 0, budget)
    const ms = Math.max(own, Math.min(asked, budget.windowMs))
    await this.#release(key, lease, { cooldown: { reason: 'backoff', ms }, unspent: !unclear })
    const code = codeOfFailure(answer)
    return this.#cool(connection, key, 'backoff', ms, code, answer.detail, {
      ...(code === 'ERR_ZOHO_TIMEOUT' && { action: unreachedAction(code) }),
      cause: new Error(answer.detail),
    })
  }

  /** A first answer may be Zoho's mistake: the grant is left alone for a minute. A second one marks the connection. */
  async #deadGrant(
    error: string,
    connection: Connection,
    key: string,
    lease: RefreshLease | undefined,
  ): Promise<RememberedCooldown | undefined> {
    const { clock, grants, events, clientId } = this.#parts
    const { id, dataCenter } = connection
    const current = await this.#readAgain(connection)
    await this.#release(key, lease, { cooldown: { reason: 'dead', ms: DEAD_COOLDOWN_MS }, unspent: true })
    if (current && grantKey(current, clientId) !== key) return undefined
    // The store knows whether a token came in between, whoever made it; alone, this process can only know of its own.
    const second = lease === undefined ? this.#dead.get(key) === 'once' : lease.lastCooldown === 'dead'
    if (!second) {
      bounded(this.#dead).set(key, 'once')
    } else {
      bounded(this.#dead).set(key, grants.store ? 'once' : 'for-good')
      if (grants.store && current) {
        const next = { ...current, state: 'consent-required' as const, updatedAt: clock.now() }
        // A conflict means that somebody changed the connection just now; the next attempt reads what they wrote.
        await grants.store.put(next, { ifVersion: current.version }).catch(() => {})
      }
      events.emit('connection.consent_required', { connection: id, dataCenter })
    }
    return this.#cool(connection, key, 'dead', DEAD_COOLDOWN_MS, 'ERR_ZOHO_CONSENT_REQUIRED', error)
  }

  async #release(key: string, lease: RefreshLease | undefined, options: ReleaseOptions): Promise<void> {
    if (lease) await this.#parts.store.release(key, lease, options)
  }

  /** Remembers a cooldown that was learned just now, and reports the failure. */
  #cool(
    { id, dataCenter }: Connection,
    key: string,
    reason: RememberedCooldown['reason'],
    ms: number,
    code: ZohoAuthErrorCode,
    detail: string,
    extra: { readonly action?: string; readonly cause?: unknown } = {},
  ): RememberedCooldown {
    const now = this.#parts.clock.now()
    const cooldown: RememberedCooldown = { reason, code, untilAt: now + ms, ...extra }
    this.#cooldowns.set(key, cooldown, now)
    const { action } = new ZohoAuthError(code, extra)
    const event = { connection: id, dataCenter, code, detail, action, retryAfterMs: ms }
    this.#parts.events.emit('token.refresh_failed', event)
    return cooldown
  }
}

function bounded<Value>(map: Map<string, Value>): Map<string, Value> {
  if (map.size >= MOST_KEYS) map.clear()
  return map
}

/** What a request that came to nothing is called. */
export function codeOfFailure({
  kind,
  detail,
}: Extract<FailedAnswer, { readonly detail: string }>): ZohoAuthErrorCode {
  switch (kind) {
    case 'transient':
      return /^status (5\d\d|429)|^error /.test(detail) ? 'ERR_ZOHO_UNAVAILABLE' : 'ERR_ZOHO_BAD_RESPONSE'
    case 'malformed':
      return 'ERR_ZOHO_BAD_RESPONSE'
    case 'timeout':
      return 'ERR_ZOHO_TIMEOUT'
    default:
      return 'ERR_ZOHO_UNAVAILABLE'
  }
}

/** What to look at, by what Zoho said. Names the variable to try, without sending the secret anywhere else to find out. */
export function clientAction(
  error: string,
  { id, dataCenter }: Pick<Connection, 'id' | 'dataCenter'>,
): string {
  switch (error) {
    case 'missing_org_info':
      return 'Zoho wants an organisation: give "soid" with client credentials.'
    case 'invalid_redirect_uri':
      return "Zoho answered invalid_redirect_uri: compare redirectUri, character by character, with the redirect URIs of the client in Zoho's API console: scheme, host, port, path and a final slash count."
    case 'invalid_scope':
      return 'Zoho answered invalid_scope: compare the scopes with those on the pages of the product; they are written Service.part.OPERATION.'
    default:
      return (
        `Zoho answered ${error}. Check ZOHO_CLIENT_ID and ZOHO_CLIENT_SECRET; Zoho may issue one secret per data centre ` +
        `(ZOHO_CLIENT_SECRET_${dataCenter.toUpperCase()}). ZOHO_DATA_CENTER is "${dataCenter}" for ` +
        `connection "${id}": is this an account of another data centre?`
      )
  }
}
