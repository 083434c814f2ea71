import { createZohoAuth, isZohoAuth, type ZohoAuth, type ZohoAuthOptions } from '@zoho-auth/core'
import { configError } from '@zoho-auth/core/adapter'
import { connectFaults } from './connect/options.js'
import { faultsOf } from './faults-of.js'
import type { ZohoAuthModuleOptions } from './options.js'
import { type EngineRef, nestLogger, sharedEngine } from './shared-engine.js'

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

function openEngine({ auth, connection, connect, ...engine }: ZohoAuthModuleOptions): EngineRef {
  const given = Object.entries(engine).flatMap(([option, value]) => (value === undefined ? [] : [option]))
  const faults: string[] = []
  if (auth !== undefined && !isZohoAuth(auth)) faults.push('auth must be an engine made by createZohoAuth')
  if (auth !== undefined && given.length > 0)
    faults.push(`auth has options of its own: pass ${given.join(', ')} to it instead`)
  if (connection !== undefined && typeof connection !== 'function')
    faults.push('connection must be a function of the request, such as (req) => req.user?.org')
  if (connect !== undefined) faults.push(...connectFaults(connect))
  let ref: EngineRef | undefined
  const own = faultsOf(() => {
    ref = auth === undefined ? engineRef(engine, given.length === 0) : { auth, release: async () => {} }
  })
  if (ref !== undefined && faults.length === 0) return ref
  ref?.release().catch(() => {})
  throw configError([...faults, ...own])
}

/** An engine of the module's own, or the one that the process shares. @throws ZohoAuthError `ERR_ZOHO_CONFIG` */
function engineRef(options: ZohoAuthOptions, shared: boolean): EngineRef {
  if (shared) return sharedEngine()
  const auth = createZohoAuth({ ...options, logger: options.logger ?? nestLogger() })
  return { auth, release: () => auth.close() }
}
