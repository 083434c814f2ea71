/** Requests with a fresh token in a process of its own, beside the same requests without us. Prints the results as JSON. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { installZohoAuth } from '@zoho-auth/axios'
import { createZohoAuth } from '@zoho-auth/core'
import { startEmulator } from '@zoho-auth/emulator'
import axios, { type AxiosAdapter } from 'axios'
import { compare } from './sample.js'

const CALLS = 3_000
const PATH = '/recruit/v2/Candidates'

const server = createServer((_, response) => response.end('{}'))
server.keepAliveTimeout = 60_000
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const loopback = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

const emulator = await startEmulator()
const { clientId, clientSecret, accountsUrl, refreshToken } = emulator
const response = new Response('{}')
const stub = async () => response
let isStubbed = false
const zoho = createZohoAuth({
  clientId,
  clientSecret,
  accountsUrl,
  refreshToken,
  allowedOrigins: [loopback],
  fetch: (...request) => (isStubbed ? stub() : fetch(...request)),
})
await zoho.getToken()
isStubbed = true

const adapter: AxiosAdapter = async (config) => ({
  data: '{}',
  status: 200,
  statusText: 'OK',
  headers: {},
  config,
})
const clients = {
  alone: axios.create({ adapter }),
  ours: axios.create({ adapter }),
  aloneHttp: axios.create(),
  oursHttp: axios.create(),
}
installZohoAuth(clients.ours, { auth: zoho })
installZohoAuth(clients.oursHttp, { auth: zoho })

const get = (client: keyof typeof clients, origin: string) => async (calls: number) => {
  for (let call = 0; call < calls; call++) await clients[client].get(`${origin}${PATH}`)
}

const results = {
  ...(await compare({ alone: get('alone', accountsUrl), ours: get('ours', accountsUrl) }, CALLS)),
  ...(await compare(
    { aloneHttp: get('aloneHttp', loopback), oursHttp: get('oursHttp', loopback) },
    CALLS / 10,
  )),
  ...(await compare(
    {
      stub: async (calls) => {
        for (let call = 0; call < calls; call++) await stub()
      },
      fetch: async (calls) => {
        for (let call = 0; call < calls; call++) await zoho.fetch(`${accountsUrl}${PATH}`)
      },
    },
    CALLS,
  )),
}
console.log(JSON.stringify(results))
await zoho.close()
await emulator.close()
server.close()
server.closeAllConnections()
