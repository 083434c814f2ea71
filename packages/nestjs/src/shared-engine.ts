import { Logger } from '@nestjs/common'
import { createZohoAuth, defaultZohoAuth, type ZohoAuth } from '@zoho-auth/core'

/** On a default engine that a Nest application was the first to use: how many use it now. */
const USERS: unique symbol = Symbol.for('zoho-auth.nestjs.users') as never

/** An engine, and what to do when an application no longer needs it. */
export interface EngineRef {
  readonly auth: ZohoAuth
  release(): Promise<void>
}

/**
 * Shares the default engine of this process.
 *
 * It is closed with the last Nest application that uses it, if a Nest application was the first to use it, so that the
 * process can exit. Made by someone else, such as Express's `zohoAuth()`, it is theirs to close.
 *
 * @throws ZohoAuthError `ERR_ZOHO_CONFIG`
 */
export function sharedEngine(): EngineRef {
  const auth: ZohoAuth & { [USERS]?: number } = defaultZohoAuth(() =>
    Object.assign(createZohoAuth({ logger: nestLogger() }), { [USERS]: 0 }),
  )
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

/** Where an engine that is made here says what it has to say: the application's log, as `ZohoAuth`. */
export function nestLogger(): Logger {
  return new Logger('ZohoAuth')
}
