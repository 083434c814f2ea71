import { DATA_CENTERS, type DataCenter, hostsOf } from '../words/data-centers.js'

/** Which URLs may be sent a token. */
export interface HostPolicy {
  /** Whether a URL is on the list of any data centre: worth asking for a token at all. */
  knows(url: URL): boolean
  /** Whether a URL may be sent a token of this data centre. */
  allows(url: URL, dataCenter: DataCenter): boolean
}

/** Longest URL that is looked at, in characters. */
const LONGEST_URL = 65_536

/**
 * Zoho's own https hosts, or, with accounts servers of one's own (on-premises, portals, emulator), their origins. The
 * app's `allowedOrigins` come on top.
 *
 * Exact comparison of the parsed URL: scheme, host and port; no user info. Look-alikes, suffixes, other ports and plain
 * http are refused.
 *
 * @param accounts Origins of the app's own accounts servers by data centre, where it has any.
 */
export function hostPolicy(
  accounts: Readonly<Partial<Record<DataCenter, string>>> | undefined,
  allowedOrigins: readonly string[],
): HostPolicy {
  const extra = new Set(allowedOrigins)
  const lists = new Map<DataCenter, ReadonlySet<string>>()
  const listOf = (dataCenter: DataCenter): ReadonlySet<string> => {
    let list = lists.get(dataCenter)
    if (list === undefined) {
      const own = accounts?.[dataCenter]
      list = accounts
        ? new Set(own === undefined ? [] : [own])
        : new Set([...hostsOf(dataCenter)].map((host) => `https://${host}`))
      lists.set(dataCenter, list)
    }
    return list
  }
  // Not `url.origin`: that of `blob:https://…` is the origin inside.
  const place = (url: URL): string | undefined =>
    url.username === '' && url.password === '' && url.href.length <= LONGEST_URL
      ? `${url.protocol}//${url.host}`
      : undefined
  const allows = (url: URL, dataCenter: DataCenter): boolean => {
    const origin = place(url)
    return origin !== undefined && (listOf(dataCenter).has(origin) || extra.has(origin))
  }
  return { allows, knows: (url) => DATA_CENTERS.some((dataCenter) => allows(url, dataCenter)) }
}

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
