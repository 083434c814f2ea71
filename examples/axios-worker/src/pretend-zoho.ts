import { memoryConnectionStore, newConnection, type ZohoAuthOptions } from '@zoho-auth/core'
import { type Emulator, startEmulator } from '@zoho-auth/emulator'

/** Zoho on loopback, and two tenants who have connected their accounts to this worker. */
export interface PretendZoho {
  readonly emulator: Emulator
  readonly tenants: readonly string[]
  readonly options: ZohoAuthOptions
}

/** Starts it if no `ZOHO_*` variables name a client of yours. */
export async function startEmulatorIfNeeded(): Promise<PretendZoho | undefined> {
  if (process.env.ZOHO_CLIENT_ID) return undefined
  const emulator = await startEmulator()
  console.log(`ZOHO_CLIENT_ID is not set, so this talks to an emulator of Zoho on ${emulator.url}`)
  const tenants = ['acme', 'globex']
  const connections = tenants.map((id) => {
    const { refreshToken, dataCenter } = emulator.createGrant({ user: id })
    return newConnection({ id, refreshToken, dataCenter })
  })
  const { clientId, clientSecret, accountsUrl } = emulator
  const options = {
    clientId,
    clientSecret,
    accountsUrl,
    // In your app: fileConnectionStore, redisConnectionStore, postgresConnectionStore, or a function of your own.
    connections: memoryConnectionStore(connections),
  }
  return { emulator, tenants, options }
}
