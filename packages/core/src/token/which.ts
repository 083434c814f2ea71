import type { Runtime } from '../runtime.js'
import { DEFAULT_CONNECTION, isConnectionId } from '../words/connection.js'
import { ZohoAuthError } from '../words/errors.js'
import { ConnectionRef } from '../words/scope.js'
import type { ConnectionResolver } from '../zoho-auth.js'

/** The connection that surrounds a call, if scopes are used. */
export function surroundingRef({ ambient, scope }: Runtime): ConnectionRef | undefined {
  return ambient ? scope.current() : undefined
}

/** Of whom a handle or scope is that names somebody. @throws ZohoAuthError `ERR_ZOHO_NO_CONNECTION`, also for `undefined`. */
export function refOf(connection: string | ConnectionResolver): ConnectionRef {
  return new ConnectionRef(typeof connection === 'function' ? connection : assertId(connection))
}

/** Of whom a handle is that names nobody: the surrounding connection, else the only configured one. */
export function ambientRef(runtime: Runtime): ConnectionRef {
  return surroundingRef(runtime) ?? new ConnectionRef(onlyConnection(runtime) ?? (() => undefined))
}

/**
 * Explicit option, else the surrounding scope, else the only configured one. Never "the first".
 *
 * @returns A string if it is known or found at once, so that the common case costs no promise.
 * @throws ZohoAuthError `ERR_ZOHO_NO_CONNECTION`
 */
export function whichConnection(
  runtime: Runtime,
  connection: string | undefined,
  ref: ConnectionRef | undefined = surroundingRef(runtime),
): string | Promise<string> {
  try {
    if (connection !== undefined) return assertId(connection)
    const chosen = ref === undefined ? onlyConnection(runtime) : ref.resolve()
    if (typeof chosen === 'object') return runtime.failures.watch(chosen.then(assertChosen))
    return assertChosen(chosen)
  } catch (error) {
    runtime.failures.failed(error)
    throw error
  }
}

/** The same, if it is known without asking anybody. */
export function connectionAtHand(runtime: Runtime): string | undefined {
  const ref = surroundingRef(runtime)
  return ref === undefined ? onlyConnection(runtime) : ref.resolved
}

function onlyConnection({ one }: Runtime): string | undefined {
  return one ? DEFAULT_CONNECTION : undefined
}

function assertId(id: string): string {
  if (isConnectionId(id)) return id
  throw new ZohoAuthError('ERR_ZOHO_NO_CONNECTION', {
    action: 'A connection id has 1 to 128 characters of A-Z a-z 0-9 _ . @ : -',
  })
}

function assertChosen(id: string | undefined): string {
  if (id !== undefined) return assertId(id)
  throw new ZohoAuthError('ERR_ZOHO_NO_CONNECTION')
}
