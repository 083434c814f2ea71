import { Logger } from '@nestjs/common'
import { createZohoAuth, defaultZohoAuth, type ZohoAuth } from '@zoho-auth/core'

/** Where core keeps the default engine of this process. */
const DEFAULT: unique symbol = Symbol.for('zoho-auth.default') as never

const holder = globalThis as { [DEFAULT]?: ZohoAuth | undefined }

/** On a default engine that a Nest application was the first to use: how many use it now. */
const USERS: unique symbol = Symbol.for('zoho-auth.nestjs.users') as never

/** An engine, and what to do when an application no longer needs it. */
export interface Lease {
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
export function leaseDefaultZohoAuth(): Lease {
  const isNew = holder[DEFAULT] === undefined
  if (isNew) openDefault()
  const auth: ZohoAuth & { [USERS]?: number } = defaultZohoAuth()
  if (isNew) auth[USERS] = 0
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

/** As core opens it, with the logger of Nest. */
function openDefault(): void {
  const auth = createZohoAuth({ logger: nestLogger() })
  const close = auth.close.bind(auth)
  auth.close = () => {
    if (holder[DEFAULT] === auth) holder[DEFAULT] = undefined
    return close()
  }
  holder[DEFAULT] = auth
}

/** Where an engine that is made here says what it has to say: the application's log, as `ZohoAuth`. */
export function nestLogger(): Logger {
  return new Logger('ZohoAuth')
}
