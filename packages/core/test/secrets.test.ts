import { inspect } from 'node:util'
import { describe, expect, test } from '@jest/globals'
import {
  createZohoAuth,
  EVENT_NAMES,
  memoryTokenStore,
  type ZohoAuth,
  ZohoAuthError,
  type ZohoAuthOptions,
} from '@zoho-auth/core'
import type { Fault } from '@zoho-auth/emulator'
import {
  byHand,
  CANDIDATES,
  closing,
  codeOf,
  connection,
  emulate,
  engine,
  recruit,
  turning,
} from './support.js'

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
    for (const name of EVENT_NAMES) zoho.on(name, (event) => output.push(sinks(event)))
    const warm = await turning(clock, zoho.fetch(CANDIDATES, recruit), 200)
    const token = await zoho.getToken()
    emulator.fault(fault)
    const results = [
      await turning(clock, zoho.fetch(CANDIDATES, recruit)).catch((error) => error),
      await turning(clock, zoho.getToken({ rejectedToken: token.value })).catch((error) => error),
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
  await zoho.getToken({ rejectedToken: token.value })
  expect(seen).toHaveLength(1)
  process.off('warning', onWarning)
  expect(warned.every((message) => message.includes('a bug in the app'))).toBe(true)
  expect(await codeOf(zoho.getToken())).toBeUndefined()
})

describe('secrets are masked by value, whatever they look like', () => {
  // Only what is shaped like Zoho's tokens was masked: a secret of another shape, echoed by a server or printed by a driver,
  // stood in `cause`, in events and in `status()`.
  const CLIENT_SECRET = 'swordfish/of 2026+&=%'
  const REFRESH_TOKEN = 'a-refresh-token-of-no-shape'
  const ACCESS_TOKEN = 'an-access-token-of-no-shape'
  const SECRETS = [CLIENT_SECRET, REFRESH_TOKEN, ACCESS_TOKEN, encodeURIComponent(CLIENT_SECRET)]

  const bodyOf = async (init: RequestInit | undefined): Promise<string> =>
    decodeURIComponent(await new Response(init?.body).text()).replaceAll('+', ' ')
  const token = (): Response => Response.json({ access_token: ACCESS_TOKEN, expires_in: 3600 })

  const cases: [name: string, options: (state: { calls: number }) => ZohoAuthOptions][] = [
    [
      'an accounts server that echoes the request',
      () => ({ fetch: async (_url, init) => Response.json({ error: await bodyOf(init) }, { status: 500 }) }),
    ],
    [
      'one that echoes it where a message is cut',
      () => ({
        fetch: async () => Response.json({ error: `${'x'.repeat(70)}${REFRESH_TOKEN}` }, { status: 500 }),
      }),
    ],
    [
      'one that echoes it as api_domain',
      () => ({
        fetch: async () => Response.json({ access_token: ACCESS_TOKEN, api_domain: `x:${REFRESH_TOKEN}` }),
      }),
    ],
    [
      'a fetch that quotes what it could not send',
      () => ({
        fetch: async (url, init) => {
          throw new Error(`POST ${new Request(url).url} failed: ${await bodyOf(init)}`, {
            cause: Object.assign(new Error(`proxy said no to ${REFRESH_TOKEN}`), { code: 'ECONNRESET' }),
          })
        },
      }),
    ],
    [
      'a token store whose driver prints its arguments',
      ({ calls }) => ({
        fetch: async () => token(),
        tokens: Object.fromEntries(
          ['acquire', 'commit', 'release', 'invalidate', 'inspect'].map((name) => [
            name,
            async (...args: unknown[]) => {
              const inner = memoryTokenStore() as never as Record<string, (...all: unknown[]) => unknown>
              if (name === 'acquire' && calls++ === 0) return inner.acquire?.(...args)
              throw new Error(`ERR ${name} ${JSON.stringify(args)} ${ACCESS_TOKEN}`)
            },
          ]),
        ) as never,
      }),
    ],
    [
      'a database that prints the row',
      () => ({
        connections: async (id) => {
          if (id === 'broken') throw new Error(`duplicate key: (${REFRESH_TOKEN}, ${CLIENT_SECRET})`)
          return connection(id, REFRESH_TOKEN)
        },
        refreshToken: undefined,
        fetch: async () => token(),
      }),
    ],
  ]

  test.each(cases)('%s', async (_name, options) => {
    const output: string[] = []
    const zoho = closing(
      createZohoAuth({
        clientId: 'the-client-id',
        clientSecret: CLIENT_SECRET,
        refreshToken: REFRESH_TOKEN,
        maxWaitMs: 300,
        logger: { warn: (line) => output.push(line), debug: (line) => output.push(line) },
        ...options({ calls: 0 }),
      }),
    )
    for (const name of EVENT_NAMES) zoho.on(name, (event) => output.push(sinks(event)))
    const ids = zoho.connectionId().then(
      () => [undefined],
      () => ['acme', 'broken'],
    )
    for (const id of await ids) {
      const results = [
        await zoho.getToken({ connection: id }).catch((error: unknown) => error),
        await zoho.revoke({ connection: id }).catch((error: unknown) => error),
        await zoho.status(id).catch((error: unknown) => error),
      ]
      output.push(...results.map(sinks))
    }
    const text = output.join('\n')
    for (const secret of SECRETS) expect(text).not.toContain(secret)
    // Nor a part of one.
    expect(text).not.toContain(REFRESH_TOKEN.slice(0, 10))
  })
})
