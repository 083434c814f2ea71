import { Logger } from '@nestjs/common'
import { createZohoAuth, type ZohoAuth, type ZohoAuthOptions } from '@zoho-auth/core'

/** On a default engine that a Nest application was the first to use: how many use it now. */
const USERS: unique symbol = Symbol.for('zoho-auth.nestjs.users') as never

/** An engine, and what to do when an application no longer needs it. */
export interface EngineRef {
  readonly auth: ZohoAuth
  release(): Promise<void>
}

/**
 * Makes an engine that says what it has to say in the application's log, as `ZohoAuth`.
 *
 * @param options Left out for the engine that the process shares: it is closed with the last Nest application that uses it,
 *   so that the process can exit.
 * @throws ZohoAuthError `ERR_ZOHO_CONFIG`
 */
export function makeEngine(options?: ZohoAuthOptions): ZohoAuth {
  const auth = createZohoAuth({ ...options, logger: options?.logger ?? new Logger('ZohoAuth') })
  return options === undefined ? Object.assign(auth, { [USERS]: 0 }) : auth
}

/** An engine that others may use too. Made by someone else, such as Express's `zohoAuth()`, it is theirs to close. */
export function useEngine(auth: ZohoAuth & { [USERS]?: number }): EngineRef {
  if (auth[USERS] === undefined) return { auth, release: async () => {} }
  auth[USERS] += 1
  return {
    auth,
    async release() {
      auth[USERS] = (auth[USERS] ?? 1) - 1
      if (auth[USERS] === 0) await auth.close()
    },
  }
}
