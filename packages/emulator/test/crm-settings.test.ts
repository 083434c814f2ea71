import { describe, expect, test } from '@jest/globals'
import { callApi, start } from './support.js'

/** The body of CRM's answer to a live token. */
async function read(path: string): Promise<unknown> {
  const emulator = await start()
  const response = await callApi(emulator, emulator.issueToken().accessToken, path)
  expect(response.status).toBe(200)
  return response.json()
}

describe('what CRM says about itself, which its own SDK reads before the first record', () => {
  test('modules can be told apart and used', async () => {
    const leads = { api_name: 'Leads', api_supported: true, generated_type: 'default' }
    expect(await read('/crm/v8/settings/modules')).toMatchObject({
      modules: [leads, { api_name: 'Contacts', singular_label: 'Contact' }],
      echo: { user: 'ada' },
    })
  })

  test('the fields of a module are those of its records', async () => {
    const { fields } = (await read('/crm/v8/settings/fields?module=Leads')) as {
      fields: readonly { api_name: string }[]
    }
    const { data } = (await read('/crm/v8/Leads')) as { data: readonly object[] }
    for (const record of data) expect(Object.keys(record)).toEqual(['id', ...fields.map((f) => f.api_name)])
    expect(fields).toContainEqual(
      expect.objectContaining({ api_name: 'Last_Name', data_type: 'text', system_mandatory: true }),
    )
  })

  test('the current user is the owner of the grant', async () => {
    expect(await read('/crm/v8/users?type=CurrentUser')).toMatchObject({
      users: [{ full_name: 'ada', email: 'ada@example.com' }],
      info: { count: 1, more_records: false },
    })
  })

  test('the organisation has a number, and no records beside it', async () => {
    const body = await read('/crm/v2/org')
    expect(body).toMatchObject({ org: [{ zgid: expect.stringMatching(/^\d+$/) }] })
    expect(body).not.toHaveProperty('data')
  })
})

test.each(['/crm/v8/Users', '/crm/v8/settings/layouts', '/bigin/v2/users', '/recruit/v2/users'])(
  'GET %s is answered with records',
  async (path) => {
    expect(await read(path)).toMatchObject({ data: [{}, {}] })
  },
)

test('a change to a user is answered as any change', async () => {
  const emulator = await start()
  const headers = { authorization: `Zoho-oauthtoken ${emulator.issueToken().accessToken}` }
  const response = await fetch(`${emulator.url}/crm/v8/users`, { method: 'POST', headers, body: '{}' })
  expect(await response.json()).toMatchObject({ data: [{ code: 'SUCCESS' }] })
})
