import { describe, expect, test } from '@jest/globals'
import type { Connection } from '@zoho-auth/core'
import type { RefreshLease } from '@zoho-auth/core/store'
import { redisConnectionStore, redisTokenStore } from '@zoho-auth/store-redis'
import { ASK, acquired, CLIENTS, nodeRedis, ownPrefix, SHARED_URL } from './support.js'

const onRedis = SHARED_URL ? describe : describe.skip

const HOUR_MS = 3_600_000
/** What a test may take, in milliseconds. */
const SLACK_MS = 10_000

function sample(id: string): Connection {
  return {
    id,
    refreshToken: 'the-refresh-token',
    dataCenter: 'us',
    state: 'active',
    version: 0,
    createdAt: 1,
    updatedAt: 1,
  }
}

async function opened() {
  const client = await nodeRedis()
  const prefix = ownPrefix()
  const tokens = redisTokenStore(client, { prefix })
  const key = `${prefix}token:{key}`
  const run = (...args: string[]): Promise<unknown> => client.sendCommand(args)
  return { client, prefix, tokens, connections: redisConnectionStore(client, { prefix }), key, run }
}

onRedis('the key of a token', () => {
  test.each<{
    what: string
    leaveBehind: (o: Awaited<ReturnType<typeof opened>>, lease: RefreshLease) => unknown
    ms: number
  }>([
    { what: 'an hour after a lease', leaveBehind: () => {}, ms: HOUR_MS },
    {
      what: 'an hour after forget, which a late commit must not undo',
      leaveBehind: ({ tokens }) => tokens.invalidate('key'),
      ms: HOUR_MS,
    },
    {
      what: 'with its token, where that lives longer',
      leaveBehind: ({ tokens }, lease) => tokens.commit('key', lease, 'the-token', 2 * HOUR_MS),
      ms: 2 * HOUR_MS,
    },
    {
      what: 'with its cooldown',
      leaveBehind: ({ tokens }, lease) =>
        tokens.release('key', lease, { cooldown: { reason: 'dead', ms: 3 * HOUR_MS } }),
      ms: 3 * HOUR_MS,
    },
    {
      what: 'with a throttle, which outlives forget',
      leaveBehind: async ({ tokens }, lease) => {
        await tokens.release('key', lease, { cooldown: { reason: 'throttled', ms: 3 * HOUR_MS } })
        await tokens.invalidate('key')
      },
      ms: 3 * HOUR_MS,
    },
    {
      what: 'with the window of its budget',
      leaveBehind: async ({ tokens }, lease) => {
        await tokens.release('key', lease)
        const budget = { limit: 8, windowMs: 4 * HOUR_MS }
        await tokens.release('key', await acquired(tokens, 'key', { budget }))
      },
      ms: 4 * HOUR_MS,
    },
    {
      what: 'with its lease',
      leaveBehind: async ({ tokens }, lease) => {
        await tokens.release('key', lease)
        await tokens.acquire('key', { ...ASK, leaseMs: 5 * HOUR_MS })
      },
      ms: 5 * HOUR_MS,
    },
  ])('vanishes $what', async ({ leaveBehind, ms }) => {
    const all = await opened()
    await leaveBehind(all, await acquired(all.tokens, 'key'))
    const left = Number(await all.run('PTTL', all.key))
    expect(left).toBeLessThanOrEqual(ms)
    expect(left).toBeGreaterThan(ms - SLACK_MS)
  })

  test('is not made by a question', async () => {
    const { tokens, key, run } = await opened()
    await tokens.inspect('key')
    expect(await run('EXISTS', key)).toBe(0)
  })

  test('keeps no more attempts than the budget allows', async () => {
    const { tokens, key, run } = await opened()
    for (let attempt = 0; attempt < 20; attempt++) {
      const result = await tokens.acquire('key', { ...ASK, holder: `holder-${attempt}` })
      if (result.kind === 'acquired') await tokens.release('key', result.lease)
    }
    const log = (await run('HGET', key, 'log')) as string
    expect(JSON.parse(log)).toHaveLength(ASK.budget.limit)
  })

  test.each<{ what: string; spoil: (key: string) => string[]; says: RegExp }>([
    { what: 'of another type', spoil: (key) => ['SET', key, 'x'], says: /it is not a hash/ },
    { what: 'without a format', spoil: (key) => ['HDEL', key, 'v'], says: /the field v .* is missing/ },
    { what: 'of a later format', spoil: (key) => ['HSET', key, 'v', '2'], says: /has format 2.*upgrade/ },
    { what: 'of no format', spoil: (key) => ['HSET', key, 'v', 'x'], says: /the field v .* is not a number/ },
    {
      what: 'without a generation',
      spoil: (key) => ['HDEL', key, 'generation'],
      says: /generation is missing/,
    },
    {
      what: 'with a wrong number',
      spoil: (key) => ['HSET', key, 'value_ends', '1e9'],
      says: /value_ends is not a number/,
    },
    { what: 'with half a token', spoil: (key) => ['HDEL', key, 'value_ends'], says: /value_ends is missing/ },
    {
      what: 'with a wrong log',
      spoil: (key) => ['HSET', key, 'log', '{"a":1}'],
      says: /the field log is not/,
    },
    { what: 'with a cut log', spoil: (key) => ['HSET', key, 'log', '[["1'], says: /the field log is not/ },
    {
      what: 'with a wrong lease',
      spoil: (key) => ['HSET', key, 'lease', 'x'],
      says: /the field lease is not/,
    },
    {
      what: 'with an unknown reason',
      spoil: (key) => ['HSET', key, 'cooldown', 'x', 'cooldown_ends', '1'],
      says: /cooldown is no reason/,
    },
  ])('$what is refused by name, and left as it is', async ({ spoil, says }) => {
    const { tokens, key, run } = await opened()
    const lease = await acquired(tokens, 'key')
    await tokens.commit('key', lease, 'the-token', HOUR_MS)
    if (spoil(key)[0] === 'SET') await run('DEL', key)
    await run(...spoil(key))
    const before = await run('DUMP', key)
    for (const use of [
      () => tokens.acquire('key', ASK),
      () => tokens.commit('key', { ...lease, generation: lease.generation + 1 }, 'another-token', HOUR_MS),
      () => tokens.release('key', lease, { cooldown: { reason: 'dead', ms: 1 } }),
      () => tokens.invalidate('key'),
      () => tokens.inspect('key'),
    ]) {
      await expect(use()).rejects.toThrow(says)
      await expect(use()).rejects.toThrow(JSON.stringify(key))
    }
    expect(await run('DUMP', key)).toEqual(before)
    expect((await tokens.acquire('another key', ASK)).kind).toBe('acquired')
  })
})

onRedis('the key of a connection', () => {
  test('has no expiry', async () => {
    const { connections, prefix, run } = await opened()
    await connections.put(sample('acme'))
    expect(await run('PTTL', `${prefix}connection:{acme}`)).toBe(-1)
  })

  test.each<{ what: string; spoil: (key: string) => string[]; says: RegExp }>([
    { what: 'of another type', spoil: (key) => ['SET', key, 'x'], says: /it is not a hash/ },
    { what: 'without a format', spoil: (key) => ['HDEL', key, 'v'], says: /the field v .* is missing/ },
    { what: 'of a later format', spoil: (key) => ['HSET', key, 'v', '2'], says: /has format 2.*upgrade/ },
    {
      what: 'with a wrong version',
      spoil: (key) => ['HSET', key, 'version', 'x'],
      says: /version is not a number/,
    },
  ])('$what is refused by name, and left as it is', async ({ spoil, says }) => {
    const { connections, prefix, run } = await opened()
    const key = `${prefix}connection:{acme}`
    await connections.put(sample('acme'))
    await connections.put(sample('other'))
    if (spoil(key)[0] === 'SET') await run('DEL', key)
    await run(...spoil(key))
    const before = await run('DUMP', key)
    await expect(connections.get('acme')).rejects.toThrow(says)
    await expect(connections.put(sample('acme'))).rejects.toThrow(says)
    expect(await run('DUMP', key)).toEqual(before)
    const listed: string[] = []
    const list = async () => {
      for await (const { id } of connections.list()) listed.push(id)
    }
    await expect(list()).rejects.toThrow(JSON.stringify(key))
    expect(listed).toEqual(['other'])
    await connections.delete('acme')
    expect(await connections.get('acme')).toBeUndefined()
  })

  test.each([
    '',
    'null',
    '{"id":"acme"}',
    '{"id":"acme","refreshToken":1}',
    '{"id":"acme","dataCenter":"us","state":"active"}',
  ])('does not take %j for a connection', async (json) => {
    const { connections, prefix, run } = await opened()
    await run('HSET', `${prefix}connection:{acme}`, 'v', '1', 'version', '1', 'json', json)
    await expect(connections.get('acme')).rejects.toThrow('the field json is not a connection')
  })

  test('that was copied to another id is refused', async () => {
    const { connections, prefix, run } = await opened()
    await connections.put(sample('acme'))
    await run('COPY', `${prefix}connection:{acme}`, `${prefix}connection:{thief}`)
    await expect(connections.get('thief')).rejects.toThrow('it holds the connection of another id')
  })

  test('a write that was sent twice is one write', async () => {
    const { client, prefix } = await opened()
    const twice = redisConnectionStore(
      {
        async sendCommand(args: string[]) {
          const first = await client.sendCommand(args)
          return args.length > 4 ? client.sendCommand(args) : first
        },
      },
      { prefix },
    )
    await twice.put(sample('acme'))
    expect((await twice.put(sample('acme'), { ifVersion: 1 })).version).toBe(2)
  })
})

onRedis.each(CLIENTS)('a prefix, with $name', ({ connect }) => {
  test('keeps apps apart, also where it looks like a pattern', async () => {
    const client = await connect(SHARED_URL)
    const base = ownPrefix()
    const [one, all] = [`${base}a:`, `${base}*:`].map((prefix) => redisConnectionStore(client, { prefix }))
    await one?.put(sample('acme'))
    const listed: string[] = []
    for await (const { id } of all?.list() ?? []) listed.push(id)
    expect(listed).toEqual([])
    expect(await all?.get('acme')).toBeUndefined()
    await all?.delete('acme')
    expect((await one?.get('acme'))?.id).toBe('acme')
  })

  test('leaves every other key alone', async () => {
    const client = await connect(SHARED_URL)
    const admin = await nodeRedis()
    const base = ownPrefix()
    await admin.sendCommand(['SET', `${base}foreign`, 'x'])
    const prefix = `${base}own:`
    const tokens = redisTokenStore(client, { prefix })
    const lease = await acquired(tokens, 'key')
    await tokens.commit('key', lease, 'the-token', HOUR_MS)
    await tokens.invalidate('key')
    const connections = redisConnectionStore(client, { prefix })
    await connections.put(sample('acme'))
    await connections.delete('acme')
    const keys: string[] = []
    for await (const page of admin.scanIterator({ MATCH: `${base}*`, COUNT: 1000 })) keys.push(...page)
    expect(keys.sort()).toEqual([`${base}foreign`, `${base}own:token:{key}`])
    expect(await admin.get(`${base}foreign`)).toBe('x')
  })

  test('that is no string is a mistake', async () => {
    const client = await connect(SHARED_URL)
    expect(() => redisTokenStore(client, { prefix: 1 as never })).toThrow(TypeError)
  })
})

test('what is no client is refused at once', () => {
  for (const wrong of [undefined, null, {}, 'redis://127.0.0.1'])
    expect(() => redisTokenStore(wrong as never)).toThrow('client must be a client of "redis" or "ioredis"')
})

onRedis('a list of many connections', () => {
  test('comes in pages and gives each one once', async () => {
    const { connections } = await opened()
    const ids = Array.from({ length: 350 }, (_, index) => `id-${index}`)
    await Promise.all(ids.map((id) => connections.put(sample(id))))
    const listed: string[] = []
    for await (const { id } of connections.list()) listed.push(id)
    expect(listed.sort()).toEqual(ids.sort())
  })
})
