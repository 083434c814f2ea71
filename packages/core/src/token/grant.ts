import type { ConnectionStore } from '../stores/ports.js'
import type { Connection } from '../words/connection.js'
import { ZohoAuthError } from '../words/errors.js'

/** What the library calls to read and change connections; an app's own lookup function can only read. */
export interface Grants {
  get(id: string): Promise<Connection | undefined>
  /** Absent where the app keeps its connections itself and gave only a function. */
  readonly store?: ConnectionStore | undefined
}

/**
 * Gate 3, grant: the connection's refresh token, data centre and state.
 *
 * @throws ZohoAuthError `ERR_ZOHO_NO_CONNECTION`, `ERR_ZOHO_CONSENT_REQUIRED`, `ERR_ZOHO_REVOKED`, or `ERR_ZOHO_STORE`
 *   where it cannot be read.
 */
export async function readGrant(grants: Grants, id: string): Promise<Connection> {
  const connection = await grants.get(id)
  if (connection === undefined)
    throw new ZohoAuthError('ERR_ZOHO_NO_CONNECTION', {
      connection: id,
      action: `There is no connection "${id}" in the connection store. Connect this Zoho user first.`,
    })
  if (connection.state === 'consent-required')
    throw new ZohoAuthError('ERR_ZOHO_CONSENT_REQUIRED', { connection: id })
  if (connection.state === 'revoked' || connection.state === 'revoking')
    throw new ZohoAuthError('ERR_ZOHO_REVOKED', { connection: id })
  return connection
}

/**
 * The key of a connection's token in the token store: data centre, client id and a digest of the refresh token, or of
 * `soid` and the sorted scopes. A new consent is a new key, and so clears what was remembered of the old one.
 */
export function grantKey(connection: Connection, clientId: string): string {
  const { refreshToken, soid, scopes = [] } = connection
  const digest = process
    .getBuiltinModule('node:crypto')
    .createHash('sha256')
    .update(soid === undefined ? refreshToken : ['soid', soid, ...[...scopes].sort()].join(' '))
    .digest('base64url')
    .slice(0, DIGEST_LENGTH)
  // Joined, not concatenated: one flat string, kept once per connection.
  return [connection.dataCenter, clientId, digest].join(':')
}

/** Whether two readings of a connection hold the same grant; no digest is made for it. */
export function isSameGrant(one: Connection, other: Connection): boolean {
  return (
    one.refreshToken === other.refreshToken &&
    one.dataCenter === other.dataCenter &&
    one.soid === undefined &&
    other.soid === undefined
  )
}

/** Characters of the digest that are kept: 132 bits. */
const DIGEST_LENGTH = 22
