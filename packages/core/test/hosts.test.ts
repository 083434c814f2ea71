import { describe, expect, test } from '@jest/globals'
import {
  createZohoAuth,
  DATA_CENTERS,
  type DataCenter,
  memoryConnectionStore,
  PRODUCTS,
} from '@zoho-auth/core'
import { hostPolicy, serverOrigin } from '../src/rules/hosts.js'
import { accountsOrigin, hostsOf, productOrigin } from '../src/words/data-centers.js'
import { closing, codeOf, connection, emulate, engine } from './support.js'

const policy = hostPolicy(undefined, [])

describe('Zoho’s own hosts', () => {
  test.each(DATA_CENTERS)(
    '%s: every product host may get a token of its data centre, and no other data centre’s',
    (dataCenter) => {
      for (const product of PRODUCTS) {
        for (const environment of ['production', 'sandbox', 'developer'] as const) {
          const url = new URL('/any/path?q=1', productOrigin(product, dataCenter, environment))
          expect(policy.allows(url, dataCenter)).toBe(true)
          for (const other of DATA_CENTERS)
            if (other !== dataCenter) expect(policy.allows(url, other)).toBe(false)
        }
      }
    },
  )

  test('irregular ones are as Zoho has them', () => {
    expect(accountsOrigin('ca')).toBe('https://accounts.zohocloud.ca')
    expect(accountsOrigin('au')).toBe('https://accounts.zoho.com.au')
    expect(productOrigin('recruit', 'ca')).toBe('https://recruit.zohocloud.ca')
    expect(productOrigin('crm', 'ca')).toBe('https://www.zohoapis.ca')
    expect(productOrigin('crm', 'in', 'sandbox')).toBe('https://sandbox.zohoapis.in')
    expect(productOrigin('desk', 'cn')).toBe('https://desk.zoho.com.cn')
    expect(hostsOf('sa').has('files.zoho.sa')).toBe(true)
    expect(hostsOf('ca').has('upload.zohocloud.ca')).toBe(true)
  })

  test('upper case and the default port are the same host', () => {
    expect(policy.allows(new URL('HTTPS://RECRUIT.ZOHO.EU:443/x'), 'eu')).toBe(true)
  })
})

/** What is tried against each of Zoho’s hosts. `H` stands for the host. */
const HOSTILE = [
  'http://H/',
  'https://H:8443/',
  'https://H.evil.example/',
  'https://evil.example/H',
  'https://evil.example/?H',
  'https://evil.example/#H',
  'https://H@evil.example/',
  'https://user:pass@H/',
  'https://evilH/',
  'https://evil.H/',
  'https://H-evil.example/',
  'https://evil.example\\@H/',
  'https://evil.example%2f@H/',
  'https://H./',
  'https://H%2eevil.example/',
  'https://H%00.evil.example/',
  'https://[::1]/H',
  'https://xn--H/',
  'ftp://H/',
  'file://H/etc/passwd',
  'data:text/plain,https://H/',
  'javascript:fetch("https://H")',
  'blob:https://H/1',
  'wss://H/',
]

test('576 and more hostile URLs get no token', async () => {
  const emulator = await emulate()
  const seen: string[] = []
  const connections = memoryConnectionStore(
    DATA_CENTERS.map((dc) => connection(dc, emulator.refreshToken, dc)),
  )
  const zoho = closing(
    createZohoAuth({
      clientId: 'the-client-id',
      clientSecret: 'the-client-secret',
      connections,
      fetch: async (url) => {
        seen.push(new Request(url).url)
        throw new Error('nothing may be sent')
      },
    }),
  )
  let tried = 0
  for (const dataCenter of ['us', 'eu', 'ca'] as DataCenter[]) {
    for (const host of ['recruit', 'accounts', 'www.api', 'desk'].map((name) =>
      name === 'www.api'
        ? new URL(productOrigin('crm', dataCenter)).host
        : new URL(productOrigin(name as 'desk', dataCenter)).host,
    )) {
      for (const pattern of HOSTILE) {
        const url = pattern.replaceAll('H', host)
        for (const attempt of [
          () => zoho.fetch(url, { connection: dataCenter }),
          () => zoho.authorize(url, { connection: dataCenter }),
        ]) {
          tried += 1
          const code = await codeOf(attempt())
          expect([url, code === 'ERR_ZOHO_HOST_DENIED' || /TypeError/.test(code ?? '')]).toEqual([url, true])
        }
      }
    }
  }
  expect(tried).toBeGreaterThanOrEqual(576)
  expect(seen).toEqual([])
})

test('another data centre’s host is named in the refusal, and the rest of the URL is not', async () => {
  const zoho = closing(
    createZohoAuth({ clientId: 'id', clientSecret: 'secret', refreshToken: 'r', dataCenter: 'eu' }),
  )
  const error = await zoho
    .authorize('https://recruit.zoho.com/x?token=secret-in-query')
    .catch((thrown) => thrown)
  expect(error).toMatchObject({ code: 'ERR_ZOHO_HOST_DENIED', retryable: false })
  expect(error.message).toContain('https://recruit.zoho.com is not a Zoho host of data centre "eu"')
  expect(JSON.stringify(error)).not.toContain('secret-in-query')
  expect(error).not.toHaveProperty('statusCode')
})

test('with an accounts server of one’s own, Zoho’s hosts are foreign', async () => {
  const emulator = await emulate()
  const zoho = engine(emulator)
  expect(await codeOf(zoho.authorize('https://www.zohoapis.com/crm/v8/Leads'))).toBe('ERR_ZOHO_HOST_DENIED')
  expect(await zoho.authorize(`${emulator.url}/crm/v8/Leads`)).toHaveProperty('Authorization')
  expect((await zoho.apiUrl('recruit')).origin).toBe(emulator.url)
})

test('a protocol-relative URL is judged by where it leads', async () => {
  const zoho = engine(await emulate())
  expect(await codeOf(zoho.fetch('//evil.example/x', { product: 'recruit' }))).toBe('ERR_ZOHO_HOST_DENIED')
  expect(await codeOf(zoho.fetch('\\\\evil.example\\x', { product: 'recruit' }))).toBe('ERR_ZOHO_HOST_DENIED')
})

test.each([
  ['https://accounts.example.com', true],
  ['https://accounts.example.com/clientoauth/v2/123', true],
  ['http://127.0.0.1:4010', true],
  ['http://localhost:4010', true],
  ['http://[::1]:4010', true],
  ['http://accounts.example.com', false],
  ['http://127.0.0.1.evil.example', false],
  ['http://localhost.evil.example', false],
  ['https://user@accounts.example.com', false],
  ['https://accounts.example.com?x=1', false],
  ['https://accounts.example.com#x', false],
  ['ftp://accounts.example.com', false],
  ['accounts.example.com', false],
  ['', false],
])('%s as a server of one’s own: %s', (text, fine) => {
  expect(serverOrigin(text) !== undefined).toBe(fine)
})
