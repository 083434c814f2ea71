import { describe, expect, test } from '@jest/globals'
import {
  type ConnectionStore,
  memoryConnectionStore,
  memoryTokenStore,
  sealedConnectionStore,
  type ZohoAuth,
  type ZohoAuthOptions,
} from '@zoho-auth/core'
import { grantId } from '@zoho-auth/core/adapter'
import { ManualClock } from '@zoho-auth/core/testing'
import type { Emulator, EmulatorOptions, Fault } from '@zoho-auth/emulator'
import { figure } from '../../../checks/support/figures.mjs'
import { until } from '../../../checks/support/waiting.mjs'
import { breathe, CANDIDATES, calm, codeOf, emulate, engine, recruit, turning } from './support.js'

const REDIRECT = 'http://127.0.0.1:9/zoho/callback'
const SCOPES = ['ZohoRecruit.modules.ALL', 'AaaServer.profile.READ']
const wanted = { connection: 'acme', scopes: SCOPES, redirectUri: REDIRECT }

/** Emulator and engine on one clock, without any connection yet. */
async function byHand(options: ZohoAuthOptions = {}, emulatorOptions: EmulatorOptions = {}) {
  const clock = new ManualClock()
  const emulator = await emulate({ clock, ...emulatorOptions })
  const connections = (options.connections as ConnectionStore | undefined) ?? memoryConnectionStore()
  const zoho = engine(emulator, { clock, logger: { warn: () => {} }, ...options, connections })
  const created: unknown[] = []
  zoho.on('connection.created', (event) => created.push(event))
  return { clock, emulator, zoho, connections, created }
}

/** What the browser does: opens Zoho's page as a user, and comes back with the callback. */
async function browse(url: string, how: Record<string, string> = {}): Promise<string> {
  const page = new URL(url)
  for (const [name, value] of Object.entries({ user: 'ada', auto: 'accept', ...how }))
    page.searchParams.set(name, value)
  const answer = await fetch(page, { redirect: 'manual' })
  const callback = answer.headers.get('location')
  if (callback === null) throw new Error(`no callback: ${answer.status} ${await answer.text()}`)
  return callback
}

async function connect(zoho: ZohoAuth, how: Record<string, string> = {}, request: object = {}) {
  const { url, state } = await zoho.consent.start({ ...wanted, ...request })
  return zoho.consent.finish(await browse(url, how), state)
}

test('a consent ends with a working connection, and its first token is not wasted', async () => {
  const { emulator, zoho, created } = await byHand()
  const connection = await connect(zoho)
  expect(connection).toMatchObject({
    id: 'acme',
    dataCenter: 'us',
    state: 'active',
    // Stored right after Zoho's answer, and once more when Zoho has said whose it is.
    version: 2,
    scopes: SCOPES,
    label: expect.stringContaining('@'),
    userId: expect.stringMatching(/^\d+$/),
  })
  const response = await zoho.fetch(CANDIDATES, { ...recruit, connection: 'acme' })
  expect(response.status).toBe(200)
  expect(emulator.counters.tokenRequests).toBe(1)
  expect(created).toEqual([{ connection: 'acme', dataCenter: 'us', refreshTokens: 1 }])
})

test('the authorization request: offline, consent, PKCE S256, one state', async () => {
  const { zoho, emulator } = await byHand()
  const { url, state } = await zoho.consent.start(wanted)
  const { origin, pathname, searchParams } = new URL(url)
  expect(origin + pathname).toBe(`${emulator.accountsUrl}/oauth/v2/auth`)
  expect(Object.fromEntries(searchParams)).toEqual({
    response_type: 'code',
    client_id: emulator.clientId,
    redirect_uri: REDIRECT,
    scope: SCOPES.join(','),
    access_type: 'offline',
    prompt: 'consent',
    code_challenge: expect.stringMatching(/^[\w-]{43}$/),
    code_challenge_method: 'S256',
    state,
  })
  expect(state).toMatch(/^[\w-]{43}$/)
  expect((await zoho.consent.start(wanted)).state).not.toBe(state)
})

test('the user lives elsewhere: the code goes to that data centre, and so does everything later', async () => {
  const clientSecret = { us: 'secret-of-the-us', in: 'secret-of-india' }
  const emulator = await emulate({ dataCenters: ['us', 'in'], clientSecrets: clientSecret })
  const zoho = engine(emulator, {
    clientSecret,
    accountsUrl: emulator.accountsUrls,
    connections: memoryConnectionStore(),
  })
  expect(await connect(zoho, { dataCenter: 'in' })).toMatchObject({ dataCenter: 'in' })
  expect((await zoho.getToken({ connection: 'acme' })).dataCenter).toBe('in')
  expect(emulator.requests.filter(({ kind }) => kind === 'token').map((one) => one.dataCenter)).toEqual([
    'in',
  ])
})

test('a refusal changes nothing, and is told apart', async () => {
  const { zoho, connections, emulator } = await byHand()
  const { url, state } = await zoho.consent.start(wanted)
  const callback = await browse(url, { auto: 'refuse' })
  await expect(zoho.consent.finish(callback, state)).rejects.toMatchObject({
    code: 'ERR_ZOHO_CONSENT_REQUIRED',
    message: 'The consent was not given at Zoho',
  })
  expect(await connections.get('acme')).toBeUndefined()
  expect(await codeOf(zoho.consent.finish(callback, state))).toBe('ERR_ZOHO_STATE')
  expect(emulator.counters.tokenRequests).toBe(0)
})

test('the state is good once, also for many at the same moment', async () => {
  const { zoho, emulator, clock } = await byHand()
  const { url, state } = await zoho.consent.start(wanted)
  const callback = await browse(url)
  const outcomes = await turning(
    clock,
    Promise.all(Array.from({ length: 8 }, () => codeOf(zoho.consent.finish(callback, state)))),
  )
  expect(outcomes.filter((code) => code === undefined)).toHaveLength(1)
  expect(outcomes.filter((code) => code === 'ERR_ZOHO_STATE')).toHaveLength(7)
  expect(emulator.counters.tokenRequests).toBe(1)
})

test('it is good for ten minutes', async () => {
  const { zoho, clock } = await byHand()
  const early = await zoho.consent.start(wanted)
  const late = await zoho.consent.start(wanted)
  clock.jump(599_000)
  expect((await zoho.consent.finish(await browse(early.url), early.state)).id).toBe('acme')
  clock.jump(1_000)
  expect(await codeOf(zoho.consent.finish(await browse(late.url), late.state))).toBe('ERR_ZOHO_STATE')
})

test('another process finishes, where they share a token store', async () => {
  const emulator = await emulate()
  const shared = { tokens: memoryTokenStore(), connections: memoryConnectionStore() }
  const [one, other] = [engine(emulator, shared), engine(emulator, shared)]
  const { url, state } = await one.consent.start(wanted)
  await other.consent.finish(await browse(url), state)
  expect((await one.getToken({ connection: 'acme' })).value).toMatch(/./)
  const alone = engine(emulator, { connections: shared.connections })
  const next = await one.consent.start(wanted)
  expect(await codeOf(alone.consent.finish(await browse(next.url), next.state))).toBe('ERR_ZOHO_STATE')
})

test('started for one connection, it cannot be finished for another', async () => {
  const { zoho, emulator } = await byHand()
  const { url, state } = await zoho.consent.start(wanted)
  const callback = await browse(url)
  expect(await codeOf(zoho.consent.finish(callback, state, { connection: 'other' }))).toBe('ERR_ZOHO_STATE')
  expect(await codeOf(zoho.consent.finish(callback, state, { connection: 'acme' }))).toBe('ERR_ZOHO_STATE')
  expect(emulator.counters.tokenRequests).toBe(0)
})

describe('hostile callbacks send no secret anywhere', () => {
  type Variant = readonly [
    what: string,
    change: (callback: URL, state: string) => string | URL,
    session?: string,
  ]
  const set = (what: string, name: string, value: string): Variant => [
    what,
    (url) => {
      url.searchParams.set(name, value)
      return url
    },
  ]
  const raw = (what: string, change: (text: string) => string): Variant => [what, (url) => change(url.href)]

  const servers = [
    'https://evil.example',
    'https://accounts.zoho.com.evil.example',
    'https://accounts-zoho.com',
    'https://accounts.zoho.co',
    'https://accounts.zoho.eu',
    'https://accounts.zoho.com',
    'https://accounts.zoho.com:444',
    'http://accounts.zoho.com',
    'https://accounts.zoho.com@evil.example',
    'https://user:pass@accounts.zoho.com',
    'https://accounts.zoho.com/../evil',
    'https://accounts.zoho.com?x=1',
    'https://accounts.zoho.com#x',
    'https://accounts.zoho.com\\@evil.example',
    'https://accounts.zоho.com',
    'https://xn--accounts-zoho-x9a.com',
    'https%3A%2F%2Faccounts.zoho.com',
    '//evil.example',
    'javascript:alert(1)',
    'data:text/html,x',
    'https://accounts.zoho.com.',
    'file:///etc/passwd',
    'http://169.254.169.254',
    'http://127.0.0.1:1',
    'http://localhost:1',
    'http://[::1]:1',
    'http://0.0.0.0',
    'http://2130706433',
    ' https://accounts.zoho.com',
    'https://accounts.zoho.com\n',
    'HTTPS://EVIL.EXAMPLE',
    'null',
    '',
    '\0',
    'a'.repeat(10_000),
  ]
  const locations = [
    'xx',
    'US',
    'Us',
    'us ',
    ' us',
    'us,eu',
    'us%00',
    '',
    '../us',
    'us/../eu',
    'constructor',
    '__proto__',
    'toString',
    'hasOwnProperty',
    'https://evil.example',
    'us.evil.example',
    'eu',
    'in',
    'au',
    'jp',
    'ca',
    'sa',
    'uk',
    'cn',
    'ae',
    'sg',
    'inec',
    '🇺🇸',
    '\u0000',
    'us\n',
    'us#',
    'us?x',
    '1',
    'null',
    'undefined',
  ]
  const states = [
    '',
    ' ',
    'null',
    'undefined',
    'a',
    'A'.repeat(43),
    'A'.repeat(1_000),
    '\0',
    '%00',
    '../../x',
    '<script>',
    "'",
    '"',
    '{}',
    '[]',
    'state',
    'true',
    '0',
    '-1',
    '1e999',
    '__proto__',
    'constructor',
    '‮',
    '\r\nSet-Cookie: a=b',
  ]
  const codes = [
    '',
    ' ',
    'a b',
    '\0',
    '\r\n',
    'a'.repeat(1_025),
    'a'.repeat(5_000),
    'é',
    '\u202e',
    'a\tb',
    '🙂',
    'a\u00a0b',
  ]
  const megabyte = 'm'.repeat(1_048_576)
  const names = ['code', 'state', 'location', 'accounts-server', 'error']
  const errors = [
    'access_denied',
    'ACCESS_DENIED',
    'invalid_scope',
    'server_error',
    '<script>alert(1)</script>',
    'x'.repeat(500),
    '',
    'a\r\nb',
    '{{7*7}}',
    '%3Cimg%3E',
    'general_error',
    'temporarily_unavailable',
  ]
  const variants: Variant[] = [
    ...servers.map((value) => set(`accounts-server ${show(value)}`, 'accounts-server', value)),
    ...servers.map(
      (value): Variant => [
        `accounts-server ${show(value)} without location`,
        (url) => {
          url.searchParams.delete('location')
          url.searchParams.set('accounts-server', value)
          return url
        },
      ],
    ),
    ...locations.map((value) => set(`location ${show(value)}`, 'location', value)),
    ...states.map((value) => set(`state ${show(value)}`, 'state', value)),
    ...states.map((value): Variant => [`session ${show(value)}`, (url) => url, value]),
    ...codes.map((value) => set(`code ${show(value)}`, 'code', value)),
    ...errors.map((value) => set(`error ${show(value)}`, 'error', value)),
    ...names.map((name) => set(`${name} of a megabyte`, name, megabyte)),
    ...names.map((name) => raw(`${name} twice`, (text) => `${text}&${name}=again&${name}=again`)),
    ...names.map((name) =>
      raw(`${name} doubled in another place`, (text) => text.replace('?', `?${name}=first&${name}=x&`)),
    ),
    raw('no query', (text) => text.split('?')[0] as string),
    raw('query in the fragment', (text) => text.replace('?', '#')),
    raw('nothing', () => ''),
    raw('no URL', () => 'http://['),
    raw('another parameter of a megabyte', (text) => `${text}&x=${megabyte}`),
    ['state in capitals', (url, state) => mutated(url, state.toUpperCase())],
    ['state turned around', (url, state) => mutated(url, state.split('').reverse().join(''))],
    ['state cut short', (url, state) => mutated(url, state.slice(0, -1))],
    ['state prolonged', (url, state) => mutated(url, `${state}A`)],
    ['state with a space', (url, state) => mutated(url, `${state} `)],
    ['state encoded twice', (url, state) => mutated(url, encodeURIComponent(`%${state}`))],
  ]

  function mutated(url: URL, state: string): URL {
    url.searchParams.set('state', state)
    return url
  }

  test(`there are at least 200 of them: ${variants.length}`, () => {
    expect(variants.length).toBeGreaterThanOrEqual(200)
  })

  test('each is a typed error, and nothing is sent', async () => {
    const sent: string[] = []
    const emulator = await emulate()
    const zoho = engine(emulator, {
      // Only one data centre: any other is foreign.
      accountsUrl: { us: emulator.accountsUrl },
      connections: memoryConnectionStore(),
      fetch: async (input, init) => {
        sent.push(urlOf(input))
        return fetch(input, init)
      },
    })
    const wrong: string[] = []
    for (const [what, change, session] of variants) {
      const { url, state } = await zoho.consent.start({ ...wanted, connection: 'hostile' })
      const callback = await browse(url)
      const code = await codeOf(zoho.consent.finish(change(new URL(callback), state), session ?? state))
      if (code !== 'ERR_ZOHO_STATE' && code !== 'ERR_ZOHO_CONSENT_REQUIRED') wrong.push(`${what}: ${code}`)
    }
    expect(wrong).toEqual([])
    expect(sent).toEqual([])
    expect(emulator.counters.tokenRequests).toBe(0)
  })

  test('a state that is not even text', async () => {
    const { zoho } = await byHand()
    const { url } = await zoho.consent.start(wanted)
    const callback = await browse(url)
    for (const state of [undefined, null, 0, {}, [], Symbol.iterator])
      expect(await codeOf(zoho.consent.finish(callback, state as never))).toBe('ERR_ZOHO_STATE')
  })
})

const urlOf = (input: string | URL | Request): string =>
  input instanceof Request ? input.url : new URL(input).href

function show(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text)
}

describe('consent once more', () => {
  test('the old grant lives until nobody can hold a token of it, and is revoked then', async () => {
    const { emulator, zoho, connections, clock } = await byHand()
    const first = await connect(zoho)
    const old = await zoho.getToken({ connection: 'acme' })
    const second = await connect(zoho)
    expect(second.version).toBe(4)
    expect(second.refreshToken).not.toBe(first.refreshToken)
    await calm()
    // A process that still has the old token is served.
    const headers = { Authorization: `Zoho-oauthtoken ${old.value}` }
    expect((await fetch(`${emulator.accountsUrl}${CANDIDATES}`, { headers })).status).toBe(200)
    await clock.advance(3_600_000)
    await turning(
      clock,
      until(async () => (await connections.get('acme'))?.replaced === undefined),
    )
    expect(grantsOf(emulator, 'ada')).toEqual([second.refreshToken])
  })

  test('if the process that knew is gone, the next refresh ends the old grant', async () => {
    const { emulator, zoho, connections, clock } = await byHand()
    await connect(zoho)
    const second = await connect(zoho)
    await zoho.close()
    clock.jump(3_700_000)
    const next = engine(emulator, { clock, connections })
    await turning(clock, next.getToken({ connection: 'acme' }))
    await turning(
      clock,
      until(async () => (await connections.get('acme'))?.replaced === undefined),
    )
    expect(grantsOf(emulator, 'ada')).toEqual([second.refreshToken])
  })

  test('25 times in a row: other connections of the user keep working, and one live grant is left', async () => {
    const { emulator, zoho, connections, clock } = await byHand()
    await connect(zoho, {}, { connection: 'tenant-a' })
    await connect(zoho, {}, { connection: 'tenant-b' })
    for (let round = 0; round < 25; round++) {
      clock.jump(60_000)
      await connect(zoho)
      await until(async () => ((await connections.get('acme'))?.replaced?.length ?? 0) <= 1)
    }
    await clock.advance(3_600_000)
    await turning(
      clock,
      until(async () => (await connections.get('acme'))?.replaced === undefined),
    )
    expect(grantsOf(emulator, 'ada')).toHaveLength(3)
    for (const connection of ['tenant-a', 'tenant-b', 'acme']) {
      const response = await turning(clock, zoho.fetch(CANDIDATES, { ...recruit, connection }))
      expect(response.status).toBe(200)
    }
  })

  test('five new refresh tokens a minute: the sixth is refused here, not at Zoho', async () => {
    const { emulator, zoho, clock } = await byHand()
    for (let round = 0; round < 5; round++) await connect(zoho)
    await expect(zoho.consent.start(wanted)).rejects.toMatchObject({
      code: 'ERR_ZOHO_THROTTLED',
      retryAfterMs: expect.any(Number),
    })
    expect(emulator.requests.filter(({ outcome }) => outcome === 'throttled')).toEqual([])
    clock.jump(60_000)
    expect((await connect(zoho)).state).toBe('active')
  })

  test('a callback that comes too soon can be repeated: its state is not used up', async () => {
    const { zoho, clock } = await byHand()
    const early = await zoho.consent.start(wanted)
    for (let round = 0; round < 5; round++) await connect(zoho)
    const callback = await browse(early.url)
    expect(await codeOf(zoho.consent.finish(callback, early.state))).toBe('ERR_ZOHO_THROTTLED')
    clock.jump(60_000)
    expect((await zoho.consent.finish(callback, early.state)).id).toBe('acme')
  })

  test('many refresh tokens of one user are counted and warned about', async () => {
    const warnings: string[] = []
    const { zoho, clock, created } = await byHand({ logger: { warn: (text) => warnings.push(text) } })
    for (let tenant = 1; tenant <= 18; tenant++) {
      clock.jump(20_000)
      await connect(zoho, {}, { connection: `tenant-${tenant}` })
    }
    expect(created.at(-1)).toMatchObject({ refreshTokens: 18 })
    expect(warnings.filter((text) => text.includes('refresh tokens'))).toHaveLength(1)
  })

  test('without a connection it is for the only one, and for nobody where there are many', async () => {
    const { emulator, zoho } = await byHand()
    const { connection: _, ...nobody } = wanted
    expect(await codeOf(zoho.consent.start(nobody))).toBe('ERR_ZOHO_NO_CONNECTION')
    const single = engine(emulator, { connections: undefined, refreshToken: emulator.refreshToken })
    const { url, state } = await single.consent.start(nobody)
    const answer = await fetch(`${url}&user=ada&auto=accept`, { redirect: 'manual' })
    expect((await single.consent.finish(answer.headers.get('location') ?? '', state)).id).toBe('default')
  })

  test('a dead connection works again at once', async () => {
    const { emulator, zoho, connections, clock } = await byHand()
    const first = await connect(zoho)
    emulator.revokeGrant(first.refreshToken ?? '')
    clock.jump(3_600_000)
    for (let round = 0; round < 2; round++) {
      expect(await codeOf(turning(clock, zoho.getToken({ connection: 'acme' })))).toBe(
        'ERR_ZOHO_CONSENT_REQUIRED',
      )
      clock.jump(61_000)
    }
    expect((await connections.get('acme'))?.state).toBe('consent-required')
    await connect(zoho)
    expect((await zoho.fetch(CANDIDATES, { ...recruit, connection: 'acme' })).status).toBe(200)
  })
})

describe('undo: that was the wrong account', () => {
  test('the grant before is back, and the wrong one is gone at Zoho', async () => {
    const { emulator, zoho, connections } = await byHand()
    const first = await connect(zoho)
    const wrong = await connect(zoho, { user: 'grace' }, { scopes: ['ZohoRecruit.modules.ALL'] })
    await zoho.consent.undo({ connection: 'acme' })
    expect(await connections.get('acme')).toMatchObject({
      refreshToken: first.refreshToken,
      userId: first.userId,
      scopes: first.scopes,
      state: 'active',
    })
    expect(grantsOf(emulator, 'grace')).not.toContain(wrong.refreshToken)
    expect((await zoho.fetch(CANDIDATES, { ...recruit, connection: 'acme' })).status).toBe(200)
  })

  // A double click on "No, undo", or a retry after the process had died, revoked the grant that was just given back.
  test('the same consent is undone once, however often and wherever it is asked for', async () => {
    const { emulator, zoho, connections } = await byHand()
    const first = await connect(zoho)
    const wrong = await connect(zoho, { user: 'grace' })
    const undo = () => zoho.consent.undo({ connection: 'acme', grant: grantId(wrong) })
    await Promise.all([undo(), undo()])
    await undo()
    expect(await connections.get('acme')).toMatchObject({ refreshToken: first.refreshToken, state: 'active' })
    expect(grantsOf(emulator, 'grace')).not.toContain(wrong.refreshToken)
    expect(grantsOf(emulator, 'ada')).toContain(first.refreshToken)
  })

  test('without one before, the connection is revoked', async () => {
    const { emulator, zoho } = await byHand()
    await connect(zoho, { user: 'grace' })
    await zoho.consent.undo({ connection: 'acme' })
    expect((await zoho.status('acme')).state).toBe('revoked')
    expect(grantsOf(emulator, 'grace')).toEqual([])
  })
})

describe('close() while grants are made and ended', () => {
  // An attack closed the engine 450 ms into consent.finish: the exchange was cut, and the new grant lived at Zoho, known to
  // nobody. Whatever is under way ends in the store, or is revoked.
  const STEPS = 40

  test(`at ${STEPS} moments spread over a consent: no grant is left that nobody keeps`, async () => {
    const connections = memoryConnectionStore()
    const emulator = await emulate({ latencyMs: 15, apiLatencyMs: 15 })
    const unkept: string[] = []
    for (let step = 0; step < STEPS; step++) {
      const zoho = engine(emulator, { connections, logger: { warn: () => {} } })
      const user = `user-${step}`
      const { url, state } = await zoho.consent.start({ ...wanted, connection: user })
      const callback = await browse(url, { user })
      const finished = zoho.consent.finish(callback, state).catch(() => undefined)
      await new Promise((resolve) => setTimeout(resolve, (step / STEPS) * 60))
      await zoho.close()
      const stored = (await connections.get(user))?.refreshToken
      unkept.push(...grantsOf(emulator, user).filter((token) => token !== stored))
      expect((await finished) === undefined || stored !== undefined).toBe(true)
    }
    figure(
      `grants that nobody keeps, close() at ${STEPS} moments of a consent`,
      unkept.length === 0,
      `${unkept.length}`,
    )
    expect(unkept).toEqual([])
  })

  test('the grant is written before anything else is asked', async () => {
    // Who consented was asked first, for up to eight seconds in which the only copy of the grant was in memory.
    const silent: typeof fetch = (url, init) =>
      new Request(url).url.endsWith('/oauth/user/info')
        ? new Promise((_, reject) => {
            init?.signal?.addEventListener('abort', () => reject(init.signal?.reason))
          })
        : fetch(url, init)
    const { clock, emulator, zoho, connections } = await byHand({ fetch: silent })
    const { url, state } = await zoho.consent.start(wanted)
    const finished = zoho.consent.finish(await browse(url), state)
    await until(async () => (await connections.get('acme')) !== undefined)
    expect((await connections.get('acme'))?.refreshToken).toBe(grantsOf(emulator, 'ada')[0])
    await turning(clock, zoho.close())
    expect((await finished).state).toBe('active')
  })

  test('a store that fails while the engine closes: the grant is revoked', async () => {
    const inner = memoryConnectionStore()
    const failing: ConnectionStore = {
      ...inner,
      put: async () => {
        await closed
        throw new Error('the database is going away')
      },
    }
    const { emulator, zoho } = await byHand({ connections: failing })
    let closed: Promise<unknown> = Promise.resolve()
    const { url, state } = await zoho.consent.start(wanted)
    const finished = codeOf(zoho.consent.finish(await browse(url, { user: 'grace' }), state))
    await until(() => emulator.counters.tokenRequests === 1)
    const closing = zoho.close()
    closed = Promise.resolve()
    await closing
    expect(await finished).toBe('ERR_ZOHO_STORE')
    expect(grantsOf(emulator, 'grace')).toEqual([])
  })

  test.each(['exchange', 'clientCredentials', 'revoke', 'undo'] as const)('%s is finished', async (kind) => {
    const connections = memoryConnectionStore()
    const emulator = await emulate({ latencyMs: 40 })
    const zoho = engine(emulator, { connections, logger: { warn: () => {} } })
    if (kind === 'revoke' || kind === 'undo') await connect(zoho)
    const before = emulator.grants.length
    const work = {
      exchange: () => zoho.consent.exchange(emulator.createCode({ user: 'grace' }), { connection: 'acme' }),
      clientCredentials: () =>
        zoho.consent.clientCredentials({ connection: 'acme', soid: 'ZohoCRM.20000000001', scopes: SCOPES }),
      revoke: () => zoho.revoke({ connection: 'acme' }),
      undo: () => zoho.consent.undo({ connection: 'acme' }),
    }[kind]()
    await breathe(20)
    await zoho.close()
    await work
    const { state } = (await connections.get('acme')) ?? {}
    if (kind === 'exchange' || kind === 'clientCredentials') expect(state).toBe('active')
    else {
      expect(state).toBe('revoked')
      expect(emulator.grants.length).toBe(before - 1)
    }
  })

  test('many revocations stop between two connections', async () => {
    const connections = memoryConnectionStore()
    const emulator = await emulate({ latencyMs: 10 })
    const zoho = engine(emulator, { connections, logger: { warn: () => {} } })
    for (let tenant = 0; tenant < 5; tenant++)
      await connect(zoho, { user: `user-${tenant}` }, { connection: `tenant-${tenant}` })
    const progress: number[] = []
    const work = codeOf(
      zoho.revokeAll({
        where: () => true,
        onProgress: ({ revoked }) => {
          progress.push(revoked)
          if (revoked === 2) void zoho.close()
        },
      }),
    )
    expect(await work).toBe('ERR_ZOHO_CONFIG')
    expect(progress).toEqual([1, 2])
    const states: string[] = []
    for await (const { state } of connections.list()) states.push(state)
    expect(states.filter((state) => state === 'revoking')).toEqual([])
  })
})

describe('when it goes wrong on the way', () => {
  test.each<[Fault, string]>([
    [{ on: 'token', kind: 'reset' }, 'ERR_ZOHO_UNAVAILABLE'],
    [{ on: 'token', kind: 'status', status: 503 }, 'ERR_ZOHO_UNAVAILABLE'],
    [{ on: 'token', kind: 'html' }, 'ERR_ZOHO_BAD_RESPONSE'],
    [{ on: 'token', kind: 'throttle' }, 'ERR_ZOHO_THROTTLED'],
    [{ on: 'token', kind: 'invalid-client' }, 'ERR_ZOHO_CLIENT'],
    [{ on: 'token', kind: 'redirect', url: 'http://127.0.0.1:1/' }, 'ERR_ZOHO_BAD_RESPONSE'],
  ])('%j: the connection is as it was, and a new consent works', async (fault, code) => {
    const { emulator, zoho, connections, clock } = await byHand()
    const before = await connect(zoho)
    emulator.fault(fault)
    expect(await codeOf(connect(zoho))).toBe(code)
    expect(await connections.get('acme')).toEqual(before)
    clock.jump(60_000)
    expect((await connect(zoho)).version).toBe(before.version + 2)
  })

  /** Answers to an exchange that hold a refresh token, and cannot be used. */
  const unusable: Fault[] = [
    { on: 'token', kind: 'absurd-expires-in', value: -1 },
    { on: 'token', kind: 'no-access-token' },
    { on: 'token', kind: 'truncated-after-refresh-token' },
  ]

  test.each(unusable)('$kind: the new grant is revoked, and the error says so', async (fault) => {
    const { emulator, zoho, connections } = await byHand()
    const before = await connect(zoho)
    emulator.fault(fault)
    await expect(connect(zoho)).rejects.toMatchObject({
      code: 'ERR_ZOHO_BAD_RESPONSE',
      action: expect.stringContaining('The new grant was revoked at Zoho.'),
    })
    expect(await connections.get('acme')).toEqual(before)
    expect(grantsOf(emulator, 'ada')).toEqual([before.refreshToken])
  })

  test('an api_domain of another world costs no grant', async () => {
    const { emulator, zoho } = await byHand()
    emulator.fault({ on: 'token', kind: 'foreign-api-domain', value: 'https://api.zoho.com' })
    await connect(zoho)
    expect((await zoho.fetch(CANDIDATES, { ...recruit, connection: 'acme' })).status).toBe(200)
    expect(emulator.counters.tokenRequests).toBe(1)
  })

  test('where Zoho cannot be told, it is told later, with nobody waiting', async () => {
    const { emulator, zoho, clock } = await byHand()
    emulator.fault({ on: 'token', kind: 'no-access-token' })
    emulator.fault({ on: 'revoke', kind: 'status', status: 503, times: 2 })
    await expect(connect(zoho, { user: 'grace' })).rejects.toMatchObject({
      action: expect.stringContaining('could not be revoked at Zoho yet; it is tried again'),
    })
    expect(grantsOf(emulator, 'grace')).toHaveLength(1)
    for (let round = 0; round < 30 && grantsOf(emulator, 'grace').length > 0; round++) {
      await calm()
      await clock.advance(5_000)
    }
    expect(grantsOf(emulator, 'grace')).toEqual([])
  })

  test('Zoho gave the very grant that is stored: it is not revoked', async () => {
    const { emulator, zoho, connections } = await byHand()
    const { refreshToken } = await connect(zoho)
    const toZoho = globalThis.fetch
    const again = engine(emulator, {
      connections,
      fetch: async (url, init) =>
        new Request(url).url.endsWith('/token')
          ? Response.json({ refresh_token: refreshToken })
          : toZoho(url, init),
    })
    await expect(again.consent.exchange('a-code', { connection: 'acme' })).rejects.toMatchObject({
      action: expect.stringContaining('is stored all the same'),
    })
    expect(grantsOf(emulator, 'ada')).toContain(refreshToken)
  })

  test('21 consents whose answers cannot be used leave the user’s first grant alive', async () => {
    const { emulator, zoho, clock } = await byHand()
    const first = await connect(zoho, { user: 'grace' })
    for (let round = 0; round < 21; round++) {
      clock.jump(60_000)
      emulator.fault(unusable[round % unusable.length] as Fault)
      const request = { connection: round % 2 === 0 ? 'acme' : `tenant-${round}` }
      expect(await codeOf(connect(zoho, { user: 'grace' }, request))).toBe('ERR_ZOHO_BAD_RESPONSE')
    }
    expect(grantsOf(emulator, 'grace')).toEqual([first.refreshToken])
  })

  test('100 failed consents of every kind leave no grant behind that nobody keeps', async () => {
    const inner = memoryConnectionStore()
    let broken = false
    const store: ConnectionStore = {
      ...inner,
      put: async (connection, options) => {
        if (broken) throw new Error('read only')
        return inner.put(connection, options)
      },
    }
    const { emulator, zoho, clock } = await byHand({ connections: store })
    const first = await connect(zoho, { user: 'grace' })
    const kinds: (Fault | 'store' | 'throttle')[] = [
      ...unusable,
      { on: 'token', kind: 'status', status: 500 },
      { on: 'token', kind: 'error', error: 'invalid_code' },
      { on: 'token', kind: 'html' },
      { on: 'token', kind: 'reset' },
      { on: 'token', kind: 'throttle' },
      'store',
    ]
    for (let round = 0; round < 100; round++) {
      clock.jump(60_000)
      const kind = kinds[round % kinds.length] as Fault | 'store'
      broken = kind === 'store'
      if (kind !== 'store') emulator.fault(kind)
      expect(await codeOf(connect(zoho, { user: 'grace' }, { connection: `t${round % 7}` }))).toBeDefined()
      emulator.clearFaults()
    }
    const unkept = grantsOf(emulator, 'grace').filter((token) => token !== first.refreshToken)
    figure(
      'grants left at Zoho that nobody keeps, after 100 failed consents',
      unkept.length === 0,
      `${unkept.length}`,
    )
    expect(unkept).toEqual([])
    expect(grantsOf(emulator, 'grace')).toEqual([first.refreshToken])
  })

  test('what people read says the cause, and the second one where there are two', async () => {
    const { emulator, zoho, clock } = await byHand()
    const actionOf = async (fault: Fault): Promise<string> => {
      clock.jump(60_000)
      emulator.fault(fault)
      return connect(zoho).then(
        () => '',
        (error) => `${error.message}: ${error.action}`,
      )
    }
    expect(await actionOf({ on: 'token', kind: 'error', error: 'invalid_redirect_uri' })).toMatch(
      /compare redirectUri, character by character/,
    )
    expect(await actionOf({ on: 'token', kind: 'throttle' })).toMatch(/20 refresh tokens/)
    const failure = await actionOf({ on: 'token', kind: 'status', status: 500 })
    expect(failure).toMatch(/^Zoho answered with an error; connect again/)
    expect(failure).not.toMatch(/cannot be reached/)
    const { url, state } = await zoho.consent.start(wanted)
    await expect(zoho.consent.finish(await browse(url, { auto: 'refuse' }), state)).rejects.toMatchObject({
      action: expect.stringMatching(/The user said no; or Zoho's limit of codes .* was reached/),
    })
  })

  test('a grant that cannot be stored is given back', async () => {
    const inner = memoryConnectionStore()
    const broken: ConnectionStore = { ...inner, put: async () => Promise.reject(new Error('read only')) }
    const { emulator, zoho } = await byHand({ connections: broken })
    await expect(connect(zoho, { user: 'grace' })).rejects.toMatchObject({
      code: 'ERR_ZOHO_STORE',
      action: expect.stringContaining('The new grant was revoked at Zoho.'),
    })
    expect(grantsOf(emulator, 'grace')).toEqual([])
    expect(await inner.get('acme')).toBeUndefined()
  })

  test('a store whose answer is lost after writing loses nobody’s grant', async () => {
    const inner = memoryConnectionStore()
    const lossy: ConnectionStore = {
      ...inner,
      put: async (connection, options) => {
        await inner.put(connection, options)
        throw new Error('connection lost')
      },
    }
    const { emulator, zoho } = await byHand({ connections: lossy })
    expect(await codeOf(connect(zoho, { user: 'grace' }))).toBe('ERR_ZOHO_STORE')
    expect(grantsOf(emulator, 'grace')).toEqual([(await inner.get('acme'))?.refreshToken])
    expect((await zoho.getToken({ connection: 'acme' })).value).toMatch(/./)
  })

  test('connections as a function cannot be written: said before anything is sent', async () => {
    const emulator = await emulate()
    const zoho = engine(emulator, { connections: async () => undefined })
    for (const call of [
      zoho.consent.start(wanted),
      zoho.consent.finish('/callback?code=x&state=y', 'y'),
      zoho.consent.exchange('code'),
      zoho.consent.undo({ connection: 'acme' }),
    ])
      expect(await codeOf(call)).toBe('ERR_ZOHO_CONFIG')
  })

  test.each<[object, RegExp]>([
    [{ connection: 'a b' }, /ERR_ZOHO_NO_CONNECTION/],
    [{ scopes: [] }, /scopes/],
    [{ scopes: ['a,b'] }, /scopes/],
    [{ scopes: 'ZohoRecruit.modules.ALL' }, /scopes/],
    [{ redirectUri: 'http://example.com/callback' }, /redirectUri/],
    [{ redirectUri: '/callback' }, /redirectUri/],
    [{ redirectUri: 'https://example.com/#x' }, /redirectUri/],
    [{ redirectUri: 'https://user@example.com/' }, /redirectUri/],
    [{ dataCenter: 'xx' }, /dataCenter/],
    [{ environment: 'test' }, /environment/],
  ])('%j is a mistake', async (change, message) => {
    const { zoho } = await byHand()
    const error = (await zoho.consent
      .start({ ...wanted, ...change } as never)
      .catch((thrown) => thrown)) as Error
    expect(`${(error as { code?: string }).code} ${error.message}`).toMatch(message)
  })

  test('a caller who gives up does not stop the work', async () => {
    const { emulator, zoho, connections } = await byHand({}, { latencyMs: 50 })
    const { url, state } = await zoho.consent.start(wanted)
    const callback = await browse(url)
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(zoho.consent.finish(callback, state, { signal })).rejects.toThrow('enough')
    await until(async () => (await connections.get('acme')) !== undefined)
    expect(grantsOf(emulator, 'ada')).toHaveLength(1)
  })
})

test('a code of a self client becomes a connection', async () => {
  const { emulator, zoho } = await byHand()
  const connection = await zoho.consent.exchange(emulator.createCode({ user: 'alan' }))
  expect(connection).toMatchObject({ id: 'default', dataCenter: 'us', state: 'active' })
  expect((await zoho.fetch(CANDIDATES, { ...recruit, connection: 'default' })).status).toBe(200)
  expect(await codeOf(zoho.consent.exchange('used-up'))).toBe('ERR_ZOHO_CONSENT_REQUIRED')
  expect(await codeOf(zoho.consent.exchange(''))).toMatch(/TypeError/)
})

describe('client credentials', () => {
  const organisation = { connection: 'org', soid: 'ZohoRecruit.1', scopes: ['ZohoRecruit.modules.ALL'] }

  test('a connection without a refresh token, whose tokens are made again', async () => {
    const { emulator, zoho, clock } = await byHand()
    const connection = await zoho.consent.clientCredentials(organisation)
    expect(connection).toMatchObject({ soid: 'ZohoRecruit.1', state: 'active' })
    expect(connection).not.toHaveProperty('refreshToken')
    expect(emulator.counters.tokenRequests).toBe(1)
    const first = await zoho.getToken({ connection: 'org' })
    clock.jump(3_600_000)
    const second = await turning(clock, zoho.getToken({ connection: 'org' }))
    expect(second.value).not.toBe(first.value)
    expect(emulator.counters.tokenRequests).toBe(2)
    expect((await zoho.fetch(CANDIDATES, { ...recruit, connection: 'org' })).status).toBe(200)
  })

  test('revoked: the token at hand dies, and no other is made', async () => {
    const { emulator, zoho } = await byHand()
    await zoho.consent.clientCredentials(organisation)
    const { value } = await zoho.getToken({ connection: 'org' })
    await zoho.revoke({ connection: 'org' })
    expect(emulator.liveTokens().some(({ accessToken }) => accessToken === value)).toBe(false)
    expect(await codeOf(zoho.getToken({ connection: 'org' }))).toBe('ERR_ZOHO_REVOKED')
  })

  test.each(['', 'ZohoRecruit', 'Zoho Recruit.1', '.1', 'a.b.c'])('soid %j is a mistake', async (soid) => {
    const { zoho } = await byHand()
    await expect(zoho.consent.clientCredentials({ ...organisation, soid })).rejects.toThrow(/soid/)
  })
})

test('the grants that a connection replaced are sealed too, and get the new key', async () => {
  const inner = { ...memoryConnectionStore(), durable: true }
  const [old, fresh] = ['k1', 'k2'].map((id) => `${id}:${Buffer.alloc(32, id).toString('base64')}`) as [
    string,
    string,
  ]
  const { zoho, emulator, clock } = await byHand({ connections: inner, encryptionKeys: [old] })
  const first = await connect(zoho)
  const second = await connect(zoho)
  const text = JSON.stringify(await inner.get('acme'))
  expect(text).not.toContain(first.refreshToken)
  expect(text).not.toContain(second.refreshToken)
  const next = engine(emulator, { clock, connections: inner, encryptionKeys: [fresh, old] })
  expect(await next.rotateKeys()).toMatchObject({ seen: 1, rotated: 1 })
  const rotated = sealedConnectionStore(inner, { encryptionKeys: [fresh] })
  expect((await rotated.get('acme'))?.replaced?.map(({ refreshToken }) => refreshToken)).toEqual([
    first.refreshToken,
  ])
})

describe('revoke', () => {
  test('a connection goes with the grants it replaced', async () => {
    const { emulator, zoho, connections } = await byHand()
    await connect(zoho, { user: 'grace' })
    await connect(zoho, { user: 'grace' })
    await zoho.revoke({ connection: 'acme' })
    expect(grantsOf(emulator, 'grace')).toEqual([])
    const revoked = await connections.get('acme')
    expect(revoked?.state).toBe('revoked')
    expect(revoked).not.toHaveProperty('refreshToken')
    expect((await connections.get('acme'))?.replaced).toBeUndefined()
  })

  test('by another process: who holds a token is refused once, and asks Zoho no more', async () => {
    const emulator = await emulate()
    const shared = { tokens: memoryTokenStore(), connections: memoryConnectionStore() }
    const [one, other] = [engine(emulator, shared), engine(emulator, shared)]
    await connect(one)
    expect((await other.fetch(CANDIDATES, { ...recruit, connection: 'acme' })).status).toBe(200)
    await one.revoke({ connection: 'acme' })
    const { apiRequests } = emulator.counters
    for (let call = 0; call < 5; call++)
      expect(await codeOf(other.fetch(CANDIDATES, { ...recruit, connection: 'acme' }))).toBe(
        'ERR_ZOHO_REVOKED',
      )
    expect(emulator.counters.apiRequests - apiRequests).toBe(1)
    expect(await codeOf(other.getToken({ connection: 'acme' }))).toBe('ERR_ZOHO_REVOKED')
    expect(other.peekToken({ connection: 'acme' })).toBeUndefined()
  })

  test('one access token alone: the next call makes another', async () => {
    const { emulator, zoho } = await byHand()
    await connect(zoho)
    const { value } = await zoho.getToken({ connection: 'acme' })
    await zoho.revoke({ connection: 'acme', token: value })
    expect(emulator.liveTokens().some(({ accessToken }) => accessToken === value)).toBe(false)
    expect((await zoho.getToken({ connection: 'acme' })).value).not.toBe(value)
    expect((await zoho.status('acme')).state).toBe('active')
  })

  test('all connections of a tenant, with progress; a failure is reported and the next call goes on', async () => {
    const { emulator, zoho, clock } = await byHand()
    for (const connection of ['acme:1', 'acme:2', 'acme:3', 'other:1']) {
      clock.jump(60_000)
      await connect(zoho, {}, { connection })
    }
    emulator.fault({ on: 'revoke', kind: 'status', status: 503 })
    const where = ({ id }: { readonly id: string }) => id.startsWith('acme:')
    const seen: number[] = []
    const first = await zoho.revokeAll({ where, onProgress: ({ revoked }) => seen.push(revoked) })
    expect(first).toMatchObject({ seen: 4, revoked: 2, failed: [{ code: 'ERR_ZOHO_UNAVAILABLE' }] })
    expect(seen).toHaveLength(3)
    expect(await zoho.revokeAll({ where })).toMatchObject({ seen: 4, revoked: 3, failed: [] })
    expect((await zoho.status('other:1')).state).toBe('active')
    await expect(zoho.revokeAll({} as never)).rejects.toThrow(/where/)
  })

  test('Zoho’s current endpoint gets the client in HTTP Basic, the older one in the body', async () => {
    const emulator = await emulate()
    const seen: string[] = []
    const watch: typeof fetch = async (input, init) => {
      if (urlOf(input).includes('revoke'))
        seen.push(new Headers(init?.headers).get('authorization')?.split(' ')[0] ?? 'body')
      return fetch(input, init)
    }
    await engine(emulator, { fetch: watch, revocationPath: '/oauth/v2/revoke/token' }).revoke()
    await engine(emulator, { fetch: watch, refreshToken: emulator.createGrant().refreshToken }).revoke()
    expect(seen).toEqual(['Basic', 'body'])
  })
})

function grantsOf(emulator: Emulator, user: string): string[] {
  return emulator.grants
    .filter((grant) => grant.user === user && grant.refreshToken !== emulator.refreshToken)
    .map(({ refreshToken }) => refreshToken)
}
