import { describe, expect, test } from '@jest/globals'
import type { RefreshLease } from '@zoho-auth/core/store'
import { type RedisSubscriberLike, redisTokenStore } from '@zoho-auth/store-redis'
import { until } from '../../../checks/support/waiting.mjs'
import { acquired, ioredis, nodeRedis, ownPrefix, SHARED_URL } from './support.js'

const onRedis = SHARED_URL ? describe : describe.skip

const SUBSCRIBERS: readonly { name: string; connect: () => Promise<RedisSubscriberLike> }[] = [
  { name: 'node-redis', connect: () => nodeRedis() },
  { name: 'ioredis', connect: async () => ioredis() },
]

/** Waits until somebody, or nobody, is subscribed. */
async function untilSubscribed(prefix: string, wanted = true): Promise<void> {
  const admin = await nodeRedis()
  await until(async () => {
    const [, count] = (await admin.sendCommand(['PUBSUB', 'NUMSUB', `${prefix}changes`])) as unknown[]
    return Number(count) > 0 === wanted
  }, `subscribed: ${wanted}`)
}

onRedis.each(SUBSCRIBERS)('with a subscriber of $name', ({ connect }) => {
  test('whoever waits is woken when the lease ends, and only for this key', async () => {
    const prefix = ownPrefix()
    const subscriber = await connect()
    const waiting = redisTokenStore(await nodeRedis(), { prefix, subscriber })
    const working = redisTokenStore(await nodeRedis(), { prefix })
    const never = new AbortController()
    const woken: string[] = []
    const other = waiting.changed?.('other', never.signal).then(() => woken.push('other'))
    const ends: ((lease: RefreshLease) => Promise<unknown>)[] = [
      (lease) => working.commit('key', lease, 'the-token', 60_000),
      (lease) => working.release('key', lease),
      () => working.invalidate('key'),
    ]
    await untilSubscribed(prefix)
    let minGeneration = 0
    for (const end of ends) {
      const lease = await acquired(working, 'key', { minGeneration })
      minGeneration = lease.generation
      const change = waiting.changed?.('key', never.signal).then(() => woken.push('key'))
      await end(lease)
      await change
    }
    expect(woken).toEqual(['key', 'key', 'key'])
    never.abort()
    await other
    await waiting.close?.()
    await untilSubscribed(prefix, false)
  })

  test('closing wakes everyone, and leaves the subscriber open', async () => {
    const prefix = ownPrefix()
    const subscriber = await connect()
    const store = redisTokenStore(await nodeRedis(), { prefix, subscriber })
    const change = store.changed?.('key', new AbortController().signal)
    await store.close?.()
    await change
    await store.changed?.('key', new AbortController().signal)
    const again = redisTokenStore(await nodeRedis(), { prefix, subscriber })
    void again.changed?.('key', new AbortController().signal)
    await untilSubscribed(prefix)
    await again.close?.()
  })
})

onRedis('waiting', () => {
  test('ends with its signal, also where nothing can be subscribed to', async () => {
    const subscriber = {
      subscribe: async () => Promise.reject(new Error('not allowed')),
      unsubscribe: async () => {},
    }
    const store = redisTokenStore(await nodeRedis(), { prefix: ownPrefix(), subscriber })
    await store.changed?.('key', AbortSignal.timeout(20))
    await store.changed?.('key', AbortSignal.abort())
    await store.close?.()
  })

  test('has no wake-up without a subscriber', async () => {
    const store = redisTokenStore(await nodeRedis())
    expect('changed' in store).toBe(false)
    expect('close' in store).toBe(false)
  })

  test('needs a subscriber that can subscribe', async () => {
    const client = await nodeRedis()
    expect(() => redisTokenStore(client, { subscriber: {} as never })).toThrow(TypeError)
  })
})
