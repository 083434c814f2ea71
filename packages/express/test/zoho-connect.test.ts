import { expect, test } from '@jest/globals'
import { memoryConnectionStore, type ZohoAuth } from '@zoho-auth/core'
import type { Emulator } from '@zoho-auth/emulator'
import { zohoAuth, zohoConnect, zohoErrorHandler } from '@zoho-auth/express'
import { Browser, ticketIn } from '../../../checks/support/browser.mjs'
import { createApp, emulate, engine, getJson, many, serve } from './support.js'

const scopes = ['ZohoRecruit.modules.ALL', 'AaaServer.profile.READ']

async function withoutConnections(): Promise<{ emulator: Emulator; auth: ZohoAuth }> {
  const emulator = await emulate()
  return { emulator, auth: engine(many(emulator, [])) }
}

// The flow itself is tested in packages/connect.
test('to Zoho, back, the result, and on to the app, which then calls Zoho', async () => {
  const { auth } = await withoutConnections()
  const app = createApp()
  app.use(zohoAuth({ auth, connection: (req) => req.get('x-user') }))
  app.use('/zoho', zohoConnect({ auth, scopes, connection: (req) => req.headers['x-user'] as string }))
  app.get('/after', async (req, res) => {
    res.json((await req.zoho.getToken()).dataCenter)
  })
  const url = await serve(app)
  const one = new Browser(url, 'acme')
  const ticket = ticketIn(await one.connect())
  const kept = await one.post('/zoho/confirm', { ticket, answer: 'keep' }, { origin: url })
  expect([kept.status, kept.headers.get('location')]).toEqual([303, '/after'])
  expect(await getJson(`${url}/after`, { 'x-user': 'acme' })).toBe('us')
  expect((await fetch(`${url}/zoho/else`)).status).toBe(404)
})

test('the connection of zohoAuth() is the default', async () => {
  const emulator = await emulate()
  const connections = memoryConnectionStore()
  const auth = engine({ ...many(emulator, []), connections })
  const app = createApp()
  app.use(zohoAuth({ auth, connection: () => 'from-the-session' }))
  app.use('/zoho', zohoConnect({ auth, scopes, authorize: () => true }))
  await new Browser(await serve(app), 'x').connect()
  expect((await connections.get('from-the-session'))?.state).toBe('active')
})

test('a fault without a status is left to the error handler of the app', async () => {
  const { auth } = await withoutConnections()
  const app = createApp()
  app.use('/zoho', zohoConnect({ auth, scopes }))
  app.use(zohoErrorHandler())
  let seen: unknown
  app.use((error: unknown, _req: unknown, res: { sendStatus(status: number): void }, _next: unknown) => {
    seen = error
    res.sendStatus(500)
  })
  const answer = await fetch(`${await serve(app)}/zoho/connect`, { headers: { via: '1.1 proxy' } })
  expect(answer.status).toBe(500)
  expect(seen).toMatchObject({ code: 'ERR_ZOHO_CONFIG' })
})

test.each<[object, RegExp]>([
  [{}, /scopes/],
  [{ scopes, scope: 'x' }, /scope is not an option/],
  [{ scopes, auth: {} }, /auth must be an engine/],
])('zohoConnect(%j) is refused at once', async (options, message) => {
  const { auth } = await withoutConnections()
  expect(() => zohoConnect({ auth, ...options } as never)).toThrow(message)
})
