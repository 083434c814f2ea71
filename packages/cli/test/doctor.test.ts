import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { type Connection, sealedConnectionStore } from '@zoho-auth/core'
import type { Emulator } from '@zoho-auth/emulator'
import { fileConnectionStore } from '@zoho-auth/store-file'
import {
  clientEnv,
  connected,
  emulator,
  expectNoSecret,
  folder,
  hasReadOnly,
  keyOf,
  later,
  packages,
  readOnlyStore,
  run,
  secretsOf,
  spreadEnv,
} from './support.js'

/** What a planted fault needs, and what has to be said about it. */
interface Fault {
  readonly name: string
  readonly check: string
  readonly says: RegExp
  readonly fix: RegExp
  /** 2 for variables that are wrong, else 1. */
  readonly exit: 1 | 2
  readonly args?: readonly string[]
  readonly plant: () => Promise<{ cwd: string; env?: Record<string, string>; zoho: Emulator; uid?: number }>
}

/** Puts a row into a store without asking Zoho. */
async function put(cwd: string, refreshToken: string, key?: string): Promise<void> {
  const plain = fileConnectionStore(join(cwd, '.zoho-auth'))
  const store = key === undefined ? plain : sealedConnectionStore(plain, { encryptionKeys: [key] })
  const row = { id: 'default', refreshToken, dataCenter: 'us', state: 'active', version: 0 } as const
  await store.put({ ...row, createdAt: 0, updatedAt: 0 } satisfies Connection)
}

const STORED = { ZOHO_AUTH_STORE: 'file:./.zoho-auth', ZOHO_AUTH_KEYS: keyOf('k1', 1) }

/** An app in a folder, with packages of this repository installed. */
function app(cwd: string, installed: readonly string[]): void {
  writeFileSync(join(cwd, 'package.json'), '{ "name": "app" }')
  mkdirSync(join(cwd, 'node_modules', '@zoho-auth'), { recursive: true })
  for (const name of installed)
    symlinkSync(join(packages, name), join(cwd, 'node_modules', '@zoho-auth', name), 'dir')
}

async function listening(server: ReturnType<typeof createServer>): Promise<number> {
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  later(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** A port at which nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer()
  const port = await listening(server)
  await new Promise((resolve) => server.close(resolve))
  return port
}

const READ_ONLY = 'a folder that cannot be written'

const FAULTS: readonly Fault[] = [
  {
    name: 'a missing client id',
    check: 'variables',
    says: /clientId is missing/,
    fix: /Set ZOHO_CLIENT_ID/,
    exit: 2,
    async plant() {
      const zoho = await emulator()
      const { ZOHO_CLIENT_ID: _, ...env } = zoho.env()
      return { cwd: folder(), env, zoho }
    },
  },
  {
    name: 'both forms of a variable',
    check: 'variables',
    says: /ZOHO_CLIENT_SECRET and ZOHO_CLIENT_SECRET_FILE are both set/,
    fix: /Unset one of the two/,
    exit: 2,
    async plant() {
      const zoho = await emulator()
      return { cwd: folder(), env: { ...zoho.env(), ZOHO_CLIENT_SECRET_FILE: '/run/secrets/zoho' }, zoho }
    },
  },
  {
    name: 'both forms of the store',
    check: 'variables',
    says: /ZOHO_AUTH_STORE and ZOHO_AUTH_STORE_FILE are both set/,
    fix: /Unset one/,
    exit: 2,
    async plant() {
      const zoho = await emulator()
      return {
        cwd: folder(),
        env: { ...zoho.env(), ...STORED, ZOHO_AUTH_STORE_FILE: '/run/secrets/store' },
        zoho,
      }
    },
  },
  {
    name: 'neither a store nor a refresh token',
    check: 'variables',
    says: /neither ZOHO_AUTH_STORE nor ZOHO_REFRESH_TOKEN is set/,
    fix: /zoho-auth login/,
    exit: 2,
    async plant() {
      const zoho = await emulator()
      return { cwd: folder(), env: clientEnv(zoho), zoho }
    },
  },
  {
    name: 'a malformed key ring',
    check: 'key ring',
    says: /encryptionKeys\[1\] \(ZOHO_AUTH_KEYS\) must be "id:base64" of 32 bytes/,
    fix: /randomBytes\(32\)/,
    exit: 2,
    async plant() {
      const zoho = await emulator()
      const env = { ...zoho.env(), ...STORED, ZOHO_AUTH_KEYS: `${keyOf('k1', 1)},k0:short` }
      return { cwd: folder(), env, zoho }
    },
  },
  {
    name: 'rows sealed with a key that is not in the ring',
    check: 'stored rows',
    says: /sealed with key "k0", which is not among/,
    fix: /Put the key back/,
    exit: 1,
    async plant() {
      const zoho = await emulator()
      const cwd = folder()
      await put(cwd, zoho.refreshToken, keyOf('k0', 9))
      return { cwd, env: { ...clientEnv(zoho), ...STORED }, zoho }
    },
  },
  {
    name: 'rows sealed with another key of the same id',
    check: 'stored rows',
    says: /does not open.*another key under the id/,
    fix: /Put the right key back/,
    exit: 1,
    async plant() {
      const zoho = await emulator()
      const cwd = folder()
      await put(cwd, zoho.refreshToken, keyOf('k1', 9))
      return { cwd, env: { ...clientEnv(zoho), ...STORED }, zoho }
    },
  },
  {
    name: 'rows in the clear',
    check: 'stored rows',
    says: /stored in the clear/,
    fix: /rotate-keys --from-plaintext/,
    exit: 1,
    async plant() {
      const zoho = await emulator()
      const cwd = folder()
      await put(cwd, zoho.refreshToken)
      return { cwd, env: { ...clientEnv(zoho), ...STORED }, zoho }
    },
  },
  {
    name: 'an empty store',
    check: 'stored rows',
    says: /there is no connection in file:/,
    fix: /zoho-auth login/,
    exit: 1,
    async plant() {
      const zoho = await emulator()
      return { cwd: folder(), env: { ...clientEnv(zoho), ...STORED }, zoho }
    },
  },
  {
    name: 'a store that is not reached',
    check: 'store',
    says: /ECONNREFUSED|did not answer|connect/,
    fix: /Start the store, or correct ZOHO_AUTH_STORE/,
    exit: 1,
    async plant() {
      const zoho = await emulator()
      const cwd = folder()
      app(cwd, ['store-redis'])
      const url = `redis://user:the-store-password@127.0.0.1:${await closedPort()}/0`
      return { cwd, env: { ...zoho.env(), ...STORED, ZOHO_AUTH_STORE: url }, zoho }
    },
  },
  {
    name: 'a store URL that cannot be right',
    check: 'variables',
    says: /ZOHO_AUTH_STORE cannot be used: .*does not name a folder/,
    fix: /Correct ZOHO_AUTH_STORE/,
    exit: 2,
    async plant() {
      const zoho = await emulator()
      return { cwd: folder(), env: { ...zoho.env(), ...STORED, ZOHO_AUTH_STORE: 'file:?' }, zoho }
    },
  },
  {
    name: 'a store whose package is missing',
    check: 'variables',
    says: /needs the package @zoho-auth\/store-postgres/,
    fix: /^npm install @zoho-auth\/store-postgres pg$/,
    exit: 2,
    async plant() {
      const zoho = await emulator()
      return {
        cwd: folder(),
        env: { ...zoho.env(), ...STORED, ZOHO_AUTH_STORE: 'postgres://127.0.0.1/app' },
        zoho,
      }
    },
  },
  {
    name: 'a store whose package this program has, and the app has not',
    check: 'store package',
    says: /@zoho-auth\/store-file is not installed in the app of this folder/,
    fix: /^npm install @zoho-auth\/store-file$/,
    exit: 1,
    async plant() {
      const zoho = await emulator()
      const cwd = folder()
      app(cwd, ['core'])
      return { cwd, env: { ...zoho.env(), ...STORED }, zoho }
    },
  },
  {
    name: READ_ONLY,
    check: 'store',
    says: /cannot be written/,
    fix: /correct ZOHO_AUTH_STORE and its rights/,
    exit: 1,
    async plant() {
      const zoho = await emulator()
      return { ...readOnlyStore(), env: { ...zoho.env(), ...STORED }, zoho }
    },
  },
  {
    name: 'a wrong data centre',
    check: 'data centre',
    says: /Zoho in us answered invalid_client, and in eu it gave a token/,
    fix: /Set ZOHO_DATA_CENTER=eu/,
    exit: 1,
    async plant() {
      const zoho = await emulator({ dataCenters: ['eu', 'us'], clientDataCenters: ['eu'] })
      const env = { ...spreadEnv(zoho), ZOHO_REFRESH_TOKEN: zoho.refreshToken, ZOHO_DATA_CENTER: 'us' }
      return { cwd: folder(), env, zoho }
    },
  },
  {
    name: 'a data centre in which the client is known, and the grant is not',
    check: 'data centre',
    says: /Zoho in us answered invalid_code, and in eu it gave a token/,
    fix: /Set ZOHO_DATA_CENTER=eu/,
    exit: 1,
    async plant() {
      const zoho = await emulator({ dataCenters: ['eu', 'us'] })
      const env = { ...spreadEnv(zoho), ZOHO_REFRESH_TOKEN: zoho.refreshToken, ZOHO_DATA_CENTER: 'us' }
      return { cwd: folder(), env, zoho }
    },
  },
  {
    name: 'a wrong client secret',
    check: 'live check',
    says: /knows the client, and refuses its secret/,
    fix: /Copy the client secret again/,
    exit: 1,
    async plant() {
      const zoho = await emulator()
      return { cwd: folder(), env: { ...zoho.env(), ZOHO_CLIENT_SECRET: 'the-wrong-secret' }, zoho }
    },
  },
  {
    name: 'a client that is unknown',
    check: 'live check',
    says: /refuses the client \(invalid_client\)/,
    fix: /Check ZOHO_DATA_CENTER first, then ZOHO_CLIENT_ID/,
    exit: 1,
    async plant() {
      const zoho = await emulator()
      return { cwd: folder(), env: { ...zoho.env(), ZOHO_CLIENT_ID: 'the-wrong-client' }, zoho }
    },
  },
  {
    name: 'a dead grant',
    check: 'live check',
    says: /the grant is dead/,
    fix: /zoho-auth login --connection default/,
    exit: 1,
    async plant() {
      const zoho = await emulator()
      const { cwd } = await connected(zoho)
      zoho.revokeGrant(zoho.grants.at(-1)?.refreshToken ?? '')
      return { cwd, zoho }
    },
  },
  {
    name: 'a connection that was revoked',
    check: 'live check',
    says: /the connection is revoked/,
    fix: /zoho-auth login/,
    exit: 1,
    async plant() {
      const zoho = await emulator()
      const { cwd } = await connected(zoho)
      await run(['revoke', '--yes'], { cwd })
      return { cwd, zoho }
    },
  },
  {
    name: 'a clock that is minutes off',
    check: 'clock',
    says: /^(29|30)\d s behind the accounts server$/,
    fix: /NTP/,
    exit: 1,
    args: ['--no-live'],
    async plant() {
      const zoho = await emulator()
      const ahead = createServer((_, response) => {
        response.setHeader('date', new Date(Date.now() + 300_000).toUTCString()).end('{}')
      })
      const url = `http://127.0.0.1:${await listening(ahead)}`
      return { cwd: folder(), env: { ...zoho.env(), ZOHO_ACCOUNTS_URL: url }, zoho }
    },
  },
  {
    name: 'an accounts server that is not reached',
    check: 'accounts server',
    says: /is not reached: ECONNREFUSED/,
    fix: /proxy and firewall/,
    exit: 1,
    async plant() {
      const zoho = await emulator()
      const url = `http://127.0.0.1:${await closedPort()}`
      return { cwd: folder(), env: { ...zoho.env(), ZOHO_ACCOUNTS_URL: url }, zoho }
    },
  },
  {
    name: 'a throttle',
    check: 'live check',
    says: /throttled: Zoho says that too many tokens were asked for/,
    fix: /Wait that long/,
    exit: 1,
    async plant() {
      const zoho = await emulator()
      zoho.throttle()
      return { cwd: folder(), env: zoho.env(), zoho }
    },
  },
  {
    name: 'a scope that is missing',
    check: 'scopes',
    says: /does not cover ZohoMail\.messages\.ALL/,
    fix: /Ask for consent again/,
    exit: 1,
    args: ['--scope', 'ZohoRecruit.modules.ALL,ZohoMail.messages.ALL'],
    async plant() {
      const zoho = await emulator()
      const { refreshToken } = zoho.createGrant({ scopes: ['ZohoRecruit.modules.ALL'] })
      return { cwd: folder(), env: { ...zoho.env(), ZOHO_REFRESH_TOKEN: refreshToken }, zoho }
    },
  },
]

interface Answer {
  readonly ok: boolean
  readonly faults: number
  readonly checks: readonly { check: string; state: string; detail: string; fix?: string }[]
}

const possible = FAULTS.filter(({ name }) => hasReadOnly || name !== READ_ONLY)
if (!hasReadOnly) test.skip(`doctor names ${READ_ONLY}`, () => {})

test.each(possible)('doctor names $name', async ({ check, says, fix, exit, args = [], plant }) => {
  const { zoho, ...options } = await plant()
  const doctor = await run(['doctor', '--json', ...args], options)
  const answer = JSON.parse(doctor.stdout) as Answer
  const found = answer.checks.filter(({ state }) => state === 'fault')
  expect(found).toContainEqual({
    ...found.find((one) => one.check === check),
    check,
    detail: expect.stringMatching(says),
    fix: expect.stringMatching(fix),
  })
  expect([doctor.code, answer.ok, doctor.stderr]).toEqual([exit, false, ''])

  const shown = await run(['doctor', ...args], options)
  expect(shown.stdout).toMatch(new RegExp(`^✗ ${check} .*\\n +→ .`, 'm'))
  const secrets = [...secretsOf(zoho, options.cwd), 'the-wrong-secret', 'the-store-password', keyOf('k1', 1)]
  expectNoSecret(doctor, secrets)
  expectNoSecret(shown, secrets)
})

test('where all is well there is a ✓ for each check, and the exit code is 0', async () => {
  const zoho = await emulator()
  const { cwd } = await connected(zoho)
  app(cwd, ['store-file'])
  const doctor = await run(['doctor', '--scope', 'ZohoRecruit.modules.ALL'], { cwd })
  expect(doctor.code).toBe(0)
  for (const name of [
    'Node',
    '.env',
    'variables',
    'key ring',
    'store package',
    'store',
    'compare-and-set',
    'stored rows',
    'forward proxy',
    'accounts server',
    'clock',
    'data centre',
    'live check',
    'scopes',
    'products',
    'requests',
  ])
    expect(doctor.stdout).toMatch(new RegExp(`^✓ ${name.replace('.', '\\.')} +\\S`, 'm'))
  expect(doctor.stdout).not.toMatch(/[✗–]/)
  expect(doctor.stdout).toMatch(
    /^✓ requests +0 of 100 under way, 0 wait for room; at \d+ ms each, a process without tokens serves about \d+ connections a second$/m,
  )
  expect(doctor.stdout).toMatch(/\nall is well\n$/)
  expectNoSecret(doctor, secretsOf(zoho, cwd))
})

test('it knows the products that a token is good for, and an api_domain that is not used', async () => {
  const zoho = await emulator()
  const { refreshToken } = zoho.createGrant({ scopes: ['ZohoBooks.fullaccess.all', 'Desk.tickets.READ'] })
  zoho.fault({ on: 'token', kind: 'foreign-api-domain', value: 'https://api.zoho.com' })
  const doctor = await run(['doctor'], {
    cwd: folder(),
    env: { ...zoho.env(), ZOHO_REFRESH_TOKEN: refreshToken },
  })
  expect(doctor.stdout).toContain(
    `books at ${zoho.url} (organization_id as query), desk at ${zoho.url} (orgId as header)`,
  )
  expect(doctor.stdout).toContain('its api_domain "https://api.zoho.com" is not on the list of hosts')
})

// A proxy that everything else on the machine uses is passed by, and nothing said so.
test('it tells of a forward proxy that Node does not use, and shows no password of it', async () => {
  const zoho = await emulator()
  const proxy = { HTTPS_PROXY: 'http://user:the-proxy-password@proxy.example:8080' }
  const says = /HTTPS_PROXY is set, and the fetch of Node \S+ does not use it by itself/
  const reached = await run(['doctor'], { cwd: folder(), env: { ...zoho.env(), ...proxy } })
  expect(reached.stdout).toMatch(new RegExp(`^– forward proxy +${says.source}`, 'm'))
  expect(reached.code).toBe(0)
  const url = `http://127.0.0.1:${await closedPort()}`
  const env = { ...zoho.env(), ...proxy, ZOHO_ACCOUNTS_URL: url }
  const cut = await run(['doctor'], { cwd: folder(), env })
  expect(cut.stdout).toMatch(
    new RegExp(`^✗ accounts server .*\\n +→ .*proxy and firewall.*${says.source}`, 'm'),
  )
  for (const { stdout, stderr } of [reached, cut])
    expect(stdout + stderr).not.toMatch(/the-proxy-password|proxy\.example/)
})

test('several faults of the configuration are named at once, and nothing is opened or sent', async () => {
  const zoho = await emulator()
  const env = { ZOHO_AUTH_STORE: 'ftp://host', ZOHO_DATA_CENTER: 'mars', ZOHO_REFRESH_TOKEN: 'x' }
  const doctor = await run(['doctor'], { cwd: folder(), env })
  expect(doctor.code).toBe(2)
  for (const name of ['ZOHO_CLIENT_ID', 'ZOHO_CLIENT_SECRET', 'ZOHO_AUTH_STORE', 'ZOHO_DATA_CENTER'])
    expect(doctor.stdout).toContain(name)
  expect(zoho.requests).toHaveLength(0)
})

test('a healthy connection is looked at though another one does not open', async () => {
  const zoho = await emulator()
  const { cwd } = await connected(zoho, ['acme', 'globex'])
  const store = fileConnectionStore(join(cwd, '.zoho-auth'))
  const row = await store.get('acme')
  if (row?.refreshToken === undefined) throw new Error('there is no row')
  await store.put({ ...row, refreshToken: 'in-the-clear' })
  const { stdout, code } = await run(['doctor'], { cwd })
  expect(code).toBe(1)
  expect(stdout).toMatch(/^✗ stored rows .*"acme".*in the clear/m)
  expect(stdout).toMatch(/^✓ live check .*"globex"/m)
})

test('the doctor leaves no connection of its own behind', async () => {
  const zoho = await emulator()
  const { cwd } = await connected(zoho)
  await run(['doctor'], { cwd })
  const ids: string[] = []
  for await (const { id } of fileConnectionStore(join(cwd, '.zoho-auth')).list()) ids.push(id)
  expect(ids).toEqual(['default'])
})

test('--no-live asks Zoho for no token', async () => {
  const zoho = await emulator()
  const doctor = await run(['doctor', '--no-live'], { cwd: folder(), env: zoho.env() })
  expect(doctor.code).toBe(0)
  expect(zoho.counters.tokenRequests).toBe(0)
})
