import { spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, expect } from '@jest/globals'
import { type Emulator, type EmulatorOptions, startEmulator } from '@zoho-auth/emulator'

const here = dirname(fileURLToPath(import.meta.url))
export const packages = join(here, '..', '..')

/** The program as it is packed; `tsc -b` has built it. */
export const bin = join(here, '..', 'dist', 'bin.js')

const undo: (() => unknown)[] = []

afterEach(async () => {
  for (const one of undo.splice(0).reverse()) await one()
})

/** Ends something after the test. */
export function later(work: () => unknown): void {
  undo.push(work)
}

export async function emulator(options?: EmulatorOptions): Promise<Emulator> {
  const started = await startEmulator(options)
  later(() => started.close())
  return started
}

/** An empty folder, gone after the test. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'zoho-auth-cli-'))
  later(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** Variables of a client that points to the emulator, without a grant. */
export function clientEnv({ clientId, clientSecret, accountsUrl }: Emulator): Record<string, string> {
  return { ZOHO_CLIENT_ID: clientId, ZOHO_CLIENT_SECRET: clientSecret, ZOHO_ACCOUNTS_URL: accountsUrl }
}

/** The same with an accounts server for each data centre of the emulator. */
export function spreadEnv(emulator: Emulator): Record<string, string> {
  const { ZOHO_ACCOUNTS_URL: _, ...env } = clientEnv(emulator)
  for (const [name, url] of Object.entries(emulator.accountsUrls))
    env[`ZOHO_ACCOUNTS_URL_${name.toUpperCase()}`] = url
  return env
}

export interface RunOptions {
  readonly cwd: string
  readonly env?: Record<string, string>
  readonly input?: string
  /** The user to run as. */
  readonly uid?: number
  /** In place of the program. */
  readonly program?: readonly string[]
}

export interface Ended {
  readonly stdout: string
  readonly stderr: string
  readonly code: number | null
}

/** A command that runs. */
export interface Running {
  readonly stdout: string
  readonly stderr: string
  /** Waits until something was printed on either stream. */
  until(pattern: RegExp): Promise<RegExpExecArray>
  interrupt(): void
  readonly ended: Promise<Ended>
}

/** A program that hangs is killed after this long, in milliseconds (four minutes). */
const MAX_MS = 240_000

/** Starts the program with an environment of its own: nothing of the machine's but where programs are. */
export function start(
  args: readonly string[],
  { cwd, env = {}, input, uid, program = [bin] }: RunOptions,
): Running {
  const child = spawn(process.execPath, [...program, ...args], {
    cwd,
    env: { PATH: process.env.PATH, HOME: cwd, ...env },
    timeout: MAX_MS,
    killSignal: 'SIGKILL',
    ...(uid === undefined ? {} : { uid, gid: uid }),
  })
  let stdout = ''
  let stderr = ''
  const lookers = new Set<() => void>()
  const look = (): void => {
    for (const one of lookers) one()
  }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    look()
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
    look()
  })
  child.stdin.end(input ?? '')
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ stdout, stderr, code }))
  })
  later(() => child.kill('SIGKILL'))
  return {
    get stdout() {
      return stdout
    },
    get stderr() {
      return stderr
    },
    until: (pattern) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          const found = pattern.exec(stdout) ?? pattern.exec(stderr)
          if (found === null) return
          lookers.delete(check)
          resolve(found)
        }
        lookers.add(check)
        void ended.then(() => reject(new Error(`ended before ${pattern}: ${stdout}\n${stderr}`)), reject)
        check()
      }),
    interrupt: () => child.kill('SIGINT'),
    ended,
  }
}

/** The user that nothing belongs to. */
const NOBODY = 65_534

/** Root may write everywhere: the program runs as somebody else then, if such a one gets at Node and at this repository. */
const reader = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}

/** Whether a place can be made here that the program may read and not write. */
export const hasReadOnly: boolean =
  process.platform !== 'win32' &&
  spawnSync(process.execPath, [bin, '--version'], { cwd: tmpdir(), env: {}, ...reader }).status === 0

/** A folder for a store that can be read, is empty, and cannot be written by a program that is run with these options. */
export function readOnlyStore(): { readonly cwd: string; readonly uid?: number } {
  const cwd = folder()
  chmodSync(cwd, 0o755)
  mkdirSync(join(cwd, '.zoho-auth'), { mode: 0o555 })
  return { cwd, ...reader }
}

/** Runs the program to its end. */
export function run(args: readonly string[], options: RunOptions): Promise<Ended> {
  return start(args, options).ended
}

/** Every secret of an emulator and of the `.env` files of a folder: none of them may be printed unless asked for. */
export function secretsOf(emulator: Emulator, cwd?: string): string[] {
  const file = cwd === undefined ? undefined : join(cwd, '.env')
  const keys =
    file !== undefined && existsSync(file) ? /ZOHO_AUTH_KEYS=(.*)/.exec(readFileSync(file, 'utf8')) : null
  return [
    emulator.clientSecret,
    ...emulator.grants.map(({ refreshToken }) => refreshToken),
    ...emulator.liveTokens().map(({ accessToken }) => accessToken),
    ...(keys?.[1] === undefined ? [] : [keys[1]]),
  ]
}

export function expectNoSecret(
  { stdout, stderr }: Pick<Ended, 'stdout' | 'stderr'>,
  secrets: readonly string[],
): void {
  expect(secrets.length).toBeGreaterThan(0)
  for (const secret of secrets) {
    expect(secret.length).toBeGreaterThan(8)
    expect(stdout.includes(secret) || stderr.includes(secret)).toBe(false)
  }
}

/** The whole content of a folder, as one text. */
export function contentOf(path: string): string {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
    .join('\n')
}

export function writeEnv(cwd: string, env: Readonly<Record<string, string>>): void {
  const lines = Object.entries(env).map(([name, value]) => `${name}=${value}`)
  writeFileSync(join(cwd, '.env'), `${lines.join('\n')}\n`)
}

/** Where a test key comes from: the same 32 bytes, again and again. */
export function keyOf(id: string, byte: number): string {
  return `${id}:${Buffer.alloc(32, byte).toString('base64')}`
}

/** A folder with `.env` for an emulator, and connections in it. */
export async function connected(
  zoho: Emulator,
  connections: readonly string[] = ['default'],
): Promise<{ readonly cwd: string; readonly env: Record<string, string> }> {
  const cwd = folder()
  const env = {
    ...clientEnv(zoho),
    ZOHO_AUTH_STORE: 'file:./.zoho-auth',
    ZOHO_AUTH_KEYS: keyOf('k1', 1),
  }
  writeEnv(cwd, env)
  for (const connection of connections) {
    const code = zoho.createCode({ user: connection })
    const { code: exit, stderr } = await run(['login', '--code', code, '-c', connection], { cwd })
    expect([exit, stderr]).toEqual([0, expect.any(String)])
  }
  return { cwd, env }
}
