import { expect, test } from '@jest/globals'
import { memoryConnectionStore } from '@zoho-auth/core'
import axios, { type AxiosResponse } from 'axios'
import { installZohoAuth } from '../src/index.js'
import { CANDIDATES, connection, emulate, engine, thrown } from './support.js'

/** An engine with a connection for each name; each belongs to a user of the same name. */
async function tenants(...names: string[]) {
  const emulator = await emulate()
  const grants = names.map((name) => connection(name, emulator.createGrant({ user: name })))
  const auth = engine(emulator, { connections: memoryConnectionStore(grants) })
  const client = axios.create({ baseURL: emulator.url })
  installZohoAuth(client, { auth })
  return { emulator, auth, client }
}

const user = (response: AxiosResponse): string => response.data.echo.user

test('the request says whose token it needs', async () => {
  const { client } = await tenants('acme', 'globex')
  expect(user(await client.get(CANDIDATES, { zoho: { connection: 'acme' } }))).toBe('acme')
  expect(user(await client.get(CANDIDATES, { zoho: { connection: 'globex' } }))).toBe('globex')
})

test('the option of the request beats the surrounding scope, and that the rest', async () => {
  const { auth, client } = await tenants('acme', 'globex')
  const inside = (zoho?: { connection: string }) =>
    auth.withConnection('acme', () => client.get(CANDIDATES, zoho ? { zoho } : {}))
  expect(user(await inside())).toBe('acme')
  expect(user(await inside({ connection: 'globex' }))).toBe('globex')
})

test('the connection of the install is for requests that name none', async () => {
  const { auth, emulator } = await tenants('acme', 'globex')
  const client = axios.create({ baseURL: emulator.url })
  installZohoAuth(client, { auth, connection: 'globex' })
  expect(user(await client.get(CANDIDATES))).toBe('globex')
  expect(user(await client.get(CANDIDATES, { zoho: { connection: 'acme' } }))).toBe('acme')
})

test('without a connection nothing is sent', async () => {
  const { client, emulator } = await tenants('acme', 'globex')
  expect(await thrown(client.get(CANDIDATES))).toMatchObject({ code: 'ERR_ZOHO_NO_CONNECTION' })
  expect(await thrown(client.get(CANDIDATES, { zoho: { connection: 'nobody' } }))).toMatchObject({
    code: 'ERR_ZOHO_NO_CONNECTION',
  })
  expect(emulator.counters).toMatchObject({ tokenRequests: 0, apiRequests: 0 })
})

test('many connections in parallel are never mixed, through kills and scopes', async () => {
  const names = ['acme', 'globex', 'initech', 'umbrella']
  const { auth, client, emulator } = await tenants(...names)
  const ask = (name: string, index: number) =>
    index % 2 === 0
      ? auth.withConnection(name, async () => {
          await new Promise((resolve) => setImmediate(resolve))
          return client.get(CANDIDATES, { params: { delay: index % 5 } })
        })
      : client.post(CANDIDATES, { index }, { zoho: { connection: name } })
  const round = async () => {
    const asked = Array.from({ length: 120 }, (_, index) => names[index % names.length] as string)
    expect((await Promise.all(asked.map(ask))).map(user)).toEqual(asked)
  }
  await round()
  emulator.killTokens()
  emulator.resetCounters()
  await round()
  expect(emulator.counters.tokenRequests).toBe(names.length)
})

test('interceptors that wait for somebody else`s work keep the scope of the request', async () => {
  const { auth, client } = await tenants('acme', 'globex')
  let release: () => void = () => {}
  const gate = new Promise<void>((resolve) => {
    release = resolve
  })
  client.interceptors.request.use(async (config) => {
    await gate
    return config
  })
  const asked = ['acme', 'globex'].map((name) => auth.withConnection(name, () => client.get(CANDIDATES)))
  auth.withConnection('acme', release)
  expect((await Promise.all(asked)).map(user)).toEqual(['acme', 'globex'])
})

test('defaults of the instance can name the connection', async () => {
  const { auth, emulator } = await tenants('acme', 'globex')
  const client = axios.create({ baseURL: emulator.url, zoho: { connection: 'globex' } })
  installZohoAuth(client, { auth })
  expect(user(await client.get(CANDIDATES))).toBe('globex')
})
