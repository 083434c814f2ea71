import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import type { Connection, TokenStore } from '@zoho-auth/core'
import { checkRedis, redisConnectionStore, redisTokenStore } from '@zoho-auth/store-redis'
import { whole } from '../../../checks/support/form.mjs'
import { ASK, acquired, CLIENTS, nodeRedis, ownPrefix, ownServer, SHARED_URL } from './support.js'

const onRedis = SHARED_URL ? describe : describe.skip

const NOT_YET_EXISTING_KEYS = whole(1_000)
const CALLERS = 16
/** node-redis gives a command up after five seconds, the time in its own queue included. */
const KEYS_AT_ONCE = 50

const CONNECTION: Connection = {
  id: 'acme',
  refreshToken: 'the-refresh-token',
  dataCenter: 'us',
  state: 'active',
  version: 0,
  createdAt: 1,
  updatedAt: 1,
}

/** The line of the README that begins with `ACL SETUSER`, after the password. */
function rightsOfReadme(): string[] {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  return (/^ACL SETUSER \S+ on >\S+ (.*)$/m.exec(readme)?.[1] ?? '').split(' ')
}

onRedis.each(CLIENTS)('scripts, with $name', ({ connect }) => {
  test('survive SCRIPT FLUSH between two calls', async () => {
    const store = redisTokenStore(await connect(SHARED_URL), { prefix: ownPrefix() })
    const admin = await nodeRedis()
    const lease = await acquired(store, 'key')
    await admin.sendCommand(['SCRIPT', 'FLUSH'])
    expect((await store.commit('key', lease, 'the-token', 60_000))?.value).toBe('the-token')
    await admin.sendCommand(['SCRIPT', 'FLUSH'])
    expect((await store.acquire('key', ASK)).kind).toBe('hit')
  })

  test('survive a server that comes back empty', async () => {
    const server = await ownServer()
    const store = redisTokenStore(await connect(server.url), { prefix: ownPrefix() })
    const lease = await acquired(store, 'key')
    await store.commit('key', lease, 'the-token', 60_000)
    await server.stop()
    await ownServer({ port: server.port })
    const again = await acquired(store, 'key')
    expect(again.generation).toBeGreaterThan(lease.generation)
    expect((await store.commit('key', again, 'another-token', 60_000))?.value).toBe('another-token')
  })
})

onRedis('scripts', () => {
  test(`${NOT_YET_EXISTING_KEYS} new keys and ${CALLERS} callers each: one goes per key`, async () => {
    const prefix = ownPrefix()
    const clients = await Promise.all([...CLIENTS, ...CLIENTS].map(({ connect }) => connect(SHARED_URL)))
    const stores = clients.map((client) => redisTokenStore(client, { prefix }))
    const goes = new Map<string, number>()
    const ask = async (caller: number, index: number): Promise<void> => {
      const key = `key-${index}`
      const store = stores[(caller + index) % stores.length] as TokenStore
      const result = await store.acquire(key, { ...ASK, holder: `lease-${caller}` })
      if (result.kind === 'acquired') goes.set(key, (goes.get(key) ?? 0) + 1)
      else expect(result.kind).toBe('wait')
    }
    for (let first = 0; first < NOT_YET_EXISTING_KEYS; first += KEYS_AT_ONCE) {
      const asked: Promise<void>[] = []
      for (let caller = 0; caller < CALLERS; caller++)
        for (let index = first; index < first + KEYS_AT_ONCE; index++) asked.push(ask(caller, index))
      await Promise.all(asked)
    }
    expect(goes.size).toBe(NOT_YET_EXISTING_KEYS)
    expect([...goes.values()].every((count) => count === 1)).toBe(true)
  })

  test('each operation is one command on the wire', async () => {
    const client = await nodeRedis()
    const commands: string[] = []
    const store = redisTokenStore(
      {
        sendCommand: (args: string[]) => {
          commands.push(args[0] ?? '')
          return client.sendCommand(args)
        },
      },
      { prefix: ownPrefix() },
    )
    // The server learns each script at its first use.
    await store.release('warm', await acquired(store, 'warm'))
    await store.commit('warm', await acquired(store, 'warm'), 'the-token', 60_000)
    await store.invalidate('warm')
    await store.inspect('warm')
    commands.length = 0
    const lease = await acquired(store, 'key')
    await store.commit('key', lease, 'the-token', 60_000)
    await store.acquire('key', ASK)
    await store.release('key', lease)
    await store.inspect('key')
    await store.invalidate('key')
    expect(commands).toEqual(Array.from({ length: 6 }, () => 'EVALSHA'))
  })

  test('a command that was sent twice counts once', async () => {
    const store = redisTokenStore(await nodeRedis(), { prefix: ownPrefix() })
    const lease = await acquired(store, 'key')
    const cooldown = { reason: 'backoff', ms: 1 } as const
    await store.release('key', lease, { cooldown })
    await store.release('key', lease, { cooldown })
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(await acquired(store, 'key')).toMatchObject({ failures: 1, lastCooldown: 'backoff' })
  })

  test('invalidate is above every lease in flight, also above one that was lost', async () => {
    const store = redisTokenStore(await nodeRedis(), { prefix: ownPrefix() })
    const far = await acquired(store, 'key', { holder: 'far', minGeneration: 9e12, leaseMs: 1 })
    await new Promise((resolve) => setTimeout(resolve, 20))
    const near = await acquired(store, 'key', { holder: 'near' })
    expect(near.generation).toBeLessThan(far.generation)
    await store.invalidate('key')
    expect(await store.commit('key', far, 'too-late', 60_000)).toBeUndefined()
  })

  test('a release whose record is lost still sets its cooldown', async () => {
    const client = await nodeRedis()
    const prefix = ownPrefix()
    const store = redisTokenStore(client, { prefix })
    const lease = await acquired(store, 'key')
    await client.sendCommand(['DEL', `${prefix}token:{key}`])
    await store.release('key', lease, { cooldown: { reason: 'throttled', ms: 60_000 } })
    expect(await store.acquire('key', ASK)).toMatchObject({ kind: 'cooldown', reason: 'throttled' })
  })

  test('nothing depends on the clock of this process', async () => {
    const store = redisTokenStore(await nodeRedis(), { prefix: ownPrefix() })
    const real = Date.now
    try {
      Date.now = () => real() + 86_400_000
      const lease = await acquired(store, 'key')
      expect(Math.abs(lease.at - real())).toBeLessThan(60_000)
      Date.now = () => 0
      const stored = await store.commit('key', lease, 'the-token', 60_000)
      expect(stored?.lifeMs).toBeGreaterThan(50_000)
      expect((await store.acquire('key', ASK)).kind).toBe('hit')
    } finally {
      Date.now = real
    }
  })

  test('a user with the rights of the README can do everything', async () => {
    const server = await ownServer()
    const admin = await nodeRedis(server.url)
    await admin.sendCommand(['ACL', 'SETUSER', 'app', 'on', '>the-password', ...rightsOfReadme()])
    const url = `redis://app:the-password@127.0.0.1:${server.port}`
    const client = await nodeRedis(url)
    const subscriber = await nodeRedis(url)
    const store = redisTokenStore(client, { subscriber })
    const change = store.changed?.('key', new AbortController().signal)
    await store.commit('key', await acquired(store, 'key'), 'the-token', 60_000)
    await change
    await store.release('key', await acquired(store, 'key', { minGeneration: 9e12 }))
    await store.inspect('key')
    await store.invalidate('key')
    await store.close?.()
    const connections = redisConnectionStore(client)
    await connections.put(CONNECTION)
    for await (const { id } of connections.list()) expect(id).toBe('acme')
    await connections.delete('acme')
    expect(await checkRedis(client)).toHaveLength(1)
  })

  test('a user who may not publish loses no write', async () => {
    const server = await ownServer()
    const admin = await nodeRedis(server.url)
    await admin.sendCommand([
      'ACL',
      'SETUSER',
      'quiet',
      'on',
      '>the-password',
      '~*',
      'resetchannels',
      '+@all',
    ])
    const store = redisTokenStore(await nodeRedis(`redis://quiet:the-password@127.0.0.1:${server.port}`))
    const lease = await acquired(store, 'key')
    expect((await store.commit('key', lease, 'the-token', 60_000))?.value).toBe('the-token')
  })
})
