import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import type { BeginRequest, Connection, GoTurn, TokenStore } from '@zoho-auth/core'
import { checkRedis, redisConnectionStore, redisTokenStore } from '@zoho-auth/store-redis'
import { CLIENTS, nodeRedis, ownPrefix, ownServer, SHARED_URL } from './support.js'

const onRedis = SHARED_URL ? describe : describe.skip

const ASK: BeginRequest = {
  lease: 'the-lease',
  newerThan: 0,
  leaseMs: 60_000,
  budget: { limit: 8, windowMs: 600_000 },
}

const NOT_YET_EXISTING_KEYS = 1_000
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

async function go(store: TokenStore, key: string, request: Partial<BeginRequest> = {}): Promise<GoTurn> {
  const turn = await store.begin(key, { ...ASK, ...request })
  if (turn.kind !== 'go') throw new Error(`expected go and got ${turn.kind}`)
  return turn
}

onRedis.each(CLIENTS)('scripts, with $name', ({ connect }) => {
  test('survive SCRIPT FLUSH between two calls', async () => {
    const store = redisTokenStore(await connect(SHARED_URL), { prefix: ownPrefix() })
    const admin = await nodeRedis()
    const turn = await go(store, 'key')
    await admin.sendCommand(['SCRIPT', 'FLUSH'])
    expect((await store.commit('key', turn, 'the-token', 60_000))?.value).toBe('the-token')
    await admin.sendCommand(['SCRIPT', 'FLUSH'])
    expect((await store.begin('key', ASK)).kind).toBe('adopt')
  })

  test('survive a server that comes back empty', async () => {
    const server = await ownServer()
    const store = redisTokenStore(await connect(server.url), { prefix: ownPrefix() })
    const turn = await go(store, 'key')
    await store.commit('key', turn, 'the-token', 60_000)
    await server.stop()
    await ownServer({ port: server.port })
    const again = await go(store, 'key')
    expect(again.generation).toBeGreaterThan(turn.generation)
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
      const turn = await store.begin(key, { ...ASK, lease: `lease-${caller}` })
      if (turn.kind === 'go') goes.set(key, (goes.get(key) ?? 0) + 1)
      else expect(turn.kind).toBe('wait')
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
    await store.abandon('warm', await go(store, 'warm'))
    await store.commit('warm', await go(store, 'warm'), 'the-token', 60_000)
    await store.forget('warm')
    await store.inspect('warm')
    commands.length = 0
    const turn = await go(store, 'key')
    await store.commit('key', turn, 'the-token', 60_000)
    await store.begin('key', ASK)
    await store.abandon('key', turn)
    await store.inspect('key')
    await store.forget('key')
    expect(commands).toEqual(Array.from({ length: 6 }, () => 'EVALSHA'))
  })

  test('a command that was sent twice counts once', async () => {
    const store = redisTokenStore(await nodeRedis(), { prefix: ownPrefix() })
    const turn = await go(store, 'key')
    const quiet = { reason: 'backoff', ms: 1 } as const
    await store.abandon('key', turn, { quiet })
    await store.abandon('key', turn, { quiet })
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(await go(store, 'key')).toMatchObject({ failures: 1, lastQuiet: 'backoff' })
  })

  test('forget is above every turn in flight, also above one that lost its lease', async () => {
    const store = redisTokenStore(await nodeRedis(), { prefix: ownPrefix() })
    const far = await go(store, 'key', { lease: 'far', newerThan: 9e12, leaseMs: 1 })
    await new Promise((resolve) => setTimeout(resolve, 20))
    const near = await go(store, 'key', { lease: 'near' })
    expect(near.generation).toBeLessThan(far.generation)
    await store.forget('key')
    expect(await store.commit('key', far, 'too-late', 60_000)).toBeUndefined()
  })

  test('an abandon whose record is lost still tells the fleet to be quiet', async () => {
    const client = await nodeRedis()
    const prefix = ownPrefix()
    const store = redisTokenStore(client, { prefix })
    const turn = await go(store, 'key')
    await client.sendCommand(['DEL', `${prefix}token:{key}`])
    await store.abandon('key', turn, { quiet: { reason: 'throttled', ms: 60_000 } })
    expect(await store.begin('key', ASK)).toMatchObject({ kind: 'quiet', reason: 'throttled' })
  })

  test('nothing depends on the clock of this process', async () => {
    const store = redisTokenStore(await nodeRedis(), { prefix: ownPrefix() })
    const real = Date.now
    try {
      Date.now = () => real() + 86_400_000
      const turn = await go(store, 'key')
      expect(Math.abs(turn.at - real())).toBeLessThan(60_000)
      Date.now = () => 0
      const stored = await store.commit('key', turn, 'the-token', 60_000)
      expect(stored?.lifeMs).toBeGreaterThan(50_000)
      expect((await store.begin('key', ASK)).kind).toBe('adopt')
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
    await store.commit('key', await go(store, 'key'), 'the-token', 60_000)
    await change
    await store.abandon('key', await go(store, 'key', { newerThan: 9e12 }))
    await store.inspect('key')
    await store.forget('key')
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
    const turn = await go(store, 'key')
    expect((await store.commit('key', turn, 'the-token', 60_000))?.value).toBe('the-token')
  })
})
