import { createHash } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { Tickets } from '../src/accounts/tickets.js'
import type { Emulator } from '../src/index.js'
import {
  ask,
  callbackOf,
  consentUrl,
  exchangeParameters,
  minutes,
  post,
  REDIRECT_URI,
  refresh,
  start,
} from './support.js'

interface Page {
  readonly status: number
  readonly text: string
  readonly headers: Headers
  readonly ticket: string
}

async function pageOf(response: Response): Promise<Page> {
  const text = await response.text()
  const ticket = /name="ticket" value="([^"]+)"/.exec(text)?.[1] ?? ''
  return { status: response.status, text, headers: response.headers, ticket }
}

async function open(
  emulator: Emulator,
  changes: Readonly<Record<string, string | undefined>> = {},
): Promise<Page> {
  return pageOf(await fetch(consentUrl(emulator, changes)))
}

/** Sends the form of a page, as the browser of somebody who chose `fields` would. */
function answer(
  emulator: Emulator,
  { ticket }: Page,
  fields: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const form = {
    ticket,
    user: 'ada',
    otherUser: '',
    'organization-ada': '20000000001',
    'organization-grace': '20000000003',
    'organization-alan': '20000000004',
    dataCenter: 'us',
    environment: 'production',
    decision: 'accept',
    ...fields,
  }
  return post(`${emulator.url}/oauth/v2/auth/consent`, new URLSearchParams(form))
}

async function exchanged(emulator: Emulator, response: Response) {
  const code = callbackOf(response).get('code') ?? ''
  return ask(exchangeParameters(emulator, code, { redirect_uri: REDIRECT_URI }), emulator.url)
}

describe('the consent page', () => {
  test.each([
    ['ZohoRecruit.modules.ALL', 'Zoho Recruit: read, create, change and delete modules'],
    ['ZohoCRM.modules.leads.READ', 'Zoho CRM: read modules, leads'],
    ['Desk.tickets.UPDATE', 'Zoho Desk: change tickets'],
    ['ZohoBooks.fullaccess.all', 'Zoho Books: read, create, change and delete everything'],
    ['ZohoMail.messages.CREATE', 'Zoho Mail: create messages'],
    ['AaaServer.profile.READ', 'Zoho Account: read profile'],
    ['PhoneBridge.call.log', 'Zoho PhoneBridge: use call, log'],
    ['ZohoSubscriptions.plans.READ', 'Zoho Billing: read plans'],
    ['SalesIQ.conversations.CREATE', 'Zoho SalesIQ: create conversations'],
    ['Unheard.of.WRITE', 'Unheard: create and change of'],
    ['constructor.constructor', 'constructor: use constructor'],
    ['email', 'Zoho Account: know your e-mail address'],
  ])('says what %s means', async (scope, words) => {
    const { text } = await open(await start(), { scope: `ZohoRecruit.modules.READ,${scope}` })
    expect(text).toContain(`<li>${words} <code>${scope}</code></li>`)
    expect(text.match(/<li>/g)).toHaveLength(2)
  })

  test('names the client, and asks who, for what organisation, and where', async () => {
    const emulator = await start({ dataCenters: ['us', 'eu'], clientName: 'Tom & <Jerry>' })
    const { status, text } = await open(emulator)
    expect(status).toBe(200)
    for (const part of [
      'Tom &amp; &lt;Jerry&gt; asks for access',
      `<code id="client-id">${emulator.clientId}</code>`,
      `<span id="redirect-uri">${REDIRECT_URI}</span>`,
      'Also while you are away',
      'name="user" value="ada" checked',
      'name="user" value="grace">',
      'name="user" value="alan">',
      'name="user" value="">',
      'name="otherUser"',
      'id="organization-20000000005" name="organization-alan" value="20000000005"',
      'Bombe &amp; Daughters',
      '<option value="us" selected>us</option><option value="eu">eu</option>',
      '<button type="submit" name="decision" value="accept" id="accept">Accept</button>',
      '<button type="submit" name="decision" value="refuse" id="refuse">Refuse</button>',
    ])
      expect(text).toContain(part)
  })

  test('has a label for every field that is seen', async () => {
    const { text } = await open(await start())
    const fields = [...text.matchAll(/<(?:input|select) (?!type="hidden")[^>]*id="([^"]+)"/g)].map(
      ([, id]) => id,
    )
    expect(fields.length).toBeGreaterThan(10)
    for (const id of fields) expect(text).toMatch(new RegExp(`<label[^>]* for="${id}"`))
  })

  test.each([
    ['ZohoRecruit.modules.ALL', false],
    ['zohocrm.modules.READ', true],
  ])('for %s asks for an environment: %s', async (scope, asks) => {
    const { text } = await open(await start(), { scope })
    expect(text.includes('<select id="environment"')).toBe(asks)
  })

  test('of online access says for how long', async () => {
    expect((await open(await start(), { access_type: undefined })).text).toContain('For one hour.')
  })

  test('has the user picked whom the client names', async () => {
    const emulator = await start()
    expect((await open(emulator, { user: 'grace' })).text).toContain('value="grace" checked')
    expect((await open(emulator, { user: '"><b>' })).text).toContain('value="&quot;&gt;&lt;b&gt;"')
  })

  test('keeps the request to itself: nothing of it is in the form', async () => {
    const emulator = await start()
    const hostile = '"><script>alert(1)</script>'
    const redirectUri = `http://localhost:3000/${hostile}`
    const { text } = await open(emulator, { state: hostile, redirect_uri: redirectUri, extra: hostile })
    expect(text).not.toContain('<script')
    expect(text).not.toContain('the-state')
    expect(text.match(/type="hidden"/g)).toHaveLength(1)
  })

  test('loads nothing, runs nothing, is framed by nobody, and tells nobody where it was', async () => {
    const emulator = await start()
    for (const { headers, text } of [await open(emulator), await open(emulator, { client_id: 'x' })]) {
      const style = /<style>(.*)<\/style>/s.exec(text)?.[1] ?? ''
      const hash = createHash('sha256').update(style).digest('base64')
      const policy = headers.get('content-security-policy') ?? ''
      expect(policy.split('; ')).toEqual([
        "default-src 'none'",
        `style-src 'sha256-${hash}'`,
        'img-src data:',
        "base-uri 'none'",
        "frame-ancestors 'none'",
      ])
      expect(headers.get('referrer-policy')).toBe('no-referrer')
      expect(headers.get('x-frame-options')).toBe('DENY')
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('cache-control')).toBe('no-store')
      expect(text).not.toMatch(/<script| style=| on\w+=/)
    }
  })
})

describe('the form of the page', () => {
  test('accepted, sends the browser back with code, location, accounts server and state', async () => {
    const emulator = await start({ dataCenters: ['us', 'eu'] })
    const state = 'a "state" <with> & = + ü'
    const page = await open(emulator, { state })
    const response = await answer(emulator, page, {
      user: 'alan',
      'organization-alan': '20000000005',
      dataCenter: 'eu',
      environment: 'developer',
    })
    expect(response.status).toBe(303)
    expect(Object.fromEntries(callbackOf(response))).toEqual({
      code: expect.stringMatching(/^1000\./),
      location: 'eu',
      'accounts-server': emulator.accountsUrls.eu,
      state,
    })
    const code = callbackOf(response).get('code') ?? ''
    const parameters = exchangeParameters(emulator, code, { redirect_uri: REDIRECT_URI })
    const { body } = await ask(parameters, emulator.accountsUrls.eu ?? '')
    expect(emulator.grants.at(-1)).toMatchObject({
      refreshToken: body.refresh_token,
      user: 'alan',
      dataCenter: 'eu',
      organization: { id: '20000000005', name: 'Imitation Games' },
      environment: 'developer',
    })
    expect(emulator.requests.map(({ path, outcome }) => [path, outcome])).toEqual([
      ['/oauth/v2/auth', 'consent-page'],
      ['/oauth/v2/auth/consent', 'accepted'],
      ['/oauth/v2/token', 'issued'],
    ])
  })

  test('refused, sends it back with access_denied and the state, whatever else was chosen', async () => {
    const emulator = await start()
    for (const fields of [{}, { user: '' }, { dataCenter: 'mars' }]) {
      const response = await answer(emulator, await open(emulator), { ...fields, decision: 'refuse' })
      expect(response.status).toBe(303)
      expect(Object.fromEntries(callbackOf(response))).toEqual({
        error: 'access_denied',
        state: 'the-state',
      })
    }
  })

  test('keeps the query of the redirect URI', async () => {
    const emulator = await start()
    const page = await open(emulator, { redirect_uri: `${REDIRECT_URI}?tenant=a%26b`, state: undefined })
    const response = await answer(emulator, page, { decision: 'refuse' })
    expect(response.headers.get('location')).toBe(`${REDIRECT_URI}?tenant=a%26b&error=access_denied`)
  })

  test('takes somebody else by name', async () => {
    const emulator = await start()
    const response = await answer(emulator, await open(emulator), { user: '', otherUser: ' mary s. ' })
    await exchanged(emulator, response)
    expect(emulator.grants.at(-1)).toMatchObject({
      user: 'mary s.',
      organization: { name: 'Organisation of mary s.' },
    })
  })

  test.each<[decision: string]>([['accept'], ['refuse']])('counts once: %s', async (decision) => {
    const emulator = await start()
    const page = await open(emulator)
    expect((await answer(emulator, page, { decision })).status).toBe(303)
    for (const next of ['accept', 'refuse']) {
      const again = await answer(emulator, page, { decision: next })
      expect(again.status).toBe(400)
      expect(again.headers.get('location')).toBeNull()
      expect(await again.text()).toContain('<h1>This page was answered already</h1>')
    }
    expect(emulator.requests.at(-1)?.outcome).toBe('consent-replayed')
  })

  test.each([{ ticket: 'nobody issued it' }, { ticket: '' }])(
    'with a ticket of its own making is refused: %j',
    async ({ ticket }) => {
      const emulator = await start()
      const page = await open(emulator)
      expect((await answer(emulator, { ...page, ticket })).status).toBe(400)
      expect((await answer(emulator, page)).status).toBe(303)
    },
  )

  test('reads its fields from the body alone, and by POST alone', async () => {
    const emulator = await start()
    const { ticket } = await open(emulator)
    const url = `${emulator.url}/oauth/v2/auth/consent?${new URLSearchParams({ ticket, user: 'ada', decision: 'accept' }).toString()}`
    expect((await post(url, new URLSearchParams())).status).toBe(400)
    const got = await fetch(url, { redirect: 'manual' })
    expect([got.status, got.headers.get('allow')]).toEqual([405, 'POST'])
  })

  test('cannot change what the page showed', async () => {
    const emulator = await start()
    const response = await answer(emulator, await open(emulator, { scope: 'ZohoRecruit.modules.READ' }), {
      redirect_uri: 'http://localhost:6666/foreign',
      scope: 'ZohoCRM.modules.ALL',
      state: 'another',
    })
    expect(response.headers.get('location')).toMatch(/^http:\/\/localhost:3000\/callback\?/)
    expect(callbackOf(response).get('state')).toBe('the-state')
    expect((await exchanged(emulator, response)).body.scope).toBe('ZohoRecruit.modules.READ')
  })

  test.each<[fields: Record<string, string>, words: string, outcome: string]>([
    [{ user: '', otherUser: ' ' }, 'Say who signs in', 'invalid-user'],
    [{ user: 'x'.repeat(201) }, 'Say who signs in', 'invalid-user'],
    [{ 'organization-ada': '20000000003' }, 'does not belong', 'invalid-organisation'],
    [{ environment: 'moon' }, 'no such environment', 'invalid-environment'],
    [{ dataCenter: 'eu' }, 'Invalid Client', 'invalid-client'],
    [{ dataCenter: 'mars' }, 'Invalid Client', 'invalid-client'],
    [{ decision: 'perhaps' }, 'Accept, or refuse', 'invalid-decision'],
  ])('with %j is asked again, and can be answered then', async (fields, words, outcome) => {
    const emulator = await start({ dataCenters: ['us', 'eu'], clientDataCenters: ['us'] })
    const page = await open(emulator)
    const again = await pageOf(await answer(emulator, page, fields))
    expect(again.status).toBe(400)
    expect(again.text).toMatch(new RegExp(`role="alert">[^<]*${words}`))
    expect(again.ticket).toBe(page.ticket)
    expect(emulator.requests.at(-1)?.outcome).toBe(outcome)
    expect((await answer(emulator, again)).status).toBe(303)
  })

  test('is not asked for a code challenge, and its exchange is', async () => {
    const emulator = await start()
    const verifier = 'the-verifier-that-only-the-client-knows-0123456789'
    const challenge = createHash('sha256').update(verifier).digest('base64url')
    for (const [sent, error] of [
      [verifier, undefined],
      [challenge, 'invalid_code'],
    ] as const) {
      const page = await open(emulator, { code_challenge: challenge, code_challenge_method: 'S256' })
      const code = callbackOf(await answer(emulator, page)).get('code') ?? ''
      const changes = { redirect_uri: REDIRECT_URI, code_verifier: sent }
      const { body } = await ask(exchangeParameters(emulator, code, changes), emulator.url)
      expect(body.error).toBe(error)
    }
  })
})

describe("Zoho's limits on refresh tokens, with consents of the page", () => {
  test('five a minute; the sixth is refused at the exchange, and its code can wait', async () => {
    const emulator = await start()
    const consentOf = async (user: string) => answer(emulator, await open(emulator), { user })
    for (let made = 0; made < 5; made += 1)
      expect((await exchanged(emulator, await consentOf('grace'))).body).toHaveProperty('refresh_token')
    const sixth = await consentOf('grace')
    expect((await exchanged(emulator, sixth)).body.error).toBe('Access Denied')
    expect((await exchanged(emulator, await consentOf('alan'))).body.error).toBeUndefined()
    expect(emulator.users).toMatchObject([
      { user: 'ada', refreshTokens: 1, newInWindow: 0 },
      { user: 'grace', refreshTokens: 5, newInWindow: 5, blockedForMs: minutes(1) },
      { user: 'alan', refreshTokens: 1, newInWindow: 1, blockedForMs: 0 },
    ])
    emulator.advance(minutes(1))
    expect((await exchanged(emulator, sixth)).body).toHaveProperty('refresh_token')
  })

  test('twenty per user; the 21st ends the first and its access tokens', async () => {
    const emulator = await start()
    const made: string[] = []
    for (let count = 0; count < 21; count += 1) {
      emulator.advance(minutes(1))
      const { body } = await exchanged(
        emulator,
        await answer(emulator, await open(emulator), { user: 'grace' }),
      )
      made.push(body.refresh_token ?? '')
    }
    expect((await refresh(emulator, made[0])).body).toEqual({ error: 'invalid_code' })
    expect((await refresh(emulator, made[1])).body.error).toBeUndefined()
    expect(emulator.liveTokens(made[0])).toEqual([])
  })
})

test('1 000 pages can wait for an answer; one more forgets the oldest', () => {
  const tickets = new Tickets()
  const request = { dataCenter: 'us', query: new URLSearchParams() } as const
  const issued = Array.from({ length: 1_001 }, () => tickets.issue(request))
  expect(issued.filter((ticket) => tickets.find(ticket) === undefined)).toEqual([issued[0]])
  expect(new Set(issued).size).toBe(1_001)
})
