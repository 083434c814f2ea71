import type { Runtime } from '../runtime.js'
import type { Connection } from '../words/connection.js'
import { ZohoAuthError } from '../words/errors.js'

/** @throws ZohoAuthError `ERR_ZOHO_NO_CONNECTION` */
export function readConnection({ grants, failures }: Runtime, id: string): Promise<Connection> {
  const found = grants.get(id).then((connection) => {
    if (connection === undefined) throw new ZohoAuthError('ERR_ZOHO_NO_CONNECTION', { connection: id })
    return connection
  })
  return failures.watch(found)
}
