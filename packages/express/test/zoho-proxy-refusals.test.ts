import { expect, test } from '@jest/globals'
import type { ZohoAuth } from '@zoho-auth/core'
import { zohoProxy } from '../src/index.js'
import { anyone, PATH } from './proxy-support.js'
import { createApp, emulate, engine, serve, single } from './support.js'

const PLANS = '/billing/v1/plans'
const CONTACTS = '/books/v3/contacts'

/** An app that forwards to each of these products below its own name. @returns Its origin. */
function forwarding(auth: ZohoAuth, ...products: ('billing' | 'books' | 'recruit')[]): Promise<string> {
  const app = createApp()
  for (const product of products) app.use(`/${product}`, zohoProxy({ product, authorize: anyone, auth }))
  return serve(app)
}

test.each(['GET', 'HEAD', 'DELETE'])(
  'a %s that Billing refuses for a dead token is sent again, and the client sees no refusal',
  async (method) => {
    const emulator = await emulate()
    const origin = await forwarding(engine(single(emulator)), 'billing')
    expect((await fetch(`${origin}${PLANS}`, { method })).status).toBe(200)
    emulator.killTokens()
    const answer = await fetch(`${origin}${PLANS}`, { method })
    const body = await answer.text()
    expect(answer.status).toBe(200)
    if (method === 'HEAD') expect(body).toBe('')
    else expect(JSON.parse(body)).toMatchObject({ code: 0, echo: { user: 'ada', method, path: PLANS } })
    expect(emulator.counters).toMatchObject({ tokenRequests: 2, apiRequests: 3, apiRefused: 1 })
  },
)

test('a POST that Billing refuses for a dead token arrives whole', async () => {
  const emulator = await emulate()
  const origin = await forwarding(engine(single(emulator)), 'billing')
  const post = () => fetch(`${origin}${PLANS}`, { method: 'POST', body: '{"plan":"basic"}' })
  expect((await post()).status).toBe(200)
  emulator.killTokens()
  expect(await (await post()).json()).toMatchObject({ echo: { method: 'POST', bodyLength: 16 } })
  expect(emulator.counters.tokenRequests).toBe(2)
})

test('20 requests without the scope are answered in Zoho’s own words, and cost one token more', async () => {
  const emulator = await emulate()
  const { refreshToken } = emulator.createGrant({ scopes: ['ZohoRecruit.modules.ALL'] })
  const auth = engine(single(emulator, { refreshToken }))
  const origin = await forwarding(auth, 'books', 'recruit')
  // A token that was accepted before is not waited for.
  expect((await fetch(`${origin}${PATH}`)).status).toBe(200)
  for (let request = 0; request < 20; request++) {
    const answer = await fetch(`${origin}${CONTACTS}`)
    expect(answer.status).toBe(401)
    expect(answer.headers.get('content-type')).toContain('application/json')
    expect(await answer.json()).toEqual({
      code: 57,
      message: 'You are not authorized to perform this operation',
    })
  }
  expect((await fetch(`${origin}${PATH}`)).status).toBe(200)
  expect(emulator.counters.tokenRequests).toBeLessThanOrEqual(2)
})
