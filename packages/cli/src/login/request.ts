import type { DataCenter, Environment } from '@zoho-auth/core'

/** What is to be connected, whichever way. */
export interface LoginRequest {
  readonly connection: string
  /** Where the client is registered; `undefined`: not known. */
  readonly dataCenter: DataCenter | undefined
  readonly environment: Environment | undefined
  readonly label: string | undefined
}
