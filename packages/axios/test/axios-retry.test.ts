import { expect, test } from '@jest/globals'
import axios from 'axios'
import axiosRetry from 'axios-retry'
import { installZohoAuth } from '../src/index.js'
import { arrived, CANDIDATES, digest, emulate, engine, killed, thrown } from './support.js'

const retry = (axiosRetry as unknown as { default?: typeof axiosRetry }).default ?? axiosRetry

test.each(['before', 'after'])(
  'axios-retry, registered %s the install, sends with a living token',
  async (when) => {
    const emulator = await emulate()
    const client = axios.create({ baseURL: emulator.url })
    const options = { retries: 3, retryDelay: () => 1 }
    if (when === 'before') retry(client, options)
    installZohoAuth(client, { auth: engine(emulator) })
    if (when === 'after') retry(client, options)
    await client.get(CANDIDATES)
    const [dead] = emulator.liveTokens()
    emulator.fault({ on: 'api', kind: 'status', status: 503, times: 2 })
    // The token dies between the tries.
    emulator.onRequest(({ status }) => status === 503 && dead && emulator.killToken(dead.accessToken))
    const response = await client.put(CANDIDATES, { a: 1 })
    expect(arrived(response)).toMatchObject(digest('{"a":1}'))
    const sent = emulator.requests.filter(({ kind, method }) => kind === 'api' && method === 'PUT')
    expect(sent.map(({ status }) => status)).toEqual([503, 503, 401, 200])
    expect(emulator.counters.tokenRequests).toBe(2)
  },
)

test('a retry after a replay does not send the dead token again', async () => {
  const { client, emulator } = await killed()
  retry(client, { retries: 2, retryDelay: () => 1 })
  let seen = 0
  emulator.onRequest(({ kind, status }) => {
    if (kind !== 'api') return
    seen += 1
    if (status === 401 && seen === 1) emulator.fault({ on: 'api', kind: 'status', status: 500 })
  })
  expect((await client.get(CANDIDATES)).status).toBe(200)
  const outcomes = emulator.requests.filter(({ kind }) => kind === 'api').map(({ outcome }) => outcome)
  expect(outcomes.filter((outcome) => outcome.startsWith('dead-token'))).toHaveLength(1)
  expect(emulator.counters.tokenRequests).toBe(1)
})

test('a retry of a used stream is refused, and no empty body goes out', async () => {
  const { client, emulator } = await killed()
  retry(client, { retries: 2, retryDelay: () => 1, retryCondition: () => true })
  emulator.fault({ on: 'api', kind: 'status', status: 503 })
  const { Readable } = await import('node:stream')
  const error = await thrown(client.post(CANDIDATES, Readable.from(['body'])))
  expect(error).toBeInstanceOf(TypeError)
  const sent = emulator.requests.filter(({ kind, method }) => kind === 'api' && method === 'POST')
  expect(sent.map(({ bodyLength }) => bodyLength)).toEqual([4])
})
