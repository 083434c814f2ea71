import { basicCredentials } from '../authorization.js'
import type { DataCenter } from '../data-centers.js'
import type { World } from '../world.js'

export type ClientError = 'invalid_client' | 'invalid_client_secret'

/** Who the client says it is: HTTP Basic, or two parameters. */
export interface ClientClaim {
  readonly id: string | undefined
  readonly secret: string | undefined
}

/** Reads the claim. Parameters win over the header. */
export function clientClaim(parameters: URLSearchParams, authorization: string | undefined): ClientClaim {
  const basic = basicCredentials(authorization)
  return {
    id: parameters.get('client_id') ?? basic?.[0],
    secret: parameters.get('client_secret') ?? basic?.[1],
  }
}

/**
 * What Zoho has against this client, if anything.
 *
 * Reports disagree about a wrong secret. Here the secret of another data centre is `invalid_client`, as users saw
 * it; any other is `invalid_client_secret`, as the documents say.
 */
export function clientError(
  world: World,
  dataCenter: DataCenter,
  { id, secret }: ClientClaim,
): ClientError | undefined {
  if (id !== world.clientId || !world.settings.clientDataCenters.has(dataCenter)) return 'invalid_client'
  if (secret === world.secretIn(dataCenter)) return undefined
  const ofAnother = world.settings.dataCenters.some((other) => secret === world.secretIn(other))
  return ofAnother ? 'invalid_client' : 'invalid_client_secret'
}
