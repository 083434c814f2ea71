import { TLD, WORLD } from '../../support/zoho-hosts.mjs'
import { type Hop, plainHost } from './loopback.js'

// What the suite goes by: Zoho's documents as `support/zoho-hosts.mjs` has them. Nothing here asks the library.

export const DATA_CENTERS: readonly string[] = Object.keys(TLD)

const productDomain = (dataCenter: string) =>
  `${dataCenter === 'ca' ? 'zohocloud' : 'zoho'}.${TLD[dataCenter]}`
const gatewayDomain = (dataCenter: string) => `zohoapis.${TLD[dataCenter]}`

/** One documented origin. */
export interface Origin {
  readonly dataCenter: string
  readonly host: string
}

/** Every documented origin of every data centre, once: products, accounts servers, and the gateway of each environment. */
export const DOCUMENTED: readonly Origin[] = [
  ...WORLD.map(({ dataCenter, url }) => ({ dataCenter, host: new URL(url).host })),
  ...DATA_CENTERS.flatMap((dataCenter) =>
    ['sandbox', 'developer', 'content'].map((label) => ({
      dataCenter,
      host: `${label}.${gatewayDomain(dataCenter)}`,
    })),
  ),
].filter(({ host }, index, all) => all.findIndex((other) => other.host === host) === index)

const DATA_CENTER_OF = new Map(DOCUMENTED.map(({ host, dataCenter }) => [host, dataCenter]))

/** Whether a URL is on a documented origin of a data centre, however it is spelt. It must get a token then. */
export function isDocumented({ protocol, host, username, password }: URL, dataCenter: string): boolean {
  return (
    protocol === 'https:' && username === '' && password === '' && DATA_CENTER_OF.get(host) === dataCenter
  )
}

/** What is secret, by what it begins with; the rest is the data centre it belongs to. */
const SECRET = /the-(access-token|refresh-token|client-secret|code)-of-([a-z]{2})/g

/** One secret that was found in a request. */
export interface Secret {
  readonly kind: string
  readonly dataCenter: string
}

export const secret = (
  kind: 'access-token' | 'refresh-token' | 'client-secret' | 'code',
  dataCenter: string,
) => `the-${kind}-of-${dataCenter}`

export function secretsIn(text: string): readonly Secret[] {
  return [...text.matchAll(SECRET)].map(([, kind = '', dataCenter = '']) => ({ kind, dataCenter }))
}

/** Whether a secret may arrive at a host: a token on the list of its data centre, all others at its accounts server. */
export function mayArrive({ kind, dataCenter }: Secret, to: Hop): boolean {
  if (kind === 'access-token') return isOnList(to, dataCenter)
  return to.isTls && to.port === 443 && to.host === `accounts.${productDomain(dataCenter)}`
}

/** https on the default port, below the product domain or the gateway domain, or a documented host of another brand. */
export function isOnList({ host, port, isTls }: Hop, dataCenter: string): boolean {
  if (!isTls || port !== 443) return false
  if (DATA_CENTER_OF.get(host) === dataCenter) return true
  const below = labelsBelow(host, productDomain(dataCenter))
  // Zoho's customers publish there.
  if (below?.join('.') === 'creatorapp' || below?.at(-1) === 'wiki') return false
  return (below ?? labelsBelow(host, gatewayDomain(dataCenter))) !== undefined
}

/** The labels before a domain, where they are names of hosts in plain letters; at least one. */
function labelsBelow(host: string, domain: string): string[] | undefined {
  const labels = host.split('.')
  const parents = domain.split('.')
  if (labels.splice(-parents.length).join('.') !== domain || labels.length === 0) return undefined
  const isPlain = labels.every((label) => /^[a-z0-9-]+$/.test(label) && !label.startsWith('xn--'))
  return isPlain ? labels : undefined
}

/** Where a URL leads, as a connection is asked for. */
export function hopTo({ protocol, hostname, port }: URL): Hop {
  const isTls = protocol === 'https:'
  const host = plainHost(hostname)
  return { host, port: port === '' ? (isTls ? 443 : 80) : Number(port), isTls }
}

export function isSameHop(a: Hop, b: Hop): boolean {
  return a.host === b.host && a.port === b.port && a.isTls === b.isTls
}
