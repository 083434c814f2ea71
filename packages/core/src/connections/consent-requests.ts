import { type Environment, isConnectionId } from '../words/connection.js'
import { DATA_CENTERS, type DataCenter, isDataCenter } from '../words/data-centers.js'
import { ZohoAuthError } from '../words/errors.js'
import { serverOrigin } from '../words/hosts.js'

/** Most scopes of one consent. Zoho has fewer. */
const MAX_SCOPES = 500

const SCOPE = /^[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*$/
const SOID = /^[A-Za-z0-9_]{1,64}\.[A-Za-z0-9_-]{1,64}$/
const ENVIRONMENTS: readonly unknown[] = ['production', 'sandbox', 'developer']

/** A mistake in the call, before anything is sent. */
export function assertRequest(request: {
  readonly connection: string
  readonly scopes?: readonly string[]
  readonly dataCenter: DataCenter
  readonly environment?: Environment | undefined
}): void {
  const { connection, scopes, dataCenter, environment } = request
  if (!isConnectionId(connection))
    throw new ZohoAuthError('ERR_ZOHO_NO_CONNECTION', {
      action: 'A connection id has 1 to 128 characters of A-Z a-z 0-9 _ . @ : -',
    })
  if (scopes !== undefined && !isScopeList(scopes))
    throw new TypeError('scopes must be a list such as ["ZohoRecruit.modules.ALL"], one scope per entry')
  if (!isDataCenter(dataCenter)) throw new TypeError(`dataCenter must be one of ${DATA_CENTERS.join(' ')}`)
  if (environment !== undefined && !ENVIRONMENTS.includes(environment))
    throw new TypeError('environment must be "production", "sandbox" or "developer"')
}

function isScopeList(scopes: unknown): boolean {
  return (
    Array.isArray(scopes) &&
    scopes.length > 0 &&
    scopes.length <= MAX_SCOPES &&
    scopes.every((scope) => typeof scope === 'string' && SCOPE.test(scope))
  )
}

/** Https, or this machine itself; Zoho compares it character by character. */
export function assertRedirectUri(redirectUri: string): void {
  const plain = typeof redirectUri === 'string' ? redirectUri.split('?', 1)[0] : ''
  if (serverOrigin(plain ?? '') === undefined || redirectUri.includes('#'))
    throw new TypeError(
      'redirectUri must be the https URL that is registered in Zoho’s API console, without a fragment; http on loopback only',
    )
}

export function assertCode(code: unknown): void {
  if (typeof code !== 'string' || !CODE.test(code))
    throw new TypeError('the code must be what Zoho shows: up to 1 024 printable characters, without spaces')
}

const CODE = /^[\x21-\x7e]{1,1024}$/

export function assertSoid(soid: unknown): void {
  if (typeof soid !== 'string' || !SOID.test(soid))
    throw new TypeError('soid must be a service and the id of an organisation, such as "ZohoCRM.600"')
}
