import { expect, test } from '@jest/globals'
import { type Connection, createZohoAuth, memoryTokenStore } from '@zoho-auth/core'
import axios, { type AxiosRequestConfig, type InternalAxiosRequestConfig } from 'axios'
import { installZohoAuth } from '../src/index.js'
import { CANDIDATES, closing, emulate, engine, scene } from './support.js'

/** Zoho's real hosts, in front of an adapter that sends nothing: what it was given is what would have gone out. */
function offline(options: { product?: 'recruit' } = {}) {
  let made = 0
  const auth = closing(
    createZohoAuth({
      clientId: 'the-client-id',
      clientSecret: 'the-client-secret',
      connections: async (id): Promise<Connection> => ({
        id,
        refreshToken: `the-refresh-token-of-${id}`,
        dataCenter: 'us',
        state: 'active',
        version: 1,
        createdAt: 0,
        updatedAt: 0,
      }),
      tokens: memoryTokenStore(),
      logger: { warn: () => {} },
      fetch: async () => {
        made += 1
        return Response.json({ access_token: 'the-access-token', expires_in: 3600 })
      },
    }),
  )
  const client = axios.create()
  installZohoAuth(client, { auth, connection: 'acme', ...options })
  const send = async (config: AxiosRequestConfig) => {
    let seen: InternalAxiosRequestConfig | undefined
    await client
      .request({
        ...config,
        adapter: async (final) => {
          seen = final
          return { data: '', status: 200, statusText: '', headers: {}, config: final }
        },
      })
      .catch(() => {})
    return { seen, token: seen?.headers.get('authorization') }
  }
  return { send, made: () => made }
}

test.each([
  'https://recruit.zoho.com/recruit/v2/Candidates',
  'https://RECRUIT.ZOHO.COM/recruit/v2/Candidates',
  'https://recruit.zoho.com:443/recruit/v2/Candidates',
  'https://www.zohoapis.com/crm/v2/Leads?a=https://evil.example/#x',
])('%s gets a token', async (url) => {
  const { send } = offline()
  expect((await send({ url })).token).toBe('Zoho-oauthtoken the-access-token')
})

const HOSTILE: readonly string[] = [
  // look-alikes
  'https://recruit.zoho.com.evil.example/',
  'https://recruit.zoho.com-evil.example/',
  'https://evilrecruit.zoho.com.example/',
  'https://recruit-zoho.com/',
  'https://recruitzoho.com/',
  'https://zoho.com.evil.example/recruit',
  'https://evil.example/recruit.zoho.com',
  'https://evil.example/?https://recruit.zoho.com/',
  'https://evil.example/#https://recruit.zoho.com/',
  'https://recruit.zoho.co/',
  'https://recruit.zoho.com.co/',
  'https://recruit.zoho.comm/',
  'https://recruit.z0ho.com/',
  'https://recruit.zoho.net/',
  'https://xzoho.com/',
  'https://recruit.xzoho.com/',
  'https://creatorapp.zoho.com/',
  'https://zohoapis.com.evil.example/',
  'https://www.zohoapis.com.evil.example/',
  'https://www.zohoapis.org/',
  'https://www-zohoapis.com/',
  'https://wwwzohoapis.com/',
  'https://zoho.com/',
  'https://recruit.zohosites.com/',
  // user info
  'https://recruit.zoho.com@evil.example/',
  'https://recruit.zoho.com:443@evil.example/',
  'https://recruit.zoho.com%40evil.example/',
  'https://recruit.zoho.com%2f@evil.example/',
  'https://evil.example#@recruit.zoho.com/',
  'https://user@recruit.zoho.com/',
  'https://user:password@recruit.zoho.com/',
  'https://:password@recruit.zoho.com/',
  'https://evil.example@recruit.zoho.com/',
  // ports
  'https://recruit.zoho.com:444/',
  'https://recruit.zoho.com:80/',
  'https://recruit.zoho.com:8443/',
  'https://recruit.zoho.com:0/',
  'https://recruit.zoho.com:65536/',
  'https://recruit.zoho.com:443.evil.example/',
  // schemes
  'http://recruit.zoho.com/',
  'http://recruit.zoho.com:443/',
  'HTTP://RECRUIT.ZOHO.COM/',
  'ws://recruit.zoho.com/',
  'wss://recruit.zoho.com/',
  'ftp://recruit.zoho.com/',
  'file://recruit.zoho.com/',
  'javascript://recruit.zoho.com/',
  'data:text/plain,https://recruit.zoho.com/',
  'blob:https://recruit.zoho.com/x',
  'httpss://recruit.zoho.com/',
  'x-https://recruit.zoho.com/',
  // trailing dots and empty labels
  'https://recruit.zoho.com./',
  'https://recruit.zoho.com../',
  'https://recruit..zoho.com/',
  'https://.recruit.zoho.com/',
  // unicode and encodings
  'https://recruit.zоho.com/', // a Cyrillic o
  'https://recruit.zohο.com/', // a Greek omicron
  'https://recruit.zoho.com。evil.example/', // an ideographic full stop
  'https://recruit.zoho.com．evil.example/', // a fullwidth full stop
  'https://evil.example／recruit.zoho.com/',
  'https://recruit.zoho.com\u2044evil.example/', // a fraction slash
  'https://recruit%00.zoho.com/',
  'https://recruit.zoho.com%00.evil.example/',
  'https://recruit.zoho.com%09.evil.example/',
  'https://recruit.zoho.com%2eevil.example/',
  'https://xn--recruit-zoho.com/',
  // backslashes, missing slashes, control characters
  'https://evil.example\\recruit.zoho.com/',
  'https://evil.example\\@recruit.zoho.com/',
  'https:\\\\recruit.zoho.com\\',
  'https:/recruit.zoho.com/',
  'https:recruit.zoho.com/',
  'https:\\recruit.zoho.com/',
  '//recruit.zoho.com/',
  '\\\\recruit.zoho.com/',
  '/\\recruit.zoho.com/',
  ' https://evil.example/',
  'https://recruit.zoho.com\t.evil.example/',
  'https://evil.example\r\nHost: recruit.zoho.com/',
  'https://evil.example/\r\nHost: recruit.zoho.com/',
  // addresses and relative ones
  'https://127.0.0.1/recruit.zoho.com',
  'https://[::1]/recruit.zoho.com',
  'https://[::ffff:127.0.0.1]/',
  'https://0x7f000001/',
  'https://2130706433/',
  'https://localhost/',
  'recruit.zoho.com/recruit/v2',
  '/recruit/v2/Candidates',
  '?https://recruit.zoho.com/',
  '',
]

test('the table of hostile URLs is long enough', () => {
  expect(HOSTILE.length).toBeGreaterThanOrEqual(60)
  expect(new Set(HOSTILE).size).toBe(HOSTILE.length)
})

test.each(HOSTILE.map((url) => [JSON.stringify(url), url]))('%s gets no token', async (_, url) => {
  const { send, made } = offline()
  expect((await send({ url })).token ?? 'none').toBe('none')
  expect((await send({ url, baseURL: '' })).token ?? 'none').toBe('none')
  expect(made()).toBe(0)
})

test.each(HOSTILE.map((url) => [JSON.stringify(url), url]))(
  '%s behind a product goes to that product or gets no token',
  async (_, url) => {
    const { send } = offline({ product: 'recruit' })
    const { seen, token } = await send({ url })
    if (!token) return
    // Relative spellings only, and then what is sent starts with the product's host.
    expect(seen?.baseURL).toBe('https://recruit.zoho.com')
    expect(new URL(axios.getUri(seen)).origin).toBe('https://recruit.zoho.com')
  },
)

test.each<{ what: string; config: AxiosRequestConfig; path: string }>([
  { what: 'a base and a path', config: { baseURL: '<url>', url: CANDIDATES }, path: CANDIDATES },
  { what: 'slashes on both sides', config: { baseURL: '<url>/', url: CANDIDATES }, path: CANDIDATES },
  {
    what: 'slashes on neither',
    config: { baseURL: '<url>/recruit', url: 'v2/Candidates' },
    path: CANDIDATES,
  },
  {
    what: 'a base with a path',
    config: { baseURL: '<url>/recruit/v2/', url: '/Candidates' },
    path: CANDIDATES,
  },
  { what: 'a base alone', config: { baseURL: `<url>${CANDIDATES}` }, path: CANDIDATES },
  {
    what: 'an absolute URL over a base',
    config: { baseURL: 'http://127.0.0.1:1', url: `<url>${CANDIDATES}` },
    path: CANDIDATES,
  },
  { what: 'dots', config: { baseURL: '<url>', url: '/x/../recruit/v2/Candidates' }, path: CANDIDATES },
  {
    what: 'a path that looks like a host',
    config: { baseURL: '<url>', url: '/recruit/v2/@evil.example' },
    path: '/recruit/v2/@evil.example',
  },
])('$what goes where axios sends it', async ({ config, path }) => {
  const { emulator, auth } = await scene()
  const client = axios.create()
  installZohoAuth(client, { auth })
  const filled = JSON.parse(JSON.stringify(config).replaceAll('<url>', emulator.url))
  const response = await client.request({ ...filled, params: { q: 'a b', list: [1, 2] } })
  expect(response.data.echo).toMatchObject({ path })
  expect(new URLSearchParams(response.data.echo.query).get('q')).toBe('a b')
  expect(response.config.url).toBe(filled.url)
  expect(response.config.baseURL).toBe(filled.baseURL)
})

test('an absolute URL over a base is judged itself, and a foreign one gets no token', async () => {
  const { send } = offline()
  const zoho = 'https://recruit.zoho.com'
  expect((await send({ baseURL: zoho, url: 'https://evil.example/x' })).token).toBeUndefined()
  expect((await send({ baseURL: zoho, url: '//evil.example/x' })).token).toBeUndefined()
  expect((await send({ baseURL: 'https://evil.example', url: `${zoho}/x` })).token).toBeDefined()
  expect((await send({ baseURL: 'https://evil.example', url: '/recruit.zoho.com/x' })).token).toBeUndefined()
})

test('a URL object is taken as its text', async () => {
  const { client, emulator } = await scene()
  const url = new URL(CANDIDATES, emulator.url) as unknown as string
  expect((await client.get(url)).status).toBe(200)
})

test('a relative URL with a product goes to that product in the data centre of the connection', async () => {
  const { send } = offline({ product: 'recruit' })
  const { seen, token } = await send({ url: CANDIDATES })
  expect(token).toBeDefined()
  expect(axios.getUri(seen)).toBe(`https://recruit.zoho.com${CANDIDATES}`)
  const desk = await send({ url: '/api/v1/tickets', zoho: { product: 'desk' } })
  expect(axios.getUri(desk.seen)).toBe('https://desk.zoho.com/api/v1/tickets')
  const based = await send({ url: CANDIDATES, baseURL: 'https://www.zohoapis.com' })
  expect(based.seen?.baseURL).toBe('https://www.zohoapis.com')
})

test('a product works over real HTTP, and the caller`s config stays relative', async () => {
  const emulator = await emulate()
  const client = axios.create()
  installZohoAuth(client, { auth: engine(emulator), product: 'recruit' })
  const response = await client.get(CANDIDATES)
  expect(response.status).toBe(200)
  expect(response.config.url).toBe(CANDIDATES)
  expect(response.config.baseURL).toBeUndefined()
  expect(response.request.res.responseUrl).toBe(`${emulator.url}${CANDIDATES}`)
})
