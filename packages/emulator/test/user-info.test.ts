import { expect, test } from '@jest/globals'
import type { Emulator } from '../src/index.js'
import { callApi, start } from './support.js'

async function infoWith(emulator: Emulator, accessToken: string): Promise<[status: number, body: unknown]> {
  const response = await callApi(emulator, accessToken, '/oauth/user/info')
  return [response.status, await response.json()]
}

test.each([
  [
    'ada',
    {
      First_Name: 'Ada',
      Email: 'ada@example.com',
      Last_Name: 'Lovelace',
      Display_Name: 'Ada Lovelace',
      ZUID: expect.any(Number),
      ZOID: '20000000001',
    },
  ],
  [
    'Zoë <of> elsewhere',
    {
      First_Name: 'Zoë <of> elsewhere',
      Email: 'Zoë.of.elsewhere@example.com',
      Last_Name: '',
      Display_Name: 'Zoë <of> elsewhere',
      ZUID: expect.any(Number),
      ZOID: expect.stringMatching(/^\d{11}$/),
    },
  ],
])('/oauth/user/info tells that a token belongs to %s', async (user, info) => {
  const emulator = await start()
  const { refreshToken } = emulator.createGrant({ user })
  const { accessToken } = emulator.issueToken(refreshToken)
  expect(await infoWith(emulator, accessToken)).toEqual([200, info])
  expect(await infoWith(emulator, accessToken)).toEqual([200, info])
})

test.each([
  ['AaaServer.profile.READ', 200],
  ['aaaserver.PROFILE.read', 200],
  ['AaaServer.profile.ALL', 200],
  ['AaaServer.profile.UPDATE', 401],
  ['ZohoRecruit.modules.ALL', 401],
  ['profile', 401],
])('with the scope %s its status is %d', async (scope, status) => {
  const emulator = await start()
  const { refreshToken } = emulator.createGrant({ scopes: [scope] })
  const [seen, body] = await infoWith(emulator, emulator.issueToken(refreshToken).accessToken)
  expect(seen).toBe(status)
  if (status === 401) expect(body).toEqual({ response: 'error', cause: 'INVALID_OAUTHSCOPE' })
})

test('a dead token is told apart from one without the scope', async () => {
  const emulator = await start()
  const { accessToken } = emulator.issueToken()
  emulator.killToken(accessToken)
  const dead = { response: 'error', cause: 'INVALID_OAUTHTOKEN' }
  expect(await infoWith(emulator, accessToken)).toEqual([401, dead])
  expect(await infoWith(emulator, 'not-a-token')).toEqual([401, dead])
})
