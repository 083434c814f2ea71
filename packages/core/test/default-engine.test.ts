import { AsyncLocalStorage } from 'node:async_hooks'
import { afterEach, expect, jest, test } from '@jest/globals'
import { createZohoAuth, defaultZohoAuth, memoryTokenStore } from '@zoho-auth/core'
import { until } from '../../../checks/support/waiting.mjs'
import { warnOfFleet } from '../src/config/warnings.js'
import { closing, codeOf, emulate, engine } from './support.js'

const before = { ...process.env }
afterEach(() => {
  for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name]
  Object.assign(process.env, before)
})

test('who names no engine shares one, and close makes room for another', async () => {
  const emulator = await emulate()
  Object.assign(process.env, emulator.env())
  const first = defaultZohoAuth()
  expect(defaultZohoAuth()).toBe(first)
  await Promise.all([first.getToken(), defaultZohoAuth().getToken()])
  expect(emulator.counters.tokenRequests).toBe(1)
  await first.close()
  const second = closing(defaultZohoAuth())
  expect(second).not.toBe(first)
  expect((await second.getToken()).value).toBeTruthy()
})

test('without variables the default engine names every missing one', () => {
  for (const name of Object.keys(process.env)) if (name.startsWith('ZOHO_')) delete process.env[name]
  expect(() => defaultZohoAuth()).toThrow(/ZOHO_CLIENT_ID.*\n.*ZOHO_CLIENT_SECRET.*\n.*ZOHO_REFRESH_TOKEN/)
})

test('two engines on one grant, each with its own memory, are warned about once', async () => {
  const emulator = await emulate()
  const warnings: string[] = []
  const logger = { warn: (message: string) => warnings.push(message) }
  const engines = [engine(emulator, { logger }), engine(emulator, { logger }), engine(emulator, { logger })]
  expect(warnings).toEqual([expect.stringContaining('two ZohoAuth engines use one refresh token')])
  await Promise.all(engines.map((one) => one.close()))
  engine(emulator, { logger })
  expect(warnings).toHaveLength(1)
})

test('a memory store in an obvious fleet is one warning that names ZOHO_AUTH_STORE', () => {
  const warnings: string[] = []
  const logger = { warn: (message: string) => warnings.push(message) }
  warnOfFleet(logger, {})
  expect(warnings).toEqual([])
  warnOfFleet(logger, { KUBERNETES_SERVICE_HOST: '10.0.0.1' })
  warnOfFleet(logger, { pm_id: '0' })
  expect(warnings).toEqual([expect.stringMatching(/Kubernetes.*ZOHO_AUTH_STORE/)])
})

test.each([
  ['AWS_LAMBDA_FUNCTION_NAME', 'AWS Lambda'],
  ['VERCEL', 'Vercel'],
  ['K_SERVICE', 'Google Cloud Run'],
  ['FUNCTION_TARGET', 'Google Cloud Functions'],
  ['FUNCTIONS_WORKER_RUNTIME', 'Azure Functions'],
  ['NETLIFY', 'Netlify'],
  ['DYNO', 'Heroku'],
  ['ECS_CONTAINER_METADATA_URI_V4', 'Amazon ECS'],
  ['CF_PAGES', 'Cloudflare Pages'],
])('a memory store where %s is set is warned about: %s runs several', (variable, name) => {
  // Said once per process: a new one begins.
  delete (globalThis as Record<symbol, unknown>)[Symbol.for('zoho-auth.warnings')]
  const warnings: string[] = []
  warnOfFleet({ warn: (message: string) => warnings.push(message) }, { [variable]: 'some' })
  expect(warnings).toEqual([expect.stringContaining(`runs under ${name}:`)])
})

// Cloudflare's workerd has an AsyncLocalStorage that cannot be switched off, and says so by throwing.
test('close() ends where AsyncLocalStorage.disable() is not implemented', async () => {
  const disable = jest.spyOn(AsyncLocalStorage.prototype, 'disable').mockImplementation(() => {
    throw new Error('disable is not implemented')
  })
  try {
    const zoho = engine(await emulate())
    await zoho.withConnection('default', () => zoho.getToken())
    await zoho.close()
  } finally {
    disable.mockRestore()
  }
})

test('importing core and making an engine sends nothing and loads no openid-client', async () => {
  const sent: string[] = []
  const zoho = closing(
    createZohoAuth({
      clientId: 'the-client-id',
      clientSecret: 'the-client-secret',
      refreshToken: 'the-refresh-token',
      tokens: memoryTokenStore(),
      timeoutMs: 100,
      fetch: async (url) => {
        sent.push(new Request(url).url)
        throw Object.assign(new TypeError('fetch failed'), { cause: { code: 'ENOTFOUND' } })
      },
    }),
  )
  expect(zoho.peekToken()).toBeUndefined()
  expect((await zoho.status()).state).toBe('active')
  expect(sent).toEqual([])
  const controller = new AbortController()
  const get = codeOf(zoho.getToken({ signal: controller.signal }))
  await until(() => sent.length > 0)
  controller.abort()
  expect(await get).toBeTruthy()
  expect(new Set(sent)).toEqual(new Set(['https://accounts.zoho.com/oauth/v2/token']))
})
