import { describe, expect, test } from '@jest/globals'
import { type Connection, memoryConnectionStore, newConnection } from '@zoho-auth/core'
import { whole } from '../../../checks/support/form.mjs'
import { until } from '../../../checks/support/waiting.mjs'
import {
  breathe,
  byHand,
  CANDIDATES,
  codeOf,
  connection,
  connectionsFor,
  emulate,
  engine,
  recruit,
} from './support.js'

const userOf = async (response: Response) => ((await response.json()) as { echo: { user: string } }).echo.user

test(`two connections at once, ${whole(1_000)} interleavings: never each other’s token`, async () => {
  const emulator = await emulate()
  const zoho = engine(emulator, { connections: connectionsFor(emulator, ['ada', 'bob']) })
  const answers = await Promise.all(
    Array.from({ length: whole(1_000) }, async (_, index) => {
      const who = index % 2 === 0 ? 'ada' : 'bob'
      // Tokens die now and then while requests are in the air.
      if (index % 100 === 50) emulator.killTokens()
      const call = [
        () => zoho.fetch(CANDIDATES, { ...recruit, connection: who }),
        () => zoho.withConnection(who, () => zoho.fetch(CANDIDATES, recruit)),
        () => zoho.forConnection(who).fetch(CANDIDATES, recruit),
        () =>
          zoho.withConnection(who === 'ada' ? 'bob' : 'ada', () =>
            zoho.forConnection(who).fetch(CANDIDATES, recruit),
          ),
      ][index % 4]
      await breathe(index % 7)
      return [who, await userOf((await call?.()) as Response)]
    }),
  )
  for (const [who, user] of answers) expect(user).toBe(who)
})

// `forConnection(req.user?.org)` of somebody who is not signed in must not be whoever surrounds it.
test('an undefined that is passed is nobody, in any scope', async () => {
  const emulator = await emulate()
  const zoho = engine(emulator, { connections: connectionsFor(emulator, ['ada', 'bob']) })
  const nobody = undefined as never
  const refused = expect.objectContaining({ code: 'ERR_ZOHO_NO_CONNECTION' })
  zoho.withConnection('ada', () => {
    expect(() => zoho.forConnection(nobody)).toThrow(refused as never)
    expect(() => zoho.forConnection('bob').forConnection(nobody)).toThrow(refused as never)
    expect(() => zoho.withConnection(nobody, () => 1)).toThrow(refused as never)
  })
  const ambient = zoho.withConnection('ada', () => zoho.forConnection())
  expect(await ambient.connectionId()).toBe('ada')
})

describe('which connection', () => {
  async function two() {
    const emulator = await emulate()
    return engine(emulator, { connections: connectionsFor(emulator, ['ada', 'bob']) })
  }
  const whose = async (zoho: Awaited<ReturnType<typeof two>>) => userOf(await zoho.fetch(CANDIDATES, recruit))

  test('an explicit option beats the surrounding scope', async () => {
    const zoho = await two()
    const user = await zoho.withConnection('ada', async () =>
      userOf(await zoho.fetch(CANDIDATES, { ...recruit, connection: 'bob' })),
    )
    expect(user).toBe('bob')
  })

  test('an inner scope beats an outer one, and the outer one is back afterwards', async () => {
    const zoho = await two()
    await zoho.withConnection('ada', async () => {
      expect(await zoho.withConnection('bob', () => whose(zoho))).toBe('bob')
      expect(await whose(zoho)).toBe('ada')
    })
  })

  test('none chosen is an error, never "the first"', async () => {
    const zoho = await two()
    expect(await codeOf(zoho.getToken())).toBe('ERR_ZOHO_NO_CONNECTION')
    expect(await codeOf(zoho.fetch(CANDIDATES, recruit))).toBe('ERR_ZOHO_NO_CONNECTION')
    expect(zoho.peekToken()).toBeUndefined()
    await expect(zoho.getToken()).rejects.toMatchObject({ statusCode: 409 })
  })

  test('an unknown one is an error', async () => {
    const zoho = await two()
    expect(await codeOf(zoho.getToken({ connection: 'eve' }))).toBe('ERR_ZOHO_NO_CONNECTION')
    expect(await codeOf(zoho.status('eve'))).toBe('ERR_ZOHO_NO_CONNECTION')
    expect(await codeOf(zoho.revoke({ connection: 'eve' }))).toBe('ERR_ZOHO_NO_CONNECTION')
  })

  test.each(['', ' ', 'a b', 'a/b', 'x'.repeat(129), '__proto__', 'a\nb', 'ü', 42, null, {}])(
    '%j cannot be an id',
    async (id) => {
      const zoho = await two()
      expect(await codeOf(zoho.getToken({ connection: id as string }))).toBe('ERR_ZOHO_NO_CONNECTION')
      expect(() => zoho.forConnection(id as string)).toThrow()
    },
  )

  test('a chooser is asked at the first use and not again once it knows', async () => {
    const zoho = await two()
    let asked = 0
    const answers = [undefined, 'ada', 'bob']
    await zoho.withConnection(
      async () => answers[asked++],
      async () => {
        expect(asked).toBe(0)
        expect(await codeOf(zoho.getToken())).toBe('ERR_ZOHO_NO_CONNECTION')
        expect(await whose(zoho)).toBe('ada')
        expect(await whose(zoho)).toBe('ada')
        expect(asked).toBe(2)
      },
    )
  })

  test('a chooser that fails, fails that use alone', async () => {
    const zoho = await two()
    await zoho.withConnection(
      () => {
        throw new Error('no session')
      },
      async () => {
        await expect(zoho.getToken()).rejects.toThrow('no session')
        expect(await userOf(await zoho.fetch(CANDIDATES, { ...recruit, connection: 'bob' }))).toBe('bob')
      },
    )
  })

  test('with ambient: false every call names its own', async () => {
    const emulator = await emulate()
    const zoho = engine(emulator, { connections: connectionsFor(emulator, ['ada']), ambient: false })
    expect(() => zoho.withConnection('ada', () => zoho.getToken())).toThrow(/ambient: false/)
    expect((await zoho.forConnection('ada').getToken()).value).toBeTruthy()
  })
})

test('shared work runs in nobody’s scope', async () => {
  const emulator = await emulate()
  const seen: (string | undefined)[] = []
  const store = connectionsFor(emulator, ['ada', 'bob'])
  const connections = async (id: string): Promise<Connection | undefined> => {
    seen.push(
      await zoho.status().then(
        (status) => status.connection,
        () => undefined,
      ),
    )
    return store.get(id)
  }
  let nested = false
  const zoho = engine(emulator, {
    connections: async (id) => {
      if (nested) return store.get(id)
      nested = true
      return connections(id).finally(() => {
        nested = false
      })
    },
  })
  await zoho.withConnection('ada', () => zoho.getToken({ connection: 'bob' }))
  expect(seen).toContain(undefined)
  expect(seen).not.toContain('ada')
})

test('a lookup function that fails or lies is an error of the store', async () => {
  const emulator = await emulate()
  const failing = engine(emulator, { connections: async () => Promise.reject(new Error('db down')) })
  await expect(failing.getToken({ connection: 'a' })).rejects.toMatchObject({
    code: 'ERR_ZOHO_STORE',
    statusCode: 503,
  })
  const good = (await connectionsFor(emulator, ['ada']).get('ada')) as Connection
  const lying = engine(emulator, { connections: async () => good })
  expect(await codeOf(lying.getToken({ connection: 'bob' }))).toBe('ERR_ZOHO_STORE')
})

test('a row with what an app knows becomes a whole connection', async () => {
  const emulator = await emulate()
  const { refreshToken } = emulator.createGrant({ user: 'ada' })
  const row = newConnection({ id: 'ada', refreshToken, dataCenter: 'us', label: 'Ada' })
  expect(row).toMatchObject({ state: 'active', version: 1, label: 'Ada' })
  const zoho = engine(emulator, { connections: async () => row })
  expect((await zoho.getToken({ connection: 'ada' })).value).toBeTruthy()
})

test.each([
  ['no refresh token and no soid', { state: 'active' }],
  ['an empty refresh token', { state: 'active', refreshToken: '' }],
  ['a refresh token and a soid', { state: 'active', refreshToken: 'one', soid: 'ZohoCRM.1' }],
  ['a soid that is no text', { state: 'active', soid: 1 }],
])('a row with %s is no connection, and nothing is sent', async (_, grant) => {
  const emulator = await emulate()
  const row = { id: 'ada', dataCenter: 'us', version: 1, createdAt: 0, updatedAt: 0, ...grant }
  const zoho = engine(emulator, { connections: async () => row as unknown as Connection })
  await expect(zoho.getToken({ connection: 'ada' })).rejects.toMatchObject({
    code: 'ERR_ZOHO_STORE',
    action: expect.stringContaining('either refreshToken or soid'),
  })
  expect(emulator.requests).toHaveLength(0)
})

test('a lookup function that never answers ends in time', async () => {
  let lookups = 0
  const connections = (): Promise<never> => {
    lookups += 1
    return new Promise(() => {})
  }
  const { clock, zoho } = await byHand({ connections })
  const waits = [
    zoho.getToken({ connection: 'a' }),
    zoho.fetch(CANDIDATES, { ...recruit, connection: 'a' }),
    zoho.status('a'),
    zoho.revoke({ connection: 'a' }),
  ].map(codeOf)
  // Each of them waits for a lookup, the first two for the same one, and would wait until then.
  await until(() => lookups >= waits.length - 1)
  await clock.advance(8_000)
  expect(await Promise.all(waits)).toEqual(Array(4).fill('ERR_ZOHO_STORE'))
  const signal = AbortSignal.timeout(20)
  await expect(zoho.fetch(CANDIDATES, { ...recruit, connection: 'a', signal })).rejects.toThrow(/timeout/)
  await expect(zoho.getToken({ connection: 'a', signal })).rejects.toThrow(/timeout/)
  const never = () => new Promise<string>(() => {})
  await expect(zoho.withConnection(never, () => zoho.getToken({ signal }))).rejects.toThrow(/timeout/)
})

test('two data centres, one code path', async () => {
  const emulator = await emulate({ dataCenters: ['us', 'in'] })
  const ada = emulator.createGrant({ user: 'ada', dataCenter: 'us' })
  const bob = emulator.createGrant({ user: 'bob', dataCenter: 'in' })
  const connections = memoryConnectionStore(
    [ada, bob].map(({ user, refreshToken, dataCenter }) => ({
      id: user,
      refreshToken,
      dataCenter: dataCenter as 'us',
      state: 'active' as const,
      version: 1,
      createdAt: 0,
      updatedAt: 0,
    })),
  )
  const zoho = engine(emulator, { connections, accountsUrl: emulator.accountsUrls as Record<'us', string> })
  for (const who of ['ada', 'bob']) {
    const response = await zoho.fetch(CANDIDATES, { ...recruit, connection: who })
    expect(((await response.json()) as { echo: object }).echo).toMatchObject({
      user: who,
      dataCenter: who === 'ada' ? 'us' : 'in',
    })
  }
  // Ada's token does not go to India.
  const india = `${emulator.accountsUrls.in}${CANDIDATES}`
  expect(await codeOf(zoho.fetch(india, { connection: 'ada' }))).toBe('ERR_ZOHO_HOST_DENIED')
})

test('a handle shows whose it is, and nothing else', async () => {
  const emulator = await emulate()
  const handle = engine(emulator).forConnection('default')
  await handle.getToken()
  expect(JSON.stringify(handle)).toBe('{"connection":"default"}')
  expect((await handle.status()).connection).toBe('default')
  expect(await handle.authorize(`${emulator.url}/crm/v8/Leads`)).toHaveProperty('Authorization')
  expect((await handle.apiUrl('crm')).origin).toBe(emulator.url)
  expect(handle.peekToken()).toBe(await handle.getToken())
})

test('a data centre without a secret is the app’s own fault, at once, and costs no budget', async () => {
  const emulator = await emulate({ dataCenters: ['us', 'in'] })
  const { refreshToken } = emulator.createGrant({ user: 'bob', dataCenter: 'in' })
  const zoho = engine(emulator, {
    connections: memoryConnectionStore([connection('bob', refreshToken, 'in')]),
    clientSecret: { us: emulator.clientSecret },
    accountsUrl: emulator.accountsUrls as Record<'us', string>,
  })
  for (let call = 0; call < 20; call++) {
    const error = await zoho.getToken({ connection: 'bob' }).catch((thrown) => thrown)
    expect(error).toMatchObject({
      code: 'ERR_ZOHO_CLIENT',
      action: expect.stringContaining('ZOHO_CLIENT_SECRET_IN'),
    })
  }
  expect(await codeOf(zoho.revoke({ connection: 'bob' }))).toBe('ERR_ZOHO_CLIENT')
  expect(await zoho.status('bob')).toMatchObject({ budgetLeft: 8, state: 'active' })
  expect(emulator.counters.tokenRequests).toBe(0)
})
