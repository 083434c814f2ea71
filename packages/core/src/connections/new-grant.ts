import type { TokenAnswer } from '../accounts/answers.js'
import { forgetGrant, type Runtime } from '../runtime.js'
import { encodePayload } from '../token/commit.js'
import { grantKey } from '../token/grant.js'
import { type Connection, type Environment, isSameGrant } from '../words/connection.js'
import type { DataCenter } from '../words/data-centers.js'
import { isZohoAuthError, ZohoAuthError } from '../words/errors.js'
import { type Change, changeConnection } from './change.js'
import { countGrant } from './grant-limit.js'
import { ownerOfGrant } from './grant-owner.js'
import { listed } from './listed.js'
import { replacedBy, revokeDueGrants } from './replaced.js'
import { giveBack } from './unkept-grant.js'

/** Refresh tokens Zoho keeps for a user; one more deletes the oldest. */
const MAX_REFRESH_TOKENS = 20

/** From here on it is worth a warning. */
const MANY_REFRESH_TOKENS = 18

/** Connections that are looked at to count a user's grants; if there are more, the count stays unknown. */
const MAX_COUNTED = 10_000

/** What a grant is for, and what Zoho gave. */
export interface NewGrant {
  readonly connection: string
  readonly dataCenter: DataCenter
  /** Asked for; what Zoho says it gave counts more. */
  readonly scopes: readonly string[]
  readonly environment?: Environment | undefined
  readonly label?: string | undefined
  /** Client credentials: there is no refresh token then. */
  readonly soid?: string | undefined
  readonly answer: Extract<TokenAnswer, { kind: 'token' }>
  /** When the request for it was sent, in milliseconds since the epoch. */
  readonly sentAt: number
}

/**
 * Takes a new grant in: it is stored first, right after Zoho's answer; then its first token is kept, so that it is not
 * wasted; then it is asked whose it is, for people's eyes. What it replaces is ended with nobody waiting.
 *
 * A grant that cannot be stored is given back to Zoho, and the connection is as it was.
 *
 * @throws ZohoAuthError `ERR_ZOHO_STORE`, `ERR_ZOHO_CONFLICT`
 */
export async function takeGrant(grant: NewGrant, runtime: Runtime): Promise<Connection> {
  const { answer, dataCenter, soid } = grant
  const { events, logger } = runtime
  const id = grant.connection
  const scopes = answer.scopes.length > 0 && soid === undefined ? answer.scopes : grant.scopes
  const stored = await storeGrant(
    {
      id,
      ...(soid === undefined ? { refreshToken: answer.refreshToken ?? '' } : { soid }),
      dataCenter,
      state: 'active' as const,
      ...(grant.environment === undefined ? {} : { environment: grant.environment }),
      ...(scopes.length === 0 ? {} : { scopes }),
      ...(grant.label === undefined ? {} : { label: grant.label }),
    },
    runtime,
  )
  await keepFirstToken(stored, grant, runtime)
  const known = await nameOwner(stored, scopes, answer.value, runtime)
  const refreshTokens = await countOfUser(known, runtime)
  if (refreshTokens !== undefined && refreshTokens >= MANY_REFRESH_TOKENS)
    logger.warn(
      `the Zoho user of connection "${id}" has ${refreshTokens} refresh tokens that this library knows of; Zoho keeps ` +
        `${MAX_REFRESH_TOKENS} and deletes the oldest with the next one: revoke connections that nobody uses`,
    )
  events.emit('connection.created', {
    connection: id,
    dataCenter,
    ...(refreshTokens === undefined ? {} : { refreshTokens }),
  })
  return known
}

/** Writes down who consented, if Zoho says so. Whatever goes wrong, the connection works as it is. */
async function nameOwner(
  stored: Connection,
  scopes: readonly string[],
  token: string,
  runtime: Runtime,
): Promise<Connection> {
  const { userId, email } = await ownerOfGrant(token, scopes, stored.dataCenter, runtime)
  if (userId === undefined && email === undefined) return stored
  if (userId !== undefined) await countGrant(`user:${userId}`, runtime)
  const known = await changeConnection(stored.id, runtime, (current) => {
    if (current === undefined || !isSameGrant(current, stored)) return undefined
    const label = current.label ?? email
    return {
      ...current,
      ...(label === undefined ? {} : { label }),
      ...(userId === undefined ? {} : { userId }),
    }
  }).catch(() => undefined)
  return known !== undefined && isSameGrant(known, stored) ? known : stored
}

async function storeGrant(fields: Change, runtime: Runtime): Promise<Connection> {
  const { clientId, clock, budget } = runtime
  const { id, refreshToken, dataCenter } = fields
  let before: Connection | undefined
  try {
    const stored = await changeConnection(id, runtime, (current) => {
      before = current
      const replaced = replacedBy(refreshToken, current, clock.now(), budget)
      return replaced.length === 0 ? fields : { ...fields, replaced }
    })
    if (before !== undefined) forgetGrant(runtime, id, grantKey(before, clientId))
    if (stored?.replaced !== undefined) endReplaced(stored, runtime)
    return stored as Connection
  } catch (error) {
    if (refreshToken === undefined) throw error
    const fate = await giveBack({ id, refreshToken, dataCenter }, runtime)
    throw isZohoAuthError(error) ? withWords(error, fate) : error
  }
}

/** The same error, with one more sentence for the operator. */
function withWords(error: ZohoAuthError, sentence: string): ZohoAuthError {
  const { code, message, action, connection, retryAfterMs, cause } = error
  return new ZohoAuthError(code, {
    message,
    action: `${action} ${sentence}`,
    connection,
    retryAfterMs,
    cause,
  })
}

/**
 * Ends what is due now, and later what will be due one token life from now. Should this process not be there then, the
 * next refresh of the connection does it.
 */
function endReplaced({ id, replaced = [] }: Connection, runtime: Runtime): void {
  const { clock } = runtime
  const lastAt = Math.max(...replaced.map(({ revokeAt }) => revokeAt))
  runtime.background.run(() => revokeDueGrants(id, runtime))
  runtime.background.later(lastAt - clock.now(), () => revokeDueGrants(id, runtime))
}

/** The token that came with the grant goes where all others go. If that fails, one refresh is lost. */
async function keepFirstToken(
  connection: Connection,
  { answer, sentAt, dataCenter }: NewGrant,
  runtime: Runtime,
): Promise<void> {
  const { clientId, clock, store, budget, timeoutMs } = runtime
  const key = grantKey(connection, clientId)
  const holder = globalThis.crypto.randomUUID()
  try {
    const result = await store.acquire(key, { holder, minGeneration: 0, leaseMs: timeoutMs, budget })
    if (result.kind !== 'acquired') return
    // The store counts life from `acquire`, and the token has lived since it was asked for.
    const lifeMs = answer.lifeMs - (clock.now() - sentAt)
    const payload = {
      value: answer.value,
      lifeMs,
      apiDomain: answer.apiDomain ?? runtime.apiDomainOf({ dataCenter }),
      scopes: answer.scopes,
    }
    if (lifeMs > 0) await store.commit(key, result.lease, encodePayload(payload), Math.floor(lifeMs))
  } catch {
    // The next call makes one.
  }
}

/** How many refresh tokens of the same Zoho user this library keeps; `undefined` if the user or the store is not known. */
async function countOfUser(
  { userId, dataCenter }: Connection,
  runtime: Runtime,
): Promise<number | undefined> {
  const { clock, timeoutMs } = runtime
  const { store } = runtime.grants
  if (userId === undefined || store === undefined) return undefined
  const count = async (): Promise<number | undefined> => {
    let seen = 0
    let refreshTokens = 0
    for await (const row of listed(store, runtime)) {
      if (++seen > MAX_COUNTED) return undefined
      for (const grant of [row, ...(row.replaced ?? [])])
        if (grant.userId === userId && grant.dataCenter === dataCenter && grant.refreshToken !== undefined)
          refreshTokens += 1
    }
    return refreshTokens
  }
  const late = () => new Error('counting took too long')
  return clock.withTimeout(count(), timeoutMs, late).catch(() => undefined)
}
