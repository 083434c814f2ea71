import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, describe, expect, test } from '@jest/globals'
import {
  type Connection,
  type ConnectionStore,
  memoryConnectionStore,
  memoryTokenStore,
  sealedConnectionStore,
  type TokenStore,
} from '@zoho-auth/core'
import { connectionStoreContract, tokenStoreContract } from '@zoho-auth/core/testing'
import { namedStores } from '../src/stores/named.js'
import { SealedTokenStore } from '../src/stores/sealed-token-store.js'
import { createSealer } from '../src/stores/sealer.js'
import { codeOf, connection, emulate, engine } from './support.js'

/** As built: `pnpm test` builds first. */
const NAMED_STORE = pathToFileURL(
  join(dirname(fileURLToPath(import.meta.url)), '..', 'dist', 'stores', 'named.js'),
).href

// 32 bytes each, for tests alone.
const K1 = `k1:${Buffer.alloc(32, 1).toString('base64')}`
const K2 = `k2:${Buffer.alloc(32, 2).toString('base64')}`

type UserConnection = Extract<Connection, { readonly refreshToken: string }>

/** A memory store that says it is durable. */
const durable = <T extends object>(store: T): T & { readonly durable: true } => {
  const methods = [
    'acquire',
    'commit',
    'release',
    'invalidate',
    'inspect',
    'get',
    'put',
    'delete',
    'list',
  ] as const
  const copy: Record<string, unknown> = { durable: true }
  for (const name of methods) {
    const method = (store as Record<string, unknown>)[name]
    if (typeof method === 'function') copy[name] = method.bind(store)
  }
  return copy as T & { readonly durable: true }
}

tokenStoreContract(test, () => new SealedTokenStore(memoryTokenStore(), createSealer([K1])))
connectionStoreContract(test, () => sealedConnectionStore(memoryConnectionStore(), { encryptionKeys: [K1] }))

describe('what a durable store is given', () => {
  test('holds no token and no refresh token in the clear', async () => {
    const emulator = await emulate()
    const written: string[] = []
    const inner = memoryTokenStore()
    const tokens: TokenStore = {
      ...durable(inner),
      commit: (key, lease, value, lifeMs) => {
        written.push(key, value)
        return inner.commit(key, lease, value, lifeMs)
      },
    }
    const rows = memoryConnectionStore()
    const connections: ConnectionStore = {
      ...durable(rows),
      put: async (row, options) => {
        written.push(JSON.stringify(row))
        return rows.put(row, options)
      },
    }
    const { refreshToken } = emulator.createGrant({ user: 'ada' })
    const encryptionKeys = [K1]
    await sealedConnectionStore(connections, { encryptionKeys }).put(connection('ada', refreshToken))
    const zoho = engine(emulator, { tokens, connections, encryptionKeys })
    const token = await zoho.getToken({ connection: 'ada' })
    expect(written.length).toBe(3)
    for (const text of written)
      for (const secret of [refreshToken, token.value, emulator.clientSecret])
        expect(text).not.toContain(secret)
    // Another process with the same keys takes it.
    const other = engine(emulator, { tokens, connections, encryptionKeys: [K2, K1] })
    expect((await other.getToken({ connection: 'ada' })).value).toBe(token.value)
    expect(emulator.counters.tokenRequests).toBe(1)
  })

  test('without keys it is refused at construction, unless plaintext: true', async () => {
    const emulator = await emulate()
    expect(() => engine(emulator, { tokens: durable(memoryTokenStore()) })).toThrow(
      /tokens: .*encryptionKeys \(ZOHO_AUTH_KEYS\), or plaintext: true/,
    )
    expect(() => engine(emulator, { connections: durable(memoryConnectionStore()) })).toThrow(
      /connections: .*encryptionKeys/,
    )
    const zoho = engine(emulator, { tokens: durable(memoryTokenStore()), plaintext: true })
    expect((await zoho.getToken()).value).toBeTruthy()
  })
})

describe('what does not open', () => {
  async function stored(id: string, encryptionKeys = [K1]) {
    const emulator = await emulate()
    const rows = memoryConnectionStore()
    const sealed = sealedConnectionStore(rows, { encryptionKeys: [K1] })
    const { refreshToken } = emulator.createGrant({ user: 'ada' })
    await sealed.put(connection('ada', refreshToken))
    const ada = (await rows.get('ada')) as UserConnection
    await rows.put({ ...ada, id })
    return { emulator, rows, ada, zoho: engine(emulator, { connections: durable(rows), encryptionKeys }) }
  }

  test('an unknown key id is named, and is never "reconnect"', async () => {
    const { zoho, rows, ada } = await stored('ada', [K2])
    const error = await zoho.getToken({ connection: 'ada' }).catch((thrown) => thrown)
    expect(error).toMatchObject({ code: 'ERR_ZOHO_CONFIG', message: expect.stringContaining('"k1"') })
    expect((await rows.get('ada'))?.refreshToken).toBe(ada.refreshToken)
  })

  test('a row copied to another connection does not open', async () => {
    const { zoho } = await stored('eve')
    expect(await codeOf(zoho.getToken({ connection: 'eve' }))).toBe('ERR_ZOHO_STORE')
    expect((await zoho.getToken({ connection: 'ada' })).value).toBeTruthy()
  })

  test.each([
    ['changed', (text: string) => `${text.slice(0, -4)}AAAA`],
    ['cut', (text: string) => text.slice(0, -10)],
    [
      'with another header',
      (text: string) =>
        text.replace(
          /^[^.]+/,
          Buffer.from('{"alg":"dir","enc":"A256GCM","kid":"k1","rec":"connection ada","x":1}').toString(
            'base64url',
          ),
        ),
    ],
  ])('a row that was %s does not open, and is left as it is', async (_name, damage) => {
    const { rows, ada, zoho } = await stored('ada')
    const refreshToken = damage(ada.refreshToken)
    await rows.put({ ...ada, refreshToken })
    expect(await codeOf(zoho.getToken({ connection: 'ada' }))).toBe('ERR_ZOHO_STORE')
    expect((await rows.get('ada'))?.refreshToken).toBe(refreshToken)
  })

  test('a row in the clear is named with its fix, and accepted with plaintext: true', async () => {
    const emulator = await emulate()
    const { refreshToken } = emulator.createGrant({ user: 'ada' })
    const connections = durable(memoryConnectionStore([connection('ada', refreshToken)]))
    const strict = engine(emulator, { connections, encryptionKeys: [K1] })
    await expect(strict.getToken({ connection: 'ada' })).rejects.toMatchObject({
      code: 'ERR_ZOHO_STORE',
      action: expect.stringContaining('in the clear'),
    })
    const moving = engine(emulator, { connections, encryptionKeys: [K1], plaintext: true })
    expect((await moving.getToken({ connection: 'ada' })).value).toBeTruthy()
    expect(await moving.rotateKeys()).toEqual({ seen: 1, rotated: 1, failed: [] })
    expect((await strict.getToken({ connection: 'ada' })).value).toBeTruthy()
  })

  test('a sealed row is never taken for a refresh token by a process without keys', async () => {
    const { emulator, rows } = await stored('ada')
    for (const connections of [rows, (id: string) => rows.get(id)]) {
      const error = await engine(emulator, { connections })
        .getToken({ connection: 'ada' })
        .catch((thrown) => thrown)
      expect(error).toMatchObject({ code: 'ERR_ZOHO_CONFIG', message: expect.stringContaining('"k1"') })
    }
    expect(emulator.counters.tokenRequests).toBe(0)
  })

  test('a token that does not open costs a refresh and nothing else', async () => {
    const emulator = await emulate()
    const tokens = durable(memoryTokenStore())
    await engine(emulator, { tokens, encryptionKeys: [K1] }).getToken()
    const other = engine(emulator, { tokens, encryptionKeys: [K2] })
    expect((await other.getToken()).value).toBeTruthy()
    expect(emulator.counters.tokenRequests).toBe(2)
  })
})

// A row's data centre, organisation and state stood beside the sealed refresh token, unsealed: who could write rows made a
// connection another organisation's, and undid that it was revoked.
describe('a row that was altered by somebody without the key', () => {
  const store = () => {
    const rows = memoryConnectionStore()
    return { rows, sealed: sealedConnectionStore(rows, { encryptionKeys: [K1] }) }
  }
  const GRANT: UserConnection = {
    ...connection('ada', 'the-refresh-token'),
    scopes: ['ZohoRecruit.modules.READ'],
    environment: 'sandbox',
    userId: '600123',
    replaced: [{ refreshToken: 'an-older-one', dataCenter: 'in', revokeAt: 2 }],
  }
  // Rows as another program could write them: the type knows of no such connection.
  type Row = Record<string, unknown>
  const without = (row: Row, field: string): Row =>
    Object.fromEntries(Object.entries(row).filter(([name]) => name !== field))
  const { refreshToken: _, replaced: __, ...facts } = GRANT
  const ORGANISATION: Connection = { ...facts, soid: 'ZohoRecruit.1' }
  const moved = ({ refreshToken, replaced, ...row }: Row): Row => {
    const [older] = replaced as Row[]
    return {
      ...row,
      refreshToken: older?.refreshToken,
      replaced: [{ ...older, refreshToken, dataCenter: 'in', revokeAt: 2 }],
    }
  }

  test.each<[string, Connection, (row: Row) => Row]>([
    ['led to another data centre', GRANT, (row) => ({ ...row, dataCenter: 'cn' })],
    ['given a soid', GRANT, (row) => ({ ...row, soid: 'ZohoRecruit.2' })],
    [
      'made an organisation by its refresh token',
      GRANT,
      (row) => ({ ...without(row, 'refreshToken'), soid: row.refreshToken }),
    ],
    ['emptied', GRANT, (row) => without(row, 'refreshToken')],
    ['given another environment', GRANT, (row) => without(row, 'environment')],
    ['given more scopes', GRANT, (row) => ({ ...row, scopes: ['ZohoRecruit.modules.ALL'] })],
    ['given another user', GRANT, (row) => ({ ...row, userId: '600124' })],
    ['set active again', { ...GRANT, state: 'revoking' }, (row) => ({ ...row, state: 'active' })],
    ['given a grant that it replaced', GRANT, moved],
    [
      'made to revoke a replaced grant elsewhere',
      GRANT,
      ({ replaced, ...row }) => ({
        ...row,
        replaced: (replaced as Row[]).map((grant) => ({ ...grant, dataCenter: 'us' })),
      }),
    ],
    ['led to another data centre as an organisation', ORGANISATION, (row) => ({ ...row, dataCenter: 'cn' })],
    ['made a user by its soid', ORGANISATION, (row) => ({ ...without(row, 'soid'), refreshToken: row.soid })],
    [
      'made an organisation set active again',
      { ...ORGANISATION, state: 'revoked' },
      (row) => ({ ...row, state: 'active' }),
    ],
    ['made no organisation', ORGANISATION, (row) => without(row, 'soid')],
  ])('%s does not open, and is left as it is', async (_name, before, alter) => {
    const { rows, sealed } = store()
    await sealed.put(before)
    expect(await sealed.get('ada')).toEqual({ ...before, version: 1 })
    const altered = await rows.put(alter({ ...(await rows.get('ada')) }) as unknown as Connection)
    await expect(sealed.get('ada')).rejects.toMatchObject({
      code: 'ERR_ZOHO_STORE',
      action: expect.stringContaining('connection ada was altered by somebody without the key'),
    })
    expect(await rows.get('ada')).toEqual(altered)
  })

  test('an organisation that nobody sealed does not open: anybody could have written it', async () => {
    const emulator = await emulate()
    const { rows, sealed } = store()
    await sealed.put(GRANT)
    await rows.put(ORGANISATION)
    const zoho = engine(emulator, { connections: durable(rows), encryptionKeys: [K1] })
    await expect(zoho.getToken({ connection: 'ada' })).rejects.toMatchObject({
      code: 'ERR_ZOHO_STORE',
      action: expect.stringContaining('The grant of connection "ada" is stored in the clear'),
    })
    expect(emulator.counters.tokenRequests).toBe(0)
    const moving = engine(emulator, { connections: durable(rows), encryptionKeys: [K1], plaintext: true })
    expect(await moving.rotateKeys()).toMatchObject({ rotated: 1, failed: [] })
    expect((await sealed.get('ada'))?.soid).toBe('ZohoRecruit.1')
  })

  test('what core writes into a row is bound anew: a label costs nothing, a state opens', async () => {
    const { rows, sealed } = store()
    await sealed.put(GRANT)
    await rows.put({ ...((await rows.get('ada')) as UserConnection), label: 'Ada' })
    const row = (await sealed.get('ada')) as UserConnection
    await sealed.put({ ...row, state: 'revoking' })
    expect(await sealed.get('ada')).toMatchObject({
      label: 'Ada',
      state: 'revoking',
      replaced: GRANT.replaced,
    })
  })
})

describe('a row from before facts were bound', () => {
  const before = async (grant: 'refreshToken' | 'soid') => {
    const rows = memoryConnectionStore()
    const { refreshToken: _, ...row } = connection('ada', '')
    const sealed = await createSealer([K1]).seal('connection ada', 'the-refresh-token')
    await rows.put({ ...row, [grant]: sealed } as unknown as Connection)
    return { rows, sealed: sealedConnectionStore(rows, { encryptionKeys: [K1] }) }
  }

  test('opens, so that nobody has to consent again, and rotateKeys() binds it', async () => {
    const { rows, sealed } = await before('refreshToken')
    expect((await sealed.get('ada'))?.refreshToken).toBe('the-refresh-token')
    const zoho = engine(await emulate(), { connections: durable(rows), encryptionKeys: [K1] })
    expect(await zoho.rotateKeys()).toEqual({ seen: 1, rotated: 1, failed: [] })
    expect(await zoho.rotateKeys()).toEqual({ seen: 1, rotated: 0, failed: [] })
    await rows.put({ ...((await rows.get('ada')) as Connection), dataCenter: 'cn' })
    expect(await codeOf(sealed.get('ada'))).toBe('ERR_ZOHO_STORE')
  })

  test('does not open as an organisation', async () => {
    const { sealed } = await before('soid')
    expect(await codeOf(sealed.get('ada'))).toBe('ERR_ZOHO_STORE')
  })
})

describe('rotateKeys', () => {
  async function many(count: number) {
    const emulator = await emulate()
    const rows = memoryConnectionStore()
    const before = sealedConnectionStore(rows, { encryptionKeys: [K1] })
    for (let index = 0; index < count; index++) await before.put(connection(`c${index}`, `grant-${index}`))
    return { rows, zoho: engine(emulator, { connections: durable(rows), encryptionKeys: [K2, K1] }) }
  }

  test('seals all with the first key, reports each, and is done the second time', async () => {
    const { rows, zoho } = await many(20)
    const seen: number[] = []
    const report = await zoho.rotateKeys({ onProgress: (progress) => seen.push(progress.seen) })
    expect(report).toEqual({ seen: 20, rotated: 20, failed: [] })
    expect(seen).toEqual(Array.from({ length: 20 }, (_, index) => index + 1))
    expect(await zoho.rotateKeys()).toEqual({ seen: 20, rotated: 0, failed: [] })
    const after = sealedConnectionStore(rows, { encryptionKeys: [K2] })
    for (let index = 0; index < 20; index++)
      expect((await after.get(`c${index}`))?.refreshToken).toBe(`grant-${index}`)
  })

  test('is resumed where it was stopped', async () => {
    const { zoho } = await many(10)
    const controller = new AbortController()
    const stopped = zoho.rotateKeys({
      signal: controller.signal,
      onProgress: ({ seen }) => seen === 4 && controller.abort(new Error('deployed')),
    })
    await expect(stopped).rejects.toThrow('deployed')
    expect(await zoho.rotateKeys()).toMatchObject({ seen: 10, rotated: 6 })
  })

  test('one that does not open is reported and left, the others go on', async () => {
    const { rows, zoho } = await many(5)
    const broken = (await rows.get('c2')) as UserConnection
    await rows.put({ ...broken, refreshToken: `${broken.refreshToken}x` })
    expect(await zoho.rotateKeys()).toEqual({
      seen: 5,
      rotated: 4,
      failed: [{ connection: 'c2', code: 'ERR_ZOHO_STORE' }],
    })
  })

  test('without a durable store there is nothing to rotate', async () => {
    expect(await codeOf(engine(await emulate()).rotateKeys())).toBe('ERR_ZOHO_CONFIG')
  })
})

describe('ZOHO_AUTH_STORE', () => {
  const folder = mkdtempSync(join(tmpdir(), 'zoho-auth-stores-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  const home = join(folder, 'node_modules', '@zoho-auth', 'store-redis')
  mkdirSync(home, { recursive: true })
  writeFileSync(
    join(home, 'package.json'),
    '{"name":"@zoho-auth/store-redis","type":"module","exports":{".":{"default":"./index.js"}}}',
  )
  writeFileSync(
    join(home, 'index.js'),
    `let closed = 0
     export const openStores = (url) => ({
       tokens: { inspect: async () => ({ used: url.length }) },
       connections: { get: async () => ({ id: String(closed) }) },
       close: async () => { closed += 1 },
     })`,
  )

  // In a process of its own: the runner answers for `createRequire` otherwise.
  const inNode = (code: string): string =>
    execFileSync(
      process.execPath,
      ['--input-type=module', '-e', `import { namedStores } from ${JSON.stringify(NAMED_STORE)}\n${code}`],
      {
        encoding: 'utf8',
        cwd: tmpdir(),
        timeout: 240_000,
      },
    ).trim()

  test('a package that is not installed is named with the command', () => {
    expect(inNode(`console.log(namedStores('redis://secret@h'))`)).toMatch(
      /^ZOHO_AUTH_STORE needs a package: npm install @zoho-auth\/store-redis redis\. .*external.*\{ tokens, connections \}$/,
    )
    expect(inNode(`console.log(namedStores('postgres://secret@h'))`)).toContain(
      'npm install @zoho-auth/store-postgres pg',
    )
  })

  // A bundler that rewrites the import, or a deployment that leaves the package out after it was found.
  test('one that cannot be loaded is a fault of the configuration, with both ways out', () => {
    const code = `
      const stores = namedStores('redis://h', [${JSON.stringify(join(folder, 'package.json'))}])
      const { renameSync } = await import('node:fs')
      const file = ${JSON.stringify(join(home, 'index.js'))}
      renameSync(file, file + '.gone')
      const error = await stores.tokens.inspect('key').catch((thrown) => thrown)
      renameSync(file + '.gone', file)
      console.log(error.code, error.message)`
    expect(inNode(code)).toMatch(/^ERR_ZOHO_CONFIG .*npm install.*external.*\{ tokens, connections \}$/s)
  })

  test.each(['mongodb://secret@h/x', 'redis', '', 'C:\\x'])(
    '%j is no store, and the URL is not shown',
    (url) => {
      const fault = namedStores(url)
      expect(fault).toMatch(/^ZOHO_AUTH_STORE must begin with memory:, file:, redis:/)
      expect(fault).not.toContain('secret')
    },
  )

  test('an installed one is found from the app, loaded at the first use, and closed', () => {
    const code = `
      const stores = namedStores('redis://h', [${JSON.stringify(join(folder, 'package.json'))}])
      await stores.close()
      console.log(JSON.stringify([await stores.tokens.inspect('key'), await stores.connections.get('id')]))
      await stores.close()
      console.log(JSON.stringify(await stores.connections.get('id')))`
    expect(inNode(code)).toBe('[{"used":9},{"id":"0"}]\n{"id":"1"}')
  })
})
