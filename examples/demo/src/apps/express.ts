import events from 'node:events'
import type { AddressInfo } from 'node:net'
import type { ZohoAuth } from '@zoho-auth/core'
import { zohoAuth, zohoErrorHandler } from '@zoho-auth/express'
import express from 'express'
import { askOverHttp, type Candidates, CUSTOMER_HEADER, type DemoApp } from './demo-app.js'

/** A web app: `app.use(zohoAuth())`, and every handler has `req.zoho`. */
export async function startExpressApp(auth: ZohoAuth): Promise<DemoApp> {
  const app = express()
  app.use(zohoAuth<express.Request>({ auth, connection: (req) => req.get(CUSTOMER_HEADER) }))

  app.get('/candidates', async (req, res) => {
    const answer = await req.zoho.fetch('/recruit/v2/Candidates', { product: 'recruit' })
    const { data, echo } = (await answer.json()) as Candidates
    res.status(answer.status).json({ candidates: data, user: echo?.user })
  })

  app.use(zohoErrorHandler())

  const server = app.listen(0, '127.0.0.1')
  await events.once(server, 'listening')
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    name: 'Express',
    ask: (customer) => askOverHttp(origin, customer),
    async close() {
      const closed = events.once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
