import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from '@jest/globals'

const packages = join(dirname(fileURLToPath(import.meta.url)), '..', '..')

/** What the sources of each package may import, beyond Node's own modules and themselves. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  core: ['openid-client', 'jose'],
  emulator: [],
  connect: ['@zoho-auth/core'],
  axios: ['@zoho-auth/core', 'axios'],
  express: ['@zoho-auth/core', '@zoho-auth/connect', 'express'],
  'store-file': ['@zoho-auth/core'],
  'store-redis': ['@zoho-auth/core', 'redis', 'ioredis'],
  'store-postgres': ['@zoho-auth/core', 'pg'],
  cli: [
    '@zoho-auth/core',
    '@zoho-auth/emulator',
    '@zoho-auth/store-file',
    'commander',
    '@clack/prompts',
    'open',
  ],
  nestjs: [
    '@zoho-auth/core',
    '@zoho-auth/connect',
    '@zoho-auth/axios',
    '@nestjs/',
    'axios',
    'rxjs',
    'reflect-metadata',
  ],
}

const TESTING = join('core', 'src', 'testing')

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name))
}

const imports = (file: string): string[] =>
  [
    ...readFileSync(file, 'utf8').matchAll(
      /(?:^|\n)\s*(?:import|export)[^'"]*?from\s+['"]([^'"]+)['"]|import\(['"]([^'"]+)['"]\)/g,
    ),
  ].map(([, fixed, lazy]) => fixed ?? lazy ?? '')

test.each(Object.keys(ALLOWED))('%s imports only what it may', (name) => {
  const files = sources(join(packages, name, 'src'))
  expect(files.length).toBeGreaterThan(0)
  for (const file of files) {
    for (const target of imports(file)) {
      if (target.startsWith('.') || target.startsWith('node:')) continue
      // Only the contracts for stores, which tests alone import.
      if (target === 'fast-check' && relative(packages, file).startsWith(TESTING)) continue
      const fine = ALLOWED[name]?.some(
        (allowed) => target === allowed || target.startsWith(`${allowed.replace(/\/$/, '')}/`),
      )
      expect([relative(packages, file), target, fine]).toEqual([relative(packages, file), target, true])
    }
  }
})

test('inside core, imports point back: words, stores, config, accounts, then the journeys of tokens, connections and requests', () => {
  const src = join(packages, 'core', 'src')
  const journey = [
    'words',
    'stores',
    'config',
    'accounts',
    'token',
    'connections',
    'runtime.ts',
    'zoho-auth.ts',
  ]
  const may: Readonly<Record<string, readonly string[]>> = {
    words: [],
    stores: ['words'],
    config: ['words', 'stores'],
    accounts: ['words', 'config'],
    token: journey,
    connections: journey,
    request: journey,
    'runtime.ts': ['words', 'stores', 'config', 'accounts', 'token', 'request'],
    'zoho-auth.ts': ['words'],
  }
  for (const file of sources(src)) {
    const room = relative(src, file).split(sep)[0] ?? ''
    const allowed = may[room]
    if (allowed === undefined) continue
    for (const target of imports(file).filter((one) => one.startsWith('.'))) {
      const other = relative(src, join(dirname(file), target.replace(/\.js$/, '.ts'))).split(sep)[0] ?? ''
      expect([relative(src, file), other, other === room || allowed.includes(other)]).toEqual([
        relative(src, file),
        other,
        true,
      ])
    }
  }
})

test('core’s runtime dependencies are openid-client and its jose', () => {
  const { dependencies } = JSON.parse(readFileSync(join(packages, 'core', 'package.json'), 'utf8')) as {
    dependencies: object
  }
  for (const name of Object.keys(dependencies)) expect(['openid-client', 'jose']).toContain(name)
})

test('nothing but clock.ts asks the time or sets a timer', () => {
  for (const file of sources(join(packages, 'core', 'src'))) {
    if (file.endsWith(join('words', 'clock.ts')) || file.includes(`${sep}testing${sep}`)) continue
    expect([
      file,
      /\b(setTimeout|setInterval|Date\.now|performance\.now)\(/.test(readFileSync(file, 'utf8')),
    ]).toEqual([file, false])
  }
})

test('openid-client is loaded at the first refresh, not at import', () => {
  for (const file of sources(join(packages, 'core', 'src')))
    expect([file, /import (?!type)[^'"]*from 'openid-client'/.test(readFileSync(file, 'utf8'))]).toEqual([
      file,
      false,
    ])
})

// A CommonJS project's ts-jest compiles our files to CommonJS, where `import.meta` does not exist.
test.each(Object.keys(ALLOWED).filter((name) => name !== 'emulator'))(
  '%s has no import.meta and no top-level await',
  (name) => {
    for (const file of sources(join(packages, name, 'src'))) {
      const code = readFileSync(file, 'utf8')
      expect([file, /import\.meta/.test(code), /^(await|for await)\b/m.test(code)]).toEqual([
        file,
        false,
        false,
      ])
    }
  },
)

test.each(['architecture.md', 'promises.md'])('every file that docs/%s names is there', (page) => {
  const text = readFileSync(join(packages, '..', 'docs', page), 'utf8')
  const named = [...text.matchAll(/(?<![\w/.-])([\w-]+\/)?[\w-]+\.ts\b/g)].map(([file]) => file)
  expect(named.length).toBeGreaterThan(0)
  for (const file of named)
    expect([file, existsSync(join(packages, 'core', 'src', file))]).toEqual([file, true])
})
