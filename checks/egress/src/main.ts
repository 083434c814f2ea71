/**
 * Whether a token, a refresh token or a client secret ever arrives at a host that is not on Zoho's list, and whether one of
 * Zoho's own hosts ever goes without a token.
 *
 * `node dist/main.js` is the bounded form, `--full` the whole one, `--only TEXT` plays the lines with it in their name, and
 * `--case N` one case of them. `--seed N` chooses other hosts for the rows.
 */
import { parseArgs } from 'node:util'
import { accountsRedirects, apiDomains } from './attacks/accounts.js'
import { redirects } from './attacks/redirects.js'
import { requestTargets } from './attacks/targets.js'
import { documentedUrls, hostileUrls, productHosts } from './attacks/urls.js'
import { type Series, Trials } from './trials.js'
import { World } from './world.js'

/** Where nothing else is chosen. */
const SEED = '1'

/** Least cases of hostile URLs, and of redirects, in the whole form. */
const LEAST = 15_000

// Nothing of this shell's own configuration counts, and no proxy of it.
for (const name of Object.keys(process.env)) if (/^ZOHO_|_proxy$/i.test(name)) delete process.env[name]

const { values } = parseArgs({
  options: {
    full: { type: 'boolean', default: false },
    seed: { type: 'string', default: SEED },
    only: { type: 'string', default: '' },
    case: { type: 'string' },
  },
})
const { full, only } = values
const seed = Number(values.seed)
const index = values.case === undefined ? undefined : Number(values.case)

const world = await World.begin()
const trials = new Trials(world, { full, seed, only, index })
// Clients are loaded when every connection leads here.
const { allClients } = await import('./clients/index.js')
const { clients, apps, proxy } = await allClients()

console.log(`seed ${seed}`)
const urls = [
  ...clients.map(hostileUrls),
  ...Object.entries(apps).map(([name, app]) => requestTargets(name, app)),
  apiDomains(world),
]
const led = [...[...clients, proxy].map((client) => redirects(client, world)), accountsRedirects(world)]
await all(
  'documented origins',
  [
    ...clients.map((client, place) => documentedUrls(client, place === 0)),
    ...clients.filter(({ takesPaths, proxy }) => takesPaths && proxy === 'none').map(productHosts),
  ],
  0,
)
await all('hostile URLs × clients × versions', urls, LEAST)
await all('redirects', led, LEAST)
if (trials.played === 0)
  await trials.report.row(`no line has "${only}" in its name`, () => Promise.reject(new Error('0 cases')))
console.log(trials.report.summary())
process.exit(trials.report.failed === 0 ? 0 : 1)

/** Plays all series of a kind, and reports what they came to together. */
async function all(name: string, series: readonly Series[], least: number): Promise<void> {
  let cases = 0
  let wrong = 0
  for (const one of series) {
    const { trials: count, failures } = await trials.play(one)
    cases += count
    wrong += failures
  }
  if (only !== '' || index !== undefined) return
  await trials.report.row(name, async () => ({
    ok: wrong === 0 && cases > 0 && (!full || cases >= least),
    figure: `${wrong} wrong of ${cases}`,
    trials: cases,
    failures: wrong,
    seed,
  }))
}
