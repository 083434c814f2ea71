import { request } from 'node:http'
import { describe, expect, test } from '@jest/globals'
import { type ConnectOptions, connectHandler } from '@zoho-auth/connect'
import { type ConnectionStore, memoryConnectionStore, memoryTokenStore, type ZohoAuth } from '@zoho-auth/core'
import type { Emulator } from '@zoho-auth/emulator'
import express, { type Request } from 'express'
import { Browser, ticketIn } from '../../../checks/support/browser.mjs'
import { createApp, emulate, engine, serve } from './support.js'

const scopes = ['ZohoRecruit.modules.ALL', 'AaaServer.profile.READ', 'ZohoCRM.org.READ']

interface Setup {
  readonly emulator: Emulator
  readonly auth: ZohoAuth
  readonly connections: ConnectionStore
  readonly url: string
  readonly browser: (user?: string) => Browser
}

/** An app whose users say in a header who they are, as a sign-in would have proved it. */
async function setup(
  options: Partial<ConnectOptions<Request>> = {},
  logger: { warn(line: string): void } = { warn() {} },
): Promise<Setup> {
  const emulator = await emulate()
  const connections = memoryConnectionStore()
  const auth = engine(emulator, { accountsUrl: { us: emulator.accountsUrl }, connections, logger })
  const app = createApp()
  const connection = (req: Request) => req.get('x-user')
  app.use('/zoho', connectHandler<Request>({ auth, options: { scopes, connection, ...options } }))
  app.get('/after', (_req, res) => {
    res.send('back in the app')
  })
  const url = await serve(app)
  return { emulator, auth, connections, url, browser: (user = 'acme') => new Browser(url, user) }
}

const linkIn = (page: string, name: string): string | undefined =>
  new RegExp(`<a href="([^"]+)">${name}</a>`).exec(page)?.[1]?.replaceAll('&amp;', '&')

describe('connect', () => {
  test('to Zoho, back, a page that says what was connected, and on to the app', async () => {
    const { auth, browser, url } = await setup()
    const one = browser()
    const page = await one.connect()
    expect(page).toContain('Zoho is connected')
    expect(page).toContain('ada@example.com')
    expect(page).toContain('<dt>Data centre</dt><dd>us</dd>')
    expect(page).toContain('ZohoRecruit.modules.ALL')
    const kept = await one.post('/zoho/confirm', { ticket: ticketIn(page), answer: 'keep' }, { origin: url })
    expect([kept.status, kept.headers.get('location')]).toEqual([303, '/after'])
    expect((await auth.status('acme')).state).toBe('active')
    expect([...one.cookies]).toEqual([['__Host-zoho-connect', expect.any(String)]])
  })

  test('“no, undo” ends the new grant at Zoho', async () => {
    const { auth, emulator, browser } = await setup()
    const one = browser()
    const page = await one.connect({ user: 'grace' })
    const undone = await one.post('/zoho/confirm', { ticket: ticketIn(page), answer: 'undo' })
    expect(undone.status).toBe(200)
    expect(await undone.text()).toContain('Zoho is disconnected')
    expect((await auth.status('acme')).state).toBe('revoked')
    expect(emulator.grants.filter(({ user }) => user === 'grace')).toEqual([])
  })

  // "Zoho is disconnected. Nothing here can use that account" was said while the account before worked again.
  test('“no, undo” says that the account before is connected again, and leads back to the app', async () => {
    const { auth, emulator, browser } = await setup()
    const one = browser()
    await one.connect({ user: 'ada' })
    const page = await one.connect({ user: 'grace' })
    const undone = await one.post('/zoho/confirm', { ticket: ticketIn(page), answer: 'undo' })
    const text = await undone.text()
    expect(text).toContain('Zoho is connected as before')
    expect(text).toContain('the account before is connected again')
    expect(text).not.toContain('Zoho is disconnected')
    expect(linkIn(text, 'Back to the app')).toBe('/after')
    expect((await auth.status('acme')).state).toBe('active')
    expect(emulator.grants.filter(({ user }) => user === 'grace')).toEqual([])
  })

  test('every page that ends a visit leads back to the app: where the link said, else the option, else its root', async () => {
    for (const returnTo of [undefined, '/settings?tab=zoho&x=1']) {
      const home = returnTo ?? '/'
      const { browser } = await setup({ returnTo, authorize: (req) => req.headers['x-deny'] === undefined })
      const one = browser()
      const backIn = async (answer: Response) => linkIn(await answer.text(), 'Back to the app')
      for (const [connect, back] of [
        ['/zoho/connect', home],
        ['/zoho/connect?returnTo=/after', '/after'],
      ] as const) {
        expect(await backIn(await one.open(await one.consent({ auto: 'refuse' }, connect)))).toBe(back)
        await one.open(await one.consent({}, connect))
        const page = await (await one.open('/zoho/connected')).text()
        const undo = { ticket: ticketIn(page), answer: 'undo' }
        expect(await backIn(await one.post('/zoho/confirm', undo))).toBe(back)
      }
      expect(await backIn(await one.open('/zoho/disconnect'))).toBe(home)
      expect(await backIn(await one.post('/zoho/disconnect', {}))).toBe(home)
      expect(await backIn(await one.open('/zoho/callback?code=x&state=y'))).toBe(home)
      expect(await backIn(await one.open('/zoho/connect', { headers: { 'x-deny': 'yes' } }))).toBe(home)
    }
  })

  // A link with a whole URL said "This sign-in link does not belong to this session", and never what was wrong with it.
  test('a returnTo that is no path is named to whoever wrote the link', async () => {
    const { url, browser } = await setup()
    const place = `/zoho/connect?returnTo=${encodeURIComponent(`${url}/settings`)}`
    const answer = await browser().open(place)
    expect(answer.status).toBe(400)
    expect(await answer.text()).toContain('The returnTo of this link is not a path of this app')
    const problem = await browser().open(place, { headers: { accept: 'application/json' } })
    expect(await problem.json()).toMatchObject({ detail: expect.stringContaining('returnTo') })
  })

  // zohoConnect turned every failure into a page for a visitor, and told nobody else.
  test('what fails is told to the logger of the engine, once', async () => {
    const warned: string[] = []
    const { url, emulator, browser } = await setup({}, { warn: (line) => warned.push(line) })
    emulator.fault({ on: 'token', kind: 'status', status: 503, times: Number.POSITIVE_INFINITY })
    for (let time = 0; time < 2; time++) {
      const one = browser()
      expect((await one.open(await one.consent())).status).toBe(503)
      expect((await fetch(`${url}/zoho/connect`)).status).toBe(409)
    }
    expect(warned).toEqual([
      expect.stringMatching(/^ERR_ZOHO_UNAVAILABLE for connection "acme": .*consent again\. Cause: .*503/),
      expect.stringMatching(/^ERR_ZOHO_NO_CONNECTION: /),
    ])
  })

  test('cookies: of this host, https, not for scripts, not for other sites; no code is passed on or kept', async () => {
    const { browser } = await setup()
    const one = browser()
    const start = await one.open('/zoho/connect')
    const back = await one.open(await one.consent())
    for (const answer of [start, back]) {
      for (const line of answer.headers.getSetCookie())
        expect(line).toMatch(
          /^__Host-zoho-connect(ed)?=[\w-]+; Path=\/; Max-Age=600; HttpOnly; Secure; SameSite=Lax$/,
        )
      expect(answer.headers.get('referrer-policy')).toBe('no-referrer')
      expect(answer.headers.get('cache-control')).toBe('no-store')
    }
    expect(back.headers.get('location')).toBe('/zoho/connected')
    const page = await one.open('/zoho/connected')
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
  })

  test('two tabs at once', async () => {
    const { browser } = await setup()
    const one = browser()
    const [first, second] = [await one.consent(), await one.consent()]
    expect((await one.open(first)).status).toBe(303)
    expect((await one.open(second)).status).toBe(303)
  })

  test('a callback that comes twice shows the same result', async () => {
    const { browser, emulator } = await setup()
    const one = browser()
    const callback = await one.consent()
    for (let time = 0; time < 2; time++) {
      const back = await one.open(callback)
      expect([back.status, back.headers.get('location')]).toEqual([303, '/zoho/connected'])
    }
    expect(emulator.counters.tokenRequests).toBe(1)
  })

  test('a refusal is a page, and nothing was changed', async () => {
    const { browser, connections } = await setup()
    const one = browser()
    const answer = await one.open(await one.consent({ auto: 'refuse' }))
    expect(answer.status).toBe(409)
    expect(await answer.text()).toContain('The consent was not given at Zoho')
    expect(await connections.get('acme')).toBeUndefined()
  })

  test('several processes with one token store and one connection store', async () => {
    const emulator = await emulate()
    const shared = { connections: memoryConnectionStore(), tokens: memoryTokenStore() }
    const urls = []
    for (let process = 0; process < 2; process++) {
      const app = createApp()
      app.use(
        '/zoho',
        connectHandler({
          auth: engine(emulator, shared),
          options: { scopes, connection: () => 'acme', redirectUri: 'http://127.0.0.1:9/zoho/callback' },
        }),
      )
      urls.push(await serve(app))
    }
    const one = new Browser(urls[0] as string, 'acme')
    const callback = new URL(await one.consent())
    const other = new Browser(urls[1] as string, 'acme')
    for (const [name, value] of one.cookies) other.cookies.set(name, value)
    expect((await other.open(callback.pathname + callback.search)).status).toBe(303)
  })

  test('what is not ours goes on to the app', async () => {
    const { url } = await setup()
    for (const [method, path] of [
      ['GET', '/zoho'],
      ['GET', '/zoho/'],
      ['GET', '/zoho/else'],
      ['POST', '/zoho/connect'],
      ['PUT', '/zoho/disconnect'],
    ] as const)
      expect((await fetch(url + path, { method })).status).toBe(404)
    expect(await (await fetch(`${url}/after`)).text()).toBe('back in the app')
  })
})

describe('whose', () => {
  test('nobody is signed in', async () => {
    const { url } = await setup({ connection: () => undefined })
    const page = await fetch(`${url}/zoho/connect`, { headers: { accept: 'text/html' } })
    expect(page.status).toBe(409)
    const problem = await fetch(`${url}/zoho/connect`, { headers: { accept: 'application/json' } })
    expect(await problem.json()).toMatchObject({ code: 'ERR_ZOHO_NO_CONNECTION', status: 409 })
  })

  test('somebody else comes back with the callback', async () => {
    const { browser, emulator } = await setup()
    const ada = browser('acme')
    const callback = await ada.consent()
    const bob = browser('other')
    for (const [name, value] of ada.cookies) bob.cookies.set(name, value)
    expect((await bob.open(callback)).status).toBe(400)
    const stranger = browser('acme')
    expect((await stranger.open(callback)).status).toBe(400)
    expect(emulator.counters.tokenRequests).toBe(0)
  })

  test('authorize(req) decides', async () => {
    const { url } = await setup({ authorize: async (req) => req.headers['x-admin'] === 'yes' })
    const no = await fetch(`${url}/zoho/connect`, { redirect: 'manual' })
    expect(no.status).toBe(403)
    const yes = await fetch(`${url}/zoho/connect`, {
      redirect: 'manual',
      headers: { 'x-admin': 'yes', 'x-user': 'acme' },
    })
    expect(yes.status).toBe(302)
  })

  test('without authorize and connection only this machine may, and nobody who came through a proxy', async () => {
    const emulator = await emulate()
    const auth = engine(emulator, { refreshToken: emulator.refreshToken })
    const app = createApp()
    app.use('/zoho', connectHandler({ auth, options: { scopes } }))
    const url = await serve(app)
    const one = new Browser(url, 'default')
    expect(await one.connect()).toContain('<dt>Connection</dt><dd>default</dd>')
    expect(await statusWith(`${url}/zoho/connect`, { host: 'app.example.com' })).toBe(500)
    expect(await statusWith(`${url}/zoho/connect`, { 'x-forwarded-for': '203.0.113.7' })).toBe(500)
    expect(await statusWith(`${url}/zoho/disconnect`, { host: 'app.example.com' })).toBe(500)
    expect(await statusWith(`${url}/zoho/connect`, { via: '1.1 proxy' })).toBe(500)
    // A proxy on this machine can look like a browser on it.
    const before = process.env.NODE_ENV
    process.env.NODE_ENV = 'production'
    try {
      expect(await statusWith(`${url}/zoho/connect`, {})).toBe(500)
    } finally {
      process.env.NODE_ENV = before
    }
  })
})

describe('disconnect', () => {
  test('asks first, then ends the grant at Zoho; and again is the same', async () => {
    const { auth, emulator, browser } = await setup()
    const one = browser()
    await one.connect()
    expect(await (await one.open('/zoho/disconnect')).text()).toContain('Disconnect Zoho?')
    for (let time = 0; time < 2; time++) expect((await one.post('/zoho/disconnect', {})).status).toBe(200)
    expect((await auth.status('acme')).state).toBe('revoked')
    expect(emulator.counters.revocations).toBe(1)
  })

  test.each<[Record<string, string>]>([
    [{ origin: 'https://evil.example' }],
    [{ origin: 'null' }],
    [{ origin: 'http://127.0.0.1:1' }],
    [{ 'sec-fetch-site': 'cross-site' }],
    [{ 'sec-fetch-site': 'same-site' }],
    [{ 'sec-fetch-site': 'none' }],
  ])('a form of another site does nothing: %j', async (headers) => {
    const { auth, url, browser } = await setup()
    const one = browser()
    const page = await one.connect()
    expect(await statusWith(`${url}/zoho/disconnect`, { ...headers, 'x-user': 'acme' }, 'POST')).toBe(400)
    const fields = { ticket: ticketIn(page), answer: 'undo' }
    // Not every header can be set by fetch.
    if ('origin' in headers) expect((await one.post('/zoho/confirm', fields, headers)).status).toBe(400)
    expect((await auth.status('acme')).state).toBe('active')
  })

  // The second one revoked the account that the first had given back.
  test('“no, undo” pressed twice at once gives the account before back, and leaves it', async () => {
    const { auth, browser } = await setup()
    const one = browser()
    await one.connect()
    const page = await one.connect()
    const fields = { ticket: ticketIn(page), answer: 'undo' }
    const answers = await Promise.all([one.post('/zoho/confirm', fields), one.post('/zoho/confirm', fields)])
    expect(answers.map(({ status }) => status)).toEqual([200, 200])
    expect((await auth.status('acme')).state).toBe('active')
  })

  test('a confirmation needs the ticket of the page', async () => {
    const { auth, browser } = await setup()
    const one = browser()
    await one.connect()
    for (const fields of [{}, { ticket: '' }, { ticket: 'guessed' }])
      expect((await one.post('/zoho/confirm', { ...fields, answer: 'undo' })).status).toBe(400)
    expect((await auth.status('acme')).state).toBe('active')
  })

  test('a body parser that read the form before is no problem', async () => {
    const emulator = await emulate()
    const auth = engine(emulator)
    const app = createApp()
    app.use(express.urlencoded({ extended: false }))
    app.use('/zoho', connectHandler({ auth, options: { scopes, connection: () => 'acme' } }))
    const one = new Browser(await serve(app), 'acme')
    const page = await one.connect()
    expect((await one.post('/zoho/confirm', { ticket: ticketIn(page), answer: 'keep' })).status).toBe(303)
  })

  test('a form without end is cut off', async () => {
    const { url, browser } = await setup()
    const one = browser()
    await one.connect()
    expect((await one.post('/zoho/confirm', { ticket: 'x'.repeat(100_000) })).status).toBe(400)
    expect((await fetch(`${url}/after`)).status).toBe(200)
  })
})

describe('hostile visits', () => {
  test.each([
    'https://evil.example',
    '//evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    '/%09/evil.example/../..//evil.example\r',
    'javascript:alert(1)',
    'data:text/html,x',
    'evil.example',
    './after',
    '',
    ' /after',
    '/..//evil.example',
    '/.//evil.example',
    `/${'a'.repeat(600)}`,
    '/\u0000',
    '/\u202e\u0085',
    'http:/evil.example',
    '///evil.example',
    '/@evil.example\\',
  ])('returnTo %j is refused before anything is begun', async (returnTo) => {
    const { browser } = await setup()
    const answer = await browser().open(`/zoho/connect?returnTo=${encodeURIComponent(returnTo)}`)
    expect(answer.status).toBe(400)
    expect(answer.headers.getSetCookie()).toEqual([])
  })

  test.each(['/after', '/after?x=1&y=//z', '/after#part', '/a/../after', '/@x', '/a:b', '/ümlaut'])(
    'returnTo %j is a place of this app',
    async (returnTo) => {
      const { browser, url } = await setup()
      const answer = await browser().open(`/zoho/connect?returnTo=${encodeURIComponent(returnTo)}`)
      expect(answer.status).toBe(302)
      expect(new URL(returnTo, url).origin).toBe(url)
    },
  )

  test('nothing of a provider or a URL is printed', async () => {
    const { browser } = await setup()
    const one = browser()
    const markup = '<img src=x onerror=alert(1)>'
    const changes: ((callback: URL) => void)[] = [
      (callback) => callback.searchParams.set('error', markup),
      (callback) => callback.searchParams.set('error_description', markup),
      (callback) => callback.searchParams.set('code', markup),
      (callback) => callback.searchParams.set('location', markup),
      (callback) => callback.searchParams.set('accounts-server', `https://${markup}`),
      (callback) => callback.searchParams.set('state', markup),
    ]
    for (const change of changes) {
      const callback = new URL(await one.consent())
      change(callback)
      const answer = await one.open(callback.href)
      const text = await answer.text()
      expect(text + [...answer.headers.values()].join()).not.toContain('<img')
      expect(text).not.toContain('onerror')
    }
  })

  test('a cookie of nonsense is no cookie', async () => {
    const { url } = await setup()
    for (const value of [
      'x',
      'W10',
      'e30',
      'bnVsbA',
      Buffer.from('[{"state":1}]').toString('base64url'),
      'a'.repeat(40_000),
    ]) {
      const cookie = `__Host-zoho-connect=${value}; __Host-zoho-connected=${value}`
      const answer = await statusWith(`${url}/zoho/callback?code=x&state=y`, { cookie, 'x-user': 'acme' })
      // A header this long is Node's to refuse.
      expect([400, 431]).toContain(answer)
      expect([400, 431]).toContain(await statusWith(`${url}/zoho/connected`, { cookie }))
    }
  })

  test('mounted at the root, and behind another router', async () => {
    const emulator = await emulate()
    const auth = engine(emulator)
    const connect = connectHandler({ auth, options: { scopes, connection: () => 'acme' } })
    const root = createApp()
    root.use(connect)
    const nested = createApp()
    const router = express.Router()
    router.use('/deep', connect)
    nested.use('/very', router)
    const back = async (base: string, place: string): Promise<string | null> => {
      const one = new Browser(base, 'acme')
      return (await one.open(await one.consent({}, place))).headers.get('location')
    }
    expect(await back(await serve(root), '/connect')).toBe('/connected')
    expect(await back(await serve(nested), '/very/deep/connect')).toBe('/very/deep/connected')
  })
})

test.each<[object, RegExp]>([
  [{}, /scopes/],
  [{ scopes: [] }, /scopes/],
  [{ scopes, redirectUri: '/callback' }, /redirectUri/],
  [{ scopes, connection: 'acme' }, /connection/],
  [{ scopes, authorize: true }, /authorize/],
  [{ scopes, returnTo: 'https://evil.example' }, /returnTo/],
  [{ scopes, dataCenter: 'mars' }, /dataCenter/],
  [{ scopes, scope: 'x' }, /scope is not an option/],
])('options %j are refused at once', async (options, message) => {
  const auth = engine(await emulate())
  expect(() => connectHandler({ auth, options } as never)).toThrow(message)
})

/** A status for headers that `fetch` does not let one set. */
function statusWith(
  url: string,
  headers: Record<string, string>,
  method = 'GET',
): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers }, (answer) => {
      answer.resume()
      resolve(answer.statusCode)
    })
    sent.on('error', reject)
    sent.end()
  })
}
