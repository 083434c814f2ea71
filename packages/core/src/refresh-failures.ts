import type { Answer } from './gates/accounts-server.js'
import { grantKey } from './gates/grant.js'
import type { QuietMemory, RememberedQuiet } from './gates/quiet-memory.js'
import { backoffMs } from './rules/backoff.js'
import type { TokenAnswer } from './rules/token-response.js'
import type { AbandonOptions, GoTurn } from './stores/ports.js'
import type { TokenProviderParts } from './token-provider-parts.js'
import type { Connection } from './words/connection.js'
import { ZohoAuthError, type ZohoAuthErrorCode } from './words/errors.js'
import { unreachedAction } from './words/forward-proxy.js'

/** After a first dead answer the grant is left alone for this long, in milliseconds (one minute). */
const DEAD_QUIET_MS = 60_000

/** After Zoho refused the client, this process leaves the connection alone for this long, in milliseconds (30 seconds). */
const CLIENT_QUIET_MS = 30_000

/** Most keys whose failures are remembered here. */
const MOST_KEYS = 100_000

/** An answer of the accounts server without a token, or no answer. */
export type FailedAnswer = Exclude<Answer<TokenAnswer>, { kind: 'token' }>

/** Ends a turn without a token; where the store does not answer, behind. */
export async function abandonTurn(
  { store, health }: Pick<TokenProviderParts, 'store' | 'health'>,
  key: string,
  go: GoTurn | undefined,
  options: AbandonOptions = {},
): Promise<void> {
  if (go === undefined) return
  const write = () => store.abandon(key, go, options)
  await health.run(write).catch(() => void health.persist(write))
}

/** What each failing answer of the accounts server leads to: who is told, how long nothing is sent, what it costs. */
export class RefreshFailures {
  readonly #parts: TokenProviderParts
  readonly #quiets: QuietMemory
  readonly #readAgain: (connection: Connection) => Promise<Connection | undefined>
  /** Keys for which a dead answer came once, and those for which it came twice and cannot be written down. */
  readonly #dead = new Map<string, 'once' | 'for-good'>()
  /** Failures in a row of reaching the accounts server at all, by key. */
  readonly #unreachable = new Map<string, number>()

  constructor(
    parts: TokenProviderParts,
    quiets: QuietMemory,
    readAgain: (connection: Connection) => Promise<Connection | undefined>,
  ) {
    this.#parts = parts
    this.#quiets = quiets
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
   * Ends the turn, remembers the quiet and reports the failure.
   *
   * @returns The quiet to pause for, or `undefined`: the grant was replaced meanwhile, start over.
   */
  async judge(
    answer: FailedAnswer,
    connection: Connection,
    key: string,
    go: GoTurn | undefined,
  ): Promise<RememberedQuiet | undefined> {
    switch (answer.kind) {
      case 'dead-grant':
        return this.#deadGrant(answer.error, connection, key, go)
      case 'client-fault':
        await abandonTurn(this.#parts, key, go, { unspent: true })
        return this.#silence(connection, key, 'client', CLIENT_QUIET_MS, 'ERR_ZOHO_CLIENT', answer.error, {
          action: clientAction(answer.error, connection),
        })
      case 'throttled': {
        const { windowMs } = this.#parts.budget
        await abandonTurn(this.#parts, key, go, {
          quiet: { reason: 'throttled', ms: windowMs },
          unspent: true,
        })
        const event = { connection: connection.id, reason: 'throttled', retryAfterMs: windowMs }
        this.#parts.events.emit('refresh.throttled', event)
        return this.#silence(connection, key, 'throttled', windowMs, 'ERR_ZOHO_THROTTLED', 'throttled')
      }
      case 'unreachable': {
        await abandonTurn(this.#parts, key, go, { unspent: true })
        const failures = this.#unreachable.get(key) ?? 0
        bounded(this.#unreachable).set(key, failures + 1)
        const ms = backoffMs(failures, this.#parts.random(), false, 0, this.#parts.budget)
        return this.#silence(connection, key, 'unreachable', ms, 'ERR_ZOHO_UNAVAILABLE', answer.detail, {
          action: unreachedAction('ERR_ZOHO_UNAVAILABLE'),
          cause: new Error(answer.detail),
        })
      }
      default:
        return this.#backoff(answer, connection, key, go)
    }
  }

  async #backoff(
    answer: Extract<FailedAnswer, { kind: 'transient' | 'malformed' | 'timeout' | 'lost' }>,
    connection: Connection,
    key: string,
    go: GoTurn | undefined,
  ): Promise<RememberedQuiet> {
    const { budget, random } = this.#parts
    // A complete answer without a token cost none; after a broken one, or a token that was not usable, one may exist.
    const unclear = answer.kind !== 'transient' || answer.unclear === true
    const asked = answer.kind === 'transient' ? (answer.retryAfterMs ?? 0) : 0
    const own = backoffMs(go?.failures ?? 0, random(), unclear, go?.used ?? 0, budget)
    const ms = Math.max(own, Math.min(asked, budget.windowMs))
    await abandonTurn(this.#parts, key, go, { quiet: { reason: 'backoff', ms }, unspent: !unclear })
    const code = codeOfFailure(answer)
    return this.#silence(connection, key, 'backoff', ms, code, answer.detail, {
      ...(code === 'ERR_ZOHO_TIMEOUT' && { action: unreachedAction(code) }),
      cause: new Error(answer.detail),
    })
  }

  /** A first answer may be Zoho's mistake: the grant is left alone for a minute. A second one marks the connection. */
  async #deadGrant(
    error: string,
    connection: Connection,
    key: string,
    go: GoTurn | undefined,
  ): Promise<RememberedQuiet | undefined> {
    const { clock, grants, events, clientId } = this.#parts
    const { id, dataCenter } = connection
    const current = await this.#readAgain(connection)
    await abandonTurn(this.#parts, key, go, { quiet: { reason: 'dead', ms: DEAD_QUIET_MS }, unspent: true })
    if (current && grantKey(current, clientId) !== key) return undefined
    // The store knows whether a token came in between, whoever made it; alone, this process can only know of its own.
    const second = go === undefined ? this.#dead.get(key) === 'once' : go.lastQuiet === 'dead'
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
    return this.#silence(connection, key, 'dead', DEAD_QUIET_MS, 'ERR_ZOHO_CONSENT_REQUIRED', error)
  }

  /** Remembers a quiet that was learned just now, and reports the failure. */
  #silence(
    { id, dataCenter }: Connection,
    key: string,
    reason: RememberedQuiet['reason'],
    ms: number,
    code: ZohoAuthErrorCode,
    detail: string,
    extra: { readonly action?: string; readonly cause?: unknown } = {},
  ): RememberedQuiet {
    const now = this.#parts.clock.now()
    const quiet: RememberedQuiet = { reason, code, untilAt: now + ms, ...extra }
    this.#quiets.set(key, quiet, now)
    const { action } = new ZohoAuthError(code, extra)
    const event = { connection: id, dataCenter, code, detail, action, retryAfterMs: ms }
    this.#parts.events.emit('token.refresh_failed', event)
    return quiet
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
