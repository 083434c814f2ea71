import { describe, expect, test } from '@jest/globals'
import { createZohoAuth, memoryTokenStore, type TokenStore, type ZohoAuthError } from '@zoho-auth/core'
import { ManualClock } from '@zoho-auth/core/testing'
import { QUICK } from '../../../checks/support/form.mjs'
import { answered, until } from '../../../checks/support/waiting.mjs'
import { byHand, closing, codeOf, connection, connectionsFor, emulate, engine, turning } from './support.js'

const ids = (count: number): string[] => Array.from({ length: count }, (_, index) => `customer-${index}`)

/** A `fetch` whose requests go on to the emulator one by one, when the test lets them. */
function steppedFetch() {
  const waiting: (() => void)[] = []
  const seen: string[] = []
  let underWay = 0
  let most = 0
  let open = false
  const stepped: typeof globalThis.fetch = async (input, init) => {
    const refreshToken =
      new URLSearchParams(init?.body as string | URLSearchParams).get('refresh_token') ?? ''
    seen.push(refreshToken)
    underWay += 1
    most = Math.max(most, underWay)
    try {
      if (!open) await new Promise<void>((go) => waiting.push(go))
      init?.signal?.throwIfAborted()
      return await fetch(input, init)
    } finally {
      underWay -= 1
    }
  }
  return {
    fetch: stepped,
    /** The refresh tokens of all requests, in the order in which they were sent. */
    seen,
    most: () => most,
    underWay: () => underWay,
    sent: (count: number) => until(() => seen.length >= count, `${count} requests are sent`),
    /** Lets the oldest requests go on. */
    step: () => waiting.shift()?.(),
    release: () => {
      open = true
      for (const go of waiting.splice(0)) go()
    },
  }
}

/** An engine with room for few requests, whose requests are let go one by one. */
async function narrow(count: number, options: Parameters<typeof engine>[1] = {}) {
  const clock = new ManualClock()
  const emulator = await emulate({ clock })
  const names = ids(count)
  const connections = connectionsFor(emulator, names)
  const steps = steppedFetch()
  const zoho = engine(emulator, {
    connections,
    clock,
    fetch: steps.fetch,
    maxConcurrentRefreshes: 2,
    ...options,
  })
  const order = async () => Promise.all(steps.seen.map((token) => nameOf(token)))
  const nameOf = async (token: string) => {
    for (const name of names) if ((await connections.get(name))?.refreshToken === token) return name
    return token
  }
  return { clock, emulator, names, connections, steps, zoho, order }
}

/** A store in memory as one that is not known to be in this process. */
function shared(inner: TokenStore): TokenStore {
  return {
    acquire: (key, request) => inner.acquire(key, request),
    commit: (key, lease, value, lifeMs) => inner.commit(key, lease, value, lifeMs),
    release: (key, lease, options) => inner.release(key, lease, options),
    invalidate: (key, cooldown) => inner.invalidate(key, cooldown),
    inspect: (key) => inner.inspect(key),
  }
}

async function failure(work: Promise<unknown>): Promise<ZohoAuthError> {
  return work.then(
    () => {
      throw new Error('it did not fail')
    },
    (error) => error as ZohoAuthError,
  )
}

const slow = QUICK ? test.skip : test

describe('room for requests to the accounts servers', () => {
  test('500 connections at once: never more than the limit under way, one request each, first come, first served', async () => {
    const { names, steps, zoho, order } = await narrow(500, { maxConcurrentRefreshes: 20 })
    const all = Promise.all(names.map((connection) => zoho.getToken({ connection })))
    await steps.sent(20)
    expect(await zoho.status('customer-499')).toMatchObject({
      requests: { underWay: 20, queued: 480, max: 20 },
    })
    steps.release()
    expect(new Set((await all).map(({ value }) => value)).size).toBe(500)
    expect(steps.most()).toBe(20)
    expect(await order()).toEqual(names)
    await until(async () => (await zoho.status('customer-0')).requests.underWay === 0)
    expect((await zoho.status('customer-0')).requests).toEqual({ underWay: 0, queued: 0, max: 20 })
  })

  test('one hundred, unless told otherwise', async () => {
    const { names, steps, zoho } = await narrow(150, { maxConcurrentRefreshes: undefined })
    const all = Promise.all(names.map((connection) => zoho.getToken({ connection })))
    await steps.sent(100)
    expect((await zoho.status('customer-0')).requests).toEqual({ underWay: 100, queued: 50, max: 100 })
    steps.release()
    await all
    expect(steps.most()).toBe(100)
  })

  test('who has to wait is told in an event, with how many go before', async () => {
    const { names, steps, zoho } = await narrow(5)
    const queued: unknown[] = []
    zoho.on('refresh.queued', (event) => queued.push(event))
    const all = Promise.all(names.map((connection) => zoho.getToken({ connection })))
    await steps.sent(2)
    await until(() => queued.length === 3)
    expect(queued).toEqual([
      { connection: 'customer-2', before: 0, underWay: 2 },
      { connection: 'customer-3', before: 1, underWay: 2 },
      { connection: 'customer-4', before: 2, underWay: 2 },
    ])
    steps.release()
    await all
  })

  test('callers of one connection take one place, and those who ask later do not go before others', async () => {
    const { names, steps, zoho, order } = await narrow(4)
    const all = [...names, 'customer-3', 'customer-2'].map((connection) => zoho.getToken({ connection }))
    await steps.sent(2)
    all.push(zoho.getToken({ connection: 'customer-2' }))
    steps.release()
    await Promise.all(all)
    expect(await order()).toEqual(names)
  })

  test('a caller’s own signal takes it out of the queue, and nothing is sent for it', async () => {
    const { names, steps, zoho, order } = await narrow(4)
    const leaving = new AbortController()
    const [first, second, third, fourth] = names.map((connection) =>
      zoho.getToken({ connection, signal: connection === 'customer-2' ? leaving.signal : undefined }),
    )
    await steps.sent(2)
    await until(async () => (await zoho.status('customer-0')).requests.queued === 2)
    const reason = new Error('the user left')
    leaving.abort(reason)
    await expect(third).rejects.toBe(reason)
    expect((await zoho.status('customer-0')).requests.queued).toBe(1)
    steps.release()
    await Promise.all([first, second, fourth])
    expect(await order()).toEqual(['customer-0', 'customer-1', 'customer-3'])
    // Nothing is left behind: the next caller is served.
    await zoho.getToken({ connection: 'customer-2' })
    expect(steps.seen).toHaveLength(4)
  })

  test('the place is kept while anybody waits for it', async () => {
    const { names, steps, zoho } = await narrow(3)
    const leaving = new AbortController()
    const others = names.map((connection) => zoho.getToken({ connection }))
    const one = zoho.getToken({ connection: 'customer-2', signal: leaving.signal })
    await steps.sent(2)
    await until(async () => (await zoho.status('customer-0')).requests.queued === 1)
    leaving.abort(new Error('the user left'))
    await expect(one).rejects.toThrow('the user left')
    steps.release()
    await Promise.all(others)
    expect(steps.seen).toHaveLength(3)
  })

  test('a request’s own time-out starts when it is sent', async () => {
    const { clock, steps, zoho } = await narrow(2, { maxConcurrentRefreshes: 1, maxWaitMs: 60_000 })
    const first = zoho.getToken({ connection: 'customer-0' })
    await steps.sent(1)
    const second = zoho.getToken({ connection: 'customer-1' })
    await clock.advance(7_999)
    steps.step()
    await first
    await steps.sent(2)
    await clock.advance(7_999)
    steps.step()
    expect((await second).value).toBeTruthy()
    expect(steps.seen).toHaveLength(2)
  })

  test('the shared store is not asked for a lease before there is room', async () => {
    const asked: string[] = []
    const inner = memoryTokenStore()
    const tokens: TokenStore = {
      ...shared(inner),
      acquire: (key, request) => {
        asked.push(key)
        return inner.acquire(key, request)
      },
    }
    const { names, steps, zoho } = await narrow(30, { tokens })
    const all = Promise.all(names.map((connection) => zoho.getToken({ connection })))
    await steps.sent(2)
    expect(asked).toHaveLength(2)
    steps.release()
    await all
    expect(asked).toHaveLength(30)
  })

  test('what another process has made is handed out although there is no room', async () => {
    const clock = new ManualClock()
    const emulator = await emulate({ clock })
    const connections = connectionsFor(emulator, ids(3))
    // Not known as a store in memory, so that it counts as shared.
    const tokens = shared(memoryTokenStore({ clock }))
    const other = engine(emulator, { connections, clock, tokens })
    const made = await other.getToken({ connection: 'customer-2' })
    const steps = steppedFetch()
    const zoho = engine(emulator, {
      connections,
      clock,
      tokens,
      fetch: steps.fetch,
      maxConcurrentRefreshes: 1,
    })
    const waiting = ids(2).map((connection) => zoho.getToken({ connection }))
    await steps.sent(1)
    expect((await zoho.getToken({ connection: 'customer-2' })).value).toBe(made.value)
    expect(steps.seen).toHaveLength(1)
    steps.release()
    await Promise.all(waiting)
  })

  test('what the store forbids is told although there is no room', async () => {
    const clock = new ManualClock()
    const emulator = await emulate({ clock })
    const connections = connectionsFor(emulator, ids(2))
    const tokens = shared(memoryTokenStore({ clock }))
    const other = engine(emulator, { connections, clock, tokens })
    emulator.throttle()
    expect(await codeOf(other.getToken({ connection: 'customer-1' }))).toBe('ERR_ZOHO_THROTTLED')
    emulator.unthrottle()
    const steps = steppedFetch()
    const zoho = engine(emulator, {
      connections,
      clock,
      tokens,
      fetch: steps.fetch,
      maxConcurrentRefreshes: 1,
    })
    const waiting = zoho.getToken({ connection: 'customer-0' })
    await steps.sent(1)
    expect(await codeOf(zoho.getToken({ connection: 'customer-1' }))).toBe('ERR_ZOHO_THROTTLED')
    steps.release()
    await waiting
  })

  test('connections are looked up twenty at a time while there is no room', async () => {
    const clock = new ManualClock()
    const emulator = await emulate({ clock })
    const store = connectionsFor(emulator, ids(200))
    let lookups = 0
    let most = 0
    const connections = async (id: string) => {
      most = Math.max(most, ++lookups)
      await new Promise((resolve) => setImmediate(resolve))
      lookups -= 1
      return store.get(id)
    }
    const zoho = engine(emulator, { connections, clock, maxConcurrentRefreshes: 2 })
    await Promise.all(ids(200).map((connection) => zoho.getToken({ connection })))
    expect(emulator.counters.tokenRequests).toBe(200)
    // Each is looked at again once its token is there, outside of the twenty.
    expect(most).toBeLessThanOrEqual(22)
  })

  test('a consent and a revocation go before refreshes that wait', async () => {
    const { names, steps, zoho, connections } = await narrow(6)
    const granted = (await connections.get('customer-5'))?.refreshToken
    const refreshes = names.slice(0, 5).map((connection) => zoho.getToken({ connection }))
    await steps.sent(2)
    await until(async () => (await zoho.status('customer-0')).requests.queued === 3)
    const revoked = zoho.revoke({ connection: 'customer-5' })
    await until(async () => (await zoho.status('customer-0')).requests.queued === 4)
    steps.step()
    await steps.sent(3)
    expect(steps.seen[2]).not.toBe((await connections.get('customer-2'))?.refreshToken)
    steps.release()
    await Promise.all([revoked, ...refreshes])
    expect(await codeOf(zoho.getToken({ connection: 'customer-5' }))).toBe('ERR_ZOHO_REVOKED')
    expect(granted).toBeTruthy()
    expect(steps.most()).toBe(2)
  })

  test('close tells those who wait in the queue at once, and lets what was sent finish', async () => {
    const { names, steps, zoho } = await narrow(6)
    const all = names.map((connection) => zoho.getToken({ connection }))
    await steps.sent(2)
    await until(async () => (await zoho.status('customer-0')).requests.queued === 4)
    const closed = zoho.close()
    expect(await Promise.all(all.slice(2).map((one) => codeOf(one)))).toEqual(
      Array(4).fill('ERR_ZOHO_CONFIG'),
    )
    steps.release()
    await closed
    expect((await Promise.all(all.slice(0, 2))).every(({ value }) => value !== '')).toBe(true)
    expect(steps.seen).toHaveLength(2)
  })

  slow('a refresh that nobody waits for does not begin behind ten thousand others', async () => {
    const { clock, connections, emulator, steps } = await narrow(1)
    const refreshToken = (await connections.get('customer-0'))?.refreshToken ?? ''
    const zoho = engine(emulator, {
      connections: async (id) => connection(id, id === 'stale' ? refreshToken : `the-refresh-token-of-${id}`),
      clock,
      fetch: steps.fetch,
      maxConcurrentRefreshes: 1,
    })
    const get = zoho.getToken({ connection: 'stale' })
    await steps.sent(1)
    steps.step()
    const token = await get
    await clock.advance(3_600_000 - 200_000)
    const queued = async () => (await zoho.status('stale')).requests.queued
    const leaving = new AbortController()
    const more = (from: number, to: number) => {
      for (let index = from; index < to; index++)
        zoho.getToken({ connection: `other-${index}`, signal: leaving.signal }).catch(() => {})
    }
    more(0, 10_001)
    await until(async () => (await queued()) === 10_000)
    expect(await zoho.getToken({ connection: 'stale' })).toBe(token)
    expect(await queued()).toBe(10_000)
    leaving.abort()
    await until(async () => (await queued()) === 0)
    expect(await zoho.getToken({ connection: 'stale' })).toBe(token)
    await until(async () => (await queued()) === 1)
    steps.release()
  })

  test('a refresh that nobody waits for keeps its place', async () => {
    const { clock, names, steps, zoho } = await narrow(3, { maxConcurrentRefreshes: 1 })
    steps.release()
    for (const connection of names) await zoho.getToken({ connection })
    await clock.advance(3_600_000 - 200_000)
    // All are stale: handed out, with a refresh behind each.
    for (const connection of names) await zoho.getToken({ connection })
    await until(() => steps.seen.length === 6)
    await answered()
    expect(steps.most()).toBe(1)
  })
})

describe('a caller’s patience', () => {
  /** What a caller can wait for, and what has to be seen before its time starts to run. */
  const waits: readonly [string, (rig: Awaited<ReturnType<typeof narrow>>) => Promise<void>, RegExp][] = [
    [
      'room among the requests',
      async ({ zoho, steps }) => {
        zoho.getToken({ connection: 'customer-0' }).catch(() => {})
        zoho.getToken({ connection: 'customer-1' }).catch(() => {})
        await steps.sent(2)
      },
      /There was no room: 2 requests .* \(maxConcurrentRefreshes\) and 1 wait/,
    ],
    ['the request', async () => {}, /The accounts server had not answered/],
  ]

  test.each(waits)('ends while it waits for %s', async (_, prepare, action) => {
    const rig = await narrow(3, { timeoutMs: 60_000 })
    const { clock, steps, zoho } = rig
    await prepare(rig)
    const before = steps.seen.length
    const startedAt = clock.now()
    const late = failure(zoho.getToken({ connection: 'customer-2' }))
    await until(async () => {
      const { queued, underWay } = (await zoho.status('customer-0')).requests
      return queued + underWay === before + 1
    })
    await clock.advance(9_999)
    expect(await Promise.race([late, Promise.resolve('waits')])).toBe('waits')
    await clock.advance(1)
    const error = await late
    expect(clock.now() - startedAt).toBe(10_000)
    expect(error).toMatchObject({ code: 'ERR_ZOHO_UNAVAILABLE', retryable: true, statusCode: 503 })
    expect(error.retryAfterMs).toBeGreaterThanOrEqual(1_000)
    expect(error.action).toMatch(action)
    expect(error.action).toContain('10000 ms (maxWaitMs)')
    steps.release()
  })

  test('ends while another process is refreshing', async () => {
    const clock = new ManualClock()
    const emulator = await emulate({ clock })
    const tokens = memoryTokenStore({ clock })
    const steps = steppedFetch()
    const other = engine(emulator, { clock, tokens, fetch: steps.fetch, timeoutMs: 60_000 })
    const zoho = engine(emulator, { clock, tokens, timeoutMs: 60_000, maxWaitMs: 3_000 })
    const refreshing = other.getToken({ signal: AbortSignal.timeout(60_000) })
    refreshing.catch(() => {})
    await steps.sent(1)
    const startedAt = clock.now()
    const error = await failure(turning(clock, zoho.getToken(), 100))
    expect(error).toMatchObject({ code: 'ERR_ZOHO_UNAVAILABLE' })
    expect(error.action).toMatch(/Another process is refreshing/)
    expect(clock.now() - startedAt).toBeLessThanOrEqual(3_200)
    steps.release()
  })

  test('ends in the middle of a second attempt, and says what became of the first', async () => {
    const { clock, emulator, zoho } = await byHand({ timeoutMs: 4_000, maxWaitMs: 6_000 })
    emulator.fault({ on: 'token', kind: 'hang', times: 2 })
    const startedAt = clock.now()
    const error = await failure(turning(clock, zoho.getToken(), 100))
    expect(clock.now() - startedAt).toBe(6_000)
    expect(error).toMatchObject({ code: 'ERR_ZOHO_UNAVAILABLE', cause: { code: 'ERR_ZOHO_TIMEOUT' } })
  })

  test('ends while the app’s own lookup does not answer', async () => {
    const clock = new ManualClock()
    const emulator = await emulate({ clock })
    const zoho = engine(emulator, { clock, connections: () => new Promise(() => {}), maxWaitMs: 2_000 })
    const startedAt = clock.now()
    const told = [
      zoho.getToken({ connection: 'acme' }),
      zoho.fetch(`${emulator.url}/x`, { connection: 'acme' }),
    ]
    for (const work of told) {
      const code = await codeOf(turning<unknown>(clock, work, 100))
      expect(['ERR_ZOHO_UNAVAILABLE', 'ERR_ZOHO_STORE']).toContain(code)
    }
    expect(clock.now() - startedAt).toBeLessThanOrEqual(4_200)
  })

  test('covers the first sending and the replays of one request together', async () => {
    const { clock, emulator, zoho } = await byHand({ maxWaitMs: 5_000, timeoutMs: 60_000 })
    emulator.fault({ on: 'token', kind: 'latency', ms: 4_000 })
    const token = turning(clock, zoho.fetch('/recruit/v2/Candidates', { product: 'recruit' }), 100)
    expect((await token).status).toBe(200)
    emulator.killTokens()
    emulator.fault({ on: 'token', kind: 'hang' })
    const startedAt = clock.now()
    expect(
      await codeOf(turning(clock, zoho.fetch('/recruit/v2/Candidates', { product: 'recruit' }), 100)),
    ).toBe('ERR_ZOHO_UNAVAILABLE')
    expect(clock.now() - startedAt).toBeLessThanOrEqual(5_200)
  })

  test('who gives up in the queue costs no request, then or later', async () => {
    const { clock, emulator, steps, zoho } = await narrow(100, { timeoutMs: 60_000 })
    const errors = Promise.all(
      ids(100)
        .slice(2)
        .map((connection, index) => {
          if (index === 0) for (const first of ids(2)) zoho.getToken({ connection: first }).catch(() => {})
          return failure(zoho.getToken({ connection }))
        }),
    )
    await steps.sent(2)
    await until(async () => (await zoho.status('customer-0')).requests.queued === 98)
    await clock.advance(10_000)
    expect(new Set((await errors).map(({ code }) => code))).toEqual(new Set(['ERR_ZOHO_UNAVAILABLE']))
    steps.release()
    await until(() => steps.underWay() === 0)
    await answered()
    expect(steps.seen).toHaveLength(2)
    // What was sent came to something although nobody waited for it any more.
    const requests = emulator.counters.tokenRequests
    await Promise.all(ids(2).map((connection) => zoho.getToken({ connection })))
    expect(emulator.counters.tokenRequests).toBe(requests)
  })

  test('who is turned away is told to come back evenly over the time that the queue takes', async () => {
    const { clock, steps, zoho } = await narrow(402, { timeoutMs: 60_000 })
    const all = ids(402).map((connection) => failure(zoho.getToken({ connection })))
    await steps.sent(2)
    await until(async () => (await zoho.status('customer-0')).requests.queued === 400)
    await clock.advance(10_000)
    const retries = (await Promise.all(all.slice(2))).map(({ retryAfterMs = 0 }) => retryAfterMs)
    // 400 requests, two at a time, half a second each as long as nobody knows better: 100 seconds.
    expect(Math.min(...retries)).toBeGreaterThanOrEqual(1_000)
    expect(Math.max(...retries)).toBeLessThanOrEqual(103_000)
    const perTenth = Array.from(
      { length: 7 },
      (_, tenth) => retries.filter((ms) => ms >= tenth * 10_000 && ms < (tenth + 1) * 10_000).length,
    )
    for (const count of perTenth) expect(count).toBeGreaterThan(20)
    for (const count of perTenth) expect(count).toBeLessThan(120)
    steps.release()
  })

  test('a request is not sent for a caller who would not be there for the answer', async () => {
    const { clock, steps, zoho } = await narrow(40, { maxConcurrentRefreshes: 1, timeoutMs: 60_000 })
    // Answers take three seconds: after some, that is known.
    for (let index = 0; index < 30; index++) {
      const token = zoho.getToken({ connection: `customer-${index}` })
      await steps.sent(index + 1)
      await clock.advance(3_000)
      steps.step()
      await token
    }
    const one = zoho.getToken({ connection: 'customer-30' })
    await steps.sent(31)
    const early = zoho.getToken({ connection: 'customer-31' })
    const late = failure(zoho.getToken({ connection: 'customer-32' }))
    await until(async () => (await zoho.status('customer-0')).requests.queued === 2)
    await clock.advance(3_000)
    steps.step()
    await one
    await steps.sent(32)
    await clock.advance(3_000)
    steps.step()
    await early
    // Four seconds are left, and half as much again as the usual three would be needed.
    expect((await late).code).toBe('ERR_ZOHO_UNAVAILABLE')
    expect(steps.seen).toHaveLength(32)
  })

  test('10 000 callers of one connection wait no longer, and cost one request', async () => {
    const { clock, steps, zoho } = await narrow(1, { timeoutMs: 60_000 })
    const errors = Promise.all(
      Array.from({ length: 10_000 }, () => codeOf(zoho.getToken({ connection: 'customer-0' }))),
    )
    await steps.sent(1)
    await clock.advance(5_000)
    const later = zoho.getToken({ connection: 'customer-0' })
    await clock.advance(5_000)
    expect(new Set(await errors)).toEqual(new Set(['ERR_ZOHO_UNAVAILABLE']))
    // Who came five seconds later still waits, and is served.
    steps.release()
    expect((await later).value).toBeTruthy()
    expect(steps.seen).toHaveLength(1)
  })
})

describe('warm', () => {
  test('fills the cache at its own rate', async () => {
    const clock = new ManualClock()
    const emulator = await emulate({ clock })
    const zoho = engine(emulator, { connections: connectionsFor(emulator, ids(20)), clock })
    const startedAt = clock.now()
    const reports: number[] = []
    const report = await turning(
      clock,
      zoho.warm(ids(20), { perSecond: 4, onProgress: ({ warmed }) => reports.push(warmed) }),
      250,
    )
    expect(report).toEqual({ seen: 20, warmed: 20, failed: [] })
    expect(reports.at(-1)).toBe(20)
    expect(clock.now() - startedAt).toBeGreaterThanOrEqual(19 * 250)
    expect(emulator.counters.tokenRequests).toBe(20)
    for (const connection of ids(20)) expect(zoho.peekToken({ connection })).toBeDefined()
  })

  test('leaves half of the room to callers', async () => {
    const { clock, steps, zoho } = await narrow(9, { maxConcurrentRefreshes: 4, timeoutMs: 60_000 })
    const warming = zoho.warm(ids(8), { perSecond: 10_000 })
    await turning(clock, steps.sent(2), 1)
    await clock.advance(1_000)
    expect(steps.seen).toHaveLength(2)
    const caller = zoho.getToken({ connection: 'customer-8' })
    await steps.sent(3)
    steps.release()
    await caller
    expect(await turning(clock, warming, 1)).toMatchObject({ seen: 8, warmed: 8 })
  })

  test('reports what failed, and goes on', async () => {
    const emulator = await emulate()
    const zoho = engine(emulator, { connections: connectionsFor(emulator, ids(3)) })
    async function* some() {
      yield* ['customer-0', 'nobody', 'not an id', 'customer-2']
    }
    expect(await zoho.warm(some(), { perSecond: 1_000 })).toEqual({
      seen: 4,
      warmed: 2,
      failed: expect.arrayContaining([
        { connection: 'nobody', code: 'ERR_ZOHO_NO_CONNECTION' },
        { connection: 'not an id', code: 'ERR_ZOHO_NO_CONNECTION' },
      ]),
    })
  })

  test('ends with its signal, and with the engine', async () => {
    const { steps, zoho } = await narrow(9)
    const controller = new AbortController()
    const reason = new Error('enough')
    const warming = zoho.warm(ids(9), { signal: controller.signal })
    await steps.sent(1)
    controller.abort(reason)
    await expect(warming).rejects.toBe(reason)
    const another = zoho.warm(ids(9))
    another.catch(() => {})
    steps.release()
    await zoho.close()
    expect(await codeOf(another)).toBe('ERR_ZOHO_CONFIG')
  })

  test.each([0, -1, Number.NaN, 10_001])('%s is no rate', async (perSecond) => {
    const zoho = closing(
      createZohoAuth({ clientId: 'the-id', clientSecret: 'the-secret', refreshToken: 'the-refresh-token' }),
    )
    await expect(zoho.warm(['default'], { perSecond })).rejects.toThrow('perSecond must be')
  })
})
