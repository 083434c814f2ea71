// Packs every package as it is published: `pnpm pack:all [FOLDER]`, default `tarballs`. Wants a build.
//
// `--check` packs into a temporary folder, and asks publint and attw about each tarball: whether every way to import it that
// its manifest names works, types included.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

const { values, positionals } = parseArgs({
  options: { check: { type: 'boolean', default: false } },
  allowPositionals: true,
})
const folder = values.check
  ? mkdtempSync(join(tmpdir(), 'zoho-auth-packs-'))
  : resolve(positionals[0] ?? 'tarballs')

/** One command, its output shown. @returns whether it went well */
function run(command, ...args) {
  const shell = process.platform === 'win32'
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'], shell })
  if (error) console.error(error.message)
  return status === 0
}

let fine = run('pnpm', '-r', '--filter', './packages/*', 'pack', '--pack-destination', folder)
const tarballs = readdirSync(folder).filter((name) => name.endsWith('.tgz'))
for (const tarball of values.check ? tarballs : []) {
  const path = join(folder, tarball)
  fine = run('publint', '--strict', path) && fine
  // The command line exports nothing to import.
  if (!tarball.includes('-cli-'))
    fine = run('attw', '--ignore-rules', 'cjs-resolves-to-esm', '--format', 'ascii', path) && fine
}
if (values.check) rmSync(folder, { recursive: true, force: true })
else for (const tarball of tarballs) console.log(join(folder, tarball))
process.exitCode = fine && tarballs.length > 0 ? 0 : 1
