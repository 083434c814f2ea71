import { inspect } from 'node:util'
import { expect, test } from '@jest/globals'
import { type ZohoAuth, ZohoAuthError, type ZohoAuthEventName } from '@zoho-auth/core'
import type { Fault } from '@zoho-auth/emulator'
import { byHand, CANDIDATES, codeOf, emulate, engine, recruit, turning } from './support.js'

/** Everything that a logger, a serialiser or a debugger could make of a value. */
function sinks(value: unknown): string {
  const parts = [String(value), inspect(value, { depth: 10, showHidden: true, getters: true })]
  try {
    parts.push(JSON.stringify(value) ?? '')
  } catch {
    parts.push('')
  }
  for (let error = value; error instanceof Error; error = error.cause)
    parts.push(error.message, error.stack ?? '', inspect(error, { depth: 10 }))
  return parts.join('\n')
}

const NAMES: ZohoAuthEventName[] = [
  'token.refreshed',
  'token.refresh_failed',
  'token.refused',
  'refresh.throttled',
  'connection.consent_required',
  'connection.revoked',
  'store.degraded',
  'store.recovered',
  'budget.low',
]

test('no error, event, log line, status, inspect or JSON holds a secret', async () => {
  const output: string[] = []
  const faults: Fault[] = [
    { on: 'token', kind: 'status', status: 503, body: 'ECHO', times: 9 },
    { on: 'token', kind: 'html', times: 9 },
    { on: 'token', kind: 'truncated-json', times: 9 },
    { on: 'token', kind: 'reset', times: 9 },
    { on: 'token', kind: 'error', error: 'invalid_client', times: 9 },
    { on: 'token', kind: 'error', error: 'a new error', times: 9 },
    { on: 'token', kind: 'throttle', times: 9 },
    { on: 'token', kind: 'dead-grant' },
    { on: 'token', kind: 'absurd-expires-in', value: 'soon', times: 9 },
    { on: 'token', kind: 'foreign-api-domain', value: 'https://evil.example', times: 9 },
    { on: 'revoke', kind: 'status', status: 500 },
    { on: 'api', kind: 'dead-token', times: 9 },
    { on: 'api', kind: 'scope-mismatch' },
  ]
  for (const fault of faults) {
    const { clock, emulator, zoho } = await byHand({
      timeoutMs: 1_000,
      logger: { warn: (message) => output.push(message), debug: (message) => output.push(message) },
    })
    for (const name of NAMES) zoho.on(name, (event) => output.push(sinks(event)))
    const warm = await turning(clock, zoho.fetch(CANDIDATES, recruit), 200)
    const token = await zoho.getToken()
    emulator.fault(fault)
    const results = [
      await turning(clock, zoho.fetch(CANDIDATES, recruit)).catch((error) => error),
      await turning(clock, zoho.getToken({ refused: token.value })).catch((error) => error),
      await zoho.fetch('https://evil.example/?q=1').catch((error) => error),
      await zoho.status(),
      await turning(clock, zoho.revoke()).catch((error) => error),
      await zoho.status(),
      token,
      zoho,
      zoho.forConnection('default'),
      warm,
      { token },
      `${token as unknown as string}`,
    ]
    output.push(...results.map(sinks))
    const secrets = [emulator.clientSecret, emulator.refreshToken, token.value]
    for (const text of output) for (const secret of secrets) expect(text.includes(secret)).toBe(false)
  }
  expect(output.length).toBeGreaterThan(150)
})

test('a token shows its value only when it is asked for it', async () => {
  const zoho = engine(await emulate())
  const token = await zoho.getToken()
  expect(token.value).toMatch(/^1000\./)
  expect(`${token as unknown as string}`).toBe('[masked]')
  expect(JSON.parse(JSON.stringify(token))).toMatchObject({ value: '[masked]', dataCenter: 'us' })
  expect(Object.assign({}, token)).not.toHaveProperty('value')
})

test('an error says what it is, what to do and where to read on', () => {
  const error = new ZohoAuthError('ERR_ZOHO_THROTTLED', { retryAfterMs: 1_500, connection: 'acme' })
  expect(error.toJSON()).toEqual({
    name: 'ZohoAuthError',
    code: 'ERR_ZOHO_THROTTLED',
    message: expect.stringContaining('try again later'),
    statusCode: 503,
    retryable: true,
    retryAfterMs: 1_500,
    action: expect.stringContaining('retryAfterMs'),
    help: expect.stringMatching(/docs\/errors\.md#err_zoho_throttled$/),
    connection: 'acme',
  })
  expect(error.headers).toEqual({ 'Retry-After': '2' })
})

test('events can be undone, and a listener that throws disturbs nobody', async () => {
  const zoho: ZohoAuth = engine(await emulate())
  const seen: number[] = []
  const warned: string[] = []
  const onWarning = (warning: Error) => warned.push(warning.message)
  process.on('warning', onWarning)
  zoho.on('token.refreshed', () => {
    throw new Error('a bug in the app')
  })
  const off = zoho.on('token.refreshed', ({ generation }) => seen.push(generation))
  const token = await zoho.getToken()
  expect(seen).toEqual([token.generation])
  off()
  await zoho.getToken({ refused: token.value })
  expect(seen).toHaveLength(1)
  process.off('warning', onWarning)
  expect(warned.every((message) => message.includes('a bug in the app'))).toBe(true)
  expect(await codeOf(zoho.getToken())).toBeUndefined()
})
