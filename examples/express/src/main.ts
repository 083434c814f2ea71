// An Express app that reads candidates from Zoho Recruit. Try it with:
//
//   curl http://127.0.0.1:3000/candidates
//
// With ZOHO_CLIENT_ID, ZOHO_CLIENT_SECRET, ZOHO_REFRESH_TOKEN (and ZOHO_DATA_CENTER) set it talks to Zoho; without them
// to an emulator of Zoho that it starts itself.

import events from 'node:events'
import type { AddressInfo } from 'node:net'
import { zohoAuth, zohoErrorHandler } from '@zoho-auth/express'
import express from 'express'
import { startEmulatorIfNeeded } from './emulator.js'

const emulator = await startEmulatorIfNeeded()

const app = express()

// From here on every request has `req.zoho`. Nothing is sent to Zoho until a handler uses it.
const zoho = zohoAuth()
app.use(zoho)

// A relative URL and a product: the host is the one of your data centre, and the header with the token is added. A token
// that has expired, or that Zoho has forgotten, is replaced and the request repeated before the answer arrives here.
app.get('/candidates', async (req, res) => {
  const answer = await req.zoho.fetch('/recruit/v2/Candidates', { product: 'recruit' })
  res.status(answer.status).json(await answer.json())
})

// How the connection is. Costs no token, and shows no secret.
app.get('/status', async (req, res) => {
  res.json(await req.zoho.status())
})

// What goes wrong becomes a JSON answer that says so: 409 "connect Zoho again", 503 "later", with Retry-After.
app.use(zohoErrorHandler())

const once = process.argv.includes('--once') || process.env.EXAMPLE_ONCE === '1'
const server = app.listen(Number(process.env.PORT ?? (once ? 0 : 3000)), '127.0.0.1')
await events.once(server, 'listening')
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
console.log(`Listening on ${origin}/candidates`)

if (once) {
  // One request to itself, and the end: this is how CI runs the example.
  const answer = await fetch(`${origin}/candidates`)
  console.log(answer.status, JSON.stringify(await answer.json(), undefined, 2))
  process.exitCode = answer.ok ? 0 : 1
} else {
  await Promise.race([events.once(process, 'SIGINT'), events.once(process, 'SIGTERM')])
}

// First the requests under way, ten seconds at most: they may need the engine. Then what the engine has under way itself. The
// emulator is ours to close if we started one.
server.close()
server.closeIdleConnections()
const cut = setTimeout(() => server.closeAllConnections(), 10_000)
await events.once(server, 'close')
clearTimeout(cut)
await zoho.auth.close()
await emulator?.close()
