import { Agent, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PassThrough, Readable } from 'node:stream'
import { inspect } from 'node:util'
import { runInThisContext } from 'node:vm'
import { expect, test } from '@jest/globals'
import { memoryConnectionStore } from '@zoho-auth/core'
import axios, { type AxiosInstance, type AxiosRequestConfig } from 'axios'
import { until } from '../../../checks/support/waiting.mjs'
import { installZohoAuth } from '../src/index.js'
import {
  CANDIDATES,
  closing,
  connection,
  emulate,
  engine,
  expectClean,
  type Server,
  serve,
} from './support.js'

interface Scene {
  readonly client: AxiosInstance
  readonly foreign: Server
  /** A URL of Zoho's that answers only after a long time. */
  readonly slow: AxiosRequestConfig
  /** Aborts as soon as a request for a token, or the foreign server, was reached. */
  readonly abort: AbortController
}

type WayOut = (scene: Scene) => Promise<unknown>

const B = { zoho: { connection: 'b' } }

/** Whose token is never made: its request waits. */
const WAYS_OUT: Record<string, WayOut> = {
  'an abort before it began': ({ client }) => client.get(CANDIDATES, { signal: AbortSignal.abort() }),
  'a time-out while it waits for a token': ({ client }) => client.get(CANDIDATES, { ...B, timeout: 20 }),
  'an abort while it waits for a token': ({ client, abort: { signal } }) =>
    client.get(CANDIDATES, { ...B, signal }),
  'a time-out of the API': ({ client, slow }) => client.get(CANDIDATES, { ...slow, timeout: 20 }),
  'no such connection': ({ client }) => client.get(CANDIDATES, { zoho: { connection: 'nobody' } }),
  'a wrong option': ({ client }) => client.get(CANDIDATES, { zoho: 'a' as never }),
  'a used stream': ({ client }) =>
    client.post(CANDIDATES, Object.assign(new ReadableStream(), { destroyed: true, pipe: () => {} })),
  'an answer': ({ client }) => client.get(CANDIDATES),
  'an answer that is no JSON': ({ client }) =>
    client.get(CANDIDATES, {
      responseType: 'json',
      transformResponse: [
        () => {
          throw new Error('no JSON')
        },
      ],
    }),
  'zoho: false': ({ client }) => client.get(CANDIDATES, { zoho: false }),
  'a header of its own': ({ client }) =>
    client.get(CANDIDATES, { headers: { Authorization: 'Bearer mine' } }),
  'a foreign answer': ({ client, foreign }) => client.get(foreign.url),
  'a foreign refusal': ({ client, foreign }) => client.get(`${foreign.url}/404`),
  'a foreign stream': ({ client, foreign }) => client.get(foreign.url, { responseType: 'stream' }),
  'a foreign refusal as a stream': ({ client, foreign }) =>
    client.get(`${foreign.url}/404`, { responseType: 'stream' }),
  'a foreign answer after redirects': ({ client, foreign }) => client.get(`${foreign.url}/302`),
  'too many foreign redirects': ({ client, foreign }) =>
    client.get(`${foreign.url}/302`, { maxRedirects: 1 }),
  'a foreign answer that is no JSON': ({ client, foreign }) =>
    client.get(foreign.url, { responseType: 'json', transitional: { silentJSONParsing: false } }),
  'a foreign connection that breaks': ({ client, foreign }) => client.get(`${foreign.url}/break`),
  'a foreign host that nobody listens on': ({ client }) => client.get('http://127.0.0.1:9/x'),
  'a foreign time-out': ({ client, foreign }) => client.get(`${foreign.url}/hang`, { timeout: 30 }),
  'a foreign abort': ({ client, foreign, abort: { signal } }) =>
    client.get(`${foreign.url}/hang`, { signal }),
  'a foreign adapter that hangs everything onto its error': ({ client, foreign }) =>
    client.get(foreign.url, {
      adapter: async (config) => {
        const { response } = (await axios
          .getAdapter(['http'])({ ...config, url: `${foreign.url}/404` })
          .catch((error: unknown) => error as { response: { request: { socket: unknown } } })) as {
          response: { request: { socket: unknown } }
        }
        throw Object.assign(new Error('failed'), {
          config: { ...config },
          response,
          agent: config.httpAgent,
          socket: response.request.socket,
        })
      },
    }),
}

async function sceneWith(config: AxiosRequestConfig) {
  const emulator = await emulate()
  const grants = ['a', 'b'].map((name) => connection(name, emulator.createGrant({ user: name })))
  const auth = engine(emulator, { connections: memoryConnectionStore(grants) })
  const abort = new AbortController()
  const foreign = await serve(({ url }, response) => {
    if (url === '/hang') return abort.abort()
    if (url === '/break') return response.destroy()
    if (url === '/302') return response.writeHead(302, { location: '/more' }).end()
    if (url === '/more') return response.writeHead(302, { location: '/' }).end()
    response.writeHead(url === '/404' ? 404 : 200).end('foreign')
  })
  const client = axios.create({ baseURL: emulator.url, ...config })
  installZohoAuth(client, { auth, connection: 'a' })
  await client.get(CANDIDATES)
  const [token = ''] = emulator.liveTokens().map(({ accessToken }) => accessToken)
  // Requests of others, under way with a live token on the same agent.
  const others = new AbortController()
  const slow = { params: { delay: 30_000 } }
  emulator.resetCounters()
  const underWay = [1, 2, 3].map(() =>
    client.get(CANDIDATES, { ...slow, signal: others.signal }).catch(() => {}),
  )
  await until(() => emulator.counters.apiRequests === underWay.length)
  emulator.fault({ on: 'token', kind: 'hang' })
  emulator.onRequest(({ kind }) => kind === 'token' && abort.abort())
  const end = async () => {
    others.abort()
    await Promise.all(underWay)
  }
  return { scene: { client, foreign, slow, abort }, token, end }
}

/** What a request came to, as its caller gets it. */
const outcomeOf = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error)

const jsonOf = (value: unknown): string => {
  try {
    return JSON.stringify(value) ?? ''
  } catch {
    return ''
  }
}

test.each(Object.entries(WAYS_OUT))(
  '%s leads to no token of another request on the same agent',
  async (_, wayOut) => {
    // Errors that ended before our clean-up named the app's agent, and with it every request under way.
    const agent = new Agent({ keepAlive: true })
    const { scene, token, end } = await sceneWith({ httpAgent: agent })
    const outcome = await outcomeOf(wayOut(scene))
    expect(inspect(agent, { depth: 10 })).toContain(token)
    expectClean(outcome, [token])
    expect(jsonOf(outcome)).not.toContain(token)
    const { toJSON } = outcome as { toJSON?: () => unknown }
    expect(jsonOf(toJSON?.call(outcome))).not.toContain(token)
    expect(scene.client.defaults.httpAgent).toBe(agent)
    await end()
    agent.destroy()
  },
)

test.each(Object.entries(WAYS_OUT).filter(([name]) => name.includes('foreign')))(
  '%s leads to no token of another request on Node`s own agent',
  async (_, wayOut) => {
    const { scene, token, end } = await sceneWith({})
    expectClean(await outcomeOf(wayOut(scene)), [token])
    await end()
  },
)

test('what a foreign host answered stays as usable as axios makes it', async () => {
  const { scene, end } = await sceneWith({})
  const { client, foreign } = scene
  const { request } = await client.get(foreign.url)
  expect(request).toMatchObject({ method: 'GET', path: '/' })
  expect([request.getHeader('accept'), request.res.responseUrl, request.socket.remotePort]).toEqual([
    'application/json, text/plain, */*',
    `${foreign.url}/`,
    Number(new URL(foreign.url).port),
  ])
  const { data } = await client.get(foreign.url, { responseType: 'stream' })
  expect(Buffer.concat(await data.toArray()).toString()).toBe('foreign')
  await end()
})

test.each([
  { how: 'read to its end', ended: true, status: 404 },
  { how: 'still being read', ended: false, status: 401 },
])('the refusal of a stream that is $how leads to no token of another request', async ({ ended, status }) => {
  // follow-redirects leaves a stream piped into its request, and so to an agent with the requests of everybody.
  const agent = new Agent({ keepAlive: true })
  const { scene, token, end } = await sceneWith({ httpAgent: agent })
  const url = ended ? `${scene.foreign.url}/404` : await answersEarly(status)
  const stream = new PassThrough()
  stream.write('x')
  if (ended) stream.end()
  const error = await outcomeOf(scene.client.post(url, stream))
  expect(error).toMatchObject({ response: { status } })
  expectClean(error, [token])
  expect(jsonOf(error)).not.toContain(token)
  const { data } = (error as { config: { data: PassThrough } }).config
  expect(data).toBeInstanceOf(PassThrough)
  expect(data.readableEnded).toBe(ended)
  stream.end()
  await end()
  agent.destroy()
})

/** A server that answers before it has read a body. @returns Its origin. */
async function answersEarly(status: number): Promise<string> {
  const server = createServer((_, response) => response.writeHead(status).end())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing({
    async close() {
      server.closeAllConnections()
      server.close()
    },
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('what a stream was sent with can be sent once more, and says that the stream is used', async () => {
  const { scene, end } = await sceneWith({})
  const { config } = await scene.client.post(CANDIDATES, Readable.from(['x']))
  expect(jsonOf(config)).not.toContain('Zoho-oauthtoken')
  await expect(scene.client.request(config)).rejects.toThrow(TypeError)
  await end()
})

if (Number(axios.VERSION.split('.')[1]) >= 7)
  test.each(['an answer', 'a time-out while it waits for a token', 'a foreign refusal', 'zoho: false'])(
    '%s leads to no token of another request on a dispatcher of the app`s own',
    async (name) => {
      await fetch('data:,')
      // Node's own class of it is not exported. From undici 8 (Node 26) the first of the two is a wrapper for older ones.
      const global: object = runInThisContext(
        'globalThis[Symbol.for("undici.globalDispatcher.2")] ?? globalThis[Symbol.for("undici.globalDispatcher.1")]',
      )
      const Dispatcher = global.constructor as new () => { destroy(): Promise<void> }
      const dispatcher = new Dispatcher()
      const fetchOptions = { dispatcher }
      const { scene, token, end } = await sceneWith({ adapter: 'fetch', fetchOptions })
      const outcome = await outcomeOf((WAYS_OUT[name] as WayOut)(scene))
      expect(inspect(dispatcher, { depth: 10, showHidden: true })).toContain(token)
      expectClean(outcome, [token])
      expect(fetchOptions.dispatcher).toBe(dispatcher)
      expect(scene.client.defaults.fetchOptions?.dispatcher).toBe(dispatcher)
      await end()
      await dispatcher.destroy()
    },
  )
