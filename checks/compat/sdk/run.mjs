/**
 * Zoho's published SDKs for CRM as clients of the emulator, installed into a temporary folder as a user would. Prints
 * one line per step; exits with 1 if one fails. Needs the package registry.
 *
 *   node checks/compat/sdk/run.mjs
 */
import { spawn } from 'node:child_process'
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const CLIENT = fileURLToPath(new URL('client.mjs', import.meta.url))
const EMULATOR = new URL('../../../packages/emulator/dist/index.js', import.meta.url).href

const SDKS = [
  { name: '@zohocrm/nodejs-sdk-8.0', version: '2.0.0' },
  { name: '@zohocrm/typescript-sdk-8.0', version: '3.0.0' },
]

/** Limit of everything together, in milliseconds (two and a half minutes). */
const LIMIT_MS = 150_000

/** Lines of a failed step that are printed. */
const LAST_LINES = 30

const isWindows = process.platform === 'win32'
const tally = { passed: 0, failed: 0 }
let running
let isOver = false

async function main() {
  const folder = await mkdtemp(join(tmpdir(), 'zoho-auth-sdk-'))
  try {
    if (!(await step('build', ROOT, ['npx', '-y', 'pnpm@12', 'exec', 'tsc', '-b', 'packages/emulator'])))
      return
    await writeFile(join(folder, 'package.json'), '{ "private": true }\n')
    await copyFile(CLIENT, join(folder, 'client.mjs'))
    const packages = SDKS.map(({ name, version }) => `${name}@${version}`)
    const options = ['--save-exact', '--ignore-scripts', '--no-audit', '--no-fund']
    if (!(await step('npm install', folder, ['npm', 'install', ...options, ...packages]))) return
    for (const { name } of SDKS) await client(name, folder)
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 })
    console.log(`${tally.passed} passed, ${tally.failed} failed`)
  }
}

/** Runs a command, prints its line and counts it. @returns Whether it ended well. */
async function step(name, cwd, command) {
  const { code, output } = await run(cwd, command)
  record(code === 0, name)
  if (code !== 0) console.error(lastLines(output))
  return code === 0
}

/** Lets one SDK do its checks. They print and are counted themselves; an early end counts as one more failure. */
async function client(name, cwd) {
  const { code, output, errors } = await run(cwd, [process.execPath, 'client.mjs', name, EMULATOR])
  const lines = output.split('\n').filter((line) => /^(ok {2}|FAIL) /.test(line))
  for (const line of lines) record(line.startsWith('ok'), line.slice('FAIL '.length))
  if (code !== 0) record(false, `${name}: ended early`)
  if (code !== 0 || lines.some((line) => line.startsWith('FAIL'))) console.error(lastLines(errors))
}

function record(passed, line) {
  tally[passed ? 'passed' : 'failed'] += 1
  console.log(`${passed ? 'ok  ' : 'FAIL'} ${line}`)
}

/** Runs a command to its end, or until the time is up. */
async function run(cwd, [command, ...args]) {
  if (isOver) return { code: 1, output: 'not started', errors: 'not started' }
  // a group of its own, so that what npx starts can be ended with it
  const child = spawn(command, args, { cwd, shell: isWindows, detached: !isWindows })
  running = child
  const both = []
  const errors = []
  child.stdout.on('data', (chunk) => both.push(chunk))
  child.stderr.on('data', (chunk) => {
    both.push(chunk)
    errors.push(chunk)
  })
  const code = await new Promise((resolve) => {
    child.on('error', resolve)
    child.on('close', resolve)
  })
  running = undefined
  return { code, output: textOf(both), errors: textOf(errors) }
}

function end(child) {
  if (child?.pid === undefined) return
  try {
    if (isWindows) child.kill()
    else process.kill(-child.pid, 'SIGKILL')
  } catch {
    // it has ended meanwhile
  }
}

const textOf = (chunks) => Buffer.concat(chunks).toString('utf8')
const lastLines = (text) => text.split('\n').slice(-LAST_LINES).join('\n')

/** Ends what runs now; what would come next is not started. */
function stop(reason) {
  isOver = true
  console.error(reason)
  end(running)
}
const limit = setTimeout(() => stop(`stopped after ${LIMIT_MS} ms`), LIMIT_MS)
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stop(signal))

await main()
clearTimeout(limit)
if (isOver || tally.failed > 0) process.exitCode = 1
