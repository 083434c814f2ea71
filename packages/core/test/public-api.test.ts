import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from '@jest/globals'
import { DATA_CENTERS, PRODUCTS, productFacts } from '@zoho-auth/core'
import { productOrigin } from '../src/words/products.js'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..')
const committed = join(root, 'docs', 'public-api.txt')

/** What each entry point of each package exports, with its declaration: from the build, without comments. */
function publicApi(): string {
  const lines: string[] = []
  for (const name of readdirSync(join(root, 'packages')).sort()) {
    const folder = join(root, 'packages', name)
    if (!existsSync(join(folder, 'package.json'))) continue
    const { exports = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
      exports?: Record<string, { types?: string }>
    }
    for (const [entry, { types }] of Object.entries(exports)) {
      if (types === undefined) continue
      lines.push(`## @zoho-auth/${name}${entry.slice(1)}`, '')
      const declared = exportsOf(join(folder, types))
      lines.push(...declared.map(({ text }) => text).sort(byName), '')
    }
  }
  return lines.join('\n')
}

interface Exported {
  readonly name: string
  readonly text: string
}

const nameIn = (text: string): string => DECLARATION.exec(text)?.[1] ?? text
const byName = (one: string, other: string): number => (nameIn(one) < nameIn(other) ? -1 : 1)

/** A declaration at the beginning of a line, and its name. */
const DECLARATION = /^export (?:declare )?(?:abstract )?(?:class|function|const|interface|type|enum) ([\w$]+)/

function exportsOf(file: string): Exported[] {
  const text = readFileSync(file, 'utf8').replaceAll(
    /^\s*\/\*\*[\s\S]*?\*\/\n|^\s*#private;\n|^\/\/.*\n?/gm,
    '',
  )
  const found: Exported[] = []
  for (const [, list = '', from = ''] of text.matchAll(/^export (?:type )?\{([^}]*)\} from '([^']+)'/gm)) {
    const names = list.split(',').map((one) => one.trim().replace(/^type /, ''))
    const source = from.startsWith('.')
      ? exportsOf(join(dirname(file), from.replace(/\.(c?)js$/, '.d.$1ts')))
      : []
    for (const name of names)
      found.push(
        ...(from.startsWith('.') ? source.filter((one) => one.name === name) : [outside(name, from)]),
      )
  }
  // A statement ends where the next one begins, in what the compiler writes.
  for (const statement of text.split(/\n(?=\S)/).reduce(joined, []))
    if (DECLARATION.test(statement)) found.push({ name: nameIn(statement), text: statement.trimEnd() })
  return found
}

const outside = (name: string, from: string): Exported => ({
  name,
  text: `export type ${name} from '${from}'`,
})

/** Puts closing brackets back to what they close. */
function joined(statements: string[], line: string): string[] {
  const last = statements.at(-1)
  if (last === undefined || !/^[}\])|&]/.test(line)) return [...statements, line]
  return [...statements.slice(0, -1), `${last}\n${line}`]
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

// A change of this file is a change for users, and wants a changeset. `UPDATE_PUBLIC_API=1` writes it. Wants a build.
test('the public API is that of docs/public-api.txt', () => {
  const api = publicApi()
  if (process.env.UPDATE_PUBLIC_API) writeFileSync(committed, api)
  expect(readFileSync(committed, 'utf8')).toBe(api)
})

test('the front page of core fits on one screen', () => {
  const values = exportsOf(join(root, 'packages', 'core', 'dist', 'index.d.ts'))
    .filter(({ text }) => !/^export (?:interface|type) /.test(text))
    .map(({ name }) => name)
  expect(values.sort()).toEqual([
    'DATA_CENTERS',
    'DEFAULT_BUDGET',
    'DEFAULT_EXPIRY_POLICY',
    'EVENT_NAMES',
    'PRODUCTS',
    'Token',
    'ZohoAuth',
    'ZohoAuthError',
    'createZohoAuth',
    'defaultZohoAuth',
    'isZohoAuth',
    'isZohoAuthError',
    'memoryConnectionStore',
    'memoryTokenStore',
    'newConnection',
    'productFacts',
    'sealedConnectionStore',
    'systemClock',
  ])
})
