import { describe, expect, test } from '@jest/globals'
import {
  createZohoAuth,
  DATA_CENTERS,
  type DataCenter,
  memoryConnectionStore,
  PRODUCTS,
  productFacts,
} from '@zoho-auth/core'
import { accountsOrigin, gatewayDomain, productDomain } from '../src/words/data-centers.js'
import { hostPolicy, serverOrigin } from '../src/words/hosts.js'
import { productOrigin } from '../src/words/products.js'
import { closing, codeOf, connection, emulate, engine } from './support.js'

const policy = hostPolicy(undefined, [])

describe('Zoho’s own hosts', () => {
  test.each(DATA_CENTERS)(
    '%s: every host below its domains may get a token of its data centre, and no other data centre’s',
    (dataCenter) => {
      const hosts = [
        ...[
          'recruit',
          'sign',
          'a-product-nobody-listed',
          'api.catalyst',
          'accounts',
          'upload',
          'crmsandbox',
        ].map((label) => `${label}.${productDomain(dataCenter)}`),
        ...['www', 'sandbox', 'developer', 'content'].map((label) => `${label}.${gatewayDomain(dataCenter)}`),
      ]
      for (const host of hosts) {
        const url = new URL(`https://${host}/any/path?q=1`)
        expect([host, policy.allows(url, dataCenter)]).toEqual([host, true])
        for (const other of DATA_CENTERS)
          if (other !== dataCenter)
            expect([host, other, policy.allows(url, other)]).toEqual([host, other, false])
      }
    },
  )

  test.each(PRODUCTS)('%s: its host is allowed wherever it is documented, and there alone', (product) => {
    for (const dataCenter of productFacts(product).dataCenters)
      for (const environment of ['production', 'sandbox', 'developer'] as const) {
        const url = new URL('/any/path', productOrigin(product, dataCenter, environment))
        expect(policy.allows(url, dataCenter)).toBe(true)
        for (const other of DATA_CENTERS)
          if (other !== dataCenter) expect(policy.allows(url, other)).toBe(false)
      }
  })

  test('irregular ones are as Zoho has them', () => {
    expect(accountsOrigin('ca')).toBe('https://accounts.zohocloud.ca')
    expect(accountsOrigin('au')).toBe('https://accounts.zoho.com.au')
    expect(productOrigin('recruit', 'ca')).toBe('https://recruit.zohocloud.ca')
    expect(productOrigin('crm', 'ca')).toBe('https://www.zohoapis.ca')
    expect(productOrigin('crm', 'in', 'sandbox')).toBe('https://sandbox.zohoapis.in')
    expect(productOrigin('desk', 'cn')).toBe('https://desk.zoho.com.cn')
    expect(productOrigin('catalyst', 'ca')).toBe('https://api.catalyst.zohocloud.ca')
    expect(productOrigin('site24x7', 'au')).toBe('https://www.site24x7.net.au')
    expect(productOrigin('servicedeskplus', 'ca')).toBe('https://servicedeskplus.ca')
    expect(policy.allows(new URL('https://files.zoho.sa/crm'), 'sa')).toBe(true)
    expect(policy.allows(new URL('https://upload.zohocloud.ca/crm'), 'ca')).toBe(true)
  })

  test('a data centre in which another brand has no known host is one clear error', () => {
    expect(() => productOrigin('mdm', 'sg')).toThrow(
      /"mdm" has no known host in data centre "sg", but in us, eu/,
    )
  })

  test('upper case and the default port are the same host', () => {
    expect(policy.allows(new URL('HTTPS://RECRUIT.ZOHO.EU:443/x'), 'eu')).toBe(true)
  })
})

/** What is tried against each of Zoho’s hosts. `H` stands for the host, `D` for what is behind its first label. */
const HOSTILE = [
  'http://H/',
  'https://H:8443/',
  'https://H.evil.example/',
  'https://evil.example/H',
  'https://evil.example/?H',
  'https://evil.example/#H',
  'https://H@evil.example/',
  'https://user:pass@H/',
  'https://evilD/',
  'https://D/',
  'https://H.zohosites.com/',
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
        const url = pattern.replaceAll('H', host).replaceAll('D', host.slice(host.indexOf('.') + 1))
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

describe('accountsUrl alone is enough', () => {
  const answering = (accountsUrl: string, apiDomain: string) => {
    const asked: string[] = []
    const zoho = closing(
      createZohoAuth({
        clientId: 'the-client-id',
        clientSecret: 'the-client-secret',
        refreshToken: 'the-refresh-token',
        accountsUrl,
        fetch: async (url) => {
          asked.push(new Request(url).url)
          return Response.json({ access_token: 'the-access-token', expires_in: 3600, api_domain: apiDomain })
        },
      }),
    )
    return { asked, zoho }
  }

  test.each([
    ['https://accounts.zoho.eu/clientoauth/v2/4711', 'eu', 'https://www.zohoapis.eu/crm/v8/Leads'],
    ['https://accounts.zohoportal.com/clientoauth/v2/4711', 'us', 'https://www.zohoapis.com/crm/v8/Leads'],
    ['https://accounts.zohoportal.ca/clientoauth/v2/4711', 'ca', 'https://recruit.zohocloud.ca/recruit/v2/x'],
    ['https://acme.zohoplatform.in/clientoauth/v2/4711', 'in', 'https://acme.zohoplatform.in/crm/v6/Leads'],
  ])('portal %s: Zoho’s own hosts in %s', async (accountsUrl, dataCenter, url) => {
    const { asked, zoho } = answering(accountsUrl, 'https://portal.example')
    expect((await zoho.getToken()).dataCenter).toBe(dataCenter)
    expect(asked).toEqual([`${accountsUrl}/token`])
    expect(await zoho.authorize(url)).toHaveProperty('Authorization')
    expect((await zoho.apiUrl('crm')).host).toMatch(/^www\.zohoapis\./)
    expect(await codeOf(zoho.authorize('https://portal.example/crm/v8/Leads'))).toBe('ERR_ZOHO_HOST_DENIED')
    expect(await codeOf(zoho.authorize('https://www.zohoapis.jp/crm/v8/Leads'))).toBe('ERR_ZOHO_HOST_DENIED')
  })

  test('on premises: its own origin is the list, whatever api_domain says', async () => {
    const accountsUrl = 'https://creator.acme.example:8443/iam/oauth/v2'
    const { asked, zoho } = answering(accountsUrl, 'https://www.zohoapis.com')
    expect((await zoho.apiUrl('creator')).origin).toBe('https://creator.acme.example:8443')
    expect(asked).toEqual([`${accountsUrl}/token`])
    await expect(zoho.authorize('https://www.zohoapis.com/creator/v2.1/x')).rejects.toMatchObject({
      code: 'ERR_ZOHO_HOST_DENIED',
      message: expect.stringContaining('nor in allowedOrigins'),
    })
    await expect(zoho.fetch('https://www.zohoapis.com/creator/v2.1/x')).rejects.toMatchObject({
      message: expect.stringContaining('nor in allowedOrigins'),
    })
  })

  test('a data centre that is given counts more', async () => {
    const zoho = closing(
      createZohoAuth({
        clientId: 'the-client-id',
        clientSecret: 'the-client-secret',
        refreshToken: 'the-refresh-token',
        accountsUrl: 'https://accounts.zoho.eu/clientoauth/v2/4711',
        dataCenter: 'in',
        fetch: async () => Response.json({ access_token: 'the-access-token' }),
      }),
    )
    expect((await zoho.getToken()).dataCenter).toBe('in')
  })
})

test('a host that looks like Zoho’s and gets no token is told once, to whoever looks for it', async () => {
  // A request went out without a token to a host that somebody had taken for Zoho's, and nothing said so.
  const lines: string[] = []
  const zoho = closing(
    createZohoAuth({
      clientId: 'id',
      clientSecret: 'secret',
      refreshToken: 'r',
      logger: { warn: () => {}, debug: (line) => lines.push(line) },
    }),
  )
  for (const url of [
    'https://acme.zohosites.com/a',
    'https://acme.zohosites.com/b',
    'http://recruit.zoho.com/',
    'https://recruit.zoho.com:8443/',
    'https://example.com/',
  ])
    expect(await zoho.outgoing().authorization(new URL(url))).toBeUndefined()
  expect(lines).toEqual([
    'https://acme.zohosites.com gets no token: it is not on the list of hosts',
    'http://recruit.zoho.com gets no token: it is not https',
    'https://recruit.zoho.com:8443 gets no token: it has a port of its own',
  ])
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
