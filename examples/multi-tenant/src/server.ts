// One process of the app. Start as many as you like: what they share is in Redis and PostgreSQL.

import events from 'node:events'
import type { AddressInfo } from 'node:net'
import { zohoAuth, zohoConnect, zohoErrorHandler } from '@zoho-auth/express'
import express from 'express'
import { close, zoho } from './engine.js'
import { logEvents } from './log-events.js'
import { requireSignIn, signIn, tenantOf } from './sign-in.js'

const app = express()

// For a load balancer. Asks neither Zoho nor the stores: when they are down, restarting this process helps nobody.
app.get('/healthz', (_req, res) => {
  res.json({ pid: process.pid })
})

app.all('/sign-in/:user', signIn)

// From here on somebody is signed in, and `req.zoho` is the Zoho connection of their company.
app.use(requireSignIn, zohoAuth<express.Request>({ auth: zoho, connection: tenantOf }))

// In a browser: /zoho/connect goes to Zoho's consent page and comes back with a connection for this tenant; so does whoever
// has to connect again. ZOHO_REDIRECT_URI names the way back.
const scopes = ['ZohoRecruit.modules.ALL', 'AaaServer.profile.READ']
app.use(
  '/zoho',
  zohoConnect<express.Request>({ auth: zoho, connection: tenantOf, scopes, returnTo: '/status' }),
)

// A relative URL and a product: the host is that of the tenant's own data centre.
app.get('/candidates', async (req, res) => {
  const answer = await req.zoho.fetch('/recruit/v2/Candidates', { product: 'recruit' })
  res
    .status(answer.status)
    .type('json')
    .send(await answer.text())
})

// How the connection is. Costs no token, and shows no secret.
app.get('/status', async (req, res) => {
  res.json(await req.zoho.status())
})

// Takes the grant back at Zoho; for the other processes too.
app.post('/disconnect', async (req, res) => {
  await req.zoho.revoke()
  res.sendStatus(204)
})

// What goes wrong becomes a JSON answer that says so: 409 "connect Zoho again", 503 "later", with Retry-After.
app.use(zohoErrorHandler())

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1')
await events.once(server, 'listening')
const { port } = server.address() as AddressInfo
console.log(`${port} listening, process ${process.pid}`)
logEvents(zoho, port)

await Promise.race([events.once(process, 'SIGINT'), events.once(process, 'SIGTERM')])
// First the requests under way, ten seconds at most: they may need the engine, and a consent must not be cut in half.
server.close()
server.closeIdleConnections()
const cut = setTimeout(() => server.closeAllConnections(), 10_000)
await events.once(server, 'close')
clearTimeout(cut)
await close()
