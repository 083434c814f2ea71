import { request } from 'node:http'
import { expect, test } from '@jest/globals'
import type { Emulator, Product } from '../src/index.js'
import { callApi, start } from './support.js'

/** The product that answered a live token, or undefined for a 404. `fetch` would not let a test name a `Host`. */
async function answered(
  emulator: Emulator,
  path: string,
  headers: Record<string, string> = {},
): Promise<Product | undefined> {
  const authorization = `Zoho-oauthtoken ${emulator.issueToken().accessToken}`
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const asked = request(emulator.url + path, { headers: { authorization, ...headers } }, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode))
    })
    asked.on('error', reject).end()
  })
  const product = emulator.requests.at(-1)?.product
  expect(status).toBe(product === undefined ? 404 : 200)
  return product
}

const WORKBOOK = 'pjqtdb1ae28fc5b254d04a7cc2ff6cb3c1a9e'

test.each<[host: string, path: string, product: Product]>([
  ['sign.zoho.eu', '/api/v1/anything', 'sign'],
  ['sign.zoho.eu:4010', '/api/v1/tickets', 'sign'],
  ['SIGN.Zoho.COM', '/api/v1/tickets', 'sign'],
  ['desk.zoho.com', '/api/v1/requests', 'desk'],
  ['desk.zohocloud.ca', '/api/v1/templates', 'desk'],
  ['sheet.zoho.com.au', '/api/v2/copy', 'sheet'],
  ['cliq.zoho.uk', '/api/v2/user', 'cliq'],
  ['salesiq.zoho.in', '/api/v2/zylker/webhooks', 'salesiq'],
  ['meeting.zoho.com.cn', '/api/v2/zsoid/webinar.json', 'meeting'],
  ['webinar.zoho.com', '/api/v2/20000000001/webinar.json', 'meeting'],
  ['assist.zoho.uk', '/api/v2/reports', 'assist'],
  ['projects.zoho.sg', '/api/v3/portals', 'projects'],
  ['projectsapi.zoho.com', '/restapi/portals/', 'projects'],
  ['api.catalyst.zohocloud.ca', '/baas/v1/project', 'catalyst'],
  ['subscriptions.zoho.com', '/api/v1/plans', 'billing'],
  ['workdrive.zoho.jp', '/api/v1/files', 'workdrive'],
  ['download.zoho.com', '/v1/workdrive/download/1', 'workdrive'],
  ['upload.zoho.com', '/workdrive-api/v1/stream/upload', 'workdrive'],
  ['upload.zohocloud.ca', '/crm/v8/upload', 'crm'],
  ['crmsandbox.zoho.com', '/crm/v2/Leads', 'crm'],
  ['www.zohoapis.eu', '/crm/v8/Leads', 'crm'],
  ['sandbox.zohoapis.com.cn', '/crm/v8/Leads', 'crm'],
  ['www.zohoapis.ca', '/bookings/v1/json/workspaces', 'bookings'],
  ['www.zohoapis.com', '/nobody/v1/knows', 'unknown'],
  ['contracts.zoho.com', '/api/v1/contracts', 'unknown'],
  ['commerce.zoho.com', '/store/api/v1/products', 'unknown'],
  ['vault.zoho.com', '/anything', 'unknown'],
  ['www.site24x7.net.au', '/api/monitors', 'unknown'],
  ['sdpondemand.manageengine.com', '/api/v3/requests', 'unknown'],
])('a request for %s at %s reaches %s, by either header', async (host, path, product) => {
  const emulator = await start()
  expect(await answered(emulator, path, { host })).toBe(product)
  expect(await answered(emulator, path, { 'x-forwarded-host': host })).toBe(product)
  expect(await answered(emulator, path, { 'x-forwarded-host': `${host}, localhost` })).toBe(product)
})

test('X-Forwarded-Host wins over Host', async () => {
  const emulator = await start()
  const headers = { host: 'cliq.zoho.com', 'x-forwarded-host': 'sheet.zoho.com' }
  expect(await answered(emulator, '/api/v2/channels', headers)).toBe('sheet')
})

test.each<[path: string, product: Product]>([
  ['/api/v1/requests', 'sign'],
  ['/api/v1/templates/1/createdocument', 'sign'],
  ['/api/v1/documents', 'sign'],
  ['/api/v1/requestsabout', 'desk'],
  ['/api/v1/tickets', 'desk'],
  ['/api/v1/contracts', 'desk'],
  ['/api/v1.1/recentcampaigns', 'campaigns'],
  ['/api/v2/workbooks', 'sheet'],
  ['/api/v2/create', 'sheet'],
  [`/api/v2/${WORKBOOK}`, 'sheet'],
  ['/api/v2/20000000001/sessions.json', 'meeting'],
  ['/api/v2/user.json', 'meeting'],
  ['/api/v2/user', 'assist'],
  ['/api/v2/session/schedule', 'assist'],
  ['/api/v2/portals', 'salesiq'],
  ['/api/v2/zylker/conversations/1', 'salesiq'],
  ['/api/v2/sales1.zylker/visitors', 'salesiq'],
  ['/api/v2/channelsbyname/visitors/message', 'cliq'],
  ['/api/v2/users', 'cliq'],
  ['/api/v2/zylker/anything', 'cliq'],
  ['/api/v3/portal/1/projects', 'projects'],
  ['/payroll/v1/employees', 'unknown'],
])('without a host of Zoho, %s reaches %s', async (path, product) => {
  const emulator = await start()
  expect(await answered(emulator, path)).toBe(product)
  for (const host of ['localhost', 'sign.zoho.eu.foreign.example', 'sign.zoho.example', 'zoho.eu'])
    expect(await answered(emulator, path, { 'x-forwarded-host': host })).toBe(product)
})

test.each([
  ['/nobody/v1/knows', 'localhost'],
  ['/nobody/v1/knows', 'sign.zoho.eu.foreign.example'],
  ['/nobody/v1/knows', 'accounts.zoho.com'],
  ['/crm/v8/Leads', 'accounts.zoho.com'],
  ['/crm/', 'www.zoho.com'],
])('%s for %s reaches no product', async (path, host) => {
  expect(await answered(await start(), path, { 'x-forwarded-host': host })).toBeUndefined()
})

test('an unknown product judges the token, takes any scope, and says the least when it refuses', async () => {
  const emulator = await start()
  const { refreshToken } = emulator.createGrant({ scopes: ['ZohoPayroll.employees.READ'] })
  const { accessToken } = emulator.issueToken(refreshToken)
  const path = '/payroll/v1/employees'
  const good = await callApi(emulator, accessToken, path)
  expect([good.status, Object.keys((await good.json()) as object)]).toEqual([200, ['echo']])
  emulator.killToken(accessToken)
  for (const token of [accessToken, 'never-a-token', '']) {
    const response = await callApi(emulator, token, path)
    expect([response.status, await response.text()]).toEqual([401, ''])
  }
  expect(emulator.counters.apiRefused).toBe(3)
})

test('a host of Zoho changes nothing for the accounts server and the control API', async () => {
  const emulator = await start()
  const headers = { 'x-forwarded-host': 'sign.zoho.eu' }
  expect((await fetch(`${emulator.url}/oauth/v2/token`, { method: 'POST', headers, body: '' })).status).toBe(
    400,
  )
  const counters = await fetch(`${emulator.url}/__emulator/counters`, { headers })
  expect(await counters.json()).toEqual(emulator.counters)
})
