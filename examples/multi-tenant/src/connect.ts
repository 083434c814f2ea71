// Connects a tenant whose refresh token you have already, such as one from a system before this one. Everybody else
// connects in the browser, at /zoho/connect.
//
//   ZOHO_REFRESH_TOKEN=… ZOHO_DATA_CENTER=in node dist/connect.js globex

import { newConnection } from '@zoho-auth/core'
import { isDataCenter } from '@zoho-auth/core/adapter'
import { close, connections } from './engine.js'

const [id] = process.argv.slice(2)
const { ZOHO_REFRESH_TOKEN: refreshToken, ZOHO_DATA_CENTER: dataCenter = 'us' } = process.env

try {
  if (!id || !refreshToken || !isDataCenter(dataCenter))
    throw new Error('usage: ZOHO_REFRESH_TOKEN=… ZOHO_DATA_CENTER=… node dist/connect.js TENANT')
  const known = await connections.get(id)
  if (known && known.state !== 'revoked') throw new Error(`${id} is connected already: disconnect it first`)
  // Only over what was read: two who connect at once do not overwrite each other.
  await connections.put(newConnection({ id, refreshToken, dataCenter }), { ifVersion: known?.version ?? 0 })
  console.log(`${id} is connected, in data centre ${dataCenter}`)
} finally {
  await close()
}
