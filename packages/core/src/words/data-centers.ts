/** Zoho's data centres, by the `location` Zoho itself uses. */
export type DataCenter = 'us' | 'eu' | 'in' | 'au' | 'jp' | 'ca' | 'sa' | 'uk' | 'cn' | 'ae' | 'sg'

/** The products whose hosts and error dialects are known. */
export type Product =
  | 'accounts'
  | 'analytics'
  | 'bigin'
  | 'books'
  | 'cliq'
  | 'creator'
  | 'crm'
  | 'desk'
  | 'expense'
  | 'fsm'
  | 'inventory'
  | 'invoice'
  | 'mail'
  | 'people'
  | 'phonebridge'
  | 'projects'
  | 'recruit'
  | 'sprints'

interface Hosts {
  /** The accounts server: Zoho's authorization server in this data centre. */
  readonly accounts: string
  /** The domain that product hosts hang under, `recruit.` and so on. */
  readonly products: string
  /** The domain of the API gateway, below `www.`, `sandbox.` and `developer.`. */
  readonly gateway: string
  /** Where files are uploaded and downloaded, where it is not `content.<gateway>`. */
  readonly files?: string
}

/**
 * Hosts by data centre. The regular ones follow Zoho's multi-DC pages (zoho.com/accounts/protocol/oauth/multi-dc.html,
 * zoho.com/crm/developer/docs/api/v8/multi-dc.html). Irregular, and the reason this is data: Canada has its accounts
 * and products under `zohocloud.ca` but its gateway under `zohoapis.ca`; its uploads, and Saudi Arabia's, have hosts
 * of their own. `ae` and `sg` are missing on the OAuth page and present in `/oauth/serverinfo`.
 */
const HOSTS: Readonly<Record<DataCenter, Hosts>> = Object.freeze({
  us: { accounts: 'accounts.zoho.com', products: 'zoho.com', gateway: 'zohoapis.com' },
  eu: { accounts: 'accounts.zoho.eu', products: 'zoho.eu', gateway: 'zohoapis.eu' },
  in: { accounts: 'accounts.zoho.in', products: 'zoho.in', gateway: 'zohoapis.in' },
  au: { accounts: 'accounts.zoho.com.au', products: 'zoho.com.au', gateway: 'zohoapis.com.au' },
  jp: { accounts: 'accounts.zoho.jp', products: 'zoho.jp', gateway: 'zohoapis.jp' },
  ca: {
    accounts: 'accounts.zohocloud.ca',
    products: 'zohocloud.ca',
    gateway: 'zohoapis.ca',
    files: 'upload.zohocloud.ca',
  },
  sa: { accounts: 'accounts.zoho.sa', products: 'zoho.sa', gateway: 'zohoapis.sa', files: 'files.zoho.sa' },
  uk: { accounts: 'accounts.zoho.uk', products: 'zoho.uk', gateway: 'zohoapis.uk' },
  cn: { accounts: 'accounts.zoho.com.cn', products: 'zoho.com.cn', gateway: 'zohoapis.com.cn' },
  ae: { accounts: 'accounts.zoho.ae', products: 'zoho.ae', gateway: 'zohoapis.ae' },
  sg: { accounts: 'accounts.zoho.sg', products: 'zoho.sg', gateway: 'zohoapis.sg' },
})

/** Sub-domains of products that have a host of their own. The other products live on the gateway. */
const OWN_HOSTS: Readonly<Partial<Record<Product, string>>> = Object.freeze({
  analytics: 'analyticsapi',
  cliq: 'cliq',
  desk: 'desk',
  mail: 'mail',
  people: 'people',
  projects: 'projects',
  recruit: 'recruit',
  sprints: 'sprintsapi',
})

/** Further hosts on which a product answers; a token may be sent there, `apiUrl` never names them. */
const OTHER_HOSTS: readonly string[] = Object.freeze([
  'analytics',
  'books',
  'creator',
  'crm',
  'expense',
  'inventory',
  'invoice',
  'projectsapi',
  'sprints',
])

/** The gateway hosts a token may be sent to. */
const GATEWAYS: readonly string[] = Object.freeze(['www', 'sandbox', 'developer', 'content'])

export const DATA_CENTERS: readonly DataCenter[] = Object.freeze(Object.keys(HOSTS) as DataCenter[])

export const PRODUCTS: readonly Product[] = Object.freeze([
  'accounts',
  'analytics',
  'bigin',
  'books',
  'cliq',
  'creator',
  'crm',
  'desk',
  'expense',
  'fsm',
  'inventory',
  'invoice',
  'mail',
  'people',
  'phonebridge',
  'projects',
  'recruit',
  'sprints',
])

export function isDataCenter(name: unknown): name is DataCenter {
  return typeof name === 'string' && Object.hasOwn(HOSTS, name)
}

/** Origin of the accounts server of a data centre. */
export function accountsOrigin(dataCenter: DataCenter): string {
  return `https://${HOSTS[dataCenter].accounts}`
}

/** Origin of a product's API in a data centre; CRM's gateway also depends on the environment. */
export function productOrigin(
  product: Product,
  dataCenter: DataCenter,
  environment: 'production' | 'sandbox' | 'developer' = 'production',
): string {
  const { products, gateway, accounts } = HOSTS[dataCenter]
  if (product === 'accounts') return `https://${accounts}`
  const own = OWN_HOSTS[product]
  if (own !== undefined) return `https://${own}.${products}`
  return `https://${environment === 'production' ? 'www' : environment}.${gateway}`
}

/** Every host of a data centre that may be sent a token, by exact name. */
export function hostsOf(dataCenter: DataCenter): ReadonlySet<string> {
  const { accounts, products, gateway, files } = HOSTS[dataCenter]
  return new Set([
    accounts,
    ...Object.values(OWN_HOSTS).map((name) => `${name}.${products}`),
    ...OTHER_HOSTS.map((name) => `${name}.${products}`),
    ...GATEWAYS.map((name) => `${name}.${gateway}`),
    ...(files === undefined ? [] : [files]),
  ])
}
