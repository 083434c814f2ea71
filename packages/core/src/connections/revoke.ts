import type { RevokeAnswer } from '../accounts/answers.js'
import type { Answer } from '../accounts/client.js'
import { forgetGrant, type Runtime } from '../runtime.js'
import { decodePayload } from '../token/commit.js'
import { grantKey, readConnection } from '../token/grant.js'
import { type Connection, isSameGrant } from '../words/connection.js'
import { ZohoAuthError } from '../words/errors.js'
import { unreachedAction } from '../words/forward-proxy.js'
import { changeConnection } from './change.js'

/** How long the fleet remembers that a grant was revoked, in milliseconds (one day): longer than any token lives. */
const REVOKED_COOLDOWN_MS = 86_400_000

/**
 * Takes a grant back: first nobody may use it any more, then Zoho is told, then it is written down. Each step can be
 * repeated, so a call that failed half-way is finished by the next one.
 */
export async function revokeConnection(id: string, runtime: Runtime): Promise<void> {
  const { events, grants, store, accounts, logger } = runtime
  const connection = await readConnection(runtime, id)
  const key = grantKey(connection, runtime.clientId)
  // Perhaps by another process: this one must not go on with the tokens it has.
  if (connection.state === 'revoked') return forgetGrant(runtime, id, key)
  await accounts.prepare(connection.dataCenter)
  // What is revoked without a grant is the token at hand; afterwards nobody knows it any more.
  const token = connection.soid === undefined ? undefined : await storedToken(key, runtime)
  await changeState(connection, 'revoking', runtime)
  forgetGrant(runtime, id, key)
  const stopped = store.invalidate(key, { reason: 'revoked', ms: REVOKED_COOLDOWN_MS })
  const { dataCenter } = connection
  for (const { refreshToken, dataCenter } of [connection, ...(connection.replaced ?? [])])
    if (refreshToken !== undefined)
      await tell(id, { value: refreshToken, type: 'refresh_token', dataCenter }, runtime)
  if (token !== undefined) await tell(id, { value: token, type: 'access_token', dataCenter }, runtime)
  await stopped
  forgetGrant(runtime, id, key)
  await changeState(connection, 'revoked', runtime)
  if (grants.store === undefined)
    logger.warn(
      `the grant of connection "${id}" is revoked at Zoho; "connections" is a function, so its row is yours to change`,
    )
  events.emit('connection.revoked', { connection: id, dataCenter })
}

/** Ends one access token at Zoho, and nothing else. Who still holds it is refused by the API, and makes another. */
export async function revokeToken(id: string, value: string, runtime: Runtime): Promise<void> {
  const { store, accounts } = runtime
  const connection = await readConnection(runtime, id)
  const { dataCenter } = connection
  await accounts.prepare(dataCenter)
  runtime.cache.reject(id, value)
  await tell(id, { value, type: 'access_token', dataCenter }, runtime)
  const key = grantKey(connection, runtime.clientId)
  if ((await storedToken(key, runtime)) === value) await store.invalidate(key)
}

/** The access token that the store keeps; `undefined` if there is none, or the store does not say. */
async function storedToken(key: string, { store }: Runtime): Promise<string | undefined> {
  const record = await store.inspect(key).catch(() => undefined)
  return record?.token && decodePayload(record.token.value)?.value
}

/** Tells Zoho. @throws ZohoAuthError if Zoho does not take it. */
async function tell(
  id: string,
  token: Parameters<Runtime['accounts']['revoke']>[0],
  { accounts, closing }: Runtime,
): Promise<void> {
  const answer = await accounts.revoke(token, closing)
  if (answer.kind !== 'revoked') throw notRevoked(id, answer)
}

function notRevoked(connection: string, answer: Exclude<Answer<RevokeAnswer>, { kind: 'revoked' }>) {
  switch (answer.kind) {
    case 'client-fault':
      return new ZohoAuthError('ERR_ZOHO_CLIENT', { connection, action: `Zoho answered ${answer.error}.` })
    case 'throttled':
      return new ZohoAuthError('ERR_ZOHO_THROTTLED', { connection })
    case 'timeout':
    case 'unreachable': {
      const code = answer.kind === 'timeout' ? 'ERR_ZOHO_TIMEOUT' : 'ERR_ZOHO_UNAVAILABLE'
      const action = unreachedAction(code)
      return new ZohoAuthError(code, { connection, action, cause: new Error(answer.detail) })
    }
    default:
      return new ZohoAuthError('ERR_ZOHO_UNAVAILABLE', { connection, cause: new Error(answer.detail) })
  }
}

/** Moves a connection to a state, unless it got another grant meanwhile. */
async function changeState(
  connection: Connection,
  state: 'revoking' | 'revoked',
  runtime: Runtime,
): Promise<void> {
  await changeConnection(connection.id, runtime, (current) => {
    if (current === undefined || !isSameGrant(current, connection)) return undefined
    if (current.state === state || current.state === 'revoked') return undefined
    if (state === 'revoking') return { ...current, state }
    const { replaced: _, refreshToken: __, ...rest } = current
    return { ...rest, state }
  })
}
