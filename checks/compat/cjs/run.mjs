/**
 * A CommonJS application on Nest 11 installs the packed packages, as a user would, and then compiles with TypeScript 5.9
 * (`skipLibCheck: false`), runs, and passes its tests under ts-jest. Prints one line per step; exits with 1 if one fails.
 *
 *   node checks/compat/cjs/run.mjs
 */
import { spawn } from 'node:child_process'
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const FIXTURE = fileURLToPath(new URL('fixture', import.meta.url))
const PACKAGES = ['core', 'connect', 'axios', 'nestjs', 'emulator']

/** Limit of one step, in milliseconds (five minutes): the longest is an install with an empty cache. */
const STEP_LIMIT_MS = 300_000

/** Lines of a failed step that are printed. */
const LAST_LINES = 60

const pnpm = ['npx', '-y', 'pnpm@12']

async function main() {
  const folder = await mkdtemp(join(tmpdir(), 'zoho-auth-cjs-'))
  const app = join(folder, 'app')
  const tarballs = join(folder, 'tarballs')
  try {
    await step('build', ROOT, [...pnpm, 'exec', 'tsc', '-b', ...PACKAGES.map((name) => `packages/${name}`)])
    for (const name of PACKAGES)
      await step(`pack ${name}`, join(ROOT, 'packages', name), [
        ...pnpm,
        'pack',
        '--pack-destination',
        tarballs,
      ])
    await cp(FIXTURE, app, { recursive: true })
    const packed = (await readdir(tarballs)).map((file) => join(tarballs, file))
    await step('npm install', app, [
      'npm',
      'install',
      '--no-audit',
      '--no-fund',
      '--ignore-scripts',
      ...packed,
    ])
    await step('tsc', app, ['npx', '--no-install', 'tsc'])
    await step('node', app, ['node', 'dist/src/main.js'])
    await step('jest', app, ['npx', '--no-install', 'jest'])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Runs a command to its end, or to its limit. @throws {Error} if it fails, with the end of what it printed. */
async function step(name, cwd, [command, ...args]) {
  const startedAt = performance.now()
  const output = []
  const child = spawn(command, args, { cwd, shell: process.platform === 'win32', timeout: STEP_LIMIT_MS })
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => output.push(chunk))
  const code = await new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  console.log(`${code === 0 ? 'ok  ' : 'FAIL'} ${name} (${seconds} s)`)
  if (code === 0) return
  const text = Buffer.concat(output).toString('utf8')
  throw new Error(text.split('\n').slice(-LAST_LINES).join('\n'))
}

main().catch((error) => {
  console.error(error.message)
  process.exitCode = 1
})
