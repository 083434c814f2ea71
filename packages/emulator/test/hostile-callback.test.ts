import { get } from 'node:http'
import { describe, expect, test } from '@jest/globals'
import type { Fault } from '../src/index.js'
import { consent, consentUrl, start } from './support.js'

type AuthKind = Extract<Fault, { on: 'auth' }>['kind']

/** What an accepted consent says under each fault. `{server}` stands for the right accounts server. */
const CASES: readonly (readonly [
  fault: { kind: AuthKind; [field: string]: unknown },
  says: Readonly<Record<string, readonly string[]>>,
])[] = [
  [
    { kind: 'foreign-accounts-server', value: 'https://accounts.foreign.example' },
    { 'accounts-server': ['https://accounts.foreign.example'] },
  ],
  [
    { kind: 'accounts-server-look-alike' },
    { 'accounts-server': ['http://127.0.0.1.foreign.example:{port}'] },
  ],
  [{ kind: 'accounts-server-encoded' }, { 'accounts-server': ['http%3A%2F%2F127.0.0.1%3A{port}'] }],
  [{ kind: 'accounts-server-userinfo' }, { 'accounts-server': ['{server}@foreign.example'] }],
  [{ kind: 'accounts-server-port' }, { 'accounts-server': ['http://127.0.0.1:1'] }],
  [{ kind: 'accounts-server-path' }, { 'accounts-server': ['{server}/../foreign.example'] }],
  [{ kind: 'accounts-server-http' }, { 'accounts-server': ['http://accounts.zoho.com'] }],
  [{ kind: 'no-accounts-server' }, { 'accounts-server': [] }],
  [{ kind: 'doubled-accounts-server' }, { 'accounts-server': ['{server}', 'https://foreign.example'] }],
  [{ kind: 'unknown-location' }, { location: ['mars'] }],
  [{ kind: 'unknown-location', value: 'US' }, { location: ['US'] }],
  [{ kind: 'no-location' }, { location: [] }],
  [{ kind: 'wrong-state' }, { state: ['a-state-nobody-sent'] }],
  [{ kind: 'no-state' }, { state: [] }],
  [{ kind: 'doubled-state' }, { state: ['the-state', 'a-state-nobody-sent'] }],
  [{ kind: 'no-code' }, { code: [] }],
  [{ kind: 'doubled-code' }, { code: [expect.stringMatching(/^1000\./) as never, 'a-code-nobody-made'] }],
  [
    { kind: 'html-error' },
    {
      code: [],
      location: [],
      'accounts-server': [],
      error: ['access_denied"><script>alert(1)</script>'],
      error_description: ['<img src=x onerror=alert(1)>"><script>alert(1)</script>'],
    },
  ],
  [{ kind: 'long-parameter', bytes: 3 }, { filler: ['xxx'] }],
  [{ kind: 'long-parameter', bytes: 2, name: 'state' }, { state: ['xx'] }],
]

describe('a callback can be told to lie', () => {
  test.each(CASES)('%j, once', async (fault, says) => {
    const emulator = await start()
    emulator.fault({ on: 'auth', ...fault } as Fault)
    const server = emulator.accountsUrl
    const right: Record<string, readonly string[]> = {
      code: [expect.stringMatching(/^1000\./) as never],
      location: ['us'],
      'accounts-server': [server],
      state: ['the-state'],
    }
    const filled = (text: string) =>
      typeof text === 'string'
        ? text.replace('{server}', server).replace('{port}', new URL(server).port)
        : text
    const want = Object.entries({ ...right, ...says }).filter(([, values]) => values.length > 0)

    const lied = await consent(emulator)
    const seen = [...new Set(lied.keys())].map((name) => [name, lied.getAll(name)])
    expect(Object.fromEntries(seen)).toEqual(
      Object.fromEntries(want.map(([name, values]) => [name, values.map(filled)])),
    )
    expect(emulator.requests.at(-1)?.outcome).toBe(`accepted, fault:${fault.kind}`)
    const honest = await consent(emulator)
    expect(Object.fromEntries(honest)).toMatchObject({ state: 'the-state', 'accounts-server': server })
  })

  test('with every kind there is', () => {
    const told = new Set(CASES.map(([{ kind }]) => kind))
    const kinds: Record<AuthKind, true> = {
      'foreign-accounts-server': true,
      'accounts-server-look-alike': true,
      'accounts-server-encoded': true,
      'accounts-server-userinfo': true,
      'accounts-server-port': true,
      'accounts-server-path': true,
      'accounts-server-http': true,
      'no-accounts-server': true,
      'doubled-accounts-server': true,
      'unknown-location': true,
      'no-location': true,
      'wrong-state': true,
      'no-state': true,
      'doubled-state': true,
      'no-code': true,
      'doubled-code': true,
      'html-error': true,
      'long-parameter': true,
    }
    expect([...told].sort()).toEqual(Object.keys(kinds).sort())
  })

  test('with a parameter of one mebibyte', async () => {
    const emulator = await start()
    emulator.fault({ on: 'auth', kind: 'long-parameter' })
    const url = consentUrl(emulator, { user: 'ada', auto: 'accept' })
    const location = await new Promise<string | undefined>((resolve, reject) => {
      get(url, { maxHeaderSize: 2 * 1024 * 1024 }, (response) => {
        response.resume()
        resolve(response.headers.location)
      }).on('error', reject)
    })
    expect(new URL(location ?? '').searchParams.get('filler')).toHaveLength(1_048_576)
  })

  test.each<[kind: AuthKind, says: Record<string, string>]>([
    ['no-state', { error: 'access_denied' }],
    ['accounts-server-look-alike', { error: 'access_denied', state: 'the-state' }],
    ['wrong-state', { error: 'access_denied', state: 'a-state-nobody-sent' }],
  ])('where the user refused: %s', async (kind, says) => {
    const emulator = await start()
    emulator.fault({ on: 'auth', kind } as Fault)
    expect(Object.fromEntries(await consent(emulator, { auto: 'refuse' }))).toEqual(says)
  })

  test.each<[fault: object, words: string]>([
    [{ on: 'token', kind: 'no-state' }, 'on must be auth'],
    [{ on: 'auth', kind: 'long-parameter', bytes: -1 }, 'bytes is missing or unusable'],
    [{ on: 'auth', kind: 'long-parameter', bytes: 16 * 1024 * 1024 + 1 }, 'bytes is missing or unusable'],
    [{ on: 'auth', kind: 'unknown-location', value: '' }, 'value is missing or unusable'],
    [{ on: 'auth', kind: 'foreign-accounts-server' }, 'value is missing or unusable'],
    [{ on: 'auth', kind: 'no-code', value: 'x' }, 'value means nothing'],
  ])('but not by %j', async (fault, words) => {
    const emulator = await start()
    expect(() => emulator.fault(fault as Fault)).toThrow(words)
  })
})
