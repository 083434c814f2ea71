import type { ZohoAuth } from '@zoho-auth/core'
import { engineFrom } from '@zoho-auth/core/adapter'
import { connectFaults } from './connect/options.js'
import type { ZohoAuthModuleOptions } from './options.js'
import { type EngineRef, makeEngine, useEngine } from './shared-engine.js'

/** The engine of one root, until the application is shut down. */
export class RootEngine {
  #engine: EngineRef | undefined

  /** @throws ZohoAuthError `ERR_ZOHO_CONFIG`, one for all faults. */
  open(options: ZohoAuthModuleOptions): ZohoAuth {
    this.#engine = openEngine(options)
    return this.#engine.auth
  }

  /** Lets work under way finish, and closes the engine if it is this root's to close. Idempotent. */
  async close(): Promise<void> {
    const engine = this.#engine
    this.#engine = undefined
    await engine?.release()
  }
}

function openEngine({ connection, connect, ...engine }: ZohoAuthModuleOptions): EngineRef {
  const faults: string[] = []
  if (connection !== undefined && typeof connection !== 'function')
    faults.push('connection must be a function of the request, such as (req) => req.user?.org')
  if (connect !== undefined) faults.push(...connectFaults(connect))
  const { auth, own } = engineFrom(engine, faults, makeEngine)
  return own ? { auth, release: () => auth.close() } : useEngine(auth)
}
