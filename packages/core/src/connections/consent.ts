import type { TokenAnswer } from '../accounts/answers.js'
import type { Answer } from '../accounts/client.js'
import { forgetGrant, type Runtime } from '../runtime.js'
import { StoreFault } from '../stores/guarded-token-store.js'
import { grantKey } from '../token/grant.js'
import {
  type Connection,
  DEFAULT_CONNECTION,
  type Environment,
  grantId,
  isSameGrant,
} from '../words/connection.js'
import type {
  ClientCredentialsOptions,
  ConsentExchangeOptions,
  ConsentFinishOptions,
  ConsentRequest,
  ConsentStart,
  ZohoConsent,
} from '../words/consent.js'
import type { DataCenter } from '../words/data-centers.js'
import { isZohoAuthError, ZohoAuthError } from '../words/errors.js'
import { raceSignal } from '../words/waits.js'
import { type Callback, readCallback } from './callback.js'
import { changeConnection } from './change.js'
import { failed, foreign, notGiven } from './consent-failures.js'
import { assertCode, assertRedirectUri, assertRequest, assertSoid } from './consent-requests.js'
import { acquireGrantLease, assertGrantPossible, minuteOf } from './grant-limit.js'
import { takeGrant } from './new-grant.js'
import { type PendingConsent, PendingConsents } from './pending.js'
import { presentGrant, revokeDueGrants } from './replaced.js'
import { revokeConnection } from './revoke.js'
import { giveBack } from './unkept-grant.js'

/** What a grant is made for, and how. */
interface GrantRequest {
  readonly connection: string
  readonly dataCenter: DataCenter
  readonly scopes: readonly string[]
  readonly environment?: Environment | undefined
  readonly label?: string | undefined
  readonly soid?: string | undefined
  /** The request for it. */
  send(): Promise<Answer<TokenAnswer>>
  /** Called once nothing but the request itself can fail any more. `false`: do not send it. */
  ready?(): Promise<boolean>
}

/** Makes grants: the flow of `words/consent.ts`. */
export class Consent implements ZohoConsent {
  readonly #runtime: Runtime
  readonly #pending: PendingConsents

  constructor(runtime: Runtime) {
    this.#runtime = runtime
    this.#pending = new PendingConsents(runtime.store)
  }

  async start(request: ConsentRequest): Promise<ConsentStart> {
    const { scopes, redirectUri, environment, label } = request
    const { defaultDataCenter, accounts, one } = this.#runtime
    const connection = request.connection ?? (one ? DEFAULT_CONNECTION : '')
    const dataCenter = request.dataCenter ?? defaultDataCenter
    this.#assertWritable()
    assertRequest({ connection, scopes, dataCenter, environment })
    assertRedirectUri(redirectUri)
    await accounts.prepare(dataCenter)
    return this.#working(connection, async () => {
      await this.#assertGrantPossible(connection)
      await assertGrantPossible(`connection:${connection}`, this.#runtime)
      const { url, state, verifier } = await accounts.authorizationRequest({
        dataCenter,
        redirectUri,
        scopes,
      })
      const pending = { connection, dataCenter, redirectUri, scopes, verifier, environment, label }
      await this.#pending.put(state, pending)
      return { url, state }
    })
  }

  async finish(
    callbackUrl: string | URL,
    state: string,
    options: ConsentFinishOptions = {},
  ): Promise<Connection> {
    this.#assertWritable()
    const callback = readCallback(callbackUrl, state)
    if (callback.kind === 'foreign') throw foreign(callback.detail)
    return raceSignal(
      this.#working(options.connection, () => this.#finish(callback, state, options.connection)),
      options.signal,
    )
  }

  async #finish(
    callback: Exclude<Callback, { kind: 'foreign' }>,
    state: string,
    allowed: string | undefined,
  ): Promise<Connection> {
    const pending = await this.#pending.get(state)
    if (pending === undefined)
      throw foreign('the state is unknown here: used, older than ten minutes, or of another store')
    const { connection, redirectUri, verifier } = pending
    const refuse = async (error: ZohoAuthError): Promise<never> => {
      await this.#pending.take(state)
      throw error
    }
    if (allowed !== undefined && allowed !== connection)
      return refuse(foreign('the consent was started for another connection'))
    if (callback.kind === 'refused') return refuse(notGiven(connection, callback.error))
    const dataCenter = this.#dataCenterOf(callback, pending)
    if (typeof dataCenter === 'object') return refuse(foreign(dataCenter.detail))
    const { code } = callback
    return this.#grant({
      ...pending,
      dataCenter,
      ready: () => this.#pending.take(state),
      send: () =>
        this.#runtime.accounts.exchange({ dataCenter, code, redirectUri, verifier }, this.#runtime.closing),
    })
  }

  async exchange(code: string, options: ConsentExchangeOptions = {}): Promise<Connection> {
    const { connection = DEFAULT_CONNECTION, environment, label, signal } = options
    const { defaultDataCenter, accounts, closing } = this.#runtime
    const dataCenter = options.dataCenter ?? defaultDataCenter
    this.#assertWritable()
    assertRequest({ connection, dataCenter, environment })
    assertCode(code)
    const send = () => accounts.exchange({ dataCenter, code }, closing)
    return raceSignal(
      this.#working(connection, () =>
        this.#grant({ connection, dataCenter, scopes: [], environment, label, send }),
      ),
      signal,
    )
  }

  async clientCredentials(options: ClientCredentialsOptions): Promise<Connection> {
    const { connection = DEFAULT_CONNECTION, soid, scopes, environment, label, signal } = options
    const { defaultDataCenter, accounts, closing, clock } = this.#runtime
    const dataCenter = options.dataCenter ?? defaultDataCenter
    this.#assertWritable()
    assertRequest({ connection, scopes, dataCenter, environment })
    assertSoid(soid)
    const now = clock.now()
    const asked: Connection = {
      id: connection,
      soid,
      dataCenter,
      scopes,
      state: 'active',
      version: 0,
      createdAt: now,
      updatedAt: now,
    }
    const send = () => accounts.inTurn(closing, () => accounts.refresh(asked, closing))
    return raceSignal(
      this.#working(connection, () =>
        this.#grant({ connection, dataCenter, scopes, environment, label, soid, send }),
      ),
      signal,
    )
  }

  async undo({ connection: id, grant }: Parameters<ZohoConsent['undo']>[0]): Promise<void> {
    this.#assertWritable()
    assertRequest({ connection: id, dataCenter: this.#runtime.defaultDataCenter })
    return this.#working(id, () => this.#undo(id, grant))
  }

  async #undo(id: string, grant: string | undefined): Promise<void> {
    const { clientId, clock, grants } = this.#runtime
    const before = await grants.get(id)
    // Undone already, or replaced since: what is left of it is to be ended, and nothing else.
    if (grant !== undefined && before !== undefined && grantId(before) !== grant)
      return revokeDueGrants(id, this.#runtime)
    const previous = before?.replaced?.at(-1)
    if (before === undefined || previous === undefined || previous.revokeAt <= clock.now())
      return revokeConnection(id, this.#runtime)
    await changeConnection(id, this.#runtime, (current) => {
      const isOther = current === undefined || !isSameGrant(current, before)
      if (isOther && grant !== undefined) return undefined
      if (isOther) throw new ZohoAuthError('ERR_ZOHO_CONFLICT', { connection: id })
      const { revokeAt: _, ...restored } = previous
      const { scopes: _s, userId: _u, label: _l, soid: _i, refreshToken: _t, replaced: _r, ...rest } = current
      const wrong = presentGrant(current, 0)
      const older = current.replaced?.slice(0, -1) ?? []
      return { ...rest, ...restored, state: 'active', replaced: [...older, ...(wrong ? [wrong] : [])] }
    })
    forgetGrant(this.#runtime, id, grantKey(before, clientId))
    await revokeDueGrants(id, this.#runtime)
  }

  /** Work on both stores and at Zoho, which neither a caller who leaves nor `close` cuts in half. */
  #working<T>(connection: string | undefined, work: () => Promise<T>): Promise<T> {
    return this.#runtime.failures.watch(this.#runtime.background.during(() => storing(connection, work)))
  }

  /** One lease, one request, one grant. */
  async #grant(request: GrantRequest): Promise<Connection> {
    const { connection, dataCenter } = request
    const { clock, accounts } = this.#runtime
    await accounts.prepare(dataCenter)
    await this.#assertGrantPossible(connection)
    const lease = await acquireGrantLease(`connection:${connection}`, this.#runtime)
    let ended = { unspent: true } as Parameters<typeof lease.release>[0]
    try {
      if ((await request.ready?.()) === false) throw foreign('the state was used already')
      const sentAt = clock.now()
      const answer = await request.send()
      if (answer.kind === 'throttled')
        ended = { unspent: true, cooldown: { reason: 'throttled', ms: minuteOf(this.#runtime) } }
      if (
        answer.kind === 'token' ||
        answer.kind === 'malformed' ||
        answer.kind === 'timeout' ||
        answer.kind === 'lost'
      )
        ended = {}
      const unkept = 'refreshToken' in answer && {
        id: connection,
        refreshToken: answer.refreshToken,
        dataCenter,
      }
      if (answer.kind !== 'token') {
        const fate = unkept ? await giveBack(unkept, this.#runtime) : undefined
        throw failed(answer, connection, dataCenter, minuteOf(this.#runtime), fate)
      }
      // Client credentials have none to keep.
      if (unkept && request.soid !== undefined)
        this.#runtime.background.run(() => giveBack(unkept, this.#runtime))
      if (request.soid === undefined && answer.refreshToken === undefined)
        throw new ZohoAuthError('ERR_ZOHO_BAD_RESPONSE', {
          connection,
          action:
            'Zoho gave an access token without a refresh token. Consent again: prompt=consent makes a new one.',
        })
      return await takeGrant({ ...request, answer, sentAt }, this.#runtime)
    } finally {
      await lease.release(ended)
    }
  }

  /** Where the user lives, by our own table. An object: why not. */
  #dataCenterOf(
    { location, accountsServer }: Extract<Callback, { kind: 'code' }>,
    pending: PendingConsent,
  ): DataCenter | { readonly detail: string } {
    const dataCenter = location ?? pending.dataCenter
    let own: string
    try {
      own = new URL(this.#runtime.endpointOf(dataCenter)).origin
    } catch {
      return {
        detail: `the user lives in data centre "${dataCenter}", and accountsUrl names no server for it`,
      }
    }
    if (accountsServer === undefined || accountsServer === own || accountsServer === `${own}/`)
      return dataCenter
    return { detail: `accounts-server is not the accounts server of data centre "${dataCenter}"` }
  }

  /** Where it is known who consents: whether this Zoho user can, also for other connections. */
  async #assertGrantPossible(id: string): Promise<void> {
    const userId = (await this.#runtime.grants.get(id))?.userId
    if (userId !== undefined) await assertGrantPossible(`user:${userId}`, this.#runtime)
  }

  #assertWritable(): void {
    this.#runtime.stopping.throwIfAborted()
    if (this.#runtime.grants.store === undefined)
      throw new ZohoAuthError('ERR_ZOHO_CONFIG', {
        message:
          '"connections" is a function, so a new grant cannot be stored: pass a ConnectionStore, such as redisConnectionStore() or postgresConnectionStore()',
      })
  }
}

/** Work on the token store, whose faults callers know by their code. */
async function storing<T>(connection: string | undefined, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (isZohoAuthError(error) || !(error instanceof StoreFault)) throw error
    throw new ZohoAuthError('ERR_ZOHO_STORE', { connection, cause: error })
  }
}
