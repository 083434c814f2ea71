import { describe, expect, test } from '@jest/globals'
import {
  ask,
  callApi,
  minutes,
  newToken,
  post,
  refresh,
  refreshParameters,
  start,
  statusWith,
  type TokenBody,
} from './support.js'

const TOKEN_SHAPE = /^1000\.[0-9a-f]{32}\.[0-9a-f]{32}$/

describe('a refresh', () => {
  test('answers as Zoho does: a token for one hour, scopes with spaces, and no refresh token', async () => {
    const emulator = await start()
    const { refreshToken } = emulator.createGrant({
      scopes: ['ZohoRecruit.modules.ALL', 'ZohoCRM.users.READ'],
    })
    const response = await post(
      `${emulator.url}/oauth/v2/token`,
      new URLSearchParams(refreshParameters(emulator, { refresh_token: refreshToken })),
    )
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('application/json;charset=UTF-8')
    expect(response.headers.get('set-cookie')).not.toBeNull()
    expect(await response.json()).toEqual({
      access_token: expect.stringMatching(TOKEN_SHAPE),
      scope: 'ZohoRecruit.modules.ALL ZohoCRM.users.READ',
      api_domain: emulator.url,
      token_type: 'Bearer',
      expires_in: 3600,
    })
  })

  test('takes its parameters in the query', async () => {
    const emulator = await start()
    const query = new URLSearchParams(refreshParameters(emulator))
    const response = await post(`${emulator.url}/oauth/v2/token?${query.toString()}`)
    expect(await response.json()).toHaveProperty('access_token')
  })

  test('takes its parameters in a multipart body', async () => {
    const emulator = await start()
    const form = new FormData()
    for (const [name, value] of Object.entries(refreshParameters(emulator))) form.append(name, value)
    const response = await post(`${emulator.url}/oauth/v2/token`, form)
    expect(await response.json()).toHaveProperty('access_token')
  })

  test('keeps the spaces and letters of a multipart field', async () => {
    const emulator = await start({ clientSecret: ' sécrèt\r\n--with everything ' })
    const form = new FormData()
    for (const [name, value] of Object.entries(refreshParameters(emulator))) form.append(name, value)
    const response = await post(`${emulator.url}/oauth/v2/token`, form)
    expect(await response.json()).toHaveProperty('access_token')
  })

  test('takes the client by HTTP Basic, form-encoded or not', async () => {
    const emulator = await start({ clientSecret: 'a secret:with%signs' })
    const { client_id: id = '', client_secret: secret = '', ...rest } = refreshParameters(emulator)
    for (const credentials of [
      `${id}:${encodeURIComponent(secret)}`,
      `${encodeURIComponent(id).replace('.', '%2E')}:${secret}`,
    ]) {
      const authorization = `Basic ${Buffer.from(credentials).toString('base64')}`
      const response = await post(`${emulator.url}/oauth/v2/token`, new URLSearchParams(rest), {
        authorization,
      })
      expect(await response.json()).toHaveProperty('access_token')
    }
  })

  test.each<[problem: string, changes: Record<string, string>, error: string]>([
    ['an unknown refresh token', { refresh_token: 'nobody knows it' }, 'invalid_code'],
    ['a missing refresh token', { refresh_token: '' }, 'invalid_code'],
    ['an unknown client', { client_id: 'somebody else' }, 'invalid_client'],
    ['a wrong secret', { client_secret: 'wrong' }, 'invalid_client_secret'],
    ['a missing secret', { client_secret: '' }, 'invalid_client_secret'],
    ['an unknown grant_type', { grant_type: 'password' }, 'invalid_client'],
    ['the grant_type constructor', { grant_type: 'constructor' }, 'invalid_client'],
    ['the grant_type __proto__', { grant_type: '__proto__' }, 'invalid_client'],
  ])('with %s is 200 with the error in its body', async (_, changes, error) => {
    const emulator = await start()
    expect(await ask(refreshParameters(emulator, changes), emulator.url)).toEqual({
      status: 200,
      body: { error },
    })
  })

  test('without grant_type, or by GET, is 400 and not JSON', async () => {
    const emulator = await start()
    const { grant_type: _, ...rest } = refreshParameters(emulator)
    const query = new URLSearchParams(refreshParameters(emulator))
    for (const response of [
      await post(`${emulator.url}/oauth/v2/token`, new URLSearchParams(rest)),
      await fetch(`${emulator.url}/oauth/v2/token?${query.toString()}`),
    ]) {
      expect(response.status).toBe(400)
      expect(response.headers.get('content-type')).toMatch(/^text\/html/)
    }
    expect(emulator.counters).toMatchObject({ tokenRequests: 2, tokenRefusals: 2, tokensIssued: 0 })
  })

  test('with a body that is too long is 413', async () => {
    const emulator = await start()
    const response = await post(`${emulator.url}/oauth/v2/token`, 'x'.repeat(64 * 1024 + 1))
    expect(response.status).toBe(413)
  })
})

describe('an access token', () => {
  test('lives one hour: accepted one millisecond before, refused at its end', async () => {
    const emulator = await start()
    const token = await newToken(emulator)
    emulator.advance(minutes(60) - 1)
    expect(await statusWith(emulator, token)).toBe(200)
    expect(emulator.liveTokens()).toHaveLength(1)
    emulator.advance(1)
    expect(await statusWith(emulator, token)).toBe(401)
    expect(emulator.liveTokens()).toHaveLength(0)
    expect(emulator.requests.at(-1)?.outcome).toBe('dead-token:expired')
    expect(emulator.counters.evictions).toBe(0)
  })

  test('lives six seconds at speed 600, and says so', async () => {
    const emulator = await start({ speed: 600 })
    const { body } = await refresh(emulator)
    expect(body.expires_in).toBe(6)
    emulator.advance(5_999)
    expect(await statusWith(emulator, body.access_token)).toBe(200)
    emulator.advance(1)
    expect(await statusWith(emulator, body.access_token)).toBe(401)
  })

  test('lives as long as tokenLifeMs says, whatever the speed', async () => {
    const emulator = await start({ speed: 600, tokenLifeMs: 1_500 })
    const { body } = await refresh(emulator)
    expect(body.expires_in).toBe(1.5)
    emulator.advance(1_500)
    expect(await statusWith(emulator, body.access_token)).toBe(401)
  })

  test('follows a clock that is given', async () => {
    let now = 5
    const emulator = await start({ clock: { now: () => now } })
    const token = await newToken(emulator)
    now += minutes(60) - 1
    expect(await statusWith(emulator, token)).toBe(200)
    now += 1
    expect(await statusWith(emulator, token)).toBe(401)
  })

  test('that is killed is dead at once, alone', async () => {
    const emulator = await start()
    const [first, second] = [await newToken(emulator), await newToken(emulator)]
    expect(emulator.killToken(first)).toBe(true)
    expect(emulator.killToken(first)).toBe(false)
    expect(await statusWith(emulator, first)).toBe(401)
    expect(await statusWith(emulator, second)).toBe(200)
    expect(emulator.counters.evictions).toBe(1)
  })

  test('dies with killTokens, of one grant or of all', async () => {
    const emulator = await start()
    const other = emulator.createGrant({ user: 'grace' })
    emulator.issueToken()
    emulator.issueToken()
    emulator.issueToken(other.refreshToken)
    expect(emulator.killTokens(other.refreshToken)).toBe(1)
    expect(emulator.killTokens()).toBe(2)
    expect(emulator.killTokens('nobody knows it')).toBe(0)
    expect(await newToken(emulator)).toMatch(TOKEN_SHAPE)
  })

  test('dies with its grant, and the grant is an invalid_code from then on', async () => {
    const emulator = await start()
    const token = await newToken(emulator)
    expect(emulator.revokeGrant(emulator.refreshToken)).toBe(true)
    expect(emulator.revokeGrant(emulator.refreshToken)).toBe(false)
    expect(await statusWith(emulator, token)).toBe(401)
    expect((await refresh(emulator)).body).toEqual({ error: 'invalid_code' })
    expect(emulator.countersOf(emulator.refreshToken)).toMatchObject({ tokenRequests: 2, tokenRefusals: 1 })
  })
})

describe('client credentials', () => {
  const ofOrganisation = {
    grant_type: 'client_credentials',
    soid: 'ZohoRecruit.600123',
    scope: 'ZohoRecruit.modules.ALL,ZohoCRM.users.READ',
  }

  test('give a token and no refresh token', async () => {
    const emulator = await start()
    const { body } = await ask(refreshParameters(emulator, ofOrganisation), emulator.url)
    expect(Object.keys(body)).toEqual(['access_token', 'scope', 'api_domain', 'token_type', 'expires_in'])
    expect(body.scope).toBe('ZohoRecruit.modules.ALL ZohoCRM.users.READ')
    const response = await callApi(emulator, body.access_token)
    expect(await response.json()).toMatchObject({ echo: { user: 'soid:ZohoRecruit.600123' } })
  })

  test('without soid are missing_org_info', async () => {
    const emulator = await start()
    const { soid: _, ...rest } = ofOrganisation
    expect((await ask(refreshParameters(emulator, rest), emulator.url)).body.error).toBe('missing_org_info')
  })

  test('share one quota per organisation and scopes: the 11th is refused', async () => {
    const emulator = await start()
    const asked: TokenBody[] = []
    for (let at = 0; at < 11; at += 1)
      asked.push((await ask(refreshParameters(emulator, ofOrganisation), emulator.url)).body)
    expect(asked.filter((body) => body.error === undefined)).toHaveLength(10)
    expect(asked.at(-1)?.error).toBe('Access Denied')
  })
})
