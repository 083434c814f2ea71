import { expect, jest, test } from '@jest/globals'
import axios from 'axios'
import { installZohoAuth } from '../src/index.js'
import { CANDIDATES, closing, emulate, engine, scene, serve, thrown } from './support.js'

test('a request to Zoho carries a token, and its answer comes back as axios gives it', async () => {
  const { client, emulator } = await scene()
  const response = await client.get(CANDIDATES, { params: { page: 1 } })
  expect(response.status).toBe(200)
  expect(response.data.data[0].First_Name).toBe('Grace')
  expect(response.data.echo.query).toBe('page=1')
  expect(emulator.counters).toMatchObject({ tokenRequests: 1, apiRequests: 1, apiRefused: 0 })
})

test('one token serves many requests', async () => {
  const { client, emulator } = await scene()
  await Promise.all(Array.from({ length: 50 }, () => client.get(CANDIDATES)))
  expect(emulator.counters).toMatchObject({ tokenRequests: 1, apiRequests: 50, apiRefused: 0 })
})

test('a request to another host goes out untouched, and no token is made for it', async () => {
  const { client, emulator } = await scene()
  const other = await serve()
  const response = await client.get(`${other.url}/x`)
  expect(other.seen[0]?.authorization).toBeUndefined()
  expect(response.request.getHeader('accept')).toContain('json')
  expect(response.config.adapter).toEqual(client.defaults.adapter)
  expect(emulator.counters.tokenRequests).toBe(0)
})

test('an error of another host is the one axios makes, with its config as it was', async () => {
  const { client } = await scene()
  const other = await serve((_, response) => response.writeHead(500).end('{"a":1}'))
  const error = await thrown(client.post(`${other.url}/x`, { b: 2 }, { headers: { 'x-mine': 'yes' } }))
  expect(axios.isAxiosError(error) && error.response?.data).toEqual({ a: 1 })
  expect(axios.isAxiosError(error) && error.config?.data).toBe('{"b":2}')
  expect(axios.isAxiosError(error) && error.config?.headers.get('x-mine')).toBe('yes')
  const again = await thrown(client.request(error.config as object))
  expect(axios.isAxiosError(again)).toBe(true)
  expect(other.seen.map(({ body }) => body)).toEqual(['{"b":2}', '{"b":2}'])
})

test('zoho: false leaves a request alone', async () => {
  const { client, emulator } = await scene()
  const error = await thrown(client.get(CANDIDATES, { zoho: false }))
  expect(axios.isAxiosError(error) && error.response?.status).toBe(401)
  expect(emulator.counters).toMatchObject({ tokenRequests: 0, apiRequests: 1 })
})

test.each([
  ['any case', { authorization: 'Bearer mine' }],
  ['its usual case', { Authorization: 'Bearer mine' }],
])('a header that the caller set wins, in %s', async (_, headers) => {
  const emulator = await emulate()
  const other = await serve()
  const auth = engine(emulator, { allowedOrigins: [other.url] })
  const client = axios.create()
  installZohoAuth(client, { auth })
  await client.get(other.url, { headers })
  await client.get(other.url, { auth: { username: 'u', password: 'p' } })
  await client.get(other.url, { headers: { Authorization: false } as never })
  await client.get(other.url, { headers: { Authorization: undefined } as never })
  expect(other.seen.map(({ authorization }) => authorization?.split(' ')[0])).toEqual([
    'Bearer',
    'Basic',
    undefined,
    'Zoho-oauthtoken',
  ])
  expect(other.seen[0]?.authorization).toBe('Bearer mine')
})

test('a header among the defaults of the instance is the caller`s too', async () => {
  const { client, emulator } = await scene({ axios: { headers: { Authorization: 'Bearer mine' } } })
  await thrown(client.get(CANDIDATES))
  expect(emulator.counters.tokenRequests).toBe(0)
})

test('the callable default export works as an instance does', async () => {
  const { emulator, auth } = await scene()
  const handle = installZohoAuth(axios, { auth })
  try {
    expect((await axios(`${emulator.url}${CANDIDATES}`)).status).toBe(200)
    expect((await axios.get(`${emulator.url}${CANDIDATES}`)).status).toBe(200)
  } finally {
    handle.eject()
  }
  expect((await thrown(axios(`${emulator.url}${CANDIDATES}`))).response).toMatchObject({ status: 401 })
})

test('an instance of the class works, which has no create', async () => {
  const { emulator, auth } = await scene()
  const client = new axios.Axios({ ...axios.defaults, headers: {} } as never)
  installZohoAuth(client, { auth })
  const response = await client.get(`${emulator.url}${CANDIDATES}`)
  expect(response.data.data).toHaveLength(2)
})

test('something that is no axios instance is refused at install', () => {
  expect(() => installZohoAuth({ interceptors: { request: {} } } as never)).toThrow(TypeError)
})

test('a second install gives the first handle, and the header once', async () => {
  const { client, auth, emulator } = await scene()
  const first = installZohoAuth(client)
  expect(installZohoAuth(client, { auth })).toBe(first)
  await client.get(CANDIDATES)
  expect(emulator.counters).toMatchObject({ tokenRequests: 1, apiRequests: 1 })
})

test('a second install with other options says so', async () => {
  const { client } = await scene()
  const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
  try {
    installZohoAuth(client, { connection: 'acme' })
    expect(warn).toHaveBeenCalledWith(expect.stringContaining('connection'), {
      type: 'ZohoAuthWarning',
      code: 'ZOHO_AUTH_AXIOS_INSTALLED',
    })
  } finally {
    warn.mockRestore()
  }
})

test('eject undoes the install, twice too, and another install can follow', async () => {
  const { client, auth, emulator } = await scene()
  const handle = installZohoAuth(client)
  handle.eject()
  handle.eject()
  await thrown(client.get(CANDIDATES))
  expect(emulator.counters.tokenRequests).toBe(0)
  const next = installZohoAuth(client, { auth })
  expect(next).not.toBe(handle)
  handle.eject()
  expect((await client.get(CANDIDATES)).status).toBe(200)
  expect(installZohoAuth(client)).toBe(next)
})

test('without an engine of its own an install uses the one of the process', async () => {
  const emulator = await emulate()
  const before = { ...process.env }
  Object.assign(process.env, emulator.env())
  try {
    const client = axios.create({ baseURL: emulator.url })
    installZohoAuth(client)
    const { defaultZohoAuth } = await import('@zoho-auth/core')
    closing(defaultZohoAuth())
    expect((await client.get(CANDIDATES)).status).toBe(200)
    expect(defaultZohoAuth().peekToken()).toBeDefined()
  } finally {
    process.env = before
  }
})

test('a wrong value of zoho is a TypeError that names it', async () => {
  const { client } = await scene()
  const error = await thrown(client.get(CANDIDATES, { zoho: 'acme' as never }))
  expect(error).toBeInstanceOf(TypeError)
  expect(error.message).toContain('"zoho"')
})

test('errors of core reach the caller as they are', async () => {
  const { client, emulator } = await scene()
  emulator.revokeGrant(emulator.refreshToken)
  const error = await thrown(client.get(CANDIDATES))
  expect(error).toMatchObject({ name: 'ZohoAuthError', code: 'ERR_ZOHO_CONSENT_REQUIRED', statusCode: 409 })
  expect(axios.isAxiosError(error)).toBe(false)
  expect(emulator.counters.apiRequests).toBe(0)
})

test('a Zoho host of another data centre is refused before anything is sent', async () => {
  const { auth } = await scene({
    engine: { accountsUrl: { us: 'http://127.0.0.1:9', eu: 'http://127.0.0.1:8' } },
  })
  const client = axios.create()
  installZohoAuth(client, { auth })
  expect(await thrown(client.get('http://127.0.0.1:8/recruit/v2/Candidates'))).toMatchObject({
    code: 'ERR_ZOHO_HOST_DENIED',
  })
})
