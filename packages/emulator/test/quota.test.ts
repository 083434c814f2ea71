import { describe, expect, test } from '@jest/globals'
import type { Emulator } from '../src/index.js'
import { ask, exchangeParameters, minutes, newToken, refresh, seconds, start, statusWith } from './support.js'

async function spend(emulator: Emulator, count: number): Promise<void> {
  for (let at = 0; at < count; at += 1) expect((await refresh(emulator)).body.error).toBeUndefined()
}

const ACCESS_DENIED = {
  error: 'Access Denied',
  error_description: 'You have made too many requests continuously. Please try again after some time.',
  status: 'failure',
}

describe('ten new access tokens in ten minutes', () => {
  test.each([200, 400] as const)(
    'the 10th is given, the 11th is Access Denied with %s',
    async (throttleStatus) => {
      const emulator = await start({ throttleStatus })
      await spend(emulator, 10)
      expect(await refresh(emulator)).toEqual({ status: throttleStatus, body: ACCESS_DENIED })
      expect(emulator.counters).toMatchObject({
        tokenRequests: 11,
        tokensIssued: 10,
        throttled: 1,
        tokenRefusals: 0,
      })
    },
  )

  test('the refusal holds until the first of the ten is ten minutes old', async () => {
    const emulator = await start()
    await spend(emulator, 1)
    emulator.advance(minutes(4))
    await spend(emulator, 9)
    expect((await refresh(emulator)).body.error).toBe('Access Denied')
    emulator.advance(minutes(6) - 1)
    expect((await refresh(emulator)).body.error).toBe('Access Denied')
    emulator.advance(1)
    await spend(emulator, 1)
    expect((await refresh(emulator)).body.error).toBe('Access Denied')
  })

  test('tries during the block do not prolong it, unless that is switched on', async () => {
    for (const throttleProlongs of [false, true]) {
      const emulator = await start({ throttleProlongs })
      await spend(emulator, 10)
      await refresh(emulator)
      emulator.advance(minutes(9))
      await refresh(emulator)
      emulator.advance(minutes(1))
      const { body } = await refresh(emulator)
      expect(body.error).toBe(throttleProlongs ? 'Access Denied' : undefined)
    }
  })

  test('count per refresh token', async () => {
    const emulator = await start()
    const other = emulator.createGrant()
    await spend(emulator, 10)
    expect((await refresh(emulator, other.refreshToken)).body.error).toBeUndefined()
    expect(emulator.countersOf(other.refreshToken)).toMatchObject({ tokenRequests: 1, tokensIssued: 1 })
    expect(emulator.countersOf(emulator.refreshToken)).toMatchObject({ tokenRequests: 10, tokensIssued: 10 })
  })

  test('scale with the speed: at 600 the window is one second', async () => {
    const emulator = await start({ speed: 600 })
    await spend(emulator, 10)
    emulator.advance(999)
    expect((await refresh(emulator)).body.error).toBe('Access Denied')
    emulator.advance(1)
    await spend(emulator, 10)
  })

  test('include those of other programs, made with issueToken', async () => {
    const emulator = await start()
    for (let at = 0; at < 10; at += 1) emulator.issueToken()
    expect((await refresh(emulator)).body.error).toBe('Access Denied')
    expect(() => emulator.issueToken()).toThrow('10 access tokens')
    expect(emulator.issueToken(undefined, { outsideQuota: true }).accessToken).toMatch(/^1000\./)
    expect(() => emulator.issueToken('nobody knows it')).toThrow('no living grant')
  })

  test('refusals do not count', async () => {
    const emulator = await start()
    for (let at = 0; at < 20; at += 1) await refresh(emulator, 'nobody knows it')
    await spend(emulator, 10)
  })

  test('leave their largest number behind', async () => {
    const emulator = await start()
    await spend(emulator, 3)
    emulator.advance(minutes(10) - 1)
    await spend(emulator, 2)
    emulator.advance(minutes(20))
    await spend(emulator, 4)
    expect(emulator.maxTokensInWindow()).toBe(5)
    emulator.revokeGrant(emulator.refreshToken)
    expect(emulator.maxTokensInWindow(emulator.refreshToken)).toBe(5)
    emulator.resetCounters()
    expect(emulator.maxTokensInWindow()).toBe(0)
    expect(emulator.counters.tokensIssued).toBe(0)
  })
})

describe('a throttle by hand', () => {
  test('refuses everyone for one window, and ends', async () => {
    const emulator = await start()
    emulator.throttle()
    emulator.advance(minutes(10) - 1)
    expect((await refresh(emulator)).body).toEqual(ACCESS_DENIED)
    emulator.advance(1)
    await spend(emulator, 1)
  })

  test('lasts as long as it is told', async () => {
    const emulator = await start()
    emulator.throttle(seconds(5))
    emulator.advance(seconds(5) - 1)
    expect((await refresh(emulator)).body.error).toBe('Access Denied')
    emulator.advance(1)
    await spend(emulator, 1)
    expect(() => emulator.throttle(0)).toThrow('ms must be')
  })

  test('ends with unthrottle, which also gives a new window to who had spent theirs', async () => {
    const emulator = await start()
    await spend(emulator, 10)
    await refresh(emulator)
    emulator.throttle()
    emulator.unthrottle()
    await spend(emulator, 10)
  })
})

describe('live access tokens per refresh token', () => {
  test.each([
    { profile: 'recruit', limit: 30 },
    { profile: 'crm', limit: 15 },
    { profile: 'accounts', limit: 10 },
  ] as const)(
    'the profile $profile keeps $limit, and the next one deletes the first',
    async ({ profile, limit }) => {
      const emulator = await start({ profile })
      const tokens: string[] = []
      for (let at = 0; at < limit; at += 1) {
        if (at > 0 && at % 10 === 0) emulator.advance(minutes(10))
        tokens.push(await newToken(emulator))
      }
      const [first = '', second = ''] = tokens
      expect(await statusWith(emulator, first)).toBe(200)
      expect(emulator.liveTokens(emulator.refreshToken)).toHaveLength(limit)
      expect(emulator.counters.evictions).toBe(0)

      emulator.advance(minutes(10))
      const next = await newToken(emulator)
      expect(await statusWith(emulator, first)).toBe(401)
      expect(emulator.requests.at(-1)?.outcome).toBe('dead-token:evicted')
      expect(await statusWith(emulator, second)).toBe(200)
      expect(await statusWith(emulator, next)).toBe(200)
      expect(emulator.liveTokens(emulator.refreshToken)).toHaveLength(limit)
      expect(emulator.counters.evictions).toBe(1)
    },
  )

  test('expired ones make room', async () => {
    const emulator = await start({ profile: 'accounts' })
    await spend(emulator, 10)
    emulator.advance(minutes(60))
    const token = await newToken(emulator)
    expect(emulator.counters.evictions).toBe(0)
    expect(emulator.liveTokens().map(({ accessToken }) => accessToken)).toEqual([token])
  })
})

describe('refresh tokens per user', () => {
  test('the 20th is kept, the 21st deletes the first and its access tokens', async () => {
    const emulator = await start()
    const token = await newToken(emulator)
    const grants = Array.from({ length: 19 }, () => emulator.createGrant())
    expect(await statusWith(emulator, token)).toBe(200)
    expect((await refresh(emulator)).body.error).toBeUndefined()

    emulator.createGrant()
    expect((await refresh(emulator)).body).toEqual({ error: 'invalid_code' })
    expect(await statusWith(emulator, token)).toBe(401)
    expect((await refresh(emulator, grants[0]?.refreshToken)).body.error).toBeUndefined()
    expect(emulator.grants).toHaveLength(20)
  })

  test('are counted per user, and per data centre', async () => {
    const emulator = await start({ dataCenters: ['us', 'eu'] })
    for (let at = 0; at < 20; at += 1) {
      emulator.createGrant({ user: 'grace' })
      emulator.createGrant({ dataCenter: 'eu' })
    }
    expect((await refresh(emulator)).body.error).toBeUndefined()
  })

  test('five new ones a minute: the sixth exchange is Access Denied, and its code stays good', async () => {
    const emulator = await start()
    const exchange = async (code: string) =>
      (await ask(exchangeParameters(emulator, code), emulator.url)).body
    for (let at = 0; at < 5; at += 1) expect((await exchange(emulator.createCode())).error).toBeUndefined()
    const code = emulator.createCode()
    expect(await exchange(code)).toEqual(ACCESS_DENIED)
    emulator.advance(minutes(1) - 1)
    expect(await exchange(code)).toEqual(ACCESS_DENIED)
    emulator.advance(1)
    expect(await exchange(code)).toHaveProperty('refresh_token')
    expect(await exchange(emulator.createCode({ user: 'grace' }))).toHaveProperty('refresh_token')
  })

  test('createGrant keeps to five a minute only when asked', async () => {
    const emulator = await start()
    for (let at = 0; at < 6; at += 1) emulator.createGrant()
    for (let at = 0; at < 5; at += 1) emulator.createGrant({ rateLimited: true })
    expect(() => emulator.createGrant({ rateLimited: true })).toThrow('5 new refresh tokens')
  })
})
