import { expect, jest, test } from '@jest/globals'
import axios, { AxiosError } from 'axios'
import { heldFetch } from '../../../checks/support/waiting.mjs'
import { CANDIDATES, emulate, killed, scene, serve, thrown } from './support.js'

test('a timeout ends the wait for a token, with the error axios gives', async () => {
  const { client, emulator } = await scene()
  emulator.fault({ on: 'token', kind: 'hang' })
  const error = await thrown(client.get(CANDIDATES, { timeout: 40 }))
  expect(error).toBeInstanceOf(AxiosError)
  expect(axios.isAxiosError(error)).toBe(true)
  expect(axios.isCancel(error)).toBe(false)
  expect(error).toMatchObject({
    code: 'ECONNABORTED',
    message: 'timeout of 40ms exceeded',
    name: 'AxiosError',
  })
  expect(error).toMatchObject({ config: { url: CANDIDATES, timeout: 40, adapter: client.defaults.adapter } })
  expect(emulator.counters.apiRequests).toBe(0)
})

test('timeoutErrorMessage and clarifyTimeoutError are obeyed', async () => {
  const { client, emulator } = await scene()
  emulator.fault({ on: 'token', kind: 'hang' })
  const error = await thrown(
    client.get(CANDIDATES, {
      timeout: 20,
      timeoutErrorMessage: 'too slow',
      transitional: { clarifyTimeoutError: true },
    }),
  )
  expect(error).toMatchObject({ code: 'ETIMEDOUT', message: 'too slow' })
})

test('an abort ends the wait, as axios.isCancel sees it', async () => {
  const { client, emulator } = await scene()
  emulator.fault({ on: 'token', kind: 'hang' })
  const controller = new AbortController()
  emulator.onRequest(({ kind }) => kind === 'token' && controller.abort())
  const error = await thrown(client.get(CANDIDATES, { signal: controller.signal, timeout: 60_000 }))
  expect(axios.isCancel(error)).toBe(true)
  expect(error.code).toBe('ERR_CANCELED')
  expect(emulator.counters.apiRequests).toBe(0)
})

test('a cancelToken ends the wait, with its own message', async () => {
  const { client, emulator } = await scene()
  emulator.fault({ on: 'token', kind: 'hang' })
  const source = axios.CancelToken.source()
  emulator.onRequest(({ kind }) => kind === 'token' && source.cancel('not needed'))
  const error = await thrown(client.get(CANDIDATES, { cancelToken: source.token }))
  expect(axios.isCancel(error)).toBe(true)
  expect(error.message).toBe('not needed')
})

test('what was aborted before it began sends nothing', async () => {
  const { client, emulator } = await scene()
  const source = axios.CancelToken.source()
  source.cancel('never')
  expect(axios.isCancel(await thrown(client.get(CANDIDATES, { signal: AbortSignal.abort() })))).toBe(true)
  expect(axios.isCancel(await thrown(client.get(CANDIDATES, { cancelToken: source.token })))).toBe(true)
  expect(emulator.counters).toMatchObject({ tokenRequests: 0, apiRequests: 0 })
})

test('one caller that gives up does not end the wait of the others', async () => {
  const { fetch, release } = heldFetch()
  const { client, emulator } = await scene({ engine: { fetch, timeoutMs: 60_000 } })
  const patient = client.get(CANDIDATES, { timeout: 60_000 })
  expect((await thrown(client.get(CANDIDATES, { timeout: 20 }))).code).toBe('ECONNABORTED')
  release()
  expect((await patient).status).toBe(200)
  expect(emulator.counters.tokenRequests).toBe(1)
})

test('the wait between a refusal and its replay ends in the same ways', async () => {
  const { client, emulator } = await killed()
  emulator.fault({ on: 'token', kind: 'hang' })
  const controller = new AbortController()
  const errors = [
    thrown(client.get(CANDIDATES, { timeout: 60 })),
    thrown(client.get(CANDIDATES, { signal: controller.signal })),
  ]
  emulator.onRequest(({ kind }) => kind === 'token' && controller.abort())
  const [late, aborted] = await Promise.all(errors)
  expect(late).toMatchObject({ code: 'ECONNABORTED', message: 'timeout of 60ms exceeded' })
  expect(axios.isCancel(aborted)).toBe(true)
})

test('a timeout covers waiting and sending together', async () => {
  const { fetch, held, release } = heldFetch()
  const { client, emulator } = await scene({ engine: { fetch, timeoutMs: 60_000 } })
  const real = performance.now.bind(performance)
  let passedMs = 0
  const now = jest.spyOn(performance, 'now').mockImplementation(() => real() + passedMs)
  try {
    const get = thrown(client.get(CANDIDATES, { timeout: 60_000, params: { delay: 30_000 } }))
    await held()
    // The wait for the token has taken nearly all of it: the API answers after what is left.
    passedMs = 59_900
    release()
    expect(await get).toMatchObject({ code: 'ECONNABORTED', message: 'timeout of 60000ms exceeded' })
    expect(emulator.requests.filter(({ kind }) => kind === 'api')).toEqual([])
  } finally {
    now.mockRestore()
  }
})

test('a timeout of the API itself is axios` own', async () => {
  const { client, emulator } = await scene()
  emulator.fault({ on: 'api', kind: 'hang' })
  const error = await thrown(client.get(CANDIDATES, { timeout: 80 }))
  expect(error).toMatchObject({ code: 'ECONNABORTED', message: 'timeout of 80ms exceeded' })
  expect(error.request).toBeDefined()
  expect(error.response).toBeUndefined()
})

test('an abort while the API answers ends the request', async () => {
  const { client, emulator } = await scene()
  emulator.fault({ on: 'api', kind: 'hang' })
  const controller = new AbortController()
  emulator.onRequest(({ kind }) => kind === 'api' && controller.abort())
  expect(axios.isCancel(await thrown(client.get(CANDIDATES, { signal: controller.signal })))).toBe(true)
})

test('waiting leaves no listeners behind', async () => {
  const { client } = await scene()
  const controller = new AbortController()
  const { signal } = controller
  const added = jest.spyOn(signal, 'addEventListener')
  const removed = jest.spyOn(signal, 'removeEventListener')
  await client.get(CANDIDATES, { signal, timeout: 60_000 })
  await new Promise((resolve) => setImmediate(resolve))
  expect(added).toHaveBeenCalled()
  expect(removed).toHaveBeenCalledTimes(added.mock.calls.length)
})

test('a request to another host is not touched by our wait', async () => {
  const { client } = await scene()
  const other = await serve(() => {})
  expect(await thrown(client.get(other.url, { timeout: 40 }))).toMatchObject({ code: 'ECONNABORTED' })
})

test('an emulator that is gone is an error of core, and no hang', async () => {
  const emulator = await emulate()
  const { client } = await scene({ engine: { accountsUrl: emulator.url } })
  await emulator.close()
  const error = await thrown(client.get(`${emulator.url}${CANDIDATES}`, { timeout: 300 }))
  expect(['ERR_ZOHO_UNAVAILABLE', 'ECONNABORTED']).toContain(error.code)
})
