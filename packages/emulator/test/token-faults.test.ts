import { describe, expect, test } from '@jest/globals'
import type { Emulator, Fault } from '../src/index.js'
import {
  ask,
  exchangeParameters,
  newToken,
  post,
  refresh,
  refreshParameters,
  start,
  statusWith,
} from './support.js'

/** Refresh tokens of a user that are alive. */
function living(emulator: Emulator, user: string): number {
  return emulator.users.find((one) => one.user === user)?.refreshTokens ?? 0
}

/** Exchanges a code of a user who has no grant yet; the answer as text. */
async function exchange(emulator: Emulator): Promise<string> {
  const code = emulator.createCode({ user: 'grace', scopes: ['ZohoCRM.modules.ALL'] })
  const body = new URLSearchParams(exchangeParameters(emulator, code))
  return (await post(`${emulator.url}/oauth/v2/token`, body)).text()
}

test.each(['https://api.zoho.com', 'www.zohoapis.com', 'null', '', null])(
  'foreign-api-domain can be %j, and the token is good',
  async (value) => {
    const emulator = await start()
    emulator.fault({ on: 'token', kind: 'foreign-api-domain', value })
    const { body } = await refresh(emulator)
    expect(body.api_domain).toBe(value)
    expect(await statusWith(emulator, body.access_token)).toBe(200)
  },
)

test('byte-order-mark stands before JSON that is good behind it', async () => {
  const emulator = await start()
  emulator.fault({ on: 'token', kind: 'byte-order-mark' })
  const parameters = new URLSearchParams(refreshParameters(emulator))
  const bytes = Buffer.from(await (await post(`${emulator.url}/oauth/v2/token`, parameters)).arrayBuffer())
  expect([...bytes.subarray(0, 4)]).toEqual([0xef, 0xbb, 0xbf, 0x7b])
  expect(JSON.parse(bytes.subarray(3).toString('utf8'))).toHaveProperty('access_token')
})

describe('same-access-token', () => {
  test('gives the last access token once more, dead or alive, as if it were new', async () => {
    const emulator = await start()
    await newToken(emulator)
    const last = await newToken(emulator)
    emulator.fault({ on: 'token', kind: 'same-access-token', times: 2 })
    expect((await refresh(emulator)).body).toMatchObject({ access_token: last, expires_in: 3600 })
    emulator.killToken(last)
    expect((await refresh(emulator)).body.access_token).toBe(last)
    expect(await statusWith(emulator, last)).toBe(401)
    expect(emulator.counters).toMatchObject({ tokensIssued: 2, tokenRefusals: 0 })
    expect(await newToken(emulator)).not.toBe(last)
  })

  test('makes one where there was none', async () => {
    const emulator = await start()
    emulator.fault({ on: 'token', kind: 'same-access-token' })
    expect(await statusWith(emulator, await newToken(emulator))).toBe(200)
  })
})

describe('at the exchange of a code', () => {
  const withRefreshToken = /"refresh_token":"([^"]+)"/

  test.each<[fault: Fault, shape: object]>([
    [
      { on: 'token', kind: 'absurd-expires-in', value: -1 },
      { access_token: expect.anything(), expires_in: -1 },
    ],
    [
      { on: 'token', kind: 'absurd-expires-in', value: 'soon' },
      { access_token: expect.anything(), expires_in: 'soon' },
    ],
    [{ on: 'token', kind: 'no-access-token' }, { expires_in: 3600 }],
  ])('%j leaves the refresh token in the answer, and the grant lives', async (fault, shape) => {
    const emulator = await start()
    emulator.fault(fault)
    const body = JSON.parse(await exchange(emulator)) as Record<string, string>
    expect(body).toMatchObject(shape)
    if (fault.kind === 'no-access-token') expect(body).not.toHaveProperty('access_token')
    expect(living(emulator, 'grace')).toBe(1)
    expect((await refresh(emulator, body.refresh_token)).body.error).toBeUndefined()
  })

  test('truncated-after-refresh-token is no JSON and holds a refresh token that lives', async () => {
    const emulator = await start()
    emulator.fault({ on: 'token', kind: 'truncated-after-refresh-token' })
    const text = await exchange(emulator)
    expect(() => JSON.parse(text) as unknown).toThrow()
    const refreshToken = withRefreshToken.exec(text)?.[1]
    expect(text.endsWith(`"refresh_token":"${refreshToken}"`)).toBe(true)
    expect(living(emulator, 'grace')).toBe(1)
    expect((await refresh(emulator, refreshToken)).body.error).toBeUndefined()
  })

  test('byte-order-mark leaves a grant that lives', async () => {
    const emulator = await start()
    emulator.fault({ on: 'token', kind: 'byte-order-mark' })
    expect(await exchange(emulator)).toMatch(withRefreshToken)
    expect(living(emulator, 'grace')).toBe(1)
  })
})

test('truncated-after-refresh-token ends in the middle of an answer that has none', async () => {
  const emulator = await start()
  emulator.fault({ on: 'token', kind: 'truncated-after-refresh-token' })
  await expect(ask(refreshParameters(emulator), emulator.url)).rejects.toThrow(SyntaxError)
})

test('the living refresh tokens of a user are counted: made, revoked, and the 21st in place of the first', async () => {
  const emulator = await start()
  const { refreshToken } = emulator.createGrant({ user: 'grace' })
  emulator.createGrant({ user: 'grace' })
  expect(living(emulator, 'grace')).toBe(2)
  emulator.revokeGrant(refreshToken)
  expect(living(emulator, 'grace')).toBe(1)
  for (let at = 0; at < 20; at += 1) emulator.createGrant({ user: 'grace' })
  expect(living(emulator, 'grace')).toBe(20)
  expect(emulator.grants.filter(({ user }) => user === 'grace')).toHaveLength(20)
  expect(living(emulator, 'ada')).toBe(1)
})
