import { createHash } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import {
  ask,
  callApi,
  consent,
  consentUrl,
  exchangeParameters,
  minutes,
  REDIRECT_URI,
  start,
} from './support.js'

describe('a consent without a person', () => {
  test('accepted, leads to the callback with code, location, accounts server and state', async () => {
    const emulator = await start()
    const answer = await consent(emulator)
    expect(Object.fromEntries(answer)).toEqual({
      code: expect.stringMatching(/^1000\./),
      location: 'us',
      'accounts-server': emulator.accountsUrl,
      state: 'the-state',
    })
  })

  test('refused, leads to the callback with access_denied', async () => {
    const emulator = await start()
    const answer = await consent(emulator, { auto: 'refuse' })
    expect(Object.fromEntries(answer)).toEqual({ error: 'access_denied', state: 'the-state' })
  })

  test.each<[changes: Record<string, string | undefined>, words: string]>([
    [{ client_id: 'somebody else' }, 'Invalid Client'],
    [{ redirect_uri: 'https://foreign.example/callback' }, 'Invalid Redirect Uri'],
    [{ redirect_uri: 'http://localhost.foreign.example/' }, 'Invalid Redirect Uri'],
    [{ redirect_uri: undefined }, 'Invalid Redirect Uri'],
    [{ scope: 'everything please' }, 'Invalid OAuth Scope'],
    [{ scope: undefined }, 'Invalid OAuth Scope'],
    [{ response_type: 'token' }, 'Invalid response type'],
    [{ code_challenge: 'x', code_challenge_method: 'S512' }, 'Invalid Code Challenge Method'],
    [{ user: ' ' }, 'Invalid User'],
    [{ user: 'x'.repeat(201) }, 'Invalid User'],
    [{ organization: '20000000003' }, 'Invalid Organisation'],
    [{ environment: 'moon' }, 'Invalid Environment'],
    [{ dataCenter: 'eu' }, 'Invalid Client'],
  ])('with %j says %s, and never redirects', async (changes, words) => {
    const emulator = await start()
    const response = await fetch(consentUrl(emulator, { user: 'ada', auto: 'accept', ...changes }), {
      redirect: 'manual',
    })
    expect(response.status).toBe(400)
    expect(await response.text()).toContain(`<h1>${words}</h1>`)
  })

  test('takes a registered redirect URI, compared exactly', async () => {
    const emulator = await start({ redirectUris: ['https://app.example/callback'] })
    expect((await consent(emulator, { redirect_uri: 'https://app.example/callback' })).has('code')).toBe(true)
    const other = consentUrl(emulator, { redirect_uri: 'https://app.example/callback/' })
    expect((await fetch(other)).status).toBe(400)
  })
})

describe('the exchange of a code', () => {
  test('gives a refresh token that belongs to the user who consented', async () => {
    const emulator = await start()
    const code = (await consent(emulator)).get('code') ?? ''
    const { body } = await ask(
      exchangeParameters(emulator, code, { redirect_uri: REDIRECT_URI }),
      emulator.url,
    )
    expect(Object.keys(body)).toEqual([
      'access_token',
      'refresh_token',
      'scope',
      'api_domain',
      'token_type',
      'expires_in',
    ])
    expect(body.scope).toBe('ZohoRecruit.modules.ALL ZohoCRM.modules.READ')
    expect(await (await callApi(emulator, body.access_token)).json()).toMatchObject({
      echo: { user: 'grace' },
    })
    expect(emulator.countersOf(body.refresh_token ?? '')).toMatchObject({ tokensIssued: 1, apiRequests: 1 })
  })

  test('works once', async () => {
    const emulator = await start()
    const code = emulator.createCode()
    expect((await ask(exchangeParameters(emulator, code), emulator.url)).body).toHaveProperty('refresh_token')
    expect((await ask(exchangeParameters(emulator, code), emulator.url)).body).toEqual({
      error: 'invalid_code',
    })
  })

  test.each([
    { of: 'consent', options: { speed: 1 }, lifeMs: minutes(2) },
    { of: 'consent', options: { speed: 60 }, lifeMs: 2_000 },
    { of: 'consent', options: { speed: 60, codeLifeMs: 700 }, lifeMs: 700 },
    { of: 'self client', options: { speed: 1 }, lifeMs: minutes(3) },
    { of: 'self client', options: { speed: 60 }, lifeMs: 3_000 },
    { of: 'self client', options: { speed: 60, codeLifeMs: 700 }, lifeMs: 700 },
    { of: 'self client', options: {}, ofCode: minutes(10), lifeMs: minutes(10) },
  ])('of a $of with $options works until the code is $lifeMs ms old', async (row) => {
    const { of, options, ofCode, lifeMs } = row
    const emulator = await start(options)
    const fromConsent = of === 'consent'
    const newCode = async (): Promise<string> =>
      fromConsent ? ((await consent(emulator)).get('code') ?? '') : emulator.createCode({ lifeMs: ofCode })
    const [early, late] = [await newCode(), await newCode()]
    const exchange = (code: string) =>
      ask(exchangeParameters(emulator, code, fromConsent ? { redirect_uri: REDIRECT_URI } : {}), emulator.url)
    emulator.advance(lifeMs - 1)
    expect((await exchange(early)).body.error).toBeUndefined()
    emulator.advance(1)
    expect((await exchange(late)).body.error).toBe('invalid_code')
  })

  test('a code with a redirect URI is not one of a self client', async () => {
    const emulator = await start()
    const code = emulator.createCode({ redirectUri: REDIRECT_URI })
    emulator.advance(minutes(2))
    const parameters = exchangeParameters(emulator, code, { redirect_uri: REDIRECT_URI })
    expect((await ask(parameters, emulator.url)).body.error).toBe('invalid_code')
  })

  test('with another redirect URI is invalid_redirect_uri', async () => {
    const emulator = await start()
    const code = emulator.createCode({ redirectUri: REDIRECT_URI })
    expect((await ask(exchangeParameters(emulator, code), emulator.url)).body).toEqual({
      error: 'invalid_redirect_uri',
    })
  })

  test('of online access gives no refresh token', async () => {
    const emulator = await start()
    const code = (await consent(emulator, { access_type: undefined })).get('code') ?? ''
    const { body } = await ask(
      exchangeParameters(emulator, code, { redirect_uri: REDIRECT_URI }),
      emulator.url,
    )
    expect(body).not.toHaveProperty('refresh_token')
    expect((await callApi(emulator, body.access_token)).status).toBe(200)
    emulator.advance(minutes(60))
    expect((await callApi(emulator, body.access_token)).status).toBe(401)
  })

  test('gives a refresh token again only for prompt=consent', async () => {
    const emulator = await start()
    const refreshTokenOf = async (prompt: string | undefined) => {
      const code = (await consent(emulator, { prompt })).get('code') ?? ''
      const { body } = await ask(
        exchangeParameters(emulator, code, { redirect_uri: REDIRECT_URI }),
        emulator.url,
      )
      return body.refresh_token
    }
    expect(await refreshTokenOf(undefined)).toBeDefined()
    expect(await refreshTokenOf(undefined)).toBeUndefined()
    expect(await refreshTokenOf('consent')).toBeDefined()
  })

  describe('with a code challenge', () => {
    const verifier = 'the-verifier-that-only-the-client-knows-0123456789'
    const challenge = createHash('sha256').update(verifier).digest('base64url')

    test.each([
      { method: 'S256', codeChallenge: challenge, sent: verifier, works: true },
      { method: 'S256', codeChallenge: challenge, sent: challenge, works: false },
      { method: 'S256', codeChallenge: challenge, sent: undefined, works: false },
      { method: 'plain', codeChallenge: verifier, sent: verifier, works: true },
      { method: 'plain', codeChallenge: verifier, sent: `${verifier}x`, works: false },
    ] as const)(
      'by $method, the verifier $sent works: $works',
      async ({ method, codeChallenge, sent, works }) => {
        const emulator = await start()
        const code = emulator.createCode({ codeChallenge, codeChallengeMethod: method })
        const parameters = exchangeParameters(
          emulator,
          code,
          sent === undefined ? {} : { code_verifier: sent },
        )
        const { body } = await ask(parameters, emulator.url)
        expect(body.error).toBe(works ? undefined : 'invalid_code')
      },
    )

    test('in the consent, the verifier is asked for; without a method it is plain', async () => {
      const emulator = await start()
      const code = (await consent(emulator, { code_challenge: verifier })).get('code') ?? ''
      const parameters = exchangeParameters(emulator, code, {
        redirect_uri: REDIRECT_URI,
        code_verifier: verifier,
      })
      expect((await ask(parameters, emulator.url)).body).toHaveProperty('refresh_token')
    })
  })
})

describe('the accounts server', () => {
  test('lists its data centres at /oauth/serverinfo', async () => {
    const emulator = await start({ dataCenters: ['us', 'eu'] })
    const response = await fetch(`${emulator.url}/oauth/serverinfo`)
    expect(await response.json()).toEqual({ result: 'success', locations: emulator.accountsUrls })
  })
})
