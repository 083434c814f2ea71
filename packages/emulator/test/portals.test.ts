import { describe, expect, test } from '@jest/globals'
import { consentUrl, exchangeParameters, post, REDIRECT_URI, refreshParameters, start } from './support.js'

describe.each(['/clientoauth/v2/20000000001', '/iam/oauth/v2'])('under %s', (root) => {
  test('a refresh gives a token', async () => {
    const emulator = await start()
    const response = await post(
      `${emulator.url}${root}/token`,
      new URLSearchParams(refreshParameters(emulator)),
    )
    expect(await response.json()).toMatchObject({ access_token: expect.any(String), expires_in: 3600 })
    expect(emulator.counters.tokenRequests).toBe(1)
  })

  test('a consent gives a code, and the code a refresh token', async () => {
    const emulator = await start()
    const url = consentUrl(emulator, { user: 'grace', auto: 'accept' }).replace('/oauth/v2', root)
    const callback = new URL((await fetch(url, { redirect: 'manual' })).headers.get('location') ?? '')
    const parameters = exchangeParameters(emulator, callback.searchParams.get('code') ?? '', {
      redirect_uri: REDIRECT_URI,
    })
    const response = await post(`${emulator.url}${root}/token`, new URLSearchParams(parameters))
    expect(await response.json()).toHaveProperty('refresh_token')
  })

  test.each(['/token/revoke', '/revoke/token'])('%s ends a grant', async (path) => {
    const emulator = await start()
    const { client_id, client_secret } = refreshParameters(emulator)
    const token = emulator.refreshToken
    const parameters = new URLSearchParams({ token, client_id, client_secret } as Record<string, string>)
    expect((await post(`${emulator.url}${root}${path}`, parameters)).status).toBe(200)
    expect(emulator.grants).toEqual([])
  })
})

test.each(['/clientoauth/v2/token', '/clientoauth/v2/a/b/token', '/iam/v2/token', '/iam/oauth/v2/elsewhere'])(
  '%s is nothing',
  async (path) => {
    const emulator = await start()
    expect((await post(emulator.url + path)).status).toBe(404)
  },
)
