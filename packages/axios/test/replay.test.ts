import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { expect, test } from '@jest/globals'
import axios from 'axios'
import FormDataPackage from 'form-data'
import { installZohoAuth } from '../src/index.js'
import {
  arrived,
  CANDIDATES,
  digest,
  emulate,
  engine,
  expectClean,
  killed,
  scene,
  serve,
  thrown,
} from './support.js'

test('a killed token costs one refresh and one replay, and the caller sees neither', async () => {
  const { client, emulator } = await killed()
  expect((await client.get(CANDIDATES)).status).toBe(200)
  expect(emulator.counters).toMatchObject({ tokenRequests: 1, apiRequests: 2, apiRefused: 1 })
})

test('100 callers with a killed token: 100 answers, one refresh', async () => {
  const { client, emulator } = await killed()
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, index) => client.post(CANDIDATES, { index })),
  )
  expect(answers.map(({ status }) => status)).toEqual(Array(100).fill(200))
  for (const [index, answer] of answers.entries())
    expect(arrived(answer)).toMatchObject(digest(JSON.stringify({ index })))
  expect(emulator.counters).toMatchObject({ tokenRequests: 1, apiRefused: 100, apiRequests: 200 })
})

test('refusals that come late, when the token is replaced already, cost no refresh', async () => {
  const { client, emulator } = await killed()
  const late = Array.from({ length: 10 }, () => client.get(CANDIDATES, { params: { delay: 60 } }))
  await client.get(CANDIDATES)
  await Promise.all(late)
  expect(emulator.counters.tokenRequests).toBe(1)
})

test('a request that is refused again with a new token is handed on, with a hint', async () => {
  const { client, emulator } = await killed()
  emulator.fault({ on: 'api', kind: 'dead-token', times: Number.POSITIVE_INFINITY })
  const error = await thrown(client.get(CANDIDATES))
  if (!axios.isAxiosError(error)) throw error
  expect(error.response?.status).toBe(401)
  expect(error.response?.data).toMatchObject({ code: 'INVALID_TOKEN' })
  expect(error.response?.zohoHint).toContain('data centre')
  expect(emulator.counters.tokenRequests).toBe(1)
  await thrown(client.get(CANDIDATES))
  expect(emulator.counters.tokenRequests).toBe(1)
})

test.each(['scope-mismatch', 'no-permission'] as const)('%s is handed on without a refresh', async (kind) => {
  const { client, emulator } = await scene()
  emulator.fault({ on: 'api', kind })
  const error = await thrown(client.get(CANDIDATES))
  expect(axios.isAxiosError(error)).toBe(true)
  expect(emulator.counters).toMatchObject({ tokenRequests: 1, apiRequests: 1 })
})

test('a failure to get another token is what the caller sees', async () => {
  const { client, emulator } = await killed()
  emulator.revokeGrant(emulator.refreshToken)
  expect(await thrown(client.get(CANDIDATES))).toMatchObject({ code: 'ERR_ZOHO_CONSENT_REQUIRED' })
})

const BYTES = Buffer.from(Array.from({ length: 70_000 }, (_, index) => index % 251))

test.each<{ what: string; data: () => unknown; want: string | Uint8Array; headers?: Record<string, string> }>(
  [
    {
      what: 'a string',
      data: () => '<xml>é</xml>',
      want: '<xml>é</xml>',
      headers: { 'content-type': 'text/xml' },
    },
    { what: 'a plain object', data: () => ({ a: [1, { b: 'é' }] }), want: '{"a":[1,{"b":"é"}]}' },
    { what: 'an array', data: () => [{ a: 1 }], want: '[{"a":1}]' },
    { what: 'a Buffer', data: () => BYTES, want: BYTES },
    { what: 'a typed array', data: () => Uint8Array.from(BYTES), want: BYTES },
    { what: 'an ArrayBuffer', data: () => Uint8Array.from(BYTES).buffer, want: BYTES },
    {
      what: 'URLSearchParams',
      data: () => new URLSearchParams({ a: 'é', b: '1' }),
      want: 'a=%C3%A9&b=1',
    },
    { what: 'a Blob', data: () => new Blob([BYTES]), want: BYTES },
    {
      what: 'an object as a form',
      data: () => ({ a: 'x', b: { c: 1 } }),
      want: 'a=x&b%5Bc%5D=1',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    },
  ],
)('the body is whole when it is sent again: $what', async ({ data, want, headers = {} }) => {
  const { client, emulator } = await killed()
  const body = data()
  const response = await client.post(CANDIDATES, body, { headers })
  expect(arrived(response)).toMatchObject(digest(want))
  expect(emulator.counters).toMatchObject({ tokenRequests: 1, apiRequests: 2, apiRefused: 1 })
  const lengths = emulator.requests.filter(({ kind, method }) => kind === 'api' && method === 'POST')
  expect(lengths.map(({ bodyLength }) => bodyLength)).toEqual([digest(want).length, digest(want).length])
})

test('the FormData of the platform is sent again whole', async () => {
  const { client, emulator } = await killed()
  const form = new FormData()
  form.append('name', 'Grace')
  form.append('file', new Blob([BYTES]), 'cv.pdf')
  const response = await client.post('/recruit/v2/Attachments', form)
  expect(arrived(response).type).toContain('multipart/form-data; boundary=')
  expect(arrived(response).length).toBeGreaterThan(BYTES.length)
  const sent = emulator.requests.filter(({ method }) => method === 'POST')
  expect(sent.filter(({ kind }) => kind === 'api').map(({ bodyLength }) => bodyLength)).toEqual([
    arrived(response).length,
    arrived(response).length,
  ])
})

test('a plain object that axios makes multipart of is made so again', async () => {
  const { client, emulator } = await killed()
  const response = await client.postForm('/recruit/v2/Attachments', { name: 'Grace', list: ['a', 'b'] })
  expect(arrived(response).type).toContain('multipart/form-data; boundary=')
  expect(arrived(response).length).toBeGreaterThan(100)
  expect(emulator.counters).toMatchObject({ tokenRequests: 1, apiRequests: 2 })
})

test.each([
  { what: 'a stream', data: () => Readable.from([BYTES.subarray(0, 40_000), BYTES.subarray(40_000)]) },
  {
    what: 'the form-data package',
    data: () => {
      const form = new FormDataPackage()
      form.append('file', BYTES, 'cv.pdf')
      return form
    },
  },
  {
    what: 'multipart of an object that holds a stream',
    data: () => ({ file: Readable.from([BYTES]) }),
    form: true,
  },
])('$what is sent once: the refusal is handed on with a hint, and the next request works', async (row) => {
  const { client, emulator } = await killed()
  const headers = row.form ? { 'content-type': 'multipart/form-data' } : {}
  const error = await thrown(client.post('/recruit/v2/Attachments', row.data(), { headers }))
  if (!axios.isAxiosError(error)) throw error
  expect(error.response?.status).toBe(401)
  expect(error.response?.zohoHint).toContain('stream')
  const sent = emulator.requests.filter(({ kind, method }) => kind === 'api' && method === 'POST')
  expect(sent).toHaveLength(1)
  expect(sent[0]?.bodyLength).toBeGreaterThanOrEqual(BYTES.length)
  const response = await client.post('/recruit/v2/Attachments', row.data(), { headers })
  expect(arrived(response).length).toBeGreaterThanOrEqual(BYTES.length)
  expect(emulator.counters.tokenRequests).toBe(1)
})

test('a stream goes out whole with a token that is accepted', async () => {
  const { client } = await scene()
  const folder = mkdtempSync(join(tmpdir(), 'zoho-auth-'))
  try {
    writeFileSync(join(folder, 'cv'), BYTES)
    const response = await client.post(CANDIDATES, createReadStream(join(folder, 'cv')))
    expect(arrived(response)).toMatchObject(digest(BYTES))
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test.each([
  {
    what: 'a stream that ended',
    data: async () => {
      const stream = Readable.from(['x'])
      for await (const _ of stream);
      return stream
    },
  },
  {
    what: 'a stream that was read in part',
    data: async () => {
      const stream = Readable.from([Buffer.from('x'), Buffer.from('y')])
      await new Promise((resolve) => stream.once('data', resolve))
      stream.pause()
      return stream
    },
  },
  {
    what: 'a destroyed stream',
    data: async () => Readable.from(['x']).destroy(),
  },
])('$what is refused before anything is sent', async ({ data }) => {
  const { client, emulator } = await scene()
  await client.get(CANDIDATES)
  const error = await thrown(client.post(CANDIDATES, await data()))
  expect(error).toBeInstanceOf(TypeError)
  expect(error.message).toContain('read already')
  expect(emulator.counters.apiRequests).toBe(1)
})

test('a used stream inside an object that axios makes multipart of is refused too', async () => {
  const { client, emulator } = await scene()
  const file = Readable.from(['x'])
  await client.postForm(CANDIDATES, { file })
  expect(await thrown(client.postForm(CANDIDATES, { file }))).toBeInstanceOf(TypeError)
  expect(emulator.counters.apiRequests).toBe(1)
})

test('a stream or form that was sent before is refused, and never goes out empty', async () => {
  const { client, emulator } = await scene()
  const form = new FormDataPackage()
  form.append('a', 'b')
  const stream = Readable.from(['x'])
  for (const body of [form, stream]) {
    await client.post(CANDIDATES, body)
    expect(await thrown(client.post(CANDIDATES, body))).toBeInstanceOf(TypeError)
  }
  expect(emulator.counters.apiRequests).toBe(2)
})

test('validateStatus cannot hide a refusal', async () => {
  const { client, emulator } = await killed()
  const response = await client.get(CANDIDATES, { validateStatus: () => true })
  expect(response.status).toBe(200)
  emulator.fault({ on: 'api', kind: 'dead-token', times: Number.POSITIVE_INFINITY })
  const refused = await client.get(CANDIDATES, { validateStatus: () => true })
  expect(refused.status).toBe(401)
  expect(refused.zohoHint).toBeDefined()
})

test.each(['arraybuffer', 'text', 'json', 'stream'] as const)(
  'a refusal is seen as %s too',
  async (responseType) => {
    const { client, emulator } = await killed()
    const response = await client.get(CANDIDATES, { responseType })
    expect(response.status).toBe(200)
    const data =
      responseType === 'stream'
        ? Buffer.concat(await response.data.toArray())
        : Buffer.from(stringOf(response.data))
    expect(JSON.parse(data.toString()).data).toHaveLength(2)
    expect(emulator.counters).toMatchObject({ tokenRequests: 1, apiRequests: 2 })
  },
)

function stringOf(data: unknown): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data)
  return data instanceof Uint8Array ? data : Buffer.from(JSON.stringify(data))
}

test('a streamed refusal that is handed on is a whole stream, also a long one', async () => {
  const { client, emulator } = await scene()
  const body = JSON.stringify({ code: 'OTHER', padding: 'x'.repeat(300_000) })
  emulator.fault({ on: 'api', kind: 'status', status: 401, body, contentType: 'application/json', times: 3 })
  const error = await thrown(client.get(CANDIDATES, { responseType: 'stream' }))
  if (!axios.isAxiosError(error)) throw error
  expect(Buffer.concat(await error.response?.data.toArray()).toString()).toBe(body)
})

test('a streamed answer tells its facts, and can be given up', async () => {
  const { client, emulator } = await scene()
  const response = await client.get(CANDIDATES, { responseType: 'stream' })
  expect(response.data).toMatchObject({ statusCode: 200, httpVersion: '1.1' })
  expect(response.data.headers['content-type']).toContain('json')
  response.data.destroy()
  await new Promise((resolve) => response.data.once('close', resolve))
  expectClean(
    response,
    emulator.liveTokens().map(({ accessToken }) => accessToken),
  )
})

test('a streamed answer that breaks off fails for its reader, without a token in the error', async () => {
  const { client, emulator } = await scene()
  const controller = new AbortController()
  const response = await client.get(CANDIDATES, { responseType: 'stream', signal: controller.signal })
  const failed = new Promise<unknown>((resolve) => response.data.once('error', resolve))
  controller.abort()
  const tokens = emulator.liveTokens().map(({ accessToken }) => accessToken)
  // 1.6.0 ends its watch when the answer begins; then there is nothing to see.
  response.data.destroy(new Error('given up'))
  expectClean(await failed, tokens)
})

/** A host that may have tokens, which begins a long answer and leaves its end to the test. */
async function beginning() {
  const emulator = await emulate()
  const open: ServerResponse[] = []
  const home = await serve((_, response) => {
    open.push(response)
    response.write('begun')
  })
  const client = axios.create()
  installZohoAuth(client, { auth: engine(emulator, { allowedOrigins: [home.url] }) })
  const { data } = await client.get(home.url, { responseType: 'stream' })
  return { data: data as Readable, response: open[0] as ServerResponse }
}

test('a stream that its server breaks off fails for the reader', async () => {
  const { data, response } = await beginning()
  const failed = new Promise<Error>((resolve) => data.once('error', resolve))
  data.once('data', () => response.destroy())
  expect(await failed).toBeInstanceOf(Error)
})

test('a stream that its reader gives up ends at the server too', async () => {
  const { data, response } = await beginning()
  const closed = new Promise((resolve) => response.once('close', resolve))
  data.destroy()
  await closed
  expect(response.writableFinished).toBe(false)
})
