// The whole suite, one part after the other, and its figures in one table at the end.
//
// `pnpm test:full` takes about an hour on two cores. `pnpm test:full e2e bench` plays some parts alone; `--bounded`
// plays them in their small form, and `--seeds 200` bounds the simulation. `--write` puts what was tried many times into
// `docs/proof.md`, in the place of the last run of the same part. Fails if a figure is not what it must be, or is missing;
// an aim may be missed.
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { section, withSection } from './proof.mjs'
import { postgresServer, redisServer } from './servers.mjs'

const { values, positionals } = parseArgs({
  options: {
    seeds: { type: 'string', default: '10000' },
    bounded: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
  allowPositionals: true,
})
const form = values.bounded ? [] : ['--full']

/** What each part runs. It adds a line of JSON to `FIGURES_FILE` for each figure: name, ok, measured. */
const PARTS = {
  tests: [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    'node_modules/jest/bin/jest.js',
  ],
  simulation: ['checks/simulation/dist/main.js', '--seeds', values.seeds, '--seconds', '3600'],
  e2e: ['checks/e2e/dist/main.js', ...form],
  kills: ['checks/kills/dist/main.js', ...form],
  faults: ['checks/faults/dist/main.js', ...form],
  egress: ['checks/egress/dist/main.js', ...form],
  canary: ['checks/canary/dist/main.js', ...form],
  bench: ['checks/bench/dist/main.js', ...form],
}

const PROOF = 'docs/proof.md'

const CONSENT = ['consent-elsewhere', 'consent-closes', 'revoke-in-use', 'reconsent']

/** Operations of `checks/kills/src/table.ts`. */
const KILLED = [
  'refresh, cold',
  'refresh, ahead',
  'refresh after a 401',
  'consent',
  'self-client code',
  'reconsent',
  'close() during a consent',
  'undo of a consent',
  'revoke',
  'revokeAll',
  'rotateKeys',
  'put of a sealed connection',
  'first start, empty store',
]

const onEachStore = (name, must) => ['file', 'redis', 'postgres'].map((store) => [`${name}, ${store}`, must])

/** What each part must show, by the name of the figure in its whole form. Others are shown as well. */
const WANTED = {
  tests: [
    ['tests', '0 failed'],
    ['documented origins that get a token', 'all'],
    ['foreign, look-alike and other data centres’ origins that do', '0 of ≥ 500'],
    ['evicted token, every documented product', 'all: next call 200, 2 token requests'],
    ['tokens spent on refusals that no refresh can help', '≤ 2'],
    ['a wrong data centre, 100 calls', '≤ 2 token requests'],
    ['grants left at Zoho that nobody keeps, after 100 failed consents', '0'],
    ['grants that nobody keeps, close() at 40 moments of a consent', '0'],
    ['a gateway’s answer at revocation: connections marked revoked that are alive', '0'],
    ['differences between fetch and zoho.fetch that are not the token', '0 in ≥ 170 cases'],
  ],
  simulation: [
    ['seeds', `${values.seeds}, 0 violations`],
    ['most new tokens of a grant in any 10 minutes', '≤ 10'],
  ],
  e2e: [
    ...['4 × 100', '16 × 50', '64 × 10'].flatMap((callers) =>
      ['0.2', '2.5'].flatMap((seconds) =>
        onEachStore(`${callers} callers, refresh ${seconds} s`, '1 token request, 0 failed'),
      ),
    ),
    ['Redis stopped for 30 s, back empty', '0 failed, ≤ 1 extra refresh'],
    ...onEachStore('60 processes started at once', '1 token request, 0 failed; probes: 0'),
    ...onEachStore('dead grant, 4 processes × 25 gets', '1 token request'),
    ...onEachStore('throttled, 4 processes × 25 gets', '1 token request'),
    ...onEachStore('refused for a scope, 4 processes × 10 endpoints', '≤ 2 tokens spent'),
    ...onEachStore('1000 new keys × 16 acquire', 'exactly one lease each'),
    ...onEachStore('consent × 50, finished elsewhere', '1 code exchange each'),
    ...onEachStore('consent × 50, callback at 4 processes at once', '1 code exchange each'),
    ...onEachStore('close() during a consent × 150', '0 grants that nobody keeps'),
    ...onEachStore('SIGTERM during a consent × 150', '0 grants that nobody keeps'),
    ...onEachStore('revoked in use by 16 processes', 'all stopped in 5 s, 1 revocation'),
    ...onEachStore('25 consents in a row for one connection', '0 failed, 1 live grant in the end'),
    ['example: Redis stopped for 30 s, back empty', '0 failed'],
    ['example: kill −9 of each process × 5', '0 failed'],
    ['example: one tenant disconnects', '409 at both within 5 s, no token request after'],
    ['example: one refresh per connection and expiry', '1 per expiry'],
    ['example: what Redis held', '0 secrets'],
    ...['callers', 'rollout', 'refusals', 'new-keys', 'outage', ...CONSENT, 'multi-tenant'].map((name) => [
      `afterwards, ${name}`,
      '≤ 8 tokens in 10 min, 0 secrets',
    ]),
  ],
  kills: [
    ...KILLED.flatMap((operation) => onEachStore(operation, '0 lost, 0 half, > 0 within')),
    ...onEachStore('afterwards', '≤ 8 tokens in 10 min, 0 secrets'),
    ['kills altogether', '≥ 1 000, 0 lost'],
  ],
  faults: [
    ['all faults × states, the accounts server', '≥ 450 cases, 0 failed'],
    ['all faults × states, the stores', '≥ 450 cases, 0 failed'],
    ['unhandled rejections and exceptions', '0'],
  ],
  egress: [
    ['documented origins', '0 without a token'],
    ['hostile URLs × clients × versions', '0 tokens off the list in ≥ 15 000'],
    ['redirects', '0 tokens off the list in ≥ 15 000'],
  ],
  canary: [
    ['every form of a secret is found', 'all'],
    [
      values.bounded ? 'canaries over every sink, bounded' : 'canaries over every sink, whole',
      '0 hits in ≥ 9 000 scans, ≥ 40 sinks',
    ],
  ],
  bench: [
    ['round trips for a fresh token', '0'],
    ['a fresh token, getToken', '≤ 1.3 × Map.get and Date.now'],
    ['a fresh token, getAccessToken', '≤ 1.5 ×'],
    ['a fresh token, named', '≤ 1.5 ×'],
    ['a fresh token, handle', '≤ 2 ×'],
    ['a fresh token, peekToken', '≤ 1.8 ×'],
    ['heap of a connection at 10 000', '≤ 750 B'],
    ['import of core ÷ import of openid-client', '≤ 0.5'],
    ['axios with us ÷ axios alone', 'aim: ≤ 1.35'],
    ['zoho.fetch, on top of fetch', 'aim: ≤ 4 µs'],
    ['acquire, a hit, redis', 'aim: ≤ 1.5 × PING'],
    ['acquire, a hit, postgres', 'aim: ≤ 1.5 × select 1'],
    ['acquire and commit, redis', '2 round trips'],
    ['acquire and commit, postgres', '2 round trips'],
    ['100 000 connections, memory', 'heap ≤ 1 kB each'],
    ['100 000 connections, event loop', 'p99 ≤ 20 ms late'],
  ],
}

/** The figures that sum a part up, by what their names begin with. */
const SUMS = {
  tests: ['tests'],
  simulation: ['seeds'],
  kills: ['kills altogether'],
  faults: ['all faults × states', 'unhandled'],
  egress: ['documented origins', 'hostile URLs', 'redirects'],
  canary: ['every form', 'canaries over'],
}

const parts = positionals.length === 0 ? Object.keys(PARTS) : positionals
const unknown = parts.filter((part) => !Object.hasOwn(PARTS, part))
if (unknown.length > 0) {
  console.error(`unknown: ${unknown.join(', ')}; the parts are ${Object.keys(PARTS).join(', ')}`)
  process.exit(2)
}

const folder = mkdtempSync(join(tmpdir(), 'zoho-auth-figures-'))
const rows = []
for (const part of parts) {
  const file = join(folder, `${part}.jsonl`)
  const startedAt = performance.now()
  const code = await run(PARTS[part], { ...process.env, FIGURES_FILE: file })
  const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
  const figures = text.split('\n').filter(Boolean).map(JSON.parse)
  rows.push(...judged(part, figures))
  if (values.write) writeProof(part, figures, (performance.now() - startedAt) / 1_000)
  if (code !== 0) rows.push({ name: `the part ${part}`, must: 'exit code 0', measured: `${code}`, ok: false })
}
rmSync(folder, { recursive: true })
const missed = rows.filter((row) => verdict(row) === 'FAILED').length
console.log(`\n${table(rows)}\n${rows.length} figures, ${missed} missed`)
process.exit(missed === 0 ? 0 : 1)

/** @returns {Promise<number | string>} the exit code, or the signal that ended it */
function run(args, env) {
  const child = spawn(process.execPath, args, { env, stdio: 'inherit' })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(code ?? signal))
  })
}

/** What was tried many times, for readers who cannot wait for it. */
function writeProof(part, figures, seconds) {
  if (values.bounded) throw new Error('--write is for whole runs')
  const isSum = ({ name }) => SUMS[part]?.some((begin) => name.startsWith(begin) && !name.includes(': '))
  const sums = figures.filter((figure) => figure.trials !== undefined && isSum(figure))
  if (sums.length === 0) return
  const date = new Date().toISOString().slice(0, 10)
  const text = section(part, sums, `${[date, ...versions()].join(', ')}; took ${seconds.toFixed(0)} s`)
  writeFileSync(PROOF, withSection(readFileSync(PROOF, 'utf8'), part, text))
  execFileSync('node_modules/.bin/biome', ['format', '--write', PROOF])
}

function versions() {
  const servers = [redisServer(), postgresServer()].flatMap((program) =>
    program === undefined ? [] : [execFileSync(program, ['--version'], { encoding: 'utf8' })],
  )
  const named = servers.map((text) => text.replace(/^(\w+).*?(\d+(\.\d+)+).*$/s, '$1 $2'))
  return [`Node ${process.version.slice(1)}`, ...named, `${process.platform} ${process.arch}`]
}

/** The figures of one part beside what they must be, and those that are missing. Bounded forms count less, and have fewer. */
function judged(part, figures) {
  const known = (name) => (values.bounded ? name.replaceAll(/\d+( \d{3})*/g, '#') : name)
  const wanted = new Map(WANTED[part].map(([name, must]) => [known(name), must]))
  const shown = figures.map((figure) => ({ ...figure, must: wanted.get(known(figure.name)) ?? '' }))
  const seen = new Set(figures.map(({ name }) => known(name)))
  const missing = values.bounded ? [] : WANTED[part].filter(([name]) => !seen.has(name))
  return [...shown, ...missing.map(([name, must]) => ({ name, must, measured: 'missing', ok: false }))]
}

/** An aim that is not met is told, and is no failure. */
function verdict({ must, ok }) {
  return ok ? 'ok' : must.startsWith('aim:') ? 'aim not met' : 'FAILED'
}

function table(rows) {
  const cells = [
    ['figure', 'must be', 'measured', ''],
    ...rows.map(({ name, must, measured, ok }) => [name, must, measured, verdict({ must, ok })]),
  ]
  const widths = [0, 1, 2].map((column) => Math.max(...cells.map((row) => row[column].length)))
  return cells.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')).join('\n')
}
