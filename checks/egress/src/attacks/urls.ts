import type { DataCenter, Product } from '@zoho-auth/core'
import { WORLD, type WorldHost } from '../../../support/zoho-hosts.mjs'
import type { Client, Sending } from '../clients/client.js'
import { DOCUMENTED, hopTo, isDocumented, isSameHop, type Origin } from '../judge.js'
import { SPELLINGS, URLS } from '../tables/urls.js'
import { type Case, type Outcome, pick, type Series } from '../trials.js'
import { told } from '../world.js'
import { type Scene, sceneOf } from './origins.js'

/** How a URL is handed to a client. */
interface Form {
  /** Only clients with bases have it. */
  readonly isOfBases: boolean
  readonly of: (
    url: string,
    base: string,
  ) => Pick<Sending, 'url' | 'baseURL' | 'allowAbsoluteUrls' | 'product'>
  /** The URL to which the request goes, and nowhere else, where that can be told from these alone. */
  readonly target: (url: string) => string | undefined
}

const product = 'recruit'
const itself = (url: string) => url
const unknown = () => undefined

const FORMS: readonly Form[] = [
  { isOfBases: false, of: (url) => ({ url }), target: itself },
  { isOfBases: false, of: (url) => ({ url, product }), target: itself },
  { isOfBases: true, of: (url, baseURL) => ({ url, baseURL }), target: itself },
  {
    isOfBases: true,
    of: (url, baseURL) => ({ url, baseURL, allowAbsoluteUrls: false }),
    target: unknown,
  },
  {
    isOfBases: true,
    of: (baseURL) => ({ url: '/x', baseURL }),
    // Without its query axios puts them together in its own way.
    target: (url) => (/[?#]/.test(url) ? undefined : `${url.replace(/\/+$/, '')}/x`),
  },
  {
    isOfBases: true,
    of: (url) => ({ url, baseURL: '/v2', allowAbsoluteUrls: false, product }),
    target: unknown,
  },
]

/** Cases in the bounded form of a client that connects to strangers; one that does not has time for every URL. */
const BOUNDED = 45

/** Every hostile URL, in every form that the client takes, against documented origins of all data centres. */
export function hostileUrls(client: Client): Series {
  const forms = FORMS.filter(({ isOfBases }) => client.takesBases || !isOfBases)
  return {
    name: `hostile URLs: ${client.name}`,
    environment: client.environment,
    whole: URLS.length * forms.length,
    bounded: client.takesBases ? BOUNDED : URLS.length,
    make(index, id, random) {
      const row = Math.floor(index / forms.length)
      const form = forms[index % forms.length] as Form
      const scene = sceneOf(pick(DOCUMENTED, random), random)
      const url = scene.fill(URLS[row] as string)
      return caseOf(client, form, scene, url, `https://${scene.host}`, id)
    },
    isEmpty: ({ strangers, unsent, delivered }) =>
      strangers + unsent === 0 || (client.proxy !== 'reads along' && delivered === 0),
  }
}

/** Every documented origin of every data centre, in the ways in which an app may spell it: each must get the token. */
export function documentedUrls(client: Client, isFirst: boolean): Series {
  const forms = FORMS.filter(
    ({ isOfBases, target }) => target !== unknown && (client.takesBases || !isOfBases),
  )
  const spellings = isFirst ? SPELLINGS.length : 1
  return {
    name: `documented origins: ${client.name}`,
    environment: client.environment,
    whole: DOCUMENTED.length * spellings,
    bounded: isFirst ? DOCUMENTED.length : 12,
    make(index, id, random) {
      const place = Math.floor(index / spellings)
      const turn = place + (index % spellings)
      const scene = sceneOf(DOCUMENTED[place] as Origin, random)
      const url = scene.fill(SPELLINGS[turn % SPELLINGS.length] as string)
      const telling = forms.filter(({ target }) => target(url) !== undefined)
      const form = telling[turn % telling.length] as Form
      return caseOf(client, form, scene, url, 'https://evil.test', id)
    },
    isEmpty: ({ delivered }) => client.proxy !== 'reads along' && delivered === 0,
  }
}

/** A path with the name of a product: it goes to a documented host of that product, with the token. */
export function productHosts(client: Client): Series {
  return {
    name: `hosts of products: ${client.name}`,
    whole: WORLD.length,
    bounded: client.takesBases ? 12 : WORLD.length,
    make(index, id) {
      const { product, dataCenter } = WORLD[index] as WorldHost
      const hosts = WORLD.filter((row) => row.product === product && row.dataCenter === dataCenter).map(
        ({ url }) => new URL(url).host,
      )
      const sending = { id, url: '/x', product: product as Product, dataCenter: dataCenter as DataCenter }
      return {
        row: `"/x" of "${product}", connection "${dataCenter}"`,
        send: () => client.send(sending),
        judge({ arrivals }) {
          const [arrival] = arrivals
          if (arrival === undefined || arrival.secrets.length === 0) return 'no token arrived'
          return hosts.includes(arrival.to.host) ? undefined : `not a host of the product: ${told(arrival)}`
        },
      }
    },
  }
}

function caseOf(client: Client, form: Form, scene: Scene, url: string, base: string, id: string): Case {
  const { dataCenter } = scene
  const sending: Sending = { id, dataCenter, ...form.of(url, base) }
  const target = parsed(form.target(url))
  const isSpeltOut = /^https?:\/\//i.test(url)
  const mustArrive =
    target !== undefined &&
    isDocumented(target, dataCenter) &&
    (isSpeltOut || client.readsEverySpelling) &&
    client.proxy !== 'reads along'
  return {
    row: `${JSON.stringify(form.of(url, base))}, connection "${dataCenter}"`,
    send: () => client.send(sending),
    judge: (outcome) => judged(outcome, dataCenter, isSpeltOut ? target : undefined, mustArrive, client),
  }
}

function judged(
  { arrivals }: Outcome,
  dataCenter: string,
  target: URL | undefined,
  mustArrive: boolean,
  client: Client,
): string | undefined {
  const stray = arrivals.find(({ to }) => target && client.proxy === 'none' && !isSameHop(to, hopTo(target)))
  if (stray !== undefined) return `went elsewhere: ${told(stray)}`
  const isThere = arrivals.some(({ secrets }) => secrets.some((each) => each.dataCenter === dataCenter))
  return mustArrive && !isThere ? 'a documented origin got no token' : undefined
}

function parsed(url: string | undefined): URL | undefined {
  return url !== undefined && URL.canParse(url) ? new URL(url) : undefined
}
