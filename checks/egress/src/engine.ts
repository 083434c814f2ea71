import {
  type Connection,
  createZohoAuth,
  type DataCenter,
  memoryConnectionStore,
  type ZohoAuth,
  type ZohoAuthOptions,
} from '@zoho-auth/core'
import { DATA_CENTERS, secret } from './judge.js'

function connection(id: string, dataCenter: DataCenter): Connection {
  const refreshToken = secret('refresh-token', dataCenter)
  return { id, dataCenter, refreshToken, state: 'active', version: 1, createdAt: 0, updatedAt: 0 }
}

const connections = memoryConnectionStore(
  (DATA_CENTERS as readonly DataCenter[]).map((dataCenter) => connection(dataCenter, dataCenter)),
)

const SILENT = { warn: () => {}, debug: () => {} }

/** Options of an engine for Zoho itself, with a secret of its own for each data centre. */
const CLIENT: ZohoAuthOptions = {
  clientId: 'the-client-id',
  clientSecret: Object.fromEntries(
    DATA_CENTERS.map((dataCenter) => [dataCenter, secret('client-secret', dataCenter)]),
  ),
  logger: SILENT,
}

/** An engine with one connection in each data centre, called like it. */
export function engine(options: ZohoAuthOptions = {}): ZohoAuth {
  return createZohoAuth({ ...CLIENT, connections, ...options })
}

/** An engine with a single grant, of which the accounts server knows its case by the client id. */
export function engineOfCase(id: string, dataCenter: DataCenter): ZohoAuth {
  return createZohoAuth({
    ...CLIENT,
    clientId: id,
    connections: memoryConnectionStore([connection('default', dataCenter)]),
  })
}
