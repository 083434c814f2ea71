import { installZohoAuth } from '@zoho-auth/axios'
import type { ZohoAuth } from '@zoho-auth/core'
import axios from 'axios'
import type { Candidates, DemoApp } from './demo-app.js'

/** A worker without a server: `installZohoAuth(client)`, and each job names the connection it is for. */
export function startWorker(auth: ZohoAuth): DemoApp {
  const client = axios.create()
  const install = installZohoAuth(client, { auth, product: 'recruit' })
  return {
    name: 'worker with axios',
    async ask(customer) {
      const answer = await client.get<Candidates>('/recruit/v2/Candidates', {
        zoho: { connection: customer },
      })
      return answer.data.echo.user
    },
    async close() {
      install.eject()
    },
  }
}
