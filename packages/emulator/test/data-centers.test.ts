import { expect, test } from '@jest/globals'
import { ask, callApi, exchangeParameters, refresh, refreshParameters, start } from './support.js'

test('each data centre has a listener of its own, and refreshes there point its api_domain there', async () => {
  const emulator = await start({ dataCenters: ['us', 'eu'] })
  const { us = '', eu = '' } = emulator.accountsUrls
  expect(new Set([us, eu]).size).toBe(2)
  expect(emulator.url).toBe(us)
  const { refreshToken } = emulator.createGrant({ dataCenter: 'eu' })
  const { body } = await refresh(emulator, refreshToken, eu)
  expect(body.api_domain).toBe(eu)
  expect((await callApi(emulator, body.access_token, undefined, eu)).status).toBe(200)
})

test('a refresh token of another data centre is invalid_code', async () => {
  const emulator = await start({ dataCenters: ['us', 'eu'] })
  expect((await refresh(emulator, undefined, emulator.accountsUrls.eu)).body).toEqual({
    error: 'invalid_code',
  })
  const code = emulator.createCode()
  const { body } = await ask(exchangeParameters(emulator, code), emulator.accountsUrls.eu ?? '')
  expect(body).toEqual({ error: 'invalid_code' })
})

test('a data centre the client is not enabled for answers invalid_client', async () => {
  const emulator = await start({ dataCenters: ['us', 'eu'], clientDataCenters: ['us'] })
  const { refreshToken } = emulator.createGrant({ dataCenter: 'eu' })
  expect((await refresh(emulator, refreshToken, emulator.accountsUrls.eu)).body).toEqual({
    error: 'invalid_client',
  })
  expect((await refresh(emulator)).body.error).toBeUndefined()
})

test('a data centre can have a client secret of its own; the one of another is invalid_client', async () => {
  const emulator = await start({ dataCenters: ['us', 'eu'], clientSecrets: { eu: 'the-secret-in-europe' } })
  const grant = emulator.createGrant({ dataCenter: 'eu' })
  const env = emulator.env(grant)
  expect(env).toEqual({
    ZOHO_CLIENT_ID: emulator.clientId,
    ZOHO_CLIENT_SECRET: 'the-secret-in-europe',
    ZOHO_ACCOUNTS_URL_US: emulator.accountsUrls.us,
    ZOHO_CLIENT_SECRET_US: emulator.clientSecret,
    ZOHO_REFRESH_TOKEN: grant.refreshToken,
    ZOHO_ACCOUNTS_URL: emulator.accountsUrls.eu,
    ZOHO_DATA_CENTER: 'eu',
  })
  const eu = env.ZOHO_ACCOUNTS_URL ?? ''
  const own = { refresh_token: grant.refreshToken, client_secret: 'the-secret-in-europe' }
  expect((await ask(refreshParameters(emulator, own), eu)).body.error).toBeUndefined()
  expect((await refresh(emulator, grant.refreshToken, eu)).body).toEqual({ error: 'invalid_client' })
  const wrong = { ...own, client_secret: 'wrong' }
  expect((await ask(refreshParameters(emulator, wrong), eu)).body).toEqual({ error: 'invalid_client_secret' })
})

test.each([
  ['/recruit/v2/Candidates', 401, 'INVALID_TOKEN'],
  ['/people/api/forms', 401, '7213'],
  ['/phonebridge/v3/calls', 400, 'INVALID_TOKEN'],
])('an access token of another data centre looks dead at %s', async (path, status, words) => {
  const emulator = await start({ dataCenters: ['us', 'eu'] })
  const { accessToken } = emulator.issueToken()
  const response = await callApi(emulator, accessToken, path, emulator.accountsUrls.eu)
  expect(response.status).toBe(status)
  expect(await response.text()).toContain(words)
  expect(emulator.requests.at(-1)).toMatchObject({
    dataCenter: 'eu',
    outcome: 'dead-token:other-data-center',
  })
})

test('a consent sends the user home: the code belongs to the data centre that location names', async () => {
  const emulator = await start({ dataCenters: ['us', 'eu'] })
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: emulator.clientId,
    redirect_uri: 'http://127.0.0.1:3000/callback',
    scope: 'ZohoRecruit.modules.ALL',
    access_type: 'offline',
    user: 'grace',
    auto: 'accept',
    dataCenter: 'eu',
  })
  const response = await fetch(`${emulator.url}/oauth/v2/auth?${query.toString()}`, { redirect: 'manual' })
  const answer = new URL(response.headers.get('location') ?? '').searchParams
  expect(answer.get('location')).toBe('eu')
  expect(answer.get('accounts-server')).toBe(emulator.accountsUrls.eu)
  const redirect = { redirect_uri: 'http://127.0.0.1:3000/callback' }
  const parameters = exchangeParameters(emulator, answer.get('code') ?? '', redirect)
  expect((await ask(parameters, emulator.accountsUrls.us ?? '')).body.error).toBe('invalid_code')
  expect((await ask(parameters, emulator.accountsUrls.eu ?? '')).body).toHaveProperty('refresh_token')
})

test('a grant or code for a data centre that was not started is a mistake', async () => {
  const emulator = await start()
  expect(() => emulator.createGrant({ dataCenter: 'jp' })).toThrow('no data centre jp')
  expect(() => emulator.createCode({ dataCenter: 'jp' })).toThrow('no data centre jp')
})
