import { expect, test } from '@jest/globals'
import { memoryConnectionStore, type ZohoAuth } from '@zoho-auth/core'
import type { Emulator } from '@zoho-auth/emulator'
import axios, { type AxiosAdapter, type AxiosResponse } from 'axios'
import { type AxiosCacheInstance, type CacheOptions, setupCache } from 'axios-cache-interceptor'
import { type InstallOptions, installZohoAuth, type ZohoAuthInstall } from '../src/index.js'
import { CANDIDATES, connection, emulate, engine, serve, thrown } from './support.js'

type Order = 'cache first' | 'install first'

const ORDERS: readonly Order[] = ['cache first', 'install first']

interface CachedScene {
  readonly emulator: Emulator
  readonly auth: ZohoAuth
  readonly client: AxiosCacheInstance
  readonly handle: ZohoAuthInstall
}

/** A client with axios-cache-interceptor, and an engine with a connection for each name. */
async function cached(
  order: Order,
  { install = {}, cache = {} }: { install?: InstallOptions; cache?: CacheOptions } = {},
): Promise<CachedScene> {
  const emulator = await emulate()
  const grants = ['a', 'b'].map((name) => connection(name, emulator.createGrant({ user: name })))
  const auth = engine(emulator, { connections: memoryConnectionStore(grants) })
  const plain = axios.create({ baseURL: emulator.url })
  // The emulator asks not to be cached.
  const options = { interpretHeader: false, ...cache }
  if (order === 'cache first') setupCache(plain, options)
  const handle = installZohoAuth(plain, { auth, ...install })
  if (order === 'install first') setupCache(plain, options)
  return { emulator, auth, client: plain as AxiosCacheInstance, handle }
}

const user = (response: AxiosResponse): string => response.data.echo.user

const isCached = (response: AxiosResponse): unknown => (response as { cached?: unknown }).cached

const idOf = (response: AxiosResponse): string => (response as unknown as { id: string }).id

test.each(ORDERS)('%s: connections do not get each other`s cached answers', async (order) => {
  // One client with axios-cache-interceptor asked for connection a, then for b: b got the answer to a.
  const { client, emulator } = await cached(order)
  const ask = (name: string) => client.get(CANDIDATES, { zoho: { connection: name } })
  expect([user(await ask('a')), user(await ask('b')), user(await ask('a'))]).toEqual(['a', 'b', 'a'])
  expect(isCached(await ask('a'))).toBe(true)
  expect(emulator.counters.apiRequests).toBe(2)
})

test.each(ORDERS)('%s: the surrounding scope keeps cached answers apart', async (order) => {
  // withConnection decides late, after the cache made its key: tenants in scopes of their own shared one answer.
  const { client, auth, emulator } = await cached(order)
  const ask = (name: string) => auth.withConnection(name, () => client.get(CANDIDATES))
  const both = await Promise.all(['a', 'b', 'a', 'b'].map(ask))
  expect(both.map(user)).toEqual(['a', 'b', 'a', 'b'])
  expect([user(await ask('b')), user(await ask('a'))]).toEqual(['b', 'a'])
  expect(emulator.counters.apiRequests).toBe(2)
})

test.each(ORDERS)('%s: the connection of the install is in the key too', async (order) => {
  const { client, emulator } = await cached(order, { install: { connection: 'a' } })
  const other = await client.get(CANDIDATES, { zoho: { connection: 'b' } })
  expect([user(other), user(await client.get(CANDIDATES))]).toEqual(['b', 'a'])
  expect(isCached(await client.get(CANDIDATES, { zoho: { connection: 'a' } }))).toBe(true)
  expect(emulator.counters.apiRequests).toBe(2)
})

test.each(ORDERS)('%s: a connection that is found out later shares no answer', async (order) => {
  const { client, auth, emulator } = await cached(order)
  const ask = (name: string) =>
    auth.withConnection(
      () => new Promise<string>((resolve) => setImmediate(() => resolve(name))),
      async () => [await client.get(CANDIDATES), await client.get(CANDIDATES), await client.get(CANDIDATES)],
    )
  const [a, b] = await Promise.all([ask('a'), ask('b')])
  expect(a.map(user)).toEqual(['a', 'a', 'a'])
  expect(b.map(user)).toEqual(['b', 'b', 'b'])
  // Once it was found out, it is known at once.
  expect(a.map(isCached)).toEqual([false, false, true])
  expect(emulator.counters.apiRequests).toBe(4)
})

test.each(ORDERS)('%s: an interceptor that copies its config loses no connection', async (order) => {
  const { client, auth } = await cached(order)
  client.interceptors.request.use((config) => ({ ...config }))
  const ask = (name: string) => auth.withConnection(name, () => client.get(CANDIDATES))
  expect([user(await ask('a')), user(await ask('b'))]).toEqual(['a', 'b'])
  expect(isCached(await ask('b'))).toBe(true)
})

test.each(ORDERS)('%s: an interceptor before the cache may name the connection', async (order) => {
  const { client } = await cached(order)
  let name = 'a'
  client.interceptors.request.use((config) => {
    config.zoho = { connection: name }
    return config
  })
  expect(user(await client.get(CANDIDATES))).toBe('a')
  name = 'b'
  expect(user(await client.get(CANDIDATES))).toBe('b')
})

test.each(ORDERS)('%s: a connection named after the key was made is refused', async (order) => {
  // An interceptor that runs after the cache named the tenant: the key knew nothing of it, and everybody got the first answer.
  const emulator = await emulate()
  const grants = ['a', 'b'].map((name) => connection(name, emulator.createGrant({ user: name })))
  const auth = engine(emulator, { connections: memoryConnectionStore(grants) })
  const plain = axios.create({ baseURL: emulator.url }) as AxiosCacheInstance
  // Registered first, it runs last.
  plain.interceptors.request.use((config) => {
    if (config.params?.late) config.zoho = { connection: config.params.late }
    return config
  })
  if (order === 'cache first') setupCache(plain, { interpretHeader: false })
  installZohoAuth(plain, { auth, connection: 'a' })
  if (order === 'install first') setupCache(plain, { interpretHeader: false })
  expect(user(await plain.get(CANDIDATES, { params: { late: 'a' } }))).toBe('a')
  const late = () => plain.get(CANDIDATES, { params: { late: 'b' } })
  for (const error of [await thrown(late()), await thrown(late())]) {
    expect(error).toBeInstanceOf(TypeError)
    expect(error.message).toMatch('after its cache key was made')
  }
  expect(emulator.counters.apiRequests).toBe(1)
  // Who waits for the same answer is not harmed.
  const wrong = thrown(plain.get(CANDIDATES, { id: 'list', params: { late: 'b' } }))
  const right = plain.get(CANDIDATES, { id: 'list' })
  expect([await wrong, user(await right)]).toEqual([expect.any(TypeError), 'a'])
  expect(isCached(await plain.get(CANDIDATES, { id: 'list' }))).toBe(true)
  expect(await thrown(plain.get(CANDIDATES, { id: 'list', params: { late: 'b' } }))).toBeInstanceOf(TypeError)
})

test.each(ORDERS)('%s: keys of requests that get no token stay what they were', async (order) => {
  const server = await serve((_, response) => response.end('{"open":true}'))
  const { client, auth } = await cached(order, { install: { connection: 'a' } })
  const plain = setupCache(axios.create({ baseURL: client.defaults.baseURL ?? '' }))
  const requests = [
    () => [`${server.url}/rates`, {}],
    () => [`${server.url}/rates`, { id: 'rates' }],
    () => [CANDIDATES, { zoho: false }],
    () => [CANDIDATES, { headers: { Authorization: 'Basic own' } }],
    () => [CANDIDATES, { auth: { username: 'me', password: 'mine' } }],
  ] as const
  const all = { validateStatus: () => true }
  for (const request of requests) {
    const [url, config] = request() as [string, object]
    const mine = await auth.withConnection('b', () => client.get(url, { ...config, ...all }))
    const theirs = await plain.get(url, { ...config, ...all })
    expect(idOf(mine)).toBe(idOf(theirs))
  }
  expect(idOf(await client.get(CANDIDATES))).not.toBe(idOf(await plain.get(CANDIDATES, all)))
})

test.each(ORDERS)('%s: an id of the app`s own is kept apart too', async (order) => {
  const { client } = await cached(order)
  const ask = (name: string) => client.get(CANDIDATES, { id: 'list', zoho: { connection: name } })
  expect([user(await ask('a')), user(await ask('b'))]).toEqual(['a', 'b'])
  expect(idOf(await ask('a'))).toBe('list|zoho:a')
  await client.storage.remove('list|zoho:a')
  expect([isCached(await ask('a')), isCached(await ask('b'))]).toEqual([false, true])
})

test('a request may change its foreign host after its key was made, and may not turn to Zoho then', async () => {
  const server = await serve((_, response) => response.end('{"open":true}'))
  const emulator = await emulate()
  const plain = axios.create()
  plain.interceptors.request.use((config) => {
    config.url = String(config.url).replace('http://orders.example', config.params.host)
    return config
  })
  setupCache(plain)
  installZohoAuth(plain, { auth: engine(emulator) })
  const ask = (host: string) => plain.get('http://orders.example/1', { params: { host } })
  expect((await ask(server.url)).data).toEqual({ open: true })
  expect(await thrown(ask(emulator.url))).toBeInstanceOf(TypeError)
  expect(emulator.counters).toMatchObject({ apiRequests: 0, tokenRequests: 0 })
})

test('a request that is sent again keeps its key', async () => {
  const { client } = await cached('cache first')
  const first = await client.get(CANDIDATES, { zoho: { connection: 'a' } })
  const { headers: _, ...config } = first.config
  const again = await client.request(config)
  expect([idOf(again), isCached(again)]).toEqual([idOf(first), true])
  const other = await client.request({ ...config, zoho: { connection: 'b' } })
  expect(user(other)).toBe('b')
})

test.each(ORDERS)('%s: a key generator that is put in later, or around ours, is used', async (order) => {
  const { client } = await cached(order)
  client.generateKey = () => 'one-for-all'
  const ask = (name: string) => client.get(CANDIDATES, { zoho: { connection: name } })
  expect([user(await ask('a')), user(await ask('b'))]).toEqual(['a', 'b'])
  const { generateKey } = client
  client.generateKey = (...all) => `app:${generateKey(...all)}`
  expect(idOf(await ask('a'))).toBe('app:one-for-all|zoho:a')
})

test.each(ORDERS)('%s: products with the same path are kept apart', async (order) => {
  const seen: string[] = []
  const adapter: AxiosAdapter = async (config) => {
    seen.push(String(config.baseURL))
    return { data: config.baseURL, status: 200, statusText: '', headers: {}, config, request: {} }
  }
  const emulator = await emulate()
  const auth = engine(emulator)
  const plain = axios.create({ adapter })
  if (order === 'cache first') setupCache(plain)
  installZohoAuth(plain, { auth })
  if (order === 'install first') setupCache(plain)
  const one = await plain.get('/api/v1/x', { zoho: { product: 'desk' } })
  const two = await plain.get('/api/v1/x', { zoho: { product: 'crm' } })
  expect([isCached(one), isCached(two)]).toEqual([false, false])
  expect(seen).toHaveLength(2)
})

test.each(ORDERS)(
  '%s: an answer that varies with Authorization is cached for its connection',
  async (order) => {
    const { client, auth, emulator } = await cached(order)
    const varying: AxiosAdapter = async (config) => {
      const response = await axios.get(CANDIDATES, {
        baseURL: emulator.url,
        headers: { Authorization: String(config.headers.get('Authorization')) },
      })
      const headers = { vary: 'Authorization', 'cache-control': 'max-age=60' }
      return { ...response, headers, config } as AxiosResponse
    }
    const ask = (name: string) => auth.withConnection(name, () => client.get('/x', { adapter: varying }))
    const asked = await Promise.all(['a', 'b', 'a'].map(ask))
    expect(asked.map(user)).toEqual(['a', 'b', 'a'])
    expect([user(await ask('b')), user(await ask('a'))]).toEqual(['b', 'a'])
    expect(emulator.counters.apiRequests).toBe(2)
  },
)

test.each(ORDERS)('%s: after a failure without a token nobody waits for its answer', async (order) => {
  // The cache cleans up after axios' own errors only: whoever asked again after an error of the engine waited forever.
  const { client, emulator, auth } = await cached(order)
  const ask = () => client.get(CANDIDATES, { zoho: { connection: 'nobody' } })
  const together = await Promise.all([thrown(ask()), thrown(ask())])
  for (const error of [...together, await thrown(ask()), await thrown(client.get(CANDIDATES))])
    expect(error).toMatchObject({ code: 'ERR_ZOHO_NO_CONNECTION' })
  expect(client.waiting.size).toBe(0)
  expect(user(await auth.withConnection('a', () => client.get(CANDIDATES)))).toBe('a')
  expect(emulator.counters.apiRequests).toBe(1)
})

test.each(ORDERS)('%s: eject gives the client its own keys back', async (order) => {
  const { client, handle, auth } = await cached(order)
  const { generateKey } = setupCache(axios.create())
  await client.get(CANDIDATES, { zoho: { connection: 'a' } })
  expect(client.generateKey).not.toBe(generateKey)
  handle.eject()
  expect(client.generateKey).toBe(generateKey)
  expect(idOf(await client.get(CANDIDATES, { validateStatus: () => true }))).not.toContain('zoho')
  installZohoAuth(client, { auth })
  expect(user(await client.get(CANDIDATES, { zoho: { connection: 'b' } }))).toBe('b')
})

test('a client without a cache asks nobody early', async () => {
  const emulator = await emulate()
  const grants = [connection('a', emulator.createGrant({ user: 'a' }))]
  const auth = engine(emulator, { connections: memoryConnectionStore(grants) })
  const client = axios.create({ baseURL: emulator.url })
  installZohoAuth(client, { auth })
  let asked = 0
  const foreign = await serve()
  const inside = () => client.get(foreign.url)
  await auth.withConnection(() => {
    asked += 1
    return 'a'
  }, inside)
  expect(asked).toBe(0)
})
