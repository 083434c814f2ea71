import { describe, expect, test } from '@jest/globals'
import type { Emulator } from '../src/index.js'
import { newToken, post, refresh, start, statusWith } from './support.js'

const LEGACY = '/oauth/v2/token/revoke'
const CURRENT = '/oauth/v2/revoke/token'

function basic(emulator: Emulator, secret: string = emulator.clientSecret): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${emulator.clientId}:${secret}`).toString('base64')}` }
}

function multipart(fields: Record<string, string>): FormData {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.append(name, value)
  return form
}

describe('the revoke path of the product pages', () => {
  test.each<[place: string, send: (emulator: Emulator, token: string) => Promise<Response>]>([
    ['the query', (emulator, token) => post(`${emulator.url}${LEGACY}?token=${token}`)],
    ['a form', (emulator, token) => post(emulator.url + LEGACY, new URLSearchParams({ token }))],
    ['a multipart form', (emulator, token) => post(emulator.url + LEGACY, multipart({ token }))],
  ])('takes a refresh token in %s, and ends its access tokens', async (_, send) => {
    const emulator = await start()
    const token = await newToken(emulator)
    const response = await send(emulator, emulator.refreshToken)
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({ status: 'success' })
    expect(await statusWith(emulator, token)).toBe(401)
    expect(emulator.requests.at(-1)?.outcome).toBe('dead-token:revoked')
    expect((await refresh(emulator)).body).toEqual({ error: 'invalid_code' })
    expect(emulator.counters.revocations).toBe(1)
  })

  test('takes an access token, and leaves the grant alone', async () => {
    const emulator = await start()
    const [first, second] = [await newToken(emulator), await newToken(emulator)]
    expect((await post(emulator.url + LEGACY, new URLSearchParams({ token: first }))).status).toBe(200)
    expect(await statusWith(emulator, first)).toBe(401)
    expect(await statusWith(emulator, second)).toBe(200)
  })

  test('answers an unknown token, and one revoked before, with 400 and a web page', async () => {
    const emulator = await start()
    emulator.revokeGrant(emulator.refreshToken)
    for (const token of ['nobody-knows-it', emulator.refreshToken, '']) {
      const response = await post(`${emulator.url}${LEGACY}?token=${token}`)
      expect(response.status).toBe(400)
      expect(response.headers.get('content-type')).toMatch(/^text\/html/)
    }
    expect(emulator.counters.revocations).toBe(0)
  })

  test('knows only the tokens of its own data centre', async () => {
    const emulator = await start({ dataCenters: ['us', 'eu'] })
    const url = `${emulator.accountsUrls.eu}${LEGACY}`
    expect((await post(url, new URLSearchParams({ token: emulator.refreshToken }))).status).toBe(400)
    expect((await refresh(emulator)).body.error).toBeUndefined()
  })

  test('takes no GET', async () => {
    const emulator = await start()
    expect((await fetch(`${emulator.url}${LEGACY}?token=${emulator.refreshToken}`)).status).toBe(400)
    expect((await refresh(emulator)).body.error).toBeUndefined()
  })
})

describe('the revoke path of the current Accounts page', () => {
  test.each(['Basic', 'body'])('takes the client by %s', async (by) => {
    const emulator = await start()
    const token = await newToken(emulator)
    const { clientId, clientSecret, refreshToken } = emulator
    const fields: Record<string, string> = { token: refreshToken, token_type: 'refresh_token' }
    const client: Record<string, string> =
      by === 'body' ? { client_id: clientId, client_secret: clientSecret } : {}
    const body = new URLSearchParams({ ...fields, ...client })
    const response = await post(emulator.url + CURRENT, body, by === 'Basic' ? basic(emulator) : {})
    expect(response.status).toBe(200)
    expect(await statusWith(emulator, token)).toBe(401)
    expect(emulator.counters.revocations).toBe(1)
  })

  test('takes a refresh token where token_type is missing', async () => {
    const emulator = await start()
    const body = new URLSearchParams({ token: emulator.refreshToken })
    expect((await post(emulator.url + CURRENT, body, basic(emulator))).status).toBe(200)
  })

  test('takes an access token that is called one', async () => {
    const emulator = await start()
    const token = await newToken(emulator)
    const body = new URLSearchParams({ token, token_type: 'access_token' })
    expect((await post(emulator.url + CURRENT, body, basic(emulator))).status).toBe(200)
    expect(await statusWith(emulator, token)).toBe(401)
    expect((await refresh(emulator)).body.error).toBeUndefined()
  })

  test.each<[problem: string, send: (emulator: Emulator, token: string) => Promise<Response>]>([
    [
      'an unknown token',
      (emulator) => post(emulator.url + CURRENT, new URLSearchParams({ token: 'x' }), basic(emulator)),
    ],
    [
      'a token of the other type',
      (emulator, token) =>
        post(
          emulator.url + CURRENT,
          new URLSearchParams({ token, token_type: 'refresh_token' }),
          basic(emulator),
        ),
    ],
    ['no client', (emulator, token) => post(emulator.url + CURRENT, new URLSearchParams({ token }))],
    [
      'a wrong secret',
      (emulator) => {
        const body = new URLSearchParams({ token: emulator.refreshToken })
        return post(emulator.url + CURRENT, body, basic(emulator, 'wrong'))
      },
    ],
  ])('answers %s with 400, and revokes nothing', async (_, send) => {
    const emulator = await start()
    const token = await newToken(emulator)
    expect((await send(emulator, token)).status).toBe(400)
    expect(await statusWith(emulator, token)).toBe(200)
    expect(emulator.counters.revocations).toBe(0)
  })

  test('works where the app is registered, for users elsewhere', async () => {
    const emulator = await start({ dataCenters: ['us', 'eu', 'in'] })
    const { refreshToken } = emulator.createGrant({ dataCenter: 'eu' })
    const body = new URLSearchParams({ token: refreshToken })
    expect((await post(`${emulator.accountsUrls.in}${CURRENT}`, body, basic(emulator))).status).toBe(400)
    expect((await post(`${emulator.accountsUrls.us}${CURRENT}`, body, basic(emulator))).status).toBe(200)
  })
})
