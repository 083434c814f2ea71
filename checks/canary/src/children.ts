import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Fault } from '@zoho-auth/emulator'
import { dumpFolder } from '../../support/dumps.mjs'
import { within } from '../../support/within.mjs'
import type { Scans } from './scans.js'
import type { Tenant, World } from './world.js'

/** What a child is told on standard input. */
export interface ChildSettings {
  readonly clientId: string
  readonly clientSecret: string
  readonly accountsUrl: string
  readonly origin: string
  readonly tenants: readonly Pick<Tenant, 'id' | 'refreshToken' | 'dataCenter'>[]
  /** Whether its engine has the default logger: warnings of the process. */
  readonly warns: boolean
}

/** A process that ends badly. */
export interface Child {
  readonly name: string
  /** Of `ENDINGS` in `child.ts`. */
  readonly ending: string
  readonly flags?: readonly string[]
  readonly faults: readonly Fault[]
  readonly warns?: true
  /** What must be seen in its output: otherwise it did not come about. */
  readonly shows: RegExp
}

const REFUSED: readonly Fault[] = [{ on: 'api', kind: 'status', status: 500, times: 99 }]
const ECHO: readonly Fault[] = [
  { on: 'token', kind: 'status', status: 503, retryAfter: 3_600, body: '{"error":"no $SECRETS"}', times: 99 },
]

/** Every process. A reader adds one by adding a row. */
export const CHILDREN: readonly Child[] = [
  { name: 'an unhandled rejection of axios', ending: 'rejection', faults: REFUSED, shows: /AxiosError/ },
  {
    name: 'an unhandled rejection of core',
    ending: 'rejection of core',
    faults: ECHO,
    shows: /ERR_ZOHO_UNAVAILABLE/,
  },
  { name: 'an uncaught exception', ending: 'exception', faults: REFUSED, shows: /AxiosError/ },
  {
    name: 'a rejection as a warning',
    ending: 'rejection',
    flags: ['--unhandled-rejections=warn', '--trace-warnings'],
    faults: REFUSED,
    shows: /AxiosError/,
  },
  {
    name: 'a diagnostic report',
    ending: 'exception',
    flags: ['--report-uncaught-exception'],
    faults: REFUSED,
    shows: /AxiosError/,
  },
  {
    name: 'warnings of the default logger',
    ending: 'printed',
    flags: ['--trace-warnings'],
    faults: ECHO,
    warns: true,
    shows: /ZohoAuthWarning/,
  },
  { name: 'everything printed', ending: 'printed', faults: REFUSED, shows: /AxiosError/ },
]

/** How long a child may take, in milliseconds (one minute). One that takes as long hangs, and is killed. */
const HANG_MS = 60_000

/** Lets a process end badly, and reads what it leaves behind. */
export async function playChild(world: World, child: Child, scans: Scans): Promise<void> {
  const name = `a process: ${child.name}`
  const [own, neighbour] = [await world.tenant('patient', 'us'), await world.tenant('patient', 'us')]
  for (const fault of child.faults) world.fault(fault, own)
  world.fault({ on: 'api', kind: 'hang' }, neighbour)
  const { clientId } = world.emulator
  const { clientSecret, origin } = own
  const tenants = [own, neighbour].map(({ id, refreshToken, dataCenter }) => ({
    id,
    refreshToken,
    dataCenter,
  }))
  const settings: ChildSettings = {
    clientId,
    clientSecret,
    accountsUrl: origin,
    origin,
    tenants,
    warns: child.warns ?? false,
  }
  const folder = mkdtempSync(join(tmpdir(), 'zoho-auth-canary-'))
  const arrived = world.arrival(neighbour, 'api')
  const { output, write, ended, kill } = run([
    ...(child.flags ?? []),
    `--report-directory=${folder}`,
    fileURLToPath(new URL('child.js', import.meta.url)),
    child.ending,
  ])
  try {
    write(JSON.stringify(settings))
    await within(HANG_MS, 'a request of a child', arrived)
    write('go')
    // One that has no end goes on: it has shown what it shows.
    if (child.flags?.includes('--unhandled-rejections=warn'))
      await within(HANG_MS, 'a warning', output.until(child.shows))
    else await within(HANG_MS, 'hang', ended)
    world.learn()
    scans.text(name, 'standard output of a process', output.stdout, own.id)
    scans.text(name, 'standard error of a process', output.stderr, own.id)
    for (const report of dumpFolder(folder)) scans.text(name, 'a diagnostic report of Node', report, own.id)
    const changes = output.stdout.split('\n').findLast((line) => line.startsWith('{"title"')) ?? ''
    scans.text(name, 'title, arguments and variables of a process', changes, own.id)
    if (!child.shows.test(output.stdout + output.stderr))
      scans.fail(name, `shows nothing like ${child.shows}`)
  } finally {
    kill()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A process, and what it has printed so far. */
interface Running {
  readonly output: {
    stdout: string
    stderr: string
    /** Resolves once something like this is printed. */
    readonly until: (pattern: RegExp) => Promise<void>
  }
  readonly ended: Promise<number | null>
  readonly write: (line: string) => void
  readonly kill: () => void
}

/** Starts a process of Node with an environment of its own. */
export function run(
  args: readonly string[],
  cwd?: string,
  env: Readonly<Record<string, string>> = {},
): Running {
  const { PATH = '' } = process.env
  const child = spawn(process.execPath, args, {
    env: { PATH, ...env },
    ...(cwd === undefined ? {} : { cwd }),
  })
  const output = {
    stdout: '',
    stderr: '',
    until: (pattern: RegExp): Promise<void> =>
      new Promise((resolve) => {
        const look = (): void => {
          if (pattern.test(output.stdout + output.stderr)) resolve()
        }
        for (const stream of [child.stdout, child.stderr]) stream.on('data', look)
        look()
      }),
  }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text
  })
  child.stdin.on('error', () => {})
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  return {
    output,
    ended,
    write: (line) => void child.stdin.write(`${line}\n`),
    kill: () => void child.kill('SIGKILL'),
  }
}
