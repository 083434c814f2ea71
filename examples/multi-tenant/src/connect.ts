// Connects a tenant: stores the refresh token that its Zoho user has consented to. Your app does this where Zoho's
// consent page sends the user back; here it is a command, once per tenant:
//
//   ZOHO_REFRESH_TOKEN=… ZOHO_DATA_CENTER=in node dist/connect.js globex

import { isDataCenter } from '@zoho-auth/core'
import { close, connections } from './engine.js'

const [id] = process.argv.slice(2)
const { ZOHO_REFRESH_TOKEN: refreshToken, ZOHO_DATA_CENTER: dataCenter = 'us' } = process.env

try {
  if (!id || !refreshToken || !isDataCenter(dataCenter))
    throw new Error('usage: ZOHO_REFRESH_TOKEN=… ZOHO_DATA_CENTER=… node dist/connect.js TENANT')
  const known = await connections.get(id)
  if (known && known.state !== 'revoked') throw new Error(`${id} is connected already: disconnect it first`)
  const now = Date.now()
  const times = { createdAt: known?.createdAt ?? now, updatedAt: now }
  const version = known?.version ?? 0
  // Only over what was read: two who connect at once do not overwrite each other.
  await connections.put(
    { id, refreshToken, dataCenter, state: 'active', version, ...times },
    { ifVersion: version },
  )
  console.log(`${id} is connected, in data centre ${dataCenter}`)
} finally {
  await close()
}
