// Real servers for tests, on loopback, with their data in a temporary folder.
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

/** How long a server may take to accept, in milliseconds (two minutes): only one that hangs takes as long. */
const START_MS = 120_000

/** @returns {string | undefined} where a program is, or undefined */
function onPath(name, folders = []) {
  return [...(process.env.PATH ?? '').split(delimiter), ...folders]
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path))
}

/** Debian keeps PostgreSQL's programs out of PATH. */
function postgresFolders() {
  const root = '/usr/lib/postgresql'
  return existsSync(root) ? readdirSync(root).map((version) => join(root, version, 'bin')) : []
}

export const redisServer = () => onPath('redis-server')
export const postgresServer = () => onPath('postgres', postgresFolders())

/** Below the ports that systems give out by themselves: nobody gets one that is free while its server is started again. */
const FIRST_PORT = 20_000
const PORTS = 12_000
const MAX_TRIES = 100

/** @returns {Promise<number>} a port that nobody listens on */
export async function freePort() {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const port = FIRST_PORT + randomInt(PORTS)
    if (await isFree(port)) return port
  }
  throw new Error(`no port from ${FIRST_PORT} to ${FIRST_PORT + PORTS} is free`)
}

function isFree(port) {
  return new Promise((resolve) => {
    const server = createServer().listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
    server.once('error', () => resolve(false))
  })
}

function accepts(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

async function untilAccepting(port, child) {
  const end = Date.now() + START_MS
  while (Date.now() < end && child.exitCode === null) {
    if (await accepts(port)) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`no server accepts on port ${port}`)
}

function stopper(child, folder, signal) {
  return async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const gone = new Promise((resolve) => child.once('exit', resolve))
      child.kill(signal)
      await gone
    }
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * @param {{ port?: number, arguments?: string[] }} [options] the port, to start again where one was stopped
 * @returns {Promise<{ url: string, port: number, pid: number, stop(): Promise<void> }>}
 */
export async function startRedis(options = {}) {
  const program = redisServer()
  if (program === undefined) throw new Error('redis-server is not installed')
  const port = options.port ?? (await freePort())
  const folder = mkdtempSync(join(tmpdir(), 'zoho-auth-redis-'))
  const child = spawn(
    program,
    [
      '--port',
      port,
      '--bind',
      '127.0.0.1',
      '--save',
      '',
      '--appendonly',
      'no',
      '--dir',
      folder,
      ...(options.arguments ?? []),
    ],
    { stdio: 'ignore' },
  )
  child.once('error', () => {})
  await untilAccepting(port, child)
  return { url: `redis://127.0.0.1:${port}`, port, pid: child.pid, stop: stopper(child, folder, 'SIGTERM') }
}

/** @returns {Promise<{ url: string, port: number, pid: number, stop(): Promise<void> }>} */
export async function startPostgres() {
  const program = postgresServer()
  if (program === undefined) throw new Error('PostgreSQL is not installed')
  const folder = mkdtempSync(join(tmpdir(), 'zoho-auth-postgres-'))
  const user = process.getuid?.() === 0 ? idsOf('postgres') : {}
  if (user.uid !== undefined) chownSync(folder, user.uid, user.gid)
  const data = join(folder, 'data')
  const initdb = join(program, '..', 'initdb')
  const quiet = { stdio: 'ignore', cwd: folder, ...user }
  execFileSync(
    initdb,
    ['-D', data, '-U', 'postgres', '-A', 'trust', '--no-sync', '-E', 'UTF8', '--locale=C'],
    quiet,
  )
  const port = await freePort()
  const settings = ['fsync=off', 'full_page_writes=off', 'synchronous_commit=off', 'max_connections=200']
  const child = spawn(
    program,
    ['-D', data, '-p', port, '-h', '127.0.0.1', '-k', folder, ...settings.flatMap((one) => ['-c', one])],
    quiet,
  )
  child.once('error', () => {})
  await untilAccepting(port, child)
  await untilReady(port)
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    port,
    pid: child.pid,
    stop: stopper(child, folder, 'SIGINT'),
  }
}

/** The port of PostgreSQL accepts before the server does. */
async function untilReady(port) {
  const program = onPath('pg_isready', postgresFolders())
  if (program === undefined) return
  const end = Date.now() + START_MS
  while (Date.now() < end) {
    if (spawnSync(program, ['-h', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' }).status === 0) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`PostgreSQL on port ${port} does not get ready`)
}

/** PostgreSQL does not run as root. */
function idsOf(name) {
  const id = (flag) => Number(execFileSync('id', [flag, name], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}
