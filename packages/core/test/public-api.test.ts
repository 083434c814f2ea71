import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from '@jest/globals'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..')
const committed = join(root, 'docs', 'public-api.txt')

/** The names that each entry point of each package exports, types apart. */
function publicNames(): string {
  const lines: string[] = []
  for (const name of readdirSync(join(root, 'packages')).sort()) {
    const manifest = join(root, 'packages', name, 'package.json')
    if (!existsSync(manifest)) continue
    const { exports = {} } = JSON.parse(readFileSync(manifest, 'utf8')) as {
      exports?: Record<string, { default?: string }>
    }
    for (const [entry, target] of Object.entries(exports)) {
      if (target.default === undefined) continue
      const source = join(
        root,
        'packages',
        name,
        target.default.replace('./dist/', 'src/').replace(/\.js$/, '.ts'),
      )
      const values: string[] = []
      const types: string[] = []
      for (const [, isType, list] of readFileSync(source, 'utf8').matchAll(/export (type )?\{([^}]*)\}/g))
        for (const one of (list ?? '').split(',').map((text) => text.trim()))
          if (one.startsWith('type ')) types.push(one.slice(5))
          else if (one !== '') (isType ? types : values).push(one)
      lines.push(`@zoho-auth/${name}${entry.slice(1)}`)
      lines.push(...values.sort().map((one) => `  ${one}`), ...types.sort().map((one) => `  type ${one}`), '')
    }
  }
  return lines.join('\n')
}

// A change of this file is a change for users, and wants a changeset. `UPDATE_PUBLIC_API=1` writes it.
test('the public names are those of docs/public-api.txt', () => {
  const names = publicNames()
  if (process.env.UPDATE_PUBLIC_API) writeFileSync(committed, names)
  expect(readFileSync(committed, 'utf8')).toBe(names)
})
