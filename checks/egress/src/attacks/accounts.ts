import type { DataCenter, ZohoAuth } from '@zoho-auth/core'
import { engineOfCase } from '../engine.js'
import { DOCUMENTED, mayArrive, secret } from '../judge.js'
import { LEADS, STATUSES } from '../tables/redirects.js'
import { URLS } from '../tables/urls.js'
import { type Case, pick, type Series } from '../trials.js'
import { told, type World } from '../world.js'
import { sceneOf } from './origins.js'

/** What is asked of an accounts server, with secrets in the form. */
const CALLS: readonly (readonly [
  name: string,
  call: (zoho: ZohoAuth, dataCenter: DataCenter) => Promise<unknown>,
])[] = [
  ['a refresh', refreshed],
  ['a revocation', (zoho) => zoho.revoke(OF)],
  [
    'a code exchange',
    (zoho, dataCenter) => zoho.consent.exchange(secret('code', dataCenter), { dataCenter }),
  ],
]

const OF = { connection: 'default' }

/** Each lead with each status at each call. */
const TURNS = STATUSES.length * CALLS.length

const ACCOUNTS = DOCUMENTED.filter(({ host }) => host.startsWith('accounts.'))

/** Accounts servers that answer with redirects: no form with a secret in it follows them. */
export function accountsRedirects(world: World): Series {
  return {
    name: 'redirects: the accounts server',
    whole: LEADS.length * TURNS,
    bounded: LEADS.length,
    make(index, id, random) {
      const row = Math.floor(index / TURNS)
      const turn = index % TURNS
      const status = STATUSES[turn % STATUSES.length] as number
      const [name, call] = CALLS[(row + turn) % CALLS.length] as (typeof CALLS)[number]
      const scene = sceneOf(pick(ACCOUNTS, random), random)
      const locations = (LEADS[row] as readonly string[]).map(scene.fill)
      const { dataCenter } = scene
      return {
        row: `${name} answered ${status} to ${JSON.stringify(locations)}, connection "${dataCenter}"`,
        async send() {
          world.redirect(
            id,
            locations.map((location) => ({ status, location: Buffer.from(location).toString('latin1') })),
          )
          return using(id, dataCenter, (zoho) => call(zoho, dataCenter))
        },
        judge: judgedBy(scene.host, dataCenter),
      }
    },
    isEmpty: ({ delivered }) => delivered === 0,
  }
}

/** Token answers that name a home of the API: the product's own host gets the request all the same. */
export function apiDomains(world: World): Series {
  return {
    name: 'hostile URLs: api_domain of a token answer',
    whole: URLS.length,
    bounded: 40,
    make(index, id, random) {
      const scene = sceneOf(pick(ACCOUNTS, random), random)
      const { dataCenter } = scene
      const apiDomain = scene.fill(URLS[index % URLS.length] as string)
      const home = scene.host.replace('accounts.', 'recruit.')
      return {
        row: `${JSON.stringify(apiDomain)}, connection "${dataCenter}"`,
        async send() {
          world.nameApiDomain(id, apiDomain)
          return using(id, dataCenter, async (zoho) => {
            const init = { ...OF, product: 'recruit', headers: { 'x-case': id } } as const
            await (await zoho.fetch('/recruit/v2/Candidates', init)).arrayBuffer()
          })
        },
        judge: ({ arrivals }) =>
          arrivals.length === 2 && arrivals[1]?.to.host === home && arrivals[1].secrets.length === 1
            ? undefined
            : `not at ${home}: ${arrivals.map(told).join(', ')}`,
      }
    },
  }
}

/** A caller would wait for a better answer, and so leaves at the first. */
async function refreshed(zoho: ZohoAuth): Promise<unknown> {
  const leaving = new AbortController()
  zoho.on('token.refresh_failed', () => leaving.abort())
  return zoho.getToken({ ...OF, signal: leaving.signal })
}

async function using(
  id: string,
  dataCenter: DataCenter,
  work: (zoho: ZohoAuth) => Promise<unknown>,
): Promise<unknown> {
  const zoho = engineOfCase(id, dataCenter)
  try {
    return await work(zoho)
  } finally {
    await zoho.close()
  }
}

function judgedBy(host: string, dataCenter: string): Case['judge'] {
  return ({ arrivals }) => {
    const stray = arrivals.find(({ to }) => !mayArrive({ kind: 'client-secret', dataCenter }, to))
    if (stray !== undefined) return `a redirect was followed: ${told(stray)}`
    return arrivals.length === 0 ? `nothing arrived at ${host}` : undefined
  }
}
