import { execFile } from 'node:child_process'
import { type AddressInfo, connect, createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from '@jest/globals'
import { type Connection, sealedConnectionStore, type TokenStore } from '@zoho-auth/core'
import type { OpenedStores } from '@zoho-auth/core/store'
import { startEmulator } from '@zoho-auth/emulator'
import { openStores, redisTokenStore } from '@zoho-auth/store-redis'
import { latenessMs, until } from '../../../checks/support/waiting.mjs'
import { ioredis, LazyClient, type Make, nodeRedis as nodeRedisMaker } from '../src/lazy-client.js'
import { tokenStoreOn } from '../src/token-store.js'
import { ASK, closing, nodeRedis, ownPrefix, ownServer, SHARED_URL } from './support.js'

const onRedis = SHARED_URL ? describe : describe.skip

const PASSWORD = 'the-pass:word'
const connection: Connection = {
  id: 'acme',
  refreshToken: 'the-refresh-token',
  dataCenter: 'us',
  state: 'active',
  version: 0,
  createdAt: 1,
  updatedAt: 1,
}

/** Where nobody listens. */
const NOWHERE = 'redis://:the-password@127.0.0.1:1'

const missing: Make = () => Promise.reject(Object.assign(new Error('gone'), { code: 'ERR_MODULE_NOT_FOUND' }))

/** What is installed beside the package, and the client that is then used. */
const INSTALLED: readonly { name: string; makers: readonly Make[] }[] = [
  { name: 'redis', makers: [nodeRedisMaker, missing] },
  { name: 'ioredis only', makers: [missing, ioredis] },
]

function tokensAt(url: string, makers: readonly Make[]) {
  const client = new LazyClient(new URL(url), makers)
  return closing(Object.assign(tokenStoreOn(client, ownPrefix()), { close: () => client.close() }), () =>
    client.close(),
  )
}

/** Asks again until there is an answer. */
async function untilAnswered(tokens: TokenStore): Promise<string | undefined> {
  let kind: string | undefined
  await until(async () => {
    kind = await tokens.acquire('key', ASK).then(
      (lease) => lease.kind,
      () => undefined,
    )
    return kind !== undefined
  }, 'the server answers')
  return kind
}

/** A way to a server on which connections that are open can fall silent, for good. */
async function silencing(port: number) {
  const ways = new Set<() => void>()
  let silent = 0
  const gate = createServer((client) => {
    if (silent > 0) {
      silent -= 1
      client.on('error', () => {}).resume()
      return
    }
    const server = connect(port, '127.0.0.1')
    const way = () => {
      client.unpipe(server)
      server.unpipe(client)
      client.resume()
    }
    ways.add(way)
    client.pipe(server).pipe(client)
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const)
      one.on('error', () => {}).on('close', () => other.destroy())
  })
  await new Promise<void>((resolve) => gate.listen(0, '127.0.0.1', resolve))
  closing(gate, () => gate.close())
  return {
    port: (gate.address() as AddressInfo).port,
    /** The next connection is silent from its start. */
    silenceNext: () => {
      silent += 1
    },
    silence: () => {
      for (const way of ways) way()
    },
  }
}

/** What a process says that ends by itself. One that does not is killed after a minute. */
async function child(job: Record<string, unknown>): Promise<string> {
  const script = fileURLToPath(new URL('child.mjs', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [script, JSON.stringify(job)], {
    timeout: 60_000,
    killSignal: 'SIGKILL',
  })
  return stdout.trim()
}

function opened(url: string): OpenedStores {
  return closing(openStores(url), () => {}) as OpenedStores
}

async function faultOf(work: () => unknown): Promise<Error> {
  try {
    await work()
  } catch (error) {
    return error as Error
  }
  throw new Error('expected an error')
}

/** Everything an error shows, its causes and hidden fields included. */
function shown(error: unknown): string {
  const fields = Object.getOwnPropertyNames(error as object).map((name) => [name, (error as never)[name]])
  return `${String(error)} ${JSON.stringify(fields)}`
}

describe('a URL that cannot be right', () => {
  test.each([
    ['nothing at all', 'the Redis URL cannot be read'],
    ['redis://user:the-password@host:port', 'the Redis URL cannot be read'],
    ['http://user:the-password@host', 'begins with redis:// or rediss://'],
    ['redis://user:the-password@host/database', 'the number of the database'],
    ['redis://user:the-password@host/0?perfix=a', 'takes one parameter, prefix'],
    ['redis://user:the-password@host/0#part', 'written as %23'],
    ['redis://user:%E0the-password@host', 'percent-encoded'],
    ['redis:///0', 'names no host'],
  ])('%s is refused, without its password', async (url, says) => {
    const fault = await faultOf(() => openStores(url))
    expect(fault.message).toContain(says)
    expect(shown(fault)).not.toContain('the-password')
  })
})

describe('a store by URL', () => {
  test('connects at the first use, not before', async () => {
    const stores = openStores(NOWHERE)
    await stores.close()
  })

  test('refuses to work once closed', async () => {
    const stores = openStores(NOWHERE)
    await stores.close()
    await stores.close()
    expect((await faultOf(() => stores.tokens.acquire('key', ASK))).message).toContain('closed')
  })

  test('says what to install where no client is', async () => {
    const client = new LazyClient(new URL(NOWHERE), [missing, missing])
    expect((await faultOf(() => client.send(['PING'], 'key'))).message).toContain('npm install redis')
    await client.close()
  })
})

describe.each(INSTALLED)('a store by URL, with $name', ({ makers }) => {
  test('tells why it cannot connect, without the password', async () => {
    const fault = await faultOf(() => tokensAt(NOWHERE, makers).acquire('key', ASK))
    expect(fault.message).toMatch(/^Redis at 127\.0\.0\.1:1 cannot be used: .*ECONNREFUSED/)
    expect(shown(fault)).not.toContain('the-password')
  })
})

onRedis.each(INSTALLED)('a store by URL, on a server, with $name', ({ makers }) => {
  test('signs in with a password, and does not show it when it is wrong', async () => {
    const server = await ownServer({ arguments: ['--requirepass', PASSWORD] })
    const at = (password: string) => `redis://:${encodeURIComponent(password)}@127.0.0.1:${server.port}`
    expect((await tokensAt(at(PASSWORD), makers).acquire('key', ASK)).kind).toBe('acquired')
    const fault = await faultOf(() => tokensAt(at('the-wrong-password'), makers).acquire('key', ASK))
    expect(fault.message).toMatch(/WRONGPASS|NOAUTH/)
    expect(shown(fault)).not.toContain('the-wrong-password')
  })

  test('fails at once while the server is away, and works when it is back', async () => {
    const server = await ownServer()
    const tokens = tokensAt(server.url, makers)
    await tokens.acquire('key', ASK)
    await server.stop()
    const lateness = latenessMs()
    const startedAt = performance.now()
    await faultOf(() => tokens.acquire('key', ASK))
    expect(performance.now() - startedAt).toBeLessThan(1_000 + lateness())
    await ownServer({ port: server.port })
    expect(await untilAnswered(tokens)).toBe('acquired')
  })

  // A firewall that forgets a connection tells nobody: commands went into it, unanswered, until the system gave it up.
  test('gives a connection up that falls silent, and works on another one', async () => {
    const server = await ownServer()
    const gate = await silencing(server.port)
    const client = new LazyClient(new URL(`redis://127.0.0.1:${gate.port}`), makers, 300)
    const tokens = closing(tokenStoreOn(client, ownPrefix()), () => client.close())
    await tokens.acquire('key', ASK)
    gate.silence()
    await faultOf(() => tokens.inspect('key'))
    expect(await untilAnswered(tokens)).toBe('acquired')
  })

  test('gives an attempt to connect up that falls silent, and works on another one', async () => {
    const server = await ownServer()
    const gate = await silencing(server.port)
    const client = new LazyClient(new URL(`redis://127.0.0.1:${gate.port}`), makers, 300)
    const tokens = closing(tokenStoreOn(client, ownPrefix()), () => client.close())
    gate.silenceNext()
    await faultOf(() => tokens.inspect('key'))
    expect(await untilAnswered(tokens)).toBe('acquired')
  })

  test('works once the server takes the password after all', async () => {
    const server = await ownServer({ arguments: ['--requirepass', PASSWORD] })
    const admin = await nodeRedis(`redis://:${encodeURIComponent(PASSWORD)}@127.0.0.1:${server.port}`)
    const tokens = tokensAt(`redis://:the-new-password@127.0.0.1:${server.port}`, makers)
    await faultOf(() => tokens.acquire('key', ASK))
    await admin.sendCommand(['CONFIG', 'SET', 'requirepass', 'the-new-password'])
    expect(await untilAnswered(tokens)).toBe('acquired')
  })

  test('closes what it opened', async () => {
    const server = await ownServer()
    const tokens = tokensAt(server.url, makers)
    await tokens.acquire('key', ASK)
    await tokens.close()
    const admin = await nodeRedis(server.url)
    const clients = (await admin.sendCommand(['CLIENT', 'LIST'])) as string
    expect(clients.trim().split('\n')).toHaveLength(1)
    expect((await faultOf(() => tokens.acquire('key', ASK))).message).toContain('closed')
  })
})

// An open connection, and the timer that opens the next one, kept a process alive for ever that had nothing left to do.
onRedis.each(INSTALLED)('a process that never closes its stores, with $name', ({ name: client }) => {
  const keys = [`k1:${Buffer.alloc(32, 1).toString('base64')}`]

  test('ends by itself once its engine has nothing left to do', async () => {
    const emulator = await startEmulator()
    closing(emulator, () => emulator.close())
    const prefix = ownPrefix()
    const stores = openStores(`${SHARED_URL}/0?prefix=${prefix}`)
    const { refreshToken } = emulator
    const sealed = sealedConnectionStore(stores.connections, { encryptionKeys: keys })
    await sealed.put({ ...connection, refreshToken })
    await stores.close()
    const { clientId, clientSecret, accountsUrl } = emulator
    const options = { clientId, clientSecret, accountsUrl, encryptionKeys: keys }
    expect(await child({ name: 'engine', url: SHARED_URL, prefix, client, options })).toBe('a token')
  })

  test('finishes a write that is under way', async () => {
    const server = await ownServer()
    const prefix = ownPrefix()
    expect(await child({ name: 'write', url: server.url, prefix, client })).toBe('written')
    const tokens = redisTokenStore(await nodeRedis(server.url), { prefix })
    expect((await tokens.inspect('key'))?.token?.value).toBe('the-token')
  })

  test('ends by itself where nobody listens', async () => {
    expect(await child({ name: 'nobody', url: NOWHERE, prefix: ownPrefix(), client })).toBe('a fault')
  })

  test('ends by itself once its connection is lost', async () => {
    const { url } = await ownServer()
    expect(await child({ name: 'lost', url, prefix: ownPrefix(), client })).toBe('lost')
  })
})

onRedis('a store by URL, on a server', () => {
  test('keeps tokens and connections under its prefix', async () => {
    const prefix = ownPrefix()
    const stores = opened(`${SHARED_URL}/0?prefix=${prefix}`)
    await stores.tokens.acquire('key', ASK)
    await stores.connections.put(connection)
    const admin = await nodeRedis()
    expect(await admin.exists([`${prefix}token:{key}`, `${prefix}connection:{acme}`])).toBe(2)
    await stores.close()
  })

  test('a refused command shows none of its arguments', async () => {
    const server = await ownServer({ arguments: ['--rename-command', 'EVALSHA', ''] })
    const stores = opened(server.url)
    const fault = await faultOf(() => stores.connections.put(connection))
    expect(fault.message).toContain('unknown command')
    expect(shown(fault)).not.toContain('the-refresh-token')
    expect(shown(fault)).not.toContain('acme')
    await stores.close()
  })
})
