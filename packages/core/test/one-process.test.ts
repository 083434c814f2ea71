import { describe, expect, test } from '@jest/globals'
import { memoryTokenStore, Token, type TokenStore } from '@zoho-auth/core'
import { ManualClock } from '@zoho-auth/core/testing'
import { whole } from '../../../checks/support/form.mjs'
import { answered, heldFetch, until } from '../../../checks/support/waiting.mjs'
import {
  breathe,
  byHand,
  CANDIDATES,
  codeOf,
  connectionsFor,
  emulate,
  engine,
  recruit,
  turning,
} from './support.js'

const HOUR = 3_600_000

test(`${whole(10_000)} callers with an empty cache, then at ${whole(100)} expiries: one token request each time, no error`, async () => {
  const { clock, emulator, zoho } = await byHand()
  for (let expiry = 0; expiry <= whole(100); expiry++) {
    const before = emulator.counters.tokenRequests
    const tokens = await Promise.all(Array.from({ length: whole(10_000) }, () => zoho.getToken()))
    expect(new Set(tokens).size).toBe(1)
    expect(tokens[0]?.expiresAt).toBe(clock.now() + HOUR)
    expect(emulator.counters.tokenRequests - before).toBe(1)
    await clock.advance(HOUR)
  }
  expect(emulator.maxTokensInWindow()).toBe(1)
}, 240_000)

test('100 requests in flight with a token that was just deleted: all succeed, one refresh', async () => {
  const emulator = await emulate()
  let calls = 0
  const zoho = engine(emulator, {
    // Right before the last of them is sent.
    fetch: (input, init) => {
      if (typeof input === 'string' && input.includes('judge=end') && ++calls === 100) emulator.killTokens()
      return fetch(input, init)
    },
  })
  await zoho.fetch(CANDIDATES, recruit)
  const flights = Array.from({ length: 100 }, (_, index) =>
    zoho.fetch(`${CANDIDATES}?judge=end&delay=${20 + (index % 10) * 20}`, recruit),
  )
  const answers = await Promise.all(flights)
  expect(answers.map(({ status }) => status)).toEqual(Array(100).fill(200))
  expect(emulator.counters.tokenRequests).toBe(2)
})

test('a refusal of a token that was replaced meanwhile costs no refresh', async () => {
  const emulator = await emulate()
  const zoho = engine(emulator)
  const old = await zoho.getAccessToken()
  const fresh = await zoho.getToken({ rejectedToken: old })
  expect(fresh.value).not.toBe(old)
  const late = await Promise.all(Array.from({ length: 50 }, () => zoho.getToken({ rejectedToken: old })))
  expect(late.every((token) => token === fresh)).toBe(true)
  expect(emulator.counters.tokenRequests).toBe(2)
})

test('a stream of gets across expiries: nobody waits, no dead token is handed out', async () => {
  const { clock, emulator, zoho } = await byHand()
  await zoho.getToken()
  let waited = 0
  for (let minute = 0; minute < 300; minute++) {
    await clock.advance(60_000)
    let settled = false
    const get = zoho.getToken().then((token) => {
      settled = true
      return token
    })
    // Handed out from memory: no more than promises in between.
    for (let lease = 0; lease < 20 && !settled; lease++) await Promise.resolve()
    if (!settled) waited += 1
    const token = await get
    expect(token.expiresAt).toBeGreaterThan(clock.now())
    expect(emulator.liveTokens().some(({ accessToken }) => accessToken === token.value)).toBe(true)
    await breathe(2)
    await answered()
  }
  expect(waited).toBe(0)
  // One at the start, then one each 50 to 55 minutes.
  expect(emulator.counters.tokenRequests).toBeLessThanOrEqual(8)
  expect(emulator.counters.tokenRequests).toBeGreaterThanOrEqual(6)
})

test('refresh-ahead starts 5 to 10 minutes before expiry, and once', async () => {
  const { clock, emulator, zoho } = await byHand()
  const first = await zoho.getToken()
  await clock.advance(HOUR - 600_001)
  expect(await zoho.getToken()).toBe(first)
  expect(emulator.counters.tokenRequests).toBe(1)
  await clock.advance(300_001)
  expect(await Promise.all(Array.from({ length: 100 }, () => zoho.getToken()))).toEqual(
    Array(100).fill(first),
  )
  await until(async () => (await zoho.getToken()).generation > first.generation)
  expect(emulator.counters.tokenRequests).toBe(2)
})

test('a token in its last 30 seconds is not handed out', async () => {
  const { clock, emulator, zoho } = await byHand()
  const first = await zoho.getToken()
  await clock.advance(HOUR - 30_000)
  const second = await zoho.getToken()
  expect(second).not.toBe(first)
  expect(emulator.counters.tokenRequests).toBe(2)
})

test('tokens that live for seconds work', async () => {
  const { clock, emulator, zoho } = await byHand({ budget: { windowMs: 1_000 } }, { speed: 600 })
  for (let round = 0; round < 20; round++) {
    const token = await zoho.getToken()
    expect(token.expiresAt).toBe(clock.now() + 6_000)
    await clock.advance(5_960)
  }
  expect(emulator.counters.tokenRequests).toBe(20)
})

test('a caller’s signal ends its own wait and nobody else’s', async () => {
  const emulator = await emulate({ latencyMs: 100 })
  const zoho = engine(emulator)
  const controller = new AbortController()
  const impatient = zoho.getToken({ signal: controller.signal })
  const patient = zoho.getToken()
  const reason = new Error('the user left')
  controller.abort(reason)
  await expect(impatient).rejects.toBe(reason)
  expect((await patient).value).toBeTruthy()
  await expect(
    zoho.getToken({ signal: AbortSignal.abort(reason), rejectedToken: await zoho.getAccessToken() }),
  ).rejects.toBe(reason)
  expect(emulator.counters.tokenRequests).toBe(1)
})

test('peekToken is synchronous and starts nothing', async () => {
  const { clock, emulator, zoho } = await byHand()
  expect(zoho.peekToken()).toBeUndefined()
  expect(emulator.counters.tokenRequests).toBe(0)
  const token = await zoho.getToken()
  expect(zoho.peekToken()).toBe(token)
  await clock.advance(HOUR - 200_000)
  expect(zoho.peekToken()).toBeUndefined()
  expect(emulator.counters.tokenRequests).toBe(1)
})

test(`${whole(1_000)} connections at once cost one token each`, async () => {
  const clock = new ManualClock()
  const emulator = await emulate({ clock })
  const ids = Array.from({ length: whole(1_000) }, (_, index) => `customer-${index}`)
  const zoho = engine(emulator, { connections: connectionsFor(emulator, ids), clock })
  const tokens = await Promise.all([...ids, ...ids].map((connection) => zoho.getToken({ connection })))
  expect(new Set(tokens.map(({ value }) => value)).size).toBe(ids.length)
  expect(emulator.counters.tokenRequests).toBe(ids.length)
})

test('after close nothing is handed out, and the error says why', async () => {
  const emulator = await emulate()
  const zoho = engine(emulator)
  await zoho.getToken()
  await zoho.close()
  await zoho.close()
  expect(await codeOf(zoho.getToken())).toBe('ERR_ZOHO_CONFIG')
  await expect(zoho.getToken()).rejects.toThrow('closed')
  expect(emulator.counters.tokenRequests).toBe(1)
})

test('close lets a refresh under way finish', async () => {
  const emulator = await emulate()
  const { fetch, held, release } = heldFetch()
  const zoho = engine(emulator, { fetch })
  const token = zoho.getToken()
  await held()
  const closed = zoho.close()
  release()
  await closed
  expect((await token).value).toBeTruthy()
})

describe('a refresh that outlives its token', () => {
  // A machine slept for two hours during the POST, and the token that was waiting for it was handed out an hour dead.
  test.each(['the answer', 'the commit', 'the look at the store'] as const)(
    'the machine sleeps during %s: no dead token is handed out',
    async (when) => {
      const clock = new ManualClock()
      let sleeps = 1
      const sleep = () => {
        if (sleeps-- > 0) clock.jump(7_200_000)
      }
      const emulator = await emulate({ clock })
      const inner = memoryTokenStore({ clock })
      const after = <T>(step: typeof when, result: T): T => {
        if (step === when) sleep()
        return result
      }
      const tokens = {
        ...storeOf(inner),
        acquire: async (...args: Parameters<typeof inner.acquire>) =>
          after('the look at the store', await inner.acquire(...args)),
        commit: async (...args: Parameters<typeof inner.commit>) =>
          after('the commit', await inner.commit(...args)),
      }
      const zoho = engine(emulator, {
        clock,
        tokens,
        logger: { warn: () => {} },
        fetch: async (url, init) => {
          const response = await fetch(url, init)
          const body = await response.arrayBuffer()
          if (when === 'the answer') sleep()
          return new Response(body, { status: response.status })
        },
      })
      const got = await turning(clock, zoho.getToken()).catch((error: unknown) => error)
      if (got instanceof Token) expect(got.expiresAt).toBeGreaterThan(clock.now())
      else expect(got).toMatchObject({ code: expect.stringMatching(/^ERR_ZOHO_/), retryable: true })
      await clock.advance(10_000)
      const next = await turning(clock, zoho.getToken())
      expect(next.expiresAt).toBeGreaterThan(clock.now())
      expect(emulator.liveTokens().map(({ accessToken }) => accessToken)).toContain(next.value)
    },
  )
})

const storeOf = (store: TokenStore): TokenStore => ({
  acquire: (key, request) => store.acquire(key, request),
  commit: (key, lease, value, lifeMs) => store.commit(key, lease, value, lifeMs),
  release: (key, lease, options) => store.release(key, lease, options),
  invalidate: (key, cooldown) => store.invalidate(key, cooldown),
  inspect: (key) => store.inspect(key),
})
