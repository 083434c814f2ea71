import { readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import {
  clientEnv,
  connected,
  contentOf,
  emulator,
  expectNoSecret,
  folder,
  hasReadOnly,
  keyOf,
  later,
  readOnlyStore,
  run,
  secretsOf,
  spreadEnv,
  start,
  writeEnv,
} from './support.js'

const SCOPE = 'ZohoRecruit.modules.ALL,AaaServer.profile.READ'
const BROWSER = ['login', '--scope', SCOPE, '--no-open', '--port', '0']
const URL_LINE = /^ {2}(http\S+)$/m

test('in an empty folder a code makes a sealed store, and shows its key once', async () => {
  const zoho = await emulator()
  const cwd = folder()
  const env = clientEnv(zoho)
  const login = await run(['login', '--code', zoho.createCode()], { cwd, env })
  expect(login.code).toBe(0)
  expect(login.stdout).toMatch(/^ZOHO_AUTH_STORE=file:\.\/\.zoho-auth\nZOHO_AUTH_KEYS=k1:[\w+/]{43}=\n$/)
  expect(login.stderr).toContain('connected "default" as ada@example.com, data centre us')
  expectNoSecret(login, secretsOf(zoho))
  for (const secret of secretsOf(zoho)) expect(contentOf(cwd)).not.toContain(secret)

  writeFileSync(join(cwd, '.env'), login.stdout)
  const status = await run(['status'], { cwd, env })
  expect(status.stdout).toMatch(/^default +us +active/m)
  expect(status.stderr).toContain('.env is read: 2 variables')
  expect(status.code).toBe(0)
})

test('--write-env keeps the other lines of .env, and shows nothing', async () => {
  const zoho = await emulator()
  const cwd = folder()
  writeEnv(cwd, { ...clientEnv(zoho), PORT: '3000' })
  const login = await run(['login', '--code', zoho.createCode(), '--write-env'], { cwd })
  expect(login).toMatchObject({ code: 0, stdout: '' })
  expectNoSecret(login, secretsOf(zoho, cwd))
  const content = readFileSync(join(cwd, '.env'), 'utf8')
  expect(content).toMatch(/^PORT=3000\nZOHO_AUTH_STORE=file:\.\/\.zoho-auth\nZOHO_AUTH_KEYS=k1:.{44}\n$/m)
  expect(await run(['status', '--json'], { cwd })).toMatchObject({ code: 0 })
})

test('a new .env is for this user only; one that is there keeps its rights, and stays a link', async () => {
  const zoho = await emulator()
  const [fresh, linked] = [folder(), folder()]
  const env = clientEnv(zoho)
  expect((await run(['login', '--code', zoho.createCode(), '--write-env'], { cwd: fresh, env })).code).toBe(0)
  expect(statSync(join(fresh, '.env')).mode & 0o777).toBe(0o600)
  writeFileSync(join(linked, 'shared.env'), 'PORT=1\n', { mode: 0o640 })
  symlinkSync('shared.env', join(linked, '.env'))
  expect((await run(['login', '--code', zoho.createCode(), '--write-env'], { cwd: linked, env })).code).toBe(
    0,
  )
  expect(readFileSync(join(linked, 'shared.env'), 'utf8')).toMatch(/^PORT=1\nZOHO_AUTH_STORE=/)
  expect(statSync(join(linked, 'shared.env')).mode & 0o777).toBe(0o640)
})

test('after a code that Zoho refuses, .env is as it was', async () => {
  const zoho = await emulator()
  const cwd = folder()
  writeEnv(cwd, clientEnv(zoho))
  const before = readFileSync(join(cwd, '.env'), 'utf8')
  const login = await run(['login', '--code', 'not-a-code', '--write-env'], { cwd })
  expect(login.code).toBe(1)
  expect(login.stderr).toContain('ERR_ZOHO_CONSENT_REQUIRED')
  expect(readFileSync(join(cwd, '.env'), 'utf8')).toBe(before)
})

test('without a client nothing is written', async () => {
  const cwd = folder()
  const login = await run(['login', '--code', 'c', '--write-env'], { cwd })
  expect(login.code).toBe(2)
  expect(login.stderr).toContain('ZOHO_CLIENT_ID')
  expect(readdirSync(cwd)).toEqual([])
})

test('--print-env prints lines for .env and nothing else, and keeps nothing', async () => {
  const zoho = await emulator()
  const cwd = folder()
  const env = clientEnv(zoho)
  const login = await run(['login', '--code', '-', '--print-env'], {
    cwd,
    env,
    input: `${zoho.createCode()}\n`,
  })
  expect(login.code).toBe(0)
  const grant = zoho.grants.at(-1)
  expect(login.stdout).toBe(`ZOHO_REFRESH_TOKEN=${grant?.refreshToken}\nZOHO_DATA_CENTER=us\n`)
  expect(login.stderr).not.toContain(grant?.refreshToken)
  expect(readdirSync(cwd)).toEqual([])
})

test('with a code, the data centre is looked for where it is not given, and that is said', async () => {
  const zoho = await emulator({ dataCenters: ['us', 'eu', 'in'] })
  const cwd = folder()
  const env = spreadEnv(zoho)
  const code = zoho.createCode({ dataCenter: 'eu' })
  const login = await run(['login', '--code', code, '--json'], { cwd, env })
  expect(login.code).toBe(0)
  expect(JSON.parse(login.stdout)).toMatchObject({ connection: 'default', dataCenter: 'eu' })

  const spoken = await run(['login', '--code', zoho.createCode({ dataCenter: 'in' }), '--print-env'], {
    cwd,
    env,
  })
  expect(spoken.stderr).toContain('the data centre is not given')
  expect(spoken.stderr).toContain('✗ exchanging the code in eu')
  expect(spoken.stderr).toContain('✓ the code is of data centre in')
})

test.each([{ given: ['--data-center', 'us'] }, { given: [], env: { ZOHO_DATA_CENTER: 'us' } }])(
  'a data centre that is given is the only one that is asked: $given $env',
  async ({ given, env }) => {
    const zoho = await emulator({ dataCenters: ['us', 'eu'] })
    const code = zoho.createCode({ dataCenter: 'eu' })
    const options = { cwd: folder(), env: { ...spreadEnv(zoho), ...env } }
    const login = await run(['login', '--code', code, ...given], options)
    expect(login.code).toBe(1)
    expect(zoho.counters.tokenRequests).toBe(1)
  },
)

test('in the browser: the page says that the window can be closed, and the data centre is Zoho’s word', async () => {
  const zoho = await emulator({ dataCenters: ['us', 'eu'] })
  const cwd = folder()
  const login = start([...BROWSER, '-c', 'acme'], { cwd, env: spreadEnv(zoho) })
  const [, url] = await login.until(URL_LINE)
  const page = await fetch(`${url}&user=ada&auto=accept&dataCenter=eu`)
  expect(page.status).toBe(200)
  expect(await page.text()).toContain('You can close this window.')
  expect(page.headers.get('referrer-policy')).toBe('no-referrer')
  expect(page.headers.get('cache-control')).toBe('no-store')
  const ended = await login.ended
  expect(ended.code).toBe(0)
  expect(ended.stderr).toContain('connected "acme" as ada@example.com, data centre eu')
  expectNoSecret(ended, secretsOf(zoho))
})

test('the browser is opened at the URL that is shown', async () => {
  const zoho = await emulator()
  const program = [
    '--input-type=module',
    '-e',
    `import { main } from '${new URL('../dist/main.js', import.meta.url).href}'
     const openUrl = (url) => fetch(url + '&user=ada&auto=accept')
     process.exitCode = await main(process.argv.slice(1), { openUrl })`,
    '--',
  ]
  const args = ['login', '--scope', SCOPE, '--port', '0', '--print-env']
  const login = await run(args, { cwd: folder(), env: clientEnv(zoho), program })
  expect(login.code).toBe(0)
  expect(login.stdout).toMatch(/^ZOHO_REFRESH_TOKEN=/)
})

test('a consent that is refused ends the login, and nothing is kept', async () => {
  const zoho = await emulator()
  const cwd = folder()
  const login = start(BROWSER, { cwd, env: clientEnv(zoho) })
  const [, url] = await login.until(URL_LINE)
  const page = await fetch(`${url}&user=ada&auto=refuse`)
  expect([page.status, await page.text()]).toEqual([400, expect.stringContaining('Zoho is not connected')])
  expect(await login.ended).toMatchObject({ code: 1, stdout: '' })
  expect(login.stderr).toContain('ERR_ZOHO_CONSENT_REQUIRED')
  expect(readdirSync(cwd)).toEqual([])
})

test('a callback with another state is refused, in the browser and in the terminal', async () => {
  const zoho = await emulator()
  const cwd = folder()
  zoho.fault({ on: 'auth', kind: 'wrong-state' })
  const login = start(BROWSER, { cwd, env: clientEnv(zoho) })
  const [, url] = await login.until(URL_LINE)
  const page = await fetch(`${url}&user=ada&auto=accept`)
  expect(page.status).toBe(400)
  expect(await page.text()).toContain('ERR_ZOHO_STATE')
  const { code, stderr } = await login.ended
  expect(code).toBe(1)
  expect(stderr).toMatch(/✗ ERR_ZOHO_STATE .+\n {2}→ ./)
  expect(zoho.counters.tokenRequests).toBe(0)
  expect(readdirSync(cwd)).toEqual([])
})

test('an accounts server that is not Zoho’s gets nothing', async () => {
  const zoho = await emulator()
  zoho.fault({ on: 'auth', kind: 'foreign-accounts-server', value: 'https://accounts.zoho.evil.example' })
  const login = start(BROWSER, { cwd: folder(), env: clientEnv(zoho) })
  const [, url] = await login.until(URL_LINE)
  await fetch(`${url}&user=ada&auto=accept`)
  expect((await login.ended).code).toBe(1)
  expect(login.stderr).toMatch(/✗ ERR_ZOHO_\w+ /)
  expect(zoho.counters.tokenRequests).toBe(0)
})

test('nobody is waited for longer than was said', async () => {
  const zoho = await emulator()
  const cwd = folder()
  const login = await run([...BROWSER, '--wait', '0.1'], { cwd, env: clientEnv(zoho) })
  expect(login.code).toBe(1)
  expect(login.stderr).toContain('ERR_ZOHO_TIMEOUT nobody came back from Zoho')
  expect(readdirSync(cwd)).toEqual([])
})

test('Ctrl-C while waiting leaves nothing behind, and exits with 130', async () => {
  const zoho = await emulator()
  const cwd = folder()
  writeEnv(cwd, clientEnv(zoho))
  const before = readFileSync(join(cwd, '.env'), 'utf8')
  const login = start([...BROWSER, '--write-env'], { cwd })
  await login.until(/waiting for the consent/)
  login.interrupt()
  expect(await login.ended).toMatchObject({ code: 130, stdout: '' })
  expect(login.stderr).not.toMatch(/ERR_| {4}at /)
  expect(readdirSync(cwd)).toEqual(['.env'])
  expect(readFileSync(join(cwd, '.env'), 'utf8')).toBe(before)
})

test('Ctrl-C between Zoho’s answer and the store cuts nothing off', async () => {
  const zoho = await emulator()
  const cwd = folder()
  const login = start(['login', '--code', zoho.createCode(), '--write-env'], { cwd, env: clientEnv(zoho) })
  // The emulator tells of a request when the token is made, and before the answer leaves.
  zoho.onRequest(({ kind }) => kind === 'token' && login.interrupt())
  await login.until(/exchanging the code/)
  expect((await login.ended).code).toBe(130)
  const status = await run(['status', '--json'], { cwd, env: clientEnv(zoho) })
  expect(JSON.parse(status.stdout)).toMatchObject({
    connections: [{ connection: 'default', state: 'active' }],
  })
})

test('a port that is taken is named', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  later(() => server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  const port = String((server.address() as AddressInfo).port)
  const zoho = await emulator()
  const args = ['login', '--scope', SCOPE, '--no-open', '--port', port]
  const login = await run(args, { cwd: folder(), env: clientEnv(zoho) })
  expect(login.code).toBe(2)
  expect(login.stderr).toContain(`port ${port} cannot be listened on (EADDRINUSE)`)
})

test('no new key is made for a store that holds connections already', async () => {
  const zoho = await emulator()
  const { cwd } = await connected(zoho)
  writeEnv(cwd, clientEnv(zoho))
  const login = await run(['login', '--code', zoho.createCode()], { cwd })
  expect(login.code).toBe(2)
  expect(login.stderr).toContain('holds connections already, and ZOHO_AUTH_KEYS is not set')
  expect(zoho.grants).toHaveLength(2)
})

const withReadOnly = hasReadOnly ? test : test.skip

withReadOnly.each([{ args: ['login', '--code', 'CODE'] }, { args: BROWSER }])(
  'Zoho makes no grant for a store that cannot be written: $args',
  async ({ args }) => {
    const zoho = await emulator()
    const store = { ZOHO_AUTH_STORE: 'file:./.zoho-auth', ZOHO_AUTH_KEYS: keyOf('k1', 1) }
    const options = { ...readOnlyStore(), env: { ...clientEnv(zoho), ...store } }
    const code = zoho.createCode()
    const login = start(
      args.map((arg) => (arg === 'CODE' ? code : arg)),
      options,
    )
    if (args === BROWSER) {
      const [, url] = await login.until(URL_LINE)
      await fetch(`${url}&user=ada&auto=accept`)
    }
    expect((await login.ended).code).toBe(1)
    expect(login.stderr).toContain('ERR_ZOHO_STORE')
    expect(zoho.counters.tokenRequests).toBe(0)
  },
)

test('a connection that is connected again keeps its id, and gets the new grant', async () => {
  const zoho = await emulator()
  const { cwd } = await connected(zoho)
  const again = await run(['login', '--code', zoho.createCode({ user: 'grace' })], { cwd })
  expect(again.code).toBe(0)
  const status = await run(['status', '--json'], { cwd })
  expect(JSON.parse(status.stdout)).toMatchObject({
    connections: [{ connection: 'default', label: 'grace@example.com' }],
  })
})

test.each([
  { args: ['login'], env: {}, says: 'Give --scope' },
  { args: ['login', '--code', 'c'], env: { ZOHO_AUTH_STORE: 'memory:' }, says: '--print-env' },
  {
    args: ['login', '--code', 'c'],
    env: { ZOHO_AUTH_STORE: 'ftp://host' },
    says: 'ZOHO_AUTH_STORE must begin with memory:',
  },
  {
    args: ['login', '--code', 'c'],
    env: { ZOHO_DATA_CENTER: 'mars' },
    says: 'ZOHO_DATA_CENTER is not a data centre',
  },
  { args: ['login', '--code', 'c', '--print-env', '--write-env'], env: {}, says: 'Give one of the two' },
  { args: ['login', '--code', '-'], env: {}, says: 'the code is empty' },
  { args: ['login', '--data-center', 'mars'], env: {}, says: 'Allowed choices are' },
  { args: ['login', '--port', 'x'], env: {}, says: 'whole number from 0 to 65535' },
])('wrong use is named, and exits with 2: $args $env', async ({ args, env, says }) => {
  const zoho = await emulator()
  const login = await run(args, { cwd: folder(), env: { ...clientEnv(zoho), ...env } })
  expect(login).toMatchObject({ code: 2, stdout: '' })
  expect(login.stderr).toContain(says)
  expect(login.stderr).toMatch(/✗ ERR_ZOHO_CONFIG .+\n(.*\n)*? {2}→ ./)
  expect(zoho.counters.tokenRequests).toBe(0)
})
