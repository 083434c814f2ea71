// A release as far as it goes without publishing anything: `changeset version` and `pnpm pack` on a copy of the packages.
//
// Part of `pnpm check`; wants a build. Touches nothing in this tree, and asks nothing of the network. Fails if a changeset
// cannot be read or gets into no changelog, where a package gets no version, and where it would be published without its
// files or with a dependency that only this repository can resolve.
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')

/** A step that hangs is killed after this long, in milliseconds (two minutes). */
const MAX_STEP_MS = 120_000

const faults = []

/** Runs a program to its end, and throws with what it said if it fails. */
function run(program, args, cwd) {
  // pnpm is a script on Windows.
  const shell = process.platform === 'win32' && program === 'pnpm'
  const { status, error, stdout, stderr } = spawnSync(program, args, {
    cwd,
    shell,
    encoding: 'utf8',
    timeout: MAX_STEP_MS,
    env: { ...process.env, CI: 'true' },
  })
  if (status !== 0)
    throw new Error(`${program} ${args.join(' ')} failed: ${error?.message ?? ''}\n${stdout}\n${stderr}`)
  return stdout
}

const read = (...path) => readFileSync(join(...path), 'utf8')
const manifestOf = (folder) => JSON.parse(read(folder, 'package.json'))

/** Folders of the workspace, as pnpm-workspace.yaml lists them. */
function workspaceFolders() {
  const listed = [...read(root, 'pnpm-workspace.yaml').matchAll(/^ {2}- ([\w/*-]+)$/gm)].map(([, one]) => one)
  return listed
    .flatMap((one) => {
      if (!one.endsWith('/*')) return [one]
      const parent = one.slice(0, -2)
      return readdirSync(join(root, parent)).map((name) => join(parent, name))
    })
    .filter((folder) => existsSync(join(root, folder, 'package.json')))
}

/** Changesets as they are meant: whom they name, and how they begin. Whether they can be read is for `changeset` to say. */
function changesets() {
  return readdirSync(join(root, '.changeset'))
    .filter((name) => name.endsWith('.md') && name !== 'README.md')
    .map((name) => {
      const text = read(root, '.changeset', name)
      const names = [...text.matchAll(/^["']?(@[\w/-]+)["']?: (?:major|minor|patch)$/gm)].map(
        ([, one]) => one,
      )
      const first = text.split(/^---$/m).at(-1).trim().split('\n', 1)[0]
      if (names.length === 0) faults.push(`.changeset/${name} names no package`)
      return { name, names, first }
    })
}

function copyTo(copy) {
  for (const name of [
    'package.json',
    'pnpm-workspace.yaml',
    'LICENSE',
    '.changeset',
    'checks/support/bundle.mjs',
  ])
    cpSync(join(root, name), join(copy, name), { recursive: true })
  for (const folder of workspaceFolders()) {
    mkdirSync(join(copy, folder), { recursive: true })
    const isPublished = manifestOf(join(root, folder)).private !== true
    const names = isPublished ? ['package.json', 'README.md', 'CHANGELOG.md', 'dist'] : ['package.json']
    for (const name of names) {
      const from = join(root, folder, name)
      if (existsSync(from)) cpSync(from, join(copy, folder, name), { recursive: true })
    }
  }
  // The changelog is written by a module that is looked for from there, and what is packed by another.
  mkdirSync(join(copy, 'node_modules', '@changesets'), { recursive: true })
  for (const name of ['@changesets/cli', 'esbuild'])
    symlinkSync(join(root, 'node_modules', name), join(copy, 'node_modules', name), 'dir')
}

function checkVersions(copy, published, told) {
  for (const folder of published) {
    const { name, version } = manifestOf(join(copy, folder))
    const before = manifestOf(join(root, folder)).version
    const changelog = existsSync(join(copy, folder, 'CHANGELOG.md')) ? read(copy, folder, 'CHANGELOG.md') : ''
    if (version === before) faults.push(`${name} stays at ${before}`)
    if (!changelog.includes(`\n## ${version}\n`))
      faults.push(`the changelog of ${name} has no heading for ${version}`)
    for (const { name: changeset, names, first } of told)
      if (names.includes(name) && !changelog.includes(first))
        faults.push(`.changeset/${changeset} is not in the changelog of ${name}`)
  }
  const left = readdirSync(join(copy, '.changeset')).filter(
    (name) => name.endsWith('.md') && name !== 'README.md',
  )
  if (left.length > 0) faults.push(`not used up: ${left.join(', ')}`)
}

function checkTarballs(copy, published) {
  const out = join(copy, 'tarballs')
  run('pnpm', ['-r', '--filter', './packages/*', 'pack', '--pack-destination', out], copy)
  for (const folder of published) {
    const { name, version, exports, bin } = manifestOf(join(copy, folder))
    const tarball = `${name.replace('@', '').replace('/', '-')}-${version}.tgz`
    if (!existsSync(join(out, tarball))) {
      faults.push(`${name} was not packed as ${tarball}`)
      continue
    }
    const files = new Set(run('tar', ['-tzf', tarball], out).split(/\r?\n/))
    const packed = run('tar', ['-xzOf', tarball, 'package/package.json'], out)
    if (packed.includes('workspace:'))
      faults.push(`${tarball} depends on what only this repository can resolve`)
    const targets = [...Object.values(exports ?? {}), ...Object.values(bin ?? {})]
    for (const file of [
      'README.md',
      'LICENSE',
      ...targets.flatMap((one) => (one.default ? Object.values(one) : [one])),
    ])
      if (!files.has(`package/${file.replace(/^\.\//, '')}`)) faults.push(`${tarball} has no ${file}`)
    const scripts = [...files].filter((file) => file.endsWith('.js'))
    if (scripts.length !== targets.filter((one) => one.default || one.endsWith?.('.js')).length)
      faults.push(`${tarball} has ${scripts.length} scripts: not one for each entry point`)
  }
}

const copy = mkdtempSync(join(tmpdir(), 'zoho-auth-release-'))
try {
  const told = changesets()
  const published = workspaceFolders().filter((folder) => manifestOf(join(root, folder)).private !== true)
  copyTo(copy)
  // Behind a release there is none until the next change.
  if (told.length > 0) {
    run(process.execPath, [join(root, 'node_modules', '@changesets', 'cli', 'bin.js'), 'version'], copy)
    checkVersions(copy, published, told)
  }
  checkTarballs(copy, published)
  if (faults.length === 0)
    console.log(`✓ ${published.length} packages, ${told.length} changesets: fit for a release`)
} catch (error) {
  faults.push(error instanceof Error ? error.message : String(error))
} finally {
  rmSync(copy, { recursive: true, force: true })
}
for (const fault of faults) console.error(`✗ ${fault}`)
process.exitCode = faults.length === 0 ? 0 : 1
