import { createZohoAuth, type ZohoAuth, type ZohoAuthOptions } from '@zoho-auth/core'
import { connectFaults } from './connect/options.js'
import { faultsOf, misconfigured } from './misconfigured.js'
import type { ZohoAuthModuleOptions } from './options.js'
import { type Lease, leaseDefaultZohoAuth, nestLogger } from './shared-engine.js'

/** The engine of one root, until the application is shut down. */
export class EngineLease {
  #lease: Lease | undefined

  /** @throws ZohoAuthError `ERR_ZOHO_CONFIG`, one for all faults. */
  open(options: ZohoAuthModuleOptions): ZohoAuth {
    this.#lease = openEngine(options)
    return this.#lease.auth
  }

  /** Lets work under way finish, and closes the engine if it is this root's to close. Idempotent. */
  async close(): Promise<void> {
    const lease = this.#lease
    this.#lease = undefined
    await lease?.release()
  }
}

function openEngine({ auth, connection, connect, ...engine }: ZohoAuthModuleOptions): Lease {
  const given = Object.entries(engine).flatMap(([option, value]) => (value === undefined ? [] : [option]))
  const faults: string[] = []
  if (auth !== undefined && typeof auth?.getToken !== 'function')
    faults.push('auth must be an engine made by createZohoAuth')
  if (auth !== undefined && given.length > 0)
    faults.push(`auth has options of its own: pass ${given.join(', ')} to it instead`)
  if (connection !== undefined && typeof connection !== 'function')
    faults.push('connection must be a function of the request, such as (req) => req.user?.org')
  if (connect !== undefined) faults.push(...connectFaults(connect))
  let lease: Lease | undefined
  const own = faultsOf(() => {
    lease = auth === undefined ? lend(engine, given.length === 0) : { auth, release: async () => {} }
  })
  if (lease !== undefined && faults.length === 0) return lease
  lease?.release().catch(() => {})
  throw misconfigured([...faults, ...own])
}

/** An engine of the module's own, or the one that the process shares. @throws ZohoAuthError `ERR_ZOHO_CONFIG` */
function lend(options: ZohoAuthOptions, shared: boolean): Lease {
  if (shared) return leaseDefaultZohoAuth()
  const auth = createZohoAuth({ ...options, logger: options.logger ?? nestLogger() })
  return { auth, release: () => auth.close() }
}
