/** Zoho's data centres, by the `location` Zoho itself uses. */
export type DataCenter = 'us' | 'eu' | 'in' | 'au' | 'jp' | 'ca' | 'sa' | 'uk' | 'cn' | 'ae' | 'sg'

/** The domains of one data centre. */
interface Domains {
  /** Below it are the hosts of products, `recruit.` and so on, and the accounts server. */
  readonly products: string
  /** Below it is the API gateway: `www.`, `sandbox.`, `developer.`, `content.`. */
  readonly gateway: string
}

/**
 * Domains by data centre (zoho.com/accounts/protocol/oauth/multi-dc.html, zoho.com/crm/developer/docs/api/v8/multi-dc.html).
 * Irregular, and the reason this is data: Canada has its accounts and products below `zohocloud.ca`, but its gateway below
 * `zohoapis.ca`. `ae` and `sg` are missing on the OAuth page and present in `/oauth/serverinfo`.
 */
const DOMAINS: Readonly<Record<DataCenter, Domains>> = Object.freeze({
  us: { products: 'zoho.com', gateway: 'zohoapis.com' },
  eu: { products: 'zoho.eu', gateway: 'zohoapis.eu' },
  in: { products: 'zoho.in', gateway: 'zohoapis.in' },
  au: { products: 'zoho.com.au', gateway: 'zohoapis.com.au' },
  jp: { products: 'zoho.jp', gateway: 'zohoapis.jp' },
  ca: { products: 'zohocloud.ca', gateway: 'zohoapis.ca' },
  sa: { products: 'zoho.sa', gateway: 'zohoapis.sa' },
  uk: { products: 'zoho.uk', gateway: 'zohoapis.uk' },
  cn: { products: 'zoho.com.cn', gateway: 'zohoapis.com.cn' },
  ae: { products: 'zoho.ae', gateway: 'zohoapis.ae' },
  sg: { products: 'zoho.sg', gateway: 'zohoapis.sg' },
})

export const DATA_CENTERS: readonly DataCenter[] = Object.freeze(Object.keys(DOMAINS) as DataCenter[])

export function isDataCenter(name: unknown): name is DataCenter {
  return typeof name === 'string' && Object.hasOwn(DOMAINS, name)
}

/** The domain below which the products of a data centre have their hosts. */
export function productDomain(dataCenter: DataCenter): string {
  return DOMAINS[dataCenter].products
}

/** The domain below which the API gateway of a data centre is. */
export function gatewayDomain(dataCenter: DataCenter): string {
  return DOMAINS[dataCenter].gateway
}

/** Origin of the accounts server of a data centre. */
export function accountsOrigin(dataCenter: DataCenter): string {
  return `https://accounts.${productDomain(dataCenter)}`
}

/** Domains of Zoho's customer portals, whose accounts servers stand below them (zoho.com/commerce/api, vertical solutions). */
const PORTAL_DOMAINS: readonly string[] = Object.freeze(['zohoportal', 'zohoplatform'])

/** The data centre of an accounts server of Zoho's own, portals included; `undefined` for a server of somebody else's. */
export function dataCenterOfServer({ protocol, host }: URL): DataCenter | undefined {
  if (protocol !== 'https:') return undefined
  return DATA_CENTERS.find((dataCenter) => {
    const domain = productDomain(dataCenter)
    const topLevel = domain.slice(domain.indexOf('.') + 1)
    return [domain, ...PORTAL_DOMAINS.map((name) => `${name}.${topLevel}`)].some(
      (parent) => labelsBelow(host, parent) !== undefined,
    )
  })
}

/** What stands before a domain, such as `recruit` in `recruit.zoho.eu`; `undefined` for a host that is not below it. */
export function labelsBelow(host: string, domain: string): string | undefined {
  if (!host.endsWith(`.${domain}`)) return undefined
  const labels = host.slice(0, -domain.length - 1)
  return LABELS.test(labels) ? labels : undefined
}

/** Names of hosts (RFC 1123 section 2.1), in lower case as a parsed URL has them. A port is none; nor are other alphabets. */
const LABELS =
  /^(?!xn--)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.(?!xn--)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?){0,7}$/
