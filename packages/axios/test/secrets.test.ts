import { Agent } from 'node:http'
import { inspect } from 'node:util'
import { expect, test } from '@jest/globals'
import axios from 'axios'
import { until } from '../../../checks/support/waiting.mjs'
import { installZohoAuth } from '../src/index.js'
import {
  CANDIDATES,
  emulate,
  engine,
  expectClean,
  killed,
  type Scene,
  scene,
  serve,
  thrown,
} from './support.js'

const everyToken = ({ emulator }: Scene): string[] =>
  emulator.liveTokens().map(({ accessToken }) => accessToken)

test.each(['json', 'text', 'arraybuffer', 'stream'] as const)(
  'an answer as %s leads to no token',
  async (responseType) => {
    const made = await scene()
    const response = await made.client.get(CANDIDATES, { responseType })
    expectClean(response, [...everyToken(made), made.emulator.clientSecret, made.emulator.refreshToken])
    if (responseType === 'stream') await response.data.toArray()
    expectClean(response, everyToken(made))
  },
)

test('an answer after a replay leads to neither token', async () => {
  const made = await scene()
  await made.client.get(CANDIDATES)
  const first = everyToken(made)
  made.emulator.killTokens()
  const response = await made.client.post(CANDIDATES, { a: 1 })
  const both = [...first, ...everyToken(made)]
  expect(both).toHaveLength(2)
  expectClean(response, both)
})

test.each([400, 401, 403, 404, 500, 503])('the error of a %i leads to no token', async (status) => {
  const made = await scene()
  made.emulator.fault({ on: 'api', kind: 'status', status, body: '{"code":"X"}', times: 3 })
  const error = await thrown(made.client.post(CANDIDATES, { a: 1 }))
  expect(error).toMatchObject({ response: { status, data: { code: 'X' } }, config: { method: 'post' } })
  expect(error.request).toBeDefined()
  expectClean(error, [...everyToken(made), made.emulator.clientSecret])
})

test.each([undefined, 0, 3])(
  'the error of a broken connection leads to no token, maxRedirects %p',
  async (maxRedirects) => {
    const made = await scene()
    await made.client.get(CANDIDATES)
    made.emulator.fault({ on: 'api', kind: 'reset' })
    const error = await thrown(
      made.client.post(CANDIDATES, { a: 1 }, maxRedirects === undefined ? {} : { maxRedirects }),
    )
    if (!axios.isAxiosError(error)) throw error
    expect(error.code).toBe('ECONNRESET')
    // "no answer came" stays detectable
    expect(error.response).toBeUndefined()
    expect(error.request).toMatchObject({ method: 'POST', path: CANDIDATES })
    expectClean(error, everyToken(made))
  },
)

test('the error of a host that nobody listens on leads to no token', async () => {
  const emulator = await emulate()
  const auth = engine(emulator, { allowedOrigins: ['http://127.0.0.1:9'] })
  const client = axios.create()
  installZohoAuth(client, { auth })
  const error = await thrown(client.post('http://127.0.0.1:9/x', { a: 1 }))
  expect(error.code).toBe('ECONNREFUSED')
  expect(error.request).toBeDefined()
  expectClean(
    error,
    emulator.liveTokens().map(({ accessToken }) => accessToken),
  )
})

test('the errors of a timeout, an abort and too many redirects lead to no token', async () => {
  const made = await scene()
  await made.client.get(CANDIDATES)
  const controller = new AbortController()
  const slow = { params: { delay: 30_000 } }
  made.emulator.resetCounters()
  const aborted = thrown(made.client.get(CANDIDATES, { ...slow, signal: controller.signal }))
  await until(() => made.emulator.counters.apiRequests === 1)
  controller.abort()
  const errors = [await thrown(made.client.get(CANDIDATES, { ...slow, timeout: 30 })), await aborted]
  made.emulator.fault({ on: 'api', kind: 'redirect', url: `${made.emulator.url}${CANDIDATES}`, times: 9 })
  errors.push(await thrown(made.client.get(CANDIDATES, { maxRedirects: 2 })))
  expect(errors.map(({ code }) => code)).toEqual([
    'ECONNABORTED',
    'ERR_CANCELED',
    'ERR_FR_TOO_MANY_REDIRECTS',
  ])
  for (const error of errors) expectClean(error, everyToken(made))
})

test('an error lends no view of other requests under way on the same agent', async () => {
  const httpAgent = new Agent({ keepAlive: true })
  const made = await scene({ axios: { httpAgent } })
  await made.client.get(CANDIDATES)
  const controller = new AbortController()
  const slow = { params: { delay: 30_000 }, signal: controller.signal }
  const underWay = Array.from({ length: 5 }, () => thrown(made.client.get(CANDIDATES, slow)))
  const error = await thrown(made.client.get(CANDIDATES, { params: { delay: 30_000 }, timeout: 10 }))
  const answer = await made.client.get(CANDIDATES)
  // What it guards against is really there.
  expect(inspect(httpAgent, { depth: 10 })).toContain(everyToken(made)[0])
  expectClean(error, everyToken(made))
  expectClean(answer, everyToken(made))
  controller.abort()
  await Promise.all(underWay)
  expect((await made.client.request(answer.config)).status).toBe(200)
  expect((await axios.request({ ...answer.config, zoho: false, validateStatus: null })).status).toBe(401)
  httpAgent.destroy()
})

test('the request of an error or an answer prints as what it was', async () => {
  const { client, emulator } = await scene()
  const response = await client.get(CANDIDATES)
  expect(response.request).toMatchObject({ method: 'GET', path: CANDIDATES, protocol: 'http:' })
  expect(response.request.res).toMatchObject({ statusCode: 200, responseUrl: `${emulator.url}${CANDIDATES}` })
})

test('whatever an adapter hangs onto its error is cleaned', async () => {
  const made = await scene()
  await made.client.get(CANDIDATES)
  const hidden = Symbol('hidden')
  const error = await thrown(
    made.client.get(CANDIDATES, {
      adapter: async (config) => {
        const header = String(config.headers.get('authorization'))
        const cause = Object.assign(new Error(`cause ${header}`), { config: { ...config } })
        throw Object.assign(new Error(`failed with ${header}`, { cause }), {
          config,
          [hidden]: { deep: [{ header }] },
          request: { headers: { authorization: header } },
          response: {
            status: 500,
            data: {},
            headers: {},
            config: { ...config },
            request: { _header: header },
          },
          errors: [new Error(header)],
        })
      },
    }),
  )
  expect(error.message).toBe('failed with Zoho-oauthtoken [masked]')
  expectClean(error, everyToken(made))
})

test('an error can be printed and serialised', async () => {
  const { client, emulator } = await scene()
  emulator.fault({ on: 'api', kind: 'status', status: 500 })
  const error = await thrown(client.post(CANDIDATES, { a: 1 }, { httpAgent: new Agent() }))
  expect(JSON.parse(JSON.stringify(error))).toMatchObject({ name: 'AxiosError', config: { data: '{"a":1}' } })
  expect(inspect(error, { depth: 20 })).toContain('AxiosError')
})

test('the caller`s own header and objects stay as they are', async () => {
  const other = await serve((_, response) => response.writeHead(500).end())
  const { client } = await scene()
  const data = { a: 1, nested: { b: 2 } }
  const headers = { Authorization: 'Bearer mine' }
  const error = await thrown(client.post(other.url, data, { headers }))
  expect(data).toEqual({ a: 1, nested: { b: 2 } })
  expect(headers).toEqual({ Authorization: 'Bearer mine' })
  expect(axios.isAxiosError(error) && error.config?.headers.get('authorization')).toBe('Bearer mine')
})

test('the refusal of a stream leads to no token', async () => {
  const made = await killed()
  const { Readable } = await import('node:stream')
  const error = await thrown(made.client.post(CANDIDATES, Readable.from(['x'])))
  await made.client.get(CANDIDATES)
  expectClean(error, everyToken(made))
})
