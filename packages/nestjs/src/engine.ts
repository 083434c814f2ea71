import { createZohoAuth, type ZohoAuth, ZohoAuthError } from '@zoho-auth/core'
import type { ZohoAuthModuleOptions } from './options.js'
import { type Lease, leaseDefaultZohoAuth } from './shared-engine.js'

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

function openEngine({ auth, connection, ...engine }: ZohoAuthModuleOptions): Lease {
  const given = Object.entries(engine).flatMap(([option, value]) => (value === undefined ? [] : [option]))
  const faults: string[] = []
  if (auth !== undefined && typeof auth?.getToken !== 'function')
    faults.push('auth must be an engine made by createZohoAuth')
  if (auth !== undefined && given.length > 0)
    faults.push(`auth has options of its own: pass ${given.join(', ')} to it instead`)
  if (connection !== undefined && typeof connection !== 'function')
    faults.push('connection must be a function of the request, such as (req) => req.user?.org')
  if (faults.length > 0)
    throw new ZohoAuthError('ERR_ZOHO_CONFIG', {
      message: `zoho-auth is not configured correctly:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`,
    })
  if (auth !== undefined) return { auth, release: async () => {} }
  if (given.length === 0) return leaseDefaultZohoAuth()
  const own = createZohoAuth(engine)
  return { auth: own, release: () => own.close() }
}
