import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import { isZohoAuthError, memoryConnectionStore } from '@zoho-auth/core'
import type { ZohoAuthOptions } from '../src/config/options.js'
import { readSettings } from '../src/config/settings.js'

const folder = mkdtempSync(join(tmpdir(), 'zoho-auth-'))
afterAll(() => rmSync(folder, { recursive: true }))
const file = (name: string, content: string) => {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

const whole = {
  ZOHO_CLIENT_ID: 'the-id',
  ZOHO_CLIENT_SECRET: 'the-secret',
  ZOHO_REFRESH_TOKEN: 'the-refresh-token',
}

function faultsOf(options: object, env: Record<string, string> = {}): string[] {
  try {
    readSettings(options as ZohoAuthOptions, env)
    return []
  } catch (error) {
    if (!isZohoAuthError(error)) throw error
    expect(error.code).toBe('ERR_ZOHO_CONFIG')
    return error.message
      .split('\n')
      .slice(1)
      .map((line) => line.replace('  - ', ''))
  }
}

describe('variables', () => {
  test('three are enough', () => {
    const settings = readSettings({}, whole)
    expect(settings).toMatchObject({
      clientId: 'the-id',
      single: { refreshToken: 'the-refresh-token', dataCenter: 'us' },
      scheme: 'Zoho-oauthtoken',
      timeoutMs: 8_000,
      maxWaitMs: 10_000,
      maxConcurrentRefreshes: 100,
      budget: { limit: 8, windowMs: 600_000 },
      expiry: { refreshAheadMs: 300_000, refreshJitterMs: 300_000, safetyMarginMs: 30_000 },
    })
    expect(settings.secretOf('us')).toBe('the-secret')
    expect(settings.endpointOf('ca')).toBe('https://accounts.zohocloud.ca/oauth/v2')
  })

  test('a secret per data centre wins', () => {
    const settings = readSettings({}, { ...whole, ZOHO_CLIENT_SECRET_EU: 'the-eu-secret' })
    expect(settings.secretOf('eu')).toBe('the-eu-secret')
    expect(settings.secretOf('in')).toBe('the-secret')
  })

  test('each can come from a file', () => {
    const settings = readSettings(
      {},
      {
        ZOHO_CLIENT_ID_FILE: file('id', 'file-id\n'),
        ZOHO_CLIENT_SECRET_FILE: file('secret', 'file-secret\r\n'),
        ZOHO_REFRESH_TOKEN_FILE: file('token', '  file-token  '),
        ZOHO_DATA_CENTER_FILE: file('dc', 'jp'),
      },
    )
    expect(settings).toMatchObject({
      clientId: 'file-id',
      single: { refreshToken: 'file-token', dataCenter: 'jp' },
    })
    expect(settings.secretOf('jp')).toBe('file-secret')
  })

  test('an argument beats a variable', () => {
    const settings = readSettings(
      { clientId: 'mine', dataCenter: 'in' },
      { ...whole, ZOHO_DATA_CENTER: 'eu' },
    )
    expect(settings).toMatchObject({ clientId: 'mine', single: { dataCenter: 'in' } })
  })

  test('connections beat ZOHO_REFRESH_TOKEN', () => {
    expect(readSettings({ connections: memoryConnectionStore() }, whole).single).toBeUndefined()
  })

  test('an accounts server of one’s own, for all data centres or one each', () => {
    const one = readSettings({}, { ...whole, ZOHO_ACCOUNTS_URL: 'http://127.0.0.1:4010/' })
    expect(one.endpointOf('eu')).toBe('http://127.0.0.1:4010/oauth/v2')
    const each = readSettings(
      {},
      { ...whole, ZOHO_ACCOUNTS_URL: 'https://a.example', ZOHO_ACCOUNTS_URL_EU: 'https://b.example' },
    )
    expect(each.endpointOf('us')).toBe('https://a.example/oauth/v2')
    expect(each.endpointOf('eu')).toBe('https://b.example/oauth/v2')
    const token = readSettings({}, { ...whole, ZOHO_ACCOUNTS_URL: 'https://accounts.zoho.eu/oauth/v2/token' })
    expect(token.endpointOf('eu')).toBe('https://accounts.zoho.eu/oauth/v2')
    const portal = readSettings({ accountsUrl: 'https://accounts.example.com/clientoauth/v2/123/' }, whole)
    expect(portal.endpointOf('us')).toBe('https://accounts.example.com/clientoauth/v2/123')
  })

  test('a data centre may be written as Zoho writes it', () => {
    expect(readSettings({}, { ...whole, ZOHO_DATA_CENTER: 'EU' }).single?.dataCenter).toBe('eu')
  })
})

describe('faults', () => {
  test('nothing at all: every missing name at once', () => {
    expect(faultsOf({})).toEqual([
      'clientId is missing: set ZOHO_CLIENT_ID, or pass { clientId }',
      'clientSecret is missing: set ZOHO_CLIENT_SECRET, or pass { clientSecret }',
      'refreshToken is missing: set ZOHO_REFRESH_TOKEN, or pass { refreshToken } or { connections }',
    ])
  })

  test('a secret in the place of the data centre is not shown', () => {
    // Forty characters of it were: the message says that it shows no secret.
    const secret = 'a-refresh-token-in-the-wrong-place'
    const faults = [faultsOf({ dataCenter: secret }), faultsOf({}, { ZOHO_DATA_CENTER: secret })].flat()
    expect(faults.filter((fault) => fault.includes('must be one of us'))).toHaveLength(2)
    expect(faults.join()).not.toContain(secret.slice(0, 12))
  })

  test.each<[name: string, options: object, env: Record<string, string>, fault: RegExp]>([
    [
      'an unknown data centre',
      {},
      { ZOHO_DATA_CENTER: 'mars' },
      /ZOHO_DATA_CENTER must be one of us eu .*not "mars"/,
    ],
    ['an unknown data centre as an option', { dataCenter: 'EU' }, {}, /^dataCenter must be one of/],
    [
      'a variable twice',
      {},
      { ZOHO_CLIENT_ID_FILE: 'x' },
      /ZOHO_CLIENT_ID and ZOHO_CLIENT_ID_FILE are both set/,
    ],
    [
      'a file that is not there',
      {},
      { ZOHO_DATA_CENTER_FILE: '/nowhere/at/all' },
      /ZOHO_DATA_CENTER_FILE: .*ENOENT/,
    ],
    [
      'quotes that were kept',
      {},
      { ZOHO_REFRESH_TOKEN: '"the-refresh-token"' },
      /^ZOHO_REFRESH_TOKEN stands in quotes/,
    ],
    ['an empty file', {}, { ZOHO_DATA_CENTER_FILE: file('empty', ' \n') }, /the file is empty/],
    ['one and many', { refreshToken: 'r', connections: async () => undefined }, {}, /exclude each other/],
    [
      'an unknown data centre where consent would start',
      { dataCenter: 'mars' as never, connections: async () => undefined },
      {},
      /dataCenter must be one of us eu/,
    ],
    [
      'an accounts server without TLS',
      { accountsUrl: 'http://accounts.example.com' },
      {},
      /accountsUrl .*must be an https URL/,
    ],
    ['an accounts server with a password', { accountsUrl: 'https://u:p@a.example' }, {}, /accountsUrl/],
    [
      'an accounts server for somebody else',
      { accountsUrl: { eu: 'https://a.example' } },
      {},
      /names no server for data centre "us"/,
    ],
    [
      'a secret for somebody else',
      { clientSecret: { eu: 's' } },
      {},
      /clientSecret has no entry for data centre "us"/,
    ],
    ['a secret for nobody', { clientSecret: {} }, {}, /clientSecret must be a string/],
    [
      'a secret for an unknown data centre',
      { clientSecret: { us: 's', mars: 's' } },
      {},
      /"mars" is not a data centre/,
    ],
    ['an empty client id', { clientId: ' ' }, {}, /clientId must be a string that is not empty/],
    ['a client id that is no string', { clientId: 42 }, {}, /clientId must be a string/],
    ['an unknown scheme', { scheme: 'Basic' }, {}, /scheme must be/],
    ['an origin with a path', { allowedOrigins: ['https://a.example/x'] }, {}, /allowedOrigins\[0\]/],
    ['an origin without TLS', { allowedOrigins: ['http://a.example'] }, {}, /allowedOrigins\[0\]/],
    [
      'origins that are no list',
      { allowedOrigins: 'https://a.example' },
      {},
      /allowedOrigins must be a list/,
    ],
    ['no time', { timeoutMs: 0 }, {}, /timeoutMs/],
    ['no number as time', { timeoutMs: Number.NaN }, {}, /timeoutMs/],
    ['no patience', { maxWaitMs: 0 }, {}, /maxWaitMs must be .* above 0 and at most 120000/],
    ['too much patience', { maxWaitMs: 120_001 }, {}, /maxWaitMs/],
    ['patience that is no number', { maxWaitMs: '10s' }, {}, /maxWaitMs/],
    ['no room', { maxConcurrentRefreshes: 0 }, {}, /maxConcurrentRefreshes must be a whole number from 1/],
    ['half a request', { maxConcurrentRefreshes: 1.5 }, {}, /maxConcurrentRefreshes/],
    ['too much room', { maxConcurrentRefreshes: 10_001 }, {}, /maxConcurrentRefreshes .* to 10000/],
    ['a budget above Zoho’s', { budget: { limit: 11 } }, {}, /budget.limit/],
    ['a budget of nothing', { budget: { limit: 0 } }, {}, /budget.limit/],
    ['an unknown part of the budget', { budget: { max: 3 } }, {}, /budget.max is not an option/],
    ['a window of nothing', { budget: { windowMs: 0 } }, {}, /budget.windowMs/],
    [
      'margins the wrong way round',
      { expiry: { refreshAheadMs: 1_000 } },
      {},
      /must not be below expiry.safetyMarginMs/,
    ],
    ['margins longer than a token', { expiry: { refreshAheadMs: 3_500_000 } }, {}, /below one hour/],
    [
      'an option that does not exist',
      { client_id: 'x' },
      {},
      /client_id is not an option; did you mean clientId\?/,
    ],
    ['half a store', { tokens: { begin() {} } }, {}, /tokens must have the methods/],
    ['half a connection store', { connections: { get() {} } }, {}, /connections must be a function, or have/],
    ['half a clock', { clock: { now() {} } }, {}, /clock must have the methods/],
    [
      'a store of another kind',
      {},
      { ZOHO_AUTH_STORE: 'mongodb://h' },
      /ZOHO_AUTH_STORE must begin with .*not mongodb:/,
    ],
    ['a short key', { encryptionKeys: ['k1:abc'] }, {}, /encryptionKeys\[0\]/],
    [
      'a path that is a URL',
      { revocationPath: 'https://evil.example/' },
      {},
      /revocationPath must be a path/,
    ],
    ['no whole number of processes', { expectedInstances: 1.5 }, {}, /expectedInstances/],
    ['ambient that is a word', { ambient: 'no' }, {}, /ambient must be true or false/],
  ])('%s', (_name, options, env, fault) => {
    const faults = faultsOf(options, { ...whole, ...env })
    expect(faults).toHaveLength(1)
    expect(faults[0]).toMatch(fault)
  })

  test('six at once are six lines', () => {
    const faults = faultsOf(
      { scheme: 'x', timeoutMs: -1, allowedOrigins: ['x'], budget: { limit: 99 }, nonsense: 1 },
      { ZOHO_CLIENT_ID: 'id', ZOHO_REFRESH_TOKEN: 'r' },
    )
    expect(faults).toHaveLength(6)
  })

  test('no fault shows a value that could be secret', () => {
    const secret = 'do-not-show-me'
    const options = {
      clientId: 'id',
      clientSecret: { mars: secret },
      refreshToken: secret,
      connections: async () => undefined,
      encryptionKeys: [secret],
      accountsUrl: `https://user:${secret}@a.example`,
    }
    expect(faultsOf(options).join('\n')).not.toContain(secret)
    expect(faultsOf(options).length).toBeGreaterThanOrEqual(4)
  })
})
