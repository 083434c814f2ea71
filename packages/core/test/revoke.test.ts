import { describe, expect, test } from '@jest/globals'
import { type ConnectionStore, ZohoAuthError } from '@zoho-auth/core'
import type { Fault } from '@zoho-auth/emulator'
import { figure } from '../../../checks/support/figures.mjs'
import { heldFetch, until } from '../../../checks/support/waiting.mjs'
import { byHand, CANDIDATES, codeOf, connectionsFor, emulate, engine, recruit } from './support.js'

test('revoke ends the grant and all its tokens at Zoho, and here', async () => {
  const { emulator, zoho, events } = await byHand()
  await zoho.getToken()
  await zoho.revoke()
  expect(emulator.liveTokens()).toEqual([])
  expect(emulator.grants.some(({ refreshToken }) => refreshToken === emulator.refreshToken)).toBe(false)
  expect(zoho.peekToken()).toBeUndefined()
  await expect(zoho.getToken()).rejects.toMatchObject({ code: 'ERR_ZOHO_REVOKED', statusCode: 409 })
  expect((await zoho.status()).state).toBe('revoked')
  expect(events.filter((name) => name === 'connection.revoked')).toHaveLength(1)
  expect(emulator.counters.tokenRequests).toBe(1)
})

test('after close() every call that may send or write is refused, and nothing is sent', async () => {
  const emulator = await emulate()
  const zoho = engine(emulator, { connections: connectionsFor(emulator, ['ada']) })
  await zoho.close()
  const connection = 'ada'
  const redirectUri = 'https://app.example/callback'
  const calls: Record<string, () => Promise<unknown>> = {
    getToken: () => zoho.getToken({ connection }),
    authorize: () => zoho.authorize('https://www.zohoapis.com/crm/v8/Leads', { connection }),
    revoke: () => zoho.revoke({ connection }),
    revokeToken: () => zoho.revoke({ connection, token: 'the-token' }),
    revokeAll: () => zoho.revokeAll({ where: () => true }),
    warm: () => zoho.warm([connection]),
    status: () => zoho.status(connection),
    rotateKeys: () => zoho.rotateKeys(),
    'forConnection().status': () => zoho.forConnection(connection).status(),
    'consent.start': () => zoho.consent.start({ connection, scopes: ['ZohoCRM.modules.ALL'], redirectUri }),
    'consent.finish': () => zoho.consent.finish(`${redirectUri}?code=c&state=s`, 's'),
    'consent.exchange': () => zoho.consent.exchange('the-code', { connection }),
    'consent.clientCredentials': () =>
      zoho.consent.clientCredentials({ connection, soid: 'ZohoCRM.600', scopes: ['ZohoCRM.modules.ALL'] }),
    'consent.undo': () => zoho.consent.undo({ connection }),
  }
  for (const [name, call] of Object.entries(calls))
    expect([name, await call().then(String, ({ message }) => message)]).toEqual([
      name,
      'this ZohoAuth is closed',
    ])
  expect(emulator.counters.tokenRequests + emulator.counters.revocations).toBe(0)
})

test('it is idempotent: 50 at once, and again', async () => {
  const emulator = await emulate()
  const zoho = engine(emulator)
  await Promise.all(Array.from({ length: 50 }, () => zoho.revoke()))
  await zoho.revoke()
  expect((await zoho.status()).state).toBe('revoked')
  expect(emulator.counters.revocations).toBe(1)
})

test('a grant that is dead already counts as revoked', async () => {
  const emulator = await emulate()
  const zoho = engine(emulator)
  emulator.revokeGrant(emulator.refreshToken)
  await zoho.revoke()
  expect((await zoho.status()).state).toBe('revoked')
})

test('other connections keep working', async () => {
  const emulator = await emulate()
  const zoho = engine(emulator, { connections: connectionsFor(emulator, ['ada', 'bob']) })
  await zoho.getToken({ connection: 'ada' })
  await zoho.getToken({ connection: 'bob' })
  await zoho.revoke({ connection: 'bob' })
  expect((await zoho.fetch(CANDIDATES, { ...recruit, connection: 'ada' })).status).toBe(200)
  expect(await codeOf(zoho.fetch(CANDIDATES, { ...recruit, connection: 'bob' }))).toBe('ERR_ZOHO_REVOKED')
})

test('a refresh under way while the grant is revoked hands out nothing', async () => {
  const emulator = await emulate()
  const { fetch, held, release } = heldFetch()
  const zoho = engine(emulator, { fetch })
  const get = codeOf(zoho.getToken())
  await held()
  const revoked = zoho.revoke()
  await until(() => emulator.counters.revocations === 1)
  release()
  await revoked
  expect(await get).toBe('ERR_ZOHO_REVOKED')
  expect(zoho.peekToken()).toBeUndefined()
})

describe('when Zoho cannot be told', () => {
  test.each<[Fault, string]>([
    [{ on: 'revoke', kind: 'reset' }, 'ERR_ZOHO_UNAVAILABLE'],
    [{ on: 'revoke', kind: 'status', status: 503 }, 'ERR_ZOHO_UNAVAILABLE'],
    [{ on: 'revoke', kind: 'html' }, 'ERR_ZOHO_UNAVAILABLE'],
    [{ on: 'revoke', kind: 'redirect', url: 'http://127.0.0.1:1/' }, 'ERR_ZOHO_UNAVAILABLE'],
    [{ on: 'revoke', kind: 'throttle' }, 'ERR_ZOHO_THROTTLED'],
    [{ on: 'revoke', kind: 'invalid-client' }, 'ERR_ZOHO_CLIENT'],
  ])('%j: the connection is not used any more, and the next call finishes', async (fault, code) => {
    const { emulator, zoho } = await byHand()
    await zoho.getToken()
    emulator.fault(fault)
    expect(await codeOf(zoho.revoke())).toBe(code)
    expect((await zoho.status()).state).toBe('revoking')
    expect(await codeOf(zoho.getToken())).toBe('ERR_ZOHO_REVOKED')
    await zoho.revoke()
    expect((await zoho.status()).state).toBe('revoked')
    expect(emulator.counters.revocations).toBe(1)
  })
})

test('somebody else writes the connection meanwhile: the revocation still lands', async () => {
  const emulator = await emulate()
  const inner = connectionsFor(emulator, ['ada'])
  let disturbances = 2
  const connections: ConnectionStore = {
    ...inner,
    async put(connection, options) {
      if (disturbances-- > 0) {
        const current = await inner.get('ada')
        if (current) await inner.put({ ...current, label: `changed ${disturbances}` })
      }
      return inner.put(connection, options)
    },
  }
  const zoho = engine(emulator, { connections })
  await zoho.revoke({ connection: 'ada' })
  expect(await inner.get('ada')).toMatchObject({ state: 'revoked', label: 'changed 0' })
})

test('a store that cannot write is an error before Zoho is told', async () => {
  const emulator = await emulate()
  const inner = connectionsFor(emulator, ['ada'])
  const zoho = engine(emulator, {
    connections: { ...inner, put: async () => Promise.reject(new ZohoAuthError('ERR_ZOHO_STORE')) },
  })
  expect(await codeOf(zoho.revoke({ connection: 'ada' }))).toBe('ERR_ZOHO_STORE')
  expect(emulator.counters.revocations).toBe(0)
})

test('a function as connections: revoked at Zoho, and the app is told that the row is its own', async () => {
  const emulator = await emulate()
  const store = connectionsFor(emulator, ['ada'])
  const warnings: string[] = []
  const zoho = engine(emulator, {
    connections: (id) => store.get(id),
    logger: { warn: (message) => warnings.push(message) },
  })
  await zoho.getToken({ connection: 'ada' })
  await zoho.revoke({ connection: 'ada' })
  expect(warnings).toEqual([expect.stringContaining('its row is yours')])
  expect(await codeOf(zoho.getToken({ connection: 'ada' }))).toBe('ERR_ZOHO_REVOKED')
  expect(emulator.counters).toMatchObject({ revocations: 1, tokenRequests: 1 })
})

test('the other revocation endpoint, by option', async () => {
  const emulator = await emulate()
  const zoho = engine(emulator, { revocationPath: '/oauth/v2/revoke/token' })
  await zoho.revoke()
  expect(emulator.requests.at(-1)).toMatchObject({
    kind: 'revoke',
    path: '/oauth/v2/revoke/token',
    status: 200,
  })
})

describe('what stands between us and Zoho cannot erase a grant', () => {
  // A 400 of an nginx, the JSON of a firewall and an empty body counted as "revoked", and the only copy of a grant that was
  // alive at Zoho was erased.
  const GATEWAYS: readonly (readonly [status: number, body: string, type: string])[] = [
    200, 400, 403, 404, 413, 429, 502, 503,
  ].flatMap((status) =>
    [
      ['', 'text/plain'],
      ['<html><head><title>400 Bad Request</title></head><body>nginx</body></html>', 'text/html'],
      ['{"message":"blocked by policy","code":4003}', 'application/json'],
      ['{"status":"failure"}', 'application/json'],
      ['{}', 'application/json'],
      ['[]', 'application/json'],
      ['Bad Request', 'text/plain'],
    ].map(([body = '', type = '']) => [status, body, type] as const),
  )
  let erased = 0

  test.each(GATEWAYS)(
    '%d %s: the connection stays, and the next call finishes',
    async (status, body, contentType) => {
      let answers = 1
      const { emulator, zoho } = await byHand({
        fetch: async (url, init) =>
          new Request(url).url.endsWith('/revoke') && answers-- > 0
            ? new Response(body, { status, headers: { 'content-type': contentType } })
            : fetch(url, init),
      })
      expect(await codeOf(zoho.revoke())).toMatch(/^ERR_ZOHO_(UNAVAILABLE|BAD_RESPONSE|THROTTLED)$/)
      const { state } = await zoho.status()
      if (state === 'revoked') erased += 1
      expect(state).toBe('revoking')
      expect(emulator.grants.some(({ refreshToken }) => refreshToken === emulator.refreshToken)).toBe(true)
      await zoho.revoke()
      expect((await zoho.status()).state).toBe('revoked')
      expect(emulator.grants.some(({ refreshToken }) => refreshToken === emulator.refreshToken)).toBe(false)
    },
  )

  test('none of them erased one', () => {
    const name = 'a gateway’s answer at revocation: connections marked revoked that are alive'
    figure(name, erased === 0, `${erased} of ${GATEWAYS.length}`)
    expect(erased).toBe(0)
  })

  test('the page that Zoho answers for a dead grant is proved by a refresh', async () => {
    const { emulator, zoho } = await byHand()
    emulator.revokeGrant(emulator.refreshToken)
    await zoho.revoke()
    expect((await zoho.status()).state).toBe('revoked')
    expect(emulator.requests.filter(({ kind }) => kind === 'token').map(({ outcome }) => outcome)).toEqual([
      'invalid_code',
    ])
  })
})
