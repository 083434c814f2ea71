import { describe, expect, test } from '@jest/globals'
import type { Emulator } from '../src/index.js'
import { ask, callApi, consent, exchangeParameters, REDIRECT_URI, start } from './support.js'

const DIFFERENCE_WORKS = { id: '20000000002', name: 'Difference Works' }

async function read(emulator: Emulator, refreshToken: string, path: string): Promise<unknown> {
  const { accessToken } = emulator.issueToken(refreshToken)
  return (await callApi(emulator, accessToken, path)).json()
}

describe('the organisation of a grant', () => {
  test.each([
    ['/crm/v8/org', { org: [{ zgid: '20000000002', company_name: 'Difference Works' }] }],
    ['/recruit/v2/org', { org: [{ zgid: '20000000002', company_name: 'Difference Works' }] }],
    ['/bigin/v2/org', { org: [{ zgid: '20000000002' }] }],
    ['/books/v3/organizations', { organizations: [{ organization_id: '20000000002' }] }],
    ['/api/v1/organizations', { data: [{ id: '20000000002', companyName: 'Difference Works' }] }],
    ['/oauth/user/info', { ZOID: '20000000002' }],
  ])('is told at %s', async (path, body) => {
    const emulator = await start()
    const { refreshToken } = emulator.createGrant({ organization: '20000000002' })
    expect(await read(emulator, refreshToken, path)).toMatchObject(body)
  })

  test('and the environment are in every echo, and in the list of grants', async () => {
    const emulator = await start()
    const { refreshToken } = emulator.createGrant({ organization: '20000000002', environment: 'sandbox' })
    expect(await read(emulator, refreshToken, '/creator/v2.1/x')).toMatchObject({
      echo: { user: 'ada', organization: DIFFERENCE_WORKS, environment: 'sandbox' },
    })
    expect(emulator.grants.at(-1)).toMatchObject({ organization: DIFFERENCE_WORKS, environment: 'sandbox' })
    expect(emulator.grants[0]).toMatchObject({
      organization: { id: '20000000001' },
      environment: 'production',
    })
  })

  test('comes from the consent, through the code', async () => {
    const emulator = await start()
    const answer = await consent(emulator, { user: 'alan', organization: '20000000006' })
    const code = answer.get('code') ?? ''
    const { body } = await ask(
      exchangeParameters(emulator, code, { redirect_uri: REDIRECT_URI }),
      emulator.url,
    )
    expect(await (await callApi(emulator, body.access_token, '/crm/v8/org')).json()).toMatchObject({
      org: [{ zgid: '20000000006', company_name: 'Morphogenesis' }],
    })
  })

  test('of client credentials is that of the soid', async () => {
    const emulator = await start()
    const { clientId, clientSecret } = emulator
    const { body } = await ask(
      {
        grant_type: 'client_credentials',
        client_id: clientId,
        client_secret: clientSecret,
        soid: 'ZohoCRM.600123',
        scope: 'ZohoCRM.modules.ALL',
      },
      emulator.url,
    )
    expect(await (await callApi(emulator, body.access_token, '/crm/v8/org')).json()).toMatchObject({
      org: [{ zgid: '600123' }],
    })
  })

  test.each([{ organization: '20000000003' }, { environment: 'moon' as never }])(
    'cannot be %j for ada',
    async (options) => {
      const emulator = await start()
      expect(() => emulator.createGrant(options)).toThrow(TypeError)
      expect(() => emulator.createCode(options)).toThrow(TypeError)
    },
  )
})

test.each([
  ['ZohoRecruit.modules.ALL,ZohoCRM.modules.READ', 'sandbox'],
  ['ZohoRecruit.modules.ALL', 'production'],
])('an environment is chosen only for a scope of CRM: %s', async (scope, environment) => {
  const emulator = await start()
  const code = (await consent(emulator, { scope, environment: 'sandbox' })).get('code') ?? ''
  await ask(exchangeParameters(emulator, code, { redirect_uri: REDIRECT_URI }), emulator.url)
  expect(emulator.grants.at(-1)).toMatchObject({ user: 'grace', environment })
})
