import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from '@jest/globals'
import { DATA_CENTERS, PRODUCTS, productFacts } from '@zoho-auth/core'
import { productOrigin } from '../src/words/products.js'

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

/** The table of products for readers, as `docs/guides/products.md` has it. */
function productTable(): string {
  const rows = PRODUCTS.map((product) => {
    const { organization, dataCenters, scopes, source, grade } = productFacts(product)
    const host = new URL(productOrigin(product, dataCenters[0] ?? 'us')).host
    const where = dataCenters.length === DATA_CENTERS.length ? 'all' : dataCenters.join(' ')
    const how = organization === undefined ? '' : `${organization.in} \`${organization.name}\``
    return [`\`${product}\``, host, where, how, scopes.join(', '), `${source} (${grade})`]
  })
  const all = [
    ['`product`', 'Host in the first of', 'Data centres', 'Organisation', 'Scopes begin with', 'Source'],
    ...rows,
  ]
  const widths = all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? []
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  const [head = [], ...body] = all
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n')
}

test('the table of docs/guides/products.md is that of core', () => {
  const guide = join(root, 'docs', 'guides', 'products.md')
  const before = readFileSync(guide, 'utf8')
  const after = before.replace(/^\| `product`.*(?:\n\|.*)*/m, () => productTable())
  if (process.env.UPDATE_PUBLIC_API) writeFileSync(guide, after)
  expect(readFileSync(guide, 'utf8')).toBe(after)
})

// A change of this file is a change for users, and wants a changeset. `UPDATE_PUBLIC_API=1` writes it.
test('the public names are those of docs/public-api.txt', () => {
  const names = publicNames()
  if (process.env.UPDATE_PUBLIC_API) writeFileSync(committed, names)
  expect(readFileSync(committed, 'utf8')).toBe(names)
})
