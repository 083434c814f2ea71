import { expect, test } from '@jest/globals'
import { memoryTokenStore, type TokenStore } from '@zoho-auth/core'
import { until } from '../../../checks/support/waiting.mjs'
import { TokenBucket } from '../src/stores/budget.js'
import { byHand, calm, codeOf, turning } from './support.js'

const HOUR = 3_600_000

/** A shared store that can be switched off; `hang` never answers. */
function switchable(inner: TokenStore) {
  const control: { mode: 'up' | 'down' | 'hang'; calls: number } = { mode: 'up', calls: 0 }
  const guard =
    <Args extends unknown[], Result>(operation: (...args: Args) => Promise<Result>) =>
    (...args: Args): Promise<Result> => {
      control.calls += 1
      if (control.mode === 'down') return Promise.reject(new Error('ECONNREFUSED'))
      if (control.mode === 'hang') return new Promise(() => {})
      return operation(...args)
    }
  const store: TokenStore = {
    acquire: guard(inner.acquire.bind(inner)),
    commit: guard(inner.commit.bind(inner)),
    release: guard(inner.release.bind(inner)),
    invalidate: guard(inner.invalidate.bind(inner)),
    inspect: guard(inner.inspect.bind(inner)),
  }
  return { store, control }
}

async function withStore(expectedInstances: number) {
  const { store, control } = switchable(memoryTokenStore())
  const all = await byHand({ tokens: store, expectedInstances })
  return { ...all, control }
}

test.each(['down', 'hang'] as const)(
  'a store that is %s: tokens in memory are served, and it is said once',
  async (mode) => {
    const { clock, zoho, control, events, emulator } = await withStore(1_000_000)
    const token = await zoho.getToken()
    control.mode = mode
    expect(await zoho.getToken()).toBe(token)
    await clock.advance(HOUR - 240_000)
    for (let get = 0; get < 20; get++) {
      expect(await zoho.getToken()).toBe(token)
      await clock.advance(2_500)
    }
    expect(events.filter((name) => name === 'store.degraded')).toHaveLength(1)
    expect(emulator.counters.tokenRequests).toBe(1)
    control.mode = 'up'
    await clock.advance(1_000)
    expect(await zoho.getToken()).toBe(token)
    await until(() => events.includes('store.recovered') && emulator.counters.tokenRequests >= 2)
    await calm()
    expect(events.filter((name) => name === 'store.recovered')).toHaveLength(1)
    expect((await zoho.getToken()).generation).toBeGreaterThan(token.generation)
    expect(emulator.counters.tokenRequests).toBe(2)
  },
)

test('without a token and without a share of the fleet’s tokens: ERR_ZOHO_STORE, at once', async () => {
  const { zoho, control, emulator } = await withStore(1_000_000)
  control.mode = 'down'
  const error = await zoho.getToken().catch((thrown) => thrown)
  expect(error).toMatchObject({ code: 'ERR_ZOHO_STORE', statusCode: 503, retryable: true })
  expect(error.retryAfterMs).toBeGreaterThan(0)
  expect(emulator.counters.tokenRequests).toBe(0)
})

test('callers without a token do not hammer a store that is down', async () => {
  const { zoho, control } = await withStore(1_000_000)
  control.mode = 'down'
  for (let get = 0; get < 100; get++) expect(await codeOf(zoho.getToken())).toBe('ERR_ZOHO_STORE')
  expect(control.calls).toBeLessThanOrEqual(2)
})

test('a token is made without the store once the local share allows it, and never beyond it', async () => {
  const { clock, zoho, control, emulator } = await withStore(1)
  control.mode = 'down'
  let served = 0
  for (let minute = 0; minute < 60; minute++) {
    const got = await zoho.getToken({ rejectedToken: zoho.peekToken()?.value }).then(
      () => true,
      () => false,
    )
    if (got) served += 1
    await clock.advance(60_000)
  }
  // Two per ten minutes, and up to two at the start.
  expect(served).toBeGreaterThanOrEqual(10)
  expect(emulator.counters.tokensIssued).toBeLessThanOrEqual(14)
  expect(emulator.maxTokensInWindow()).toBeLessThanOrEqual(4)
})

test('a commit that fails is tried again behind; its caller has the token at once', async () => {
  const inner = memoryTokenStore()
  let failures = 2
  const store: TokenStore = {
    acquire: inner.acquire.bind(inner),
    release: inner.release.bind(inner),
    invalidate: inner.invalidate.bind(inner),
    inspect: inner.inspect.bind(inner),
    commit: (...args) => (failures-- > 0 ? Promise.reject(new Error('reset')) : inner.commit(...args)),
  }
  const { clock, zoho, emulator } = await byHand({ tokens: store, expectedInstances: 2 })
  const token = await zoho.getToken()
  expect(token.value).toBeTruthy()
  await turning(
    clock,
    until(() => failures < 0),
    300,
  )
  await calm()
  const other = (await byHand({ tokens: store, expectedInstances: 2, ...sameGrant(emulator) })).zoho
  expect((await other.getToken()).value).toBe(token.value)
  expect(emulator.counters.tokenRequests).toBe(1)
})

const sameGrant = (emulator: {
  clientId: string
  clientSecret: string
  refreshToken: string
  accountsUrl: string
}) => ({
  clientId: emulator.clientId,
  clientSecret: emulator.clientSecret,
  refreshToken: emulator.refreshToken,
  accountsUrl: emulator.accountsUrl,
})

test('two engines on one store share a token, a throttle and a dead grant', async () => {
  const store = memoryTokenStore()
  const one = await byHand({ tokens: store })
  const two = await byHand({ tokens: store, ...sameGrant(one.emulator) })
  const [first, second] = await Promise.all([
    one.zoho.getToken(),
    turning(two.clock, two.zoho.getToken(), 50),
  ])
  expect(first.value).toBe(second.value)
  expect(one.emulator.counters.tokenRequests).toBe(1)
  one.emulator.throttle()
  await codeOf(one.zoho.getToken({ rejectedToken: first.value }))
  expect(await codeOf(two.zoho.getToken({ rejectedToken: first.value }))).toBe('ERR_ZOHO_THROTTLED')
  expect(one.emulator.counters.tokenRequests).toBe(2)
})

test('the local share of many processes adds up to two per window, from the first moment', () => {
  let seed = 7
  const random = () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
    return seed / 2_147_483_648
  }
  const budget = { limit: 8, windowMs: 600_000 }
  const windows = 20
  for (const instances of [2, 10, 100]) {
    const buckets = Array.from({ length: instances }, () => new TokenBucket(budget, instances, 0, random))
    let taken = 0
    for (let now = 0; now <= windows * budget.windowMs; now += 5_000)
      for (const bucket of buckets) if (bucket.take(now).ok) taken += 1
    expect(taken / windows).toBeGreaterThan(1.5)
    expect(taken / windows).toBeLessThan(2.5)
  }
})
