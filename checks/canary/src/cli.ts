import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Fault } from '@zoho-auth/emulator'
import { dumpFolder } from '../../support/dumps.mjs'
import { within } from '../../support/within.mjs'
import { run } from './children.js'
import type { Scans } from './scans.js'
import type { Canaries } from './secrets.js'
import { World } from './world.js'

/** A command of the command line, and how it ends. */
interface Command {
  readonly args: readonly string[]
  readonly exits: number
  /** For every request, until the command has ended. */
  readonly fault?: Fault
  /** Variables that are otherwise. `SECRET` stands for a new one. */
  readonly env?: Readonly<Record<string, string>>
}

/** Every command, in their order. A reader adds one by adding a row. `CODE` is a new code. */
const COMMANDS: readonly Command[] = [
  { args: ['login', '--code', 'CODE', '-c', 'acme'], exits: 0 },
  { args: ['status'], exits: 0 },
  { args: ['doctor', '-c', 'acme'], exits: 0 },
  { args: ['refresh', '-c', 'acme'], exits: 0 },
  { args: ['rotate-keys'], exits: 0 },
  {
    args: ['login', '--code', 'CODE', '-c', 'acme'],
    exits: 1,
    fault: { on: 'token', kind: 'html', times: 99 },
  },
  { args: ['refresh', '-c', 'acme'], exits: 1, fault: { on: 'token', kind: 'invalid-client', times: 99 } },
  {
    args: ['doctor', '-c', 'acme'],
    exits: 1,
    fault: { on: 'token', kind: 'status', status: 400, body: 'no', times: 99 },
  },
  { args: ['doctor', '-c', 'acme'], exits: 1, env: { ZOHO_CLIENT_SECRET: 'SECRET' } },
  { args: ['status'], exits: 2, env: { ZOHO_AUTH_KEYS: 'SECRET' } },
  { args: ['doctor'], exits: 2, env: { ZOHO_AUTH_STORE: 'mars://user:SECRET@127.0.0.1/' } },
  {
    args: ['revoke', '-c', 'acme', '--yes'],
    exits: 1,
    fault: { on: 'revoke', kind: 'status', status: 500, times: 99 },
  },
  { args: ['revoke', '-c', 'acme', '--yes'], exits: 0 },
]

const BIN = fileURLToPath(new URL('../../../packages/cli/dist/bin.js', import.meta.url))

/** How long a command may take, in milliseconds (one minute). */
const HANG_MS = 60_000

/**
 * Runs the commands one after the other in one folder, and reads what they print and leave behind.
 *
 * @param odd Which of them get `--json`: every second one, from the second or from the first on.
 */
export async function playCommands(canaries: Canaries, odd: boolean, scans: Scans): Promise<void> {
  const world = await World.start(canaries)
  const cwd = mkdtempSync(join(tmpdir(), 'zoho-auth-canary-'))
  const { emulator } = world
  const variables = {
    ZOHO_CLIENT_ID: emulator.clientId,
    ZOHO_CLIENT_SECRET: emulator.clientSecret,
    ZOHO_ACCOUNTS_URL: emulator.accountsUrl,
    ZOHO_AUTH_STORE: 'file:./.zoho-auth',
    ZOHO_AUTH_KEYS: world.key(),
  }
  // A .env of the app's own. It is nobody's output.
  const lines = Object.entries(variables).map(
    ([name, value]) => `${name}=${name.endsWith('SECRET') ? `\`${value}\`` : value}`,
  )
  writeFileSync(join(cwd, '.env'), lines.join('\n'))
  try {
    for (const [index, command] of COMMANDS.entries())
      await playCommand(world, cwd, (index % 2 === 1) === odd, command, scans)
  } finally {
    rmSync(cwd, { recursive: true, force: true })
    await world.close()
  }
}

async function playCommand(
  world: World,
  cwd: string,
  json: boolean,
  command: Command,
  scans: Scans,
): Promise<void> {
  const { args, exits, fault, env = {} } = command
  const shown = [...args, ...(json ? ['--json'] : [])]
  const name = `zoho-auth ${shown.join(' ')}${fault ? `, ${fault.kind}` : ''}${Object.keys(env)
    .map((key) => `, ${key}`)
    .join('')}`
  const code = world.emulator.createCode({ user: 'acme' })
  world.canaries.add('authorization code', code, 'acme')
  if (fault !== undefined) world.emulator.fault(fault)
  const changed = Object.fromEntries(
    Object.entries(env).map(([key, value]) => [
      key,
      value.replace('SECRET', () => encodeURIComponent(world.secret())),
    ]),
  )
  const child = run([BIN, ...shown.map((arg) => (arg === 'CODE' ? code : arg))], cwd, {
    HOME: cwd,
    ...changed,
  })
  child.write('')
  try {
    const exit = await within(HANG_MS, 'hang', child.ended)
    world.emulator.clearFaults()
    world.learn()
    scans.text(
      name,
      json ? 'standard output of zoho-auth --json' : 'standard output of zoho-auth',
      child.output.stdout,
      'acme',
    )
    scans.text(
      name,
      json ? 'standard error of zoho-auth --json' : 'standard error of zoho-auth',
      child.output.stderr,
      'acme',
    )
    for (const file of dumpFolder(join(cwd, '.zoho-auth')))
      scans.text(name, 'a file of zoho-auth', file, 'acme')
    if (exit !== exits)
      scans.fail(name, `ended with ${exit}, not with ${exits}: ${child.output.stderr.slice(0, 300)}`)
  } finally {
    child.kill()
  }
}
