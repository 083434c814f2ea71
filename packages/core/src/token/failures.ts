import type { TokenAnswer } from '../accounts/answers.js'
import type { Answer } from '../accounts/client.js'
import type { Runtime } from '../runtime.js'
import type { RefreshLease, ReleaseOptions } from '../stores/ports.js'
import type { Connection } from '../words/connection.js'
import { ZohoAuthError, type ZohoAuthErrorCode } from '../words/errors.js'
import { unreachedAction } from '../words/forward-proxy.js'
import { backoffMs } from './backoff.js'
import type { RememberedCooldown } from './cooldowns.js'
import { grantKey } from './grant.js'

/** After a first dead answer the grant is left alone for this long, in milliseconds (one minute). */
const DEAD_COOLDOWN_MS = 60_000

/** After Zoho refused the client, this process leaves the connection alone for this long, in milliseconds (30 seconds). */
const CLIENT_COOLDOWN_MS = 30_000

/** An answer of the accounts server without a token, or no answer. */
export type FailedAnswer = Exclude<Answer<TokenAnswer>, { kind: 'token' }>

/** What each failing answer of the accounts server leads to: who is told, how long nothing is sent, what it costs. */
export class RefreshFailures {
  readonly #runtime: Runtime
  readonly #readAgain: (connection: Connection) => Promise<Connection | undefined>

  constructor(runtime: Runtime, readAgain: (connection: Connection) => Promise<Connection | undefined>) {
    this.#runtime = runtime
    this.#readAgain = readAgain
  }

  /** @throws ZohoAuthError `ERR_ZOHO_CONSENT_REQUIRED` if a grant is known to be dead and could not be marked. */
  assertAlive(key: string, connection: string): void {
    if (this.#runtime.cooldowns.failuresOf(key).dead === 'for-good')
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
        const { windowMs } = this.#runtime.budget
        await this.#release(key, lease, {
          cooldown: { reason: 'throttled', ms: windowMs },
          unspent: true,
        })
        const event = { connection: connection.id, reason: 'throttled', retryAfterMs: windowMs } as const
        this.#runtime.events.emit('refresh.throttled', event)
        return this.#cool(connection, key, 'throttled', windowMs, 'ERR_ZOHO_THROTTLED', 'throttled')
      }
      case 'unreachable': {
        await this.#release(key, lease, { unspent: true })
        const { cooldowns } = this.#runtime
        const failures = cooldowns.failuresOf(key).unreachable ?? 0
        cooldowns.failed(key, { unreachable: failures + 1 })
        const ms = backoffMs(failures, this.#runtime.random(), false, 0, this.#runtime.budget)
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
    const { budget, random } = this.#runtime
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
    const { clock, grants, events, clientId, cooldowns } = this.#runtime
    const { id, dataCenter } = connection
    const current = await this.#readAgain(connection)
    await this.#release(key, lease, { cooldown: { reason: 'dead', ms: DEAD_COOLDOWN_MS }, unspent: true })
    if (current && grantKey(current, clientId) !== key) return undefined
    // The store knows whether a token came in between, whoever made it; alone, this process can only know of its own.
    const second =
      lease === undefined ? cooldowns.failuresOf(key).dead === 'once' : lease.lastCooldown === 'dead'
    cooldowns.failed(key, { dead: second && !grants.store ? 'for-good' : 'once' })
    if (second) {
      if (grants.store && current && current.state !== 'revoked') {
        const next: Connection = { ...current, state: 'consent-required', updatedAt: clock.now() }
        // A conflict means that somebody changed the connection just now; the next attempt reads what they wrote.
        await grants.store.put(next, { ifVersion: current.version }).catch(() => {})
      }
      events.emit('connection.consent_required', { connection: id, dataCenter })
    }
    return this.#cool(connection, key, 'dead', DEAD_COOLDOWN_MS, 'ERR_ZOHO_CONSENT_REQUIRED', error)
  }

  async #release(key: string, lease: RefreshLease | undefined, options: ReleaseOptions): Promise<void> {
    if (lease) await this.#runtime.store.release(key, lease, options)
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
    const { clock, cooldowns, events } = this.#runtime
    const now = clock.now()
    const cooldown: RememberedCooldown = { reason, code, untilAt: now + ms, ...extra }
    cooldowns.set(key, cooldown, now)
    const { action } = new ZohoAuthError(code, extra)
    const event = { connection: id, dataCenter, code, detail, action, retryAfterMs: ms }
    events.emit('token.refresh_failed', event)
    return cooldown
  }
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
