import { BoundedMap } from './bounded-map.js'
import { DATA_CENTERS, type DataCenter, gatewayDomain, labelsBelow, productDomain } from './data-centers.js'
import { isBrandHost } from './products.js'

/** Which URLs may be sent a token. */
export interface HostPolicy {
  /** Whether a URL is on the list of any data centre: worth asking for a token at all. */
  knows(url: URL): boolean
  /** Whether a URL may be sent a token of this data centre. */
  allows(url: URL, dataCenter: DataCenter): boolean
  /** Whether a URL is on an origin that the app named: the host says nothing about the product then. */
  isOwn(url: URL): boolean
  /** Whether the app has accounts servers of its own, so that Zoho's hosts are foreign. */
  readonly ownServers: boolean
}

/** An accounts server that the app named. */
export interface NamedServer {
  readonly origin: string
  /** On a host of Zoho's, such as a customer portal: the list of hosts stays Zoho's. */
  readonly ofZoho: boolean
}

/** Longest URL that is looked at, in characters. */
const MAX_URL = 65_536

/** Most origins of which it is remembered whose they are, and the longest of them, in characters. */
const MAX_ORIGINS = 1_000
const MAX_ORIGIN = 300

/**
 * Zoho's own hosts, by rule: https on the default port, below the product domain or the gateway domain of the data centre,
 * and the listed API hosts of Zoho's other brands. With an accounts server of one's own (on-premises, emulator) its origin
 * stands instead of them. The app's `allowedOrigins` come on top.
 *
 * Only the parsed URL counts. User info, look-alikes, other ports, plain http, and domains on which Zoho's customers publish
 * (`zohosites`, `zohopublic`, `zohocreatorportal`, …) are refused.
 *
 * @param servers The accounts servers that the app named, by data centre; a data centre without one then has no hosts.
 */
export function hostPolicy(
  servers: Readonly<Partial<Record<DataCenter, NamedServer>>> | undefined,
  allowedOrigins: readonly string[],
): HostPolicy {
  const extra = new Set(allowedOrigins)
  const own = Object.values(servers ?? {}).filter(({ ofZoho }) => !ofZoho)
  const named = new Set([...extra, ...own.map(({ origin }) => origin)])
  const isAllowed = (url: URL, origin: string, dataCenter: DataCenter): boolean => {
    const server = servers?.[dataCenter]
    if (extra.has(origin) || server?.origin === origin) return true
    return (servers === undefined || server?.ofZoho === true) && isHostOfZoho(url, dataCenter)
  }
  /** The data centres of an origin, worked out once: requests come to few. */
  const judged = new BoundedMap<string, readonly DataCenter[]>(MAX_ORIGINS)
  const dataCentersOf = (url: URL): readonly DataCenter[] => {
    if (url.username !== '' || url.password !== '' || url.href.length > MAX_URL) return NONE
    // Not `url.origin`: that of `blob:https://…` is the origin inside.
    const origin = `${url.protocol}//${url.host}`
    let found = judged.get(origin)
    if (found === undefined) {
      found = DATA_CENTERS.filter((dataCenter) => isAllowed(url, origin, dataCenter))
      if (origin.length <= MAX_ORIGIN) judged.set(origin, found)
    }
    return found
  }
  return {
    allows: (url, dataCenter) => dataCentersOf(url).includes(dataCenter),
    knows: (url) => dataCentersOf(url).length > 0,
    isOwn: (url) => named.has(url.origin),
    ownServers: own.length > 0,
  }
}

const NONE: readonly DataCenter[] = []

function isHostOfZoho({ protocol, host }: URL, dataCenter: DataCenter): boolean {
  if (protocol !== 'https:') return false
  const labels = labelsBelow(host, productDomain(dataCenter))
  if (labels !== undefined) return !PUBLISHED.test(labels)
  return labelsBelow(host, gatewayDomain(dataCenter)) !== undefined || isBrandHost(host, dataCenter)
}

/** Below the product domain too there are hosts of customers: their Creator applications, and the wikis there once were. */
const PUBLISHED = /^creatorapp$|(^|\.)wiki$/

/** Whether an origin is this machine itself; the only place plain http is accepted. */
function isLoopback(url: URL): boolean {
  return (
    url.hostname === 'localhost' ||
    url.hostname === '[::1]' ||
    /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(url.hostname)
  )
}

/**
 * The origin of a URL that may be used as a server of its own: https, or http on loopback, without user info, query or
 * fragment.
 */
export function serverOrigin(text: string): URL | undefined {
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  const secure = url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url))
  const plain = url.username === '' && url.password === '' && url.search === '' && url.hash === ''
  return secure && plain ? url : undefined
}
