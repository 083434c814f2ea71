import { describe, expect, test } from '@jest/globals'
import type { Product } from '@zoho-auth/core'
import type { Emulator } from '@zoho-auth/emulator'
import axios, { AxiosError, type AxiosInstance, type AxiosRequestConfig } from 'axios'
import { installZohoAuth } from '../src/index.js'
import { CANDIDATES, emulate, engine, type Scene, scene, serve, thrown } from './support.js'

const PLANS = '/billing/v1/plans'
const WORKSPACES = '/bookings/v1/json/workspaces'
const CONTACTS = '/books/v3/contacts'
const VISITORS = '/api/v2/acme/visitors'

/** What tells the emulator, and the library, that a request to loopback is one to SalesIQ. */
const SALESIQ: AxiosRequestConfig = {
  headers: { 'x-forwarded-host': 'salesiq.zoho.com' },
  zoho: { product: 'salesiq' },
}

/** Says that a request was sent twice, with a new token in between. */
const ONE_REPLAY = { tokenRequests: 2, apiRequests: 3, apiRefused: 1 }

describe('a dead token is replaced at the first refusal, and the caller sees none', () => {
  const products: readonly { product: string; path: string; config?: AxiosRequestConfig }[] = [
    { product: 'Billing, whose code means a missing scope too', path: PLANS },
    { product: 'Bookings, which sends a web page', path: WORKSPACES },
    { product: 'WorkDrive', path: '/workdrive/api/v1/users/me' },
    { product: 'Sign', path: '/api/v1/templates' },
    { product: 'Campaigns', path: '/api/v1.1/getmailinglists' },
    { product: 'Sprints, whose status is 400', path: '/zsapi/teams/' },
    { product: 'Mail', path: '/api/accounts/1' },
    { product: 'SalesIQ, whose status is 200', path: VISITORS, config: SALESIQ },
  ]
  test.each(products)('of $product', async ({ path, config = {} }) => {
    const { client, emulator } = await scene()
    expect((await client.get(path, config)).status).toBe(200)
    emulator.killTokens()
    const { status, data, zohoHint } = await client.get(path, config)
    expect({ status, user: data.echo?.user, zohoHint }).toEqual({ status: 200, user: 'ada' })
    expect(emulator.counters).toMatchObject(ONE_REPLAY)
  })

  test('of Mail, in the array that some saw', async () => {
    const { client, emulator } = await scene()
    await client.get('/api/accounts/1')
    emulator.killTokens()
    emulator.fault({ on: 'api', kind: 'dead-token-variant', product: 'mail' })
    expect((await client.get('/api/accounts/1')).status).toBe(200)
    expect(emulator.counters.tokenRequests).toBe(2)
  })

  test.each([CANDIDATES, PLANS, WORKSPACES])('of a HEAD of %s, which has no body', async (path) => {
    const { client, emulator } = await scene()
    expect((await client.head(path)).status).toBe(200)
    emulator.killTokens()
    expect((await client.head(path)).status).toBe(200)
    expect(emulator.counters).toMatchObject(ONE_REPLAY)
  })

  const TYPES = ['stream', 'arraybuffer'] as const
  const shapes = TYPES.flatMap((responseType) => [
    { what: 'a web page', responseType, path: WORKSPACES, config: {} },
    { what: 'a success', responseType, path: VISITORS, config: SALESIQ },
  ])
  test.each(shapes)('that looks like $what, as $responseType', async ({ path, config, responseType }) => {
    const { client, emulator } = await scene()
    const read = async () => {
      const { status, data } = await client.get(path, { ...config, responseType })
      const bytes: Buffer = responseType === 'stream' ? Buffer.concat(await data.toArray()) : data
      return { status, user: JSON.parse(bytes.toString()).echo?.user }
    }
    expect(await read()).toEqual({ status: 200, user: 'ada' })
    emulator.killTokens()
    expect(await read()).toEqual({ status: 200, user: 'ada' })
    expect(emulator.counters).toMatchObject(ONE_REPLAY)
  })
})

describe('a refusal that is in WWW-Authenticate alone', () => {
  /** A host that may have tokens. It knows those that live, and refuses others with a status and a header. */
  async function challenging(status: number, challenge: string, from: 'a server' | 'an adapter') {
    const emulator = await emulate()
    const isLive = (authorization: unknown): boolean =>
      emulator.liveTokens().some(({ accessToken }) => authorization === `Zoho-oauthtoken ${accessToken}`)
    const home = await serve(({ authorization }, response) => {
      if (!isLive(authorization)) response.writeHead(status, { 'www-authenticate': challenge })
      response.end()
    })
    const client = axios.create({ baseURL: home.url })
    if (from === 'an adapter')
      client.defaults.adapter = async (config) => {
        const fine = isLive(config.headers.get('authorization'))
        const headers = fine ? {} : { 'WWW-Authenticate': challenge }
        const answer = { data: '', status: fine ? 200 : status, statusText: '', headers, config }
        if (fine) return answer
        throw new AxiosError('refused', 'ERR_BAD_REQUEST', config, undefined, answer)
      }
    installZohoAuth(client, { auth: engine(emulator, { allowedOrigins: [home.url] }) })
    expect((await client.get('/v1/things')).status).toBe(200)
    emulator.killTokens()
    return { client, emulator }
  }

  test.each([
    { from: 'a server', status: 400, challenge: 'Bearer realm="zoho", error="invalid_token"' },
    { from: 'a server', status: 403, challenge: 'Bearer error=expired_token' },
    { from: 'an adapter', status: 400, challenge: 'Bearer error="invalid_token"' },
  ] as const)('is seen: $challenge with $status, from $from', async ({ from, status, challenge }) => {
    const { client, emulator } = await challenging(status, challenge, from)
    expect((await client.get('/v1/things')).status).toBe(200)
    expect(emulator.counters.tokenRequests).toBe(2)
  })

  test.each([
    { from: 'a server', challenge: 'Bearer error="insufficient_scope"' },
    { from: 'an adapter', challenge: 'Bearer error="insufficient_scope"' },
  ] as const)('costs no token where it is about the scope, from $from', async ({ from, challenge }) => {
    const { client, emulator } = await challenging(401, challenge, from)
    expect(await thrown(client.get('/v1/things'))).toMatchObject({ response: { status: 401 } })
    expect(emulator.counters.tokenRequests).toBe(1)
  })
})

describe('a grant without the scope', () => {
  /** A client whose token was accepted by Recruit already, and never will be by another product. */
  async function recruiting(): Promise<Omit<Scene, 'auth'>> {
    const emulator = await emulate()
    const { refreshToken } = emulator.createGrant({ scopes: ['ZohoRecruit.modules.ALL'] })
    const client = axios.create({ baseURL: emulator.url })
    installZohoAuth(client, { auth: engine(emulator, { refreshToken }) })
    await client.get(CANDIDATES)
    return { client, emulator }
  }

  /** @returns What a refused request tells its caller. */
  async function refusal(client: AxiosInstance, path: string) {
    const error = await thrown(client.get(path))
    if (!axios.isAxiosError(error) || error.response === undefined) throw error
    const { status, data, zohoHint } = error.response
    return { status, code: data.code ?? data.Code, hint: zohoHint }
  }

  test('30 pairs of a call without it and one with it cost one token more, and every answer is Zoho’s', async () => {
    const { client, emulator } = await recruiting()
    const refused: unknown[] = []
    const statuses: number[] = []
    for (let pair = 0; pair < 30; pair++) {
      refused.push(await refusal(client, CONTACTS))
      statuses.push((await client.get(CANDIDATES)).status)
    }
    const hint = expect.stringContaining('may lack a scope')
    expect(refused).toEqual(Array(30).fill({ status: 401, code: 57, hint }))
    expect(statuses).toEqual(Array(30).fill(200))
    expect(emulator.counters.tokenRequests).toBeLessThanOrEqual(2)
  })

  test('30 calls at once without it cost one token more', async () => {
    const { client, emulator } = await recruiting()
    const calls = Array.from({ length: 30 }, (_, at) => refusal(client, `${CONTACTS}/${4_000_000 + at}`))
    for (const { status, hint } of await Promise.all(calls)) {
      expect(status).toBe(401)
      expect(hint).toBeDefined()
    }
    expect(emulator.counters.tokenRequests).toBeLessThanOrEqual(2)
  })

  test('ten other endpoints cost two tokens more at most, and those that work go on', async () => {
    const { client, emulator } = await recruiting()
    for (const kind of [
      'items',
      'bills',
      'taxes',
      'users',
      'tasks',
      'rows',
      'tags',
      'notes',
      'logs',
      'rules',
    ]) {
      expect(await refusal(client, `/books/v3/${kind}`)).toMatchObject({ status: 401, code: 57 })
      expect((await client.get(CANDIDATES)).status).toBe(200)
    }
    expect(emulator.counters.tokenRequests).toBeLessThanOrEqual(3)
    emulator.killTokens()
    expect((await client.get(CANDIDATES)).status).toBe(200)
  })

  test.each([
    { product: 'Sign', path: '/api/v1/templates', status: 401, code: 9043 },
    { product: 'Sprints', path: '/zsapi/teams/', status: 401, code: 7601 },
  ])('is no reason for a token where $product says so itself', async ({ path, status, code }) => {
    const { client, emulator } = await recruiting()
    expect(await refusal(client, path)).toEqual({ status, code, hint: undefined })
    expect(emulator.counters.tokenRequests).toBe(1)
  })
})

describe('a product that Zoho does not have', () => {
  const excel = 'excel' as Product
  const nothingSent = (emulator: Emulator) => expect(emulator.requests).toEqual([])

  test('is a TypeError of installZohoAuth, which installs nothing', async () => {
    const emulator = await emulate()
    const auth = engine(emulator)
    const client = axios.create({ baseURL: emulator.url })
    expect(() => installZohoAuth(client, { auth, product: excel })).toThrow(TypeError)
    expect(() => installZohoAuth(client, { auth, product: excel })).toThrow(/"excel" is not a product/)
    nothingSent(emulator)
    installZohoAuth(client, { auth, product: 'recruit' })
    expect((await client.get(CANDIDATES)).status).toBe(200)
  })

  test.each([
    { where: 'to a whole URL', base: true },
    { where: 'to a relative one', base: false },
  ])('is a TypeError of a request $where, and nothing is sent', async ({ base }) => {
    const emulator = await emulate()
    const client = axios.create(base ? { baseURL: emulator.url } : {})
    installZohoAuth(client, { auth: engine(emulator) })
    const error = await thrown(client.get(CANDIDATES, { zoho: { product: excel } }))
    expect(error).toBeInstanceOf(TypeError)
    expect(error.message).toContain('"excel" is not a product of Zoho')
    nothingSent(emulator)
  })
})
