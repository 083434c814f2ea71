import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { sealedConnectionStore } from '@zoho-auth/core'
import { fileConnectionStore } from '@zoho-auth/store-file'
import {
  bin,
  clientEnv,
  connected,
  emulator,
  expectNoSecret,
  folder,
  keyOf,
  run,
  secretsOf,
  start,
  writeEnv,
} from './support.js'

test('status shows connection, data centre, state, life, budget and the last refresh, and asks Zoho nothing', async () => {
  const zoho = await emulator()
  const { cwd } = await connected(zoho, ['acme', 'globex'])
  await run(['refresh', '-c', 'acme'], { cwd })
  const asked = zoho.counters.tokenRequests
  const status = await run(['status'], { cwd })
  expect(status.code).toBe(0)
  const [headings, acme, globex] = status.stdout.split('\n')
  expect(headings).toMatch(/^CONNECTION +DATA CENTRE +STATE +TOKEN +BUDGET +LAST REFRESH$/)
  expect(acme).toMatch(
    /^acme +us +active +█{9,10}░? (1 h|5\d min) +█{9}░ 7\/8 +\d+ (s|min) ago +acme@example.com$/,
  )
  expect(globex).toMatch(/^globex +us +active +none +█{10} 8\/8 +–/)
  expect(zoho.counters.tokenRequests).toBe(asked)
  expectNoSecret(status, secretsOf(zoho, cwd))
})

test('status --json is one document on standard output, and nothing is on standard error', async () => {
  const zoho = await emulator()
  const { cwd } = await connected(zoho)
  const status = await run(['status', '--json'], { cwd })
  expect(status).toMatchObject({ code: 0, stderr: '' })
  expect(JSON.parse(status.stdout)).toEqual({
    store: 'file:./.zoho-auth',
    connections: [
      {
        connection: 'default',
        dataCenter: 'us',
        state: 'active',
        budgetLeft: 8,
        store: 'up',
        budget: 8,
        label: 'default@example.com',
      },
    ],
    more: false,
  })
})

test('status exits with 1 where a connection needs a new consent', async () => {
  const zoho = await emulator()
  const { cwd, env } = await connected(zoho)
  // Through the seal: whoever writes a row without the key is noticed.
  const store = sealedConnectionStore(fileConnectionStore(join(cwd, '.zoho-auth')), {
    encryptionKeys: [env.ZOHO_AUTH_KEYS ?? ''],
  })
  const row = await store.get('default')
  if (row?.refreshToken === undefined) throw new Error('there is no row')
  await store.put({ ...row, state: 'consent-required' })
  const status = await run(['status'], { cwd })
  expect(status.code).toBe(1)
  expect(status.stdout).toMatch(/^default +us +consent-required/m)
})

test('status --watch under a pipe prints a line, and another when something changes, until Ctrl-C', async () => {
  const zoho = await emulator()
  const { cwd } = await connected(zoho)
  const watch = start(['status', '--watch', '--interval', '0.05'], { cwd })
  await watch.until(/default, us, active, no token, budget 8\/8/)
  await run(['refresh'], { cwd })
  await watch.until(/default, us, active, token until \S+Z, budget 7\/8/)
  watch.interrupt()
  const { code, stdout } = await watch.ended
  expect(code).toBe(130)
  expect(stdout).not.toContain('\u001b')
  expect(stdout.trim().split('\n').length).toBeLessThanOrEqual(3)
})

test('status --watch --json prints one document per look', async () => {
  const zoho = await emulator()
  const { cwd } = await connected(zoho)
  const watch = start(['status', '--watch', '--json', '--interval', '0.05'], { cwd })
  await watch.until(/\n.+\n/)
  watch.interrupt()
  const { code, stdout, stderr } = await watch.ended
  expect([code, stderr]).toEqual([130, ''])
  for (const line of stdout.trim().split('\n'))
    expect(JSON.parse(line)).toMatchObject({ connections: [{ connection: 'default' }] })
})

test('refresh makes a new token though one is there, and prints it only if asked', async () => {
  const zoho = await emulator()
  const { cwd } = await connected(zoho)
  const made = () => zoho.countersOf(zoho.grants.at(-1)?.refreshToken ?? '').tokenRequests
  const before = made()
  const first = await run(['refresh'], { cwd })
  expect(first.stdout).toBe('✓ "default", data centre us: a new token for 1 h\n')
  expect(made()).toBe(before + 1)
  const shown = await run(['refresh', '--show-token'], { cwd })
  expect(made()).toBe(before + 2)
  const [token] = zoho.liveTokens().slice(-1)
  expect(shown.stdout).toBe(`${token?.accessToken}\n`)
  expectNoSecret(first, secretsOf(zoho, cwd))
  const json = await run(['refresh', '--json', '--show-token'], { cwd })
  expect(JSON.parse(json.stdout)).toMatchObject({
    connection: 'default',
    token: zoho.liveTokens().at(-1)?.accessToken,
  })
})

test('with several connections one has to be named', async () => {
  const zoho = await emulator()
  const { cwd } = await connected(zoho, ['acme', 'globex'])
  const refresh = await run(['refresh'], { cwd })
  expect(refresh.code).toBe(2)
  expect(refresh.stderr).toContain('there are several connections')
})

test('one refresh token in the environment needs no store', async () => {
  const zoho = await emulator()
  const options = { cwd: folder(), env: zoho.env() }
  const refresh = await run(['refresh'], options)
  expect(refresh).toMatchObject({ code: 0 })
  expect(refresh.stderr).toContain('the token is forgotten with this process')
  expect((await run(['status'], options)).stdout).toMatch(/^default +us +active/m)
  expect((await run(['revoke', '--yes'], options)).code).toBe(0)
  expect(zoho.grants).toEqual([])
})

test('revoke asks, or wants --yes', async () => {
  const zoho = await emulator()
  const { cwd } = await connected(zoho, ['acme', 'globex'])
  const asked = await run(['revoke', '-c', 'acme'], { cwd })
  expect(asked.code).toBe(2)
  expect(asked.stderr).toContain('Give --yes.')
  const revoke = await run(['revoke', '-c', 'acme', '--yes'], { cwd })
  expect(revoke).toMatchObject({ code: 0, stdout: '✓ "acme" is revoked\n' })
  expect(zoho.grants.map(({ user }) => user)).toEqual(['ada', 'globex'])
  expectNoSecret(revoke, secretsOf(zoho, cwd))
})

test('revoke --all takes back every connection, and shows how far it is', async () => {
  const zoho = await emulator()
  const { cwd } = await connected(zoho, ['acme', 'globex', 'initech'])
  const revoke = await run(['revoke', '--all', '--yes'], { cwd })
  expect(revoke).toMatchObject({ code: 0, stdout: '3 of 3 are revoked\n' })
  expect(revoke.stderr).toMatch(/revoking █{10} 3\/3/)
  expect(zoho.grants.map(({ user }) => user)).toEqual(['ada'])
})

test('rotate-keys seals with the first key, and the old one can go', async () => {
  const zoho = await emulator()
  const { cwd, env } = await connected(zoho, ['acme', 'globex'])
  const ring = `${keyOf('k2', 2)},${env.ZOHO_AUTH_KEYS}`
  const rotate = await run(['rotate-keys'], { cwd, env: { ZOHO_AUTH_KEYS: ring } })
  expect(rotate).toMatchObject({ code: 0, stdout: '2 of 2 sealed anew, 0 had the first key already\n' })
  expect(rotate.stderr).toMatch(/sealing █{10} 2\/2/)
  writeEnv(cwd, { ...env, ZOHO_AUTH_KEYS: keyOf('k2', 2) })
  expect((await run(['refresh', '-c', 'acme'], { cwd })).code).toBe(0)
})

test('rotate-keys names what it cannot open, and exits with 1', async () => {
  const zoho = await emulator()
  const { cwd } = await connected(zoho, ['acme'])
  const options = { cwd, env: { ZOHO_AUTH_KEYS: keyOf('k2', 2) } }
  const rotate = await run(['rotate-keys'], options)
  expect(rotate.code).toBe(1)
  expect(rotate.stdout).toContain('✗ acme ERR_ZOHO_CONFIG')
  const json = await run(['rotate-keys', '--json'], options)
  expect(JSON.parse(json.stdout)).toMatchObject({ seen: 1, failed: [{ connection: 'acme' }] })
})

test('the emulator prints what to paste, works with it, and stops on Ctrl-C', async () => {
  const cwd = folder()
  const emulator = start(['emulator', '--port', '0', '--speed', '60'], { cwd })
  const [pasted] = await emulator.until(/ZOHO_CLIENT_ID=(?:.|\n)*ZOHO_DATA_CENTER=us\n/)
  expect(emulator.stdout).toMatch(/^Zoho is running on http:\/\/127\.0\.0\.1:\d+, 60 times as fast/)
  writeFileSync(join(cwd, '.env'), pasted)
  expect((await run(['doctor'], { cwd })).code).toBe(0)
  emulator.interrupt()
  expect((await emulator.ended).code).toBe(130)
  expect(emulator.stderr).not.toContain('ERR_')
})

test('the emulator in JSON says the same', async () => {
  const emulator = start(['emulator', '--port', '0', '--data-centers', 'eu,us', '--json'], { cwd: folder() })
  const [line] = await emulator.until(/^\{.*\}$/m)
  expect(JSON.parse(line)).toMatchObject({
    env: { ZOHO_DATA_CENTER: 'eu' },
    accountsUrls: { us: expect.any(String) },
  })
  emulator.interrupt()
  expect((await emulator.ended).stderr).toBe('')
})

const COMMANDS = ['login', 'status', 'refresh', 'revoke', 'doctor', 'rotate-keys', 'emulator']

test.each(COMMANDS)('%s --help has an example, and exits with 0', async (name) => {
  const { code, stdout, stderr } = await run([name, '--help'], { cwd: folder() })
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toMatch(new RegExp(`Examples?:\\n  \\$ .*zoho-auth ${name}`))
  expect(stdout).toContain('--json')
})

test('without a command there is the help, and nothing is wrong', async () => {
  const { code, stdout, stderr } = await run([], { cwd: folder() })
  expect([code, stderr]).toEqual([0, ''])
  for (const name of COMMANDS) expect(stdout).toContain(name)
})

test('in an empty folder status says where to begin', async () => {
  const { code, stderr } = await run(['status'], { cwd: folder() })
  expect(code).toBe(2)
  expect(stderr).toMatch(/→ Begin with zoho-auth login/)
})

test.each([
  { args: ['frobnicate'], says: "unknown command 'frobnicate'" },
  { args: ['status', '--frobnicate'], says: "unknown option '--frobnicate'" },
  { args: ['status', '--interval', '0'], says: 'above 0' },
  { args: ['revoke', '--all', '-c', 'acme'], says: 'exclude each other' },
  { args: ['refresh'], says: 'there is no connection in file:./.zoho-auth' },
  { args: ['emulator', '--data-centers', 'mars'], says: 'unknown data centre mars' },
])('wrong use: $args', async ({ args, says }) => {
  const zoho = await emulator()
  const options = { cwd: folder(), env: { ...clientEnv(zoho), ZOHO_AUTH_KEYS: keyOf('k1', 1) } }
  const { code, stdout, stderr } = await run(args, options)
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toContain(says)
  expect(stderr).toMatch(/✗ ERR_ZOHO_CONFIG .+\n {2}→ ./)
  const json = await run([...args, '--json'], options)
  expect([json.code, json.stderr]).toEqual([2, ''])
  expect(JSON.parse(json.stdout)).toMatchObject({
    error: { code: 'ERR_ZOHO_CONFIG', message: expect.stringContaining(says), action: expect.any(String) },
  })
})

test.each(COMMANDS.filter((name) => name !== 'emulator'))(
  '%s without configuration says what is missing, without a stack, and exits with 2',
  async (name) => {
    const args = { login: ['--code', 'c'], revoke: ['--yes'] }[name] ?? []
    const { code, stdout, stderr } = await run([name, ...args], { cwd: folder() })
    expect(code).toBe(2)
    expect(stdout + stderr).toContain('ZOHO_CLIENT_ID')
    expect(stdout + stderr).not.toMatch(/^ {4}at /m)
  },
)

test('a connection that is nobody’s is named', async () => {
  const zoho = await emulator()
  const { cwd } = await connected(zoho)
  for (const args of [['refresh'], ['revoke', '--yes'], ['status']]) {
    const { code, stderr } = await run([...args, '-c', 'nobody'], { cwd })
    expect(code).toBe(1)
    expect(stderr).toContain('ERR_ZOHO_NO_CONNECTION')
  }
})

test('the environment wins over .env', async () => {
  const zoho = await emulator()
  const cwd = folder()
  writeEnv(cwd, { ...zoho.env(), ZOHO_ACCOUNTS_URL: 'http://127.0.0.1:9' })
  const env = { ZOHO_ACCOUNTS_URL: zoho.accountsUrl }
  expect(await run(['refresh'], { cwd, env })).toMatchObject({ code: 0 })
})

test('nothing is coloured under a pipe, whatever the machine says', async () => {
  const zoho = await emulator()
  const { cwd } = await connected(zoho)
  for (const env of [{ FORCE_COLOR: '1' }, { CI: 'true' }, { COLORTERM: 'truecolor' }] as Record<
    string,
    string
  >[]) {
    const { stdout, stderr } = await run(['doctor'], { cwd, env })
    expect(stdout + stderr).not.toContain('\u001b')
  }
})

/** `script` of util-linux gives a program a terminal. */
const terminal = process.platform === 'linux' && existsSync('/usr/bin/script') ? test : test.skip

terminal('on a terminal there are colours, and with NO_COLOR there are none', async () => {
  const zoho = await emulator()
  const { cwd } = await connected(zoho)
  const command = `${JSON.stringify(process.execPath)} ${JSON.stringify(bin)} status`
  const program = [
    '-e',
    `require('child_process').spawnSync('/usr/bin/script', ['-qec', process.argv[1], '/dev/null'], { stdio: ['ignore', 'inherit', 'inherit'] })`,
    command,
  ]
  const coloured = await run([], { cwd, program, env: { TERM: 'xterm' } })
  expect(coloured.stdout).toContain('\u001b[32mactive\u001b[39m')
  const plain = await run([], { cwd, program, env: { TERM: 'xterm', NO_COLOR: '1' } })
  expect(plain.stdout).toContain('active')
  expect(plain.stdout).not.toContain('\u001b')
})

test('who reads only the first line is no fault', async () => {
  const zoho = await emulator()
  const { cwd } = await connected(zoho)
  const program = [
    '--input-type=module',
    '-e',
    `import { spawn } from 'node:child_process'
     const child = spawn(process.execPath, [${JSON.stringify(bin)}, 'status', '--watch', '--json', '--interval', '0.01'])
     child.stdout.once('data', () => child.stdout.destroy())
     child.stderr.pipe(process.stderr)
     child.once('exit', (code) => { process.exitCode = code })`,
  ]
  expect(await run([], { cwd, program })).toEqual({ code: 0, stdout: '', stderr: '' })
})
