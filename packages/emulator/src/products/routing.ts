import type { IncomingHttpHeaders } from 'node:http'
import { PRODUCTS, type Product } from './product.js'

/**
 * Which product a request is for.
 *
 * One origin stands for many hosts here, and products share paths. It is decided in this order:
 *
 * 1. By the host, if `X-Forwarded-Host` or else `Host` names one of Zoho's, such as `sign.zoho.eu` or
 *    `sign.zoho.eu:4010`. Its first label is the product, whatever the path; a label that no row knows is the product
 *    `unknown`. The gateway (`www.zohoapis.eu`) serves many: there the path decides, and one that no row knows is
 *    `unknown`.
 * 2. By a path that one product has alone, such as `/crm/v8/`.
 * 3. By the documented resources, if products share a prefix.
 * 4. By the owner of a shared prefix: `/api/v1` is Desk's, `/api/v2` Cliq's, `/api/v3` Projects'.
 *
 * @returns Undefined for everything else, and for Zoho's hosts without an API.
 */
export function productOf(path: string, headers: IncomingHttpHeaders): Product | undefined {
  const host = zohoHost(forwardedHost(headers)) ?? zohoHost(headers.host)
  if (host === undefined) return productAt(path)
  const { label, domain } = host
  if (domain === 'zohoapis' || FILE_HOSTS.has(label)) return productAt(path) ?? productNamed(label)
  return domain === 'zoho' && NO_APIS.has(label) ? undefined : productNamed(label)
}

const ZOHO_HOST =
  /^(?<label>[a-z\d.-]+)\.(?<domain>zoho|zohocloud|zohoapis|manageengine|site24x7)\.(?:com|eu|in|com\.au|net\.au|jp|ca|sa|com\.cn|cn|uk|ae|sg)(?::\d+)?$/i

interface ZohoHost {
  /** What stands before the domain, such as `sign`, `www` or `api.catalyst`. */
  readonly label: string
  readonly domain: string
}

function zohoHost(host = ''): ZohoHost | undefined {
  const { label, domain } = ZOHO_HOST.exec(host)?.groups ?? {}
  return label === undefined || domain === undefined
    ? undefined
    : { label: label.toLowerCase(), domain: domain.toLowerCase() }
}

/** Proxies append theirs: the first is what the client asked for. */
function forwardedHost(headers: IncomingHttpHeaders): string | undefined {
  return String(headers['x-forwarded-host'] ?? '')
    .split(',')[0]
    ?.trim()
}

/** Where CRM takes uploads in Saudi Arabia and Canada (Zoho's SDKs). `upload` is WorkDrive's too, elsewhere (rclone). */
const FILE_HOSTS: ReadonlySet<string> = new Set(['files', 'upload'])

const NO_APIS: ReadonlySet<string> = new Set(['www', 'accounts', 'api-console'])

/**
 * Labels that are not the name of their product. Any other product answers at its own name.
 *
 * `creator` is such a one by Zoho's older pages alone: the API is live on the gateway, in nine data centres (measured
 * 2026-09-29), and `creator.zoho.com` is the web application.
 */
const LABELS: ReadonlyMap<string, Product> = new Map<string, Product>([
  ['analyticsapi', 'analytics'],
  ['api.catalyst', 'catalyst'],
  ['crmsandbox', 'crm'],
  ['download', 'workdrive'],
  ['projectsapi', 'projects'],
  ['recruitsandbox', 'recruit'],
  ['sprintsapi', 'sprints'],
  ['subscriptions', 'billing'],
  ['upload', 'workdrive'],
  ['webinar', 'meeting'],
])

function productNamed(label: string): Product {
  return LABELS.get(label) ?? PRODUCTS.find((product) => product === label) ?? 'unknown'
}

/** The first that matches counts: resources before the owner of their prefix. */
const PATHS: readonly (readonly [path: RegExp, product: Product])[] = [
  [/^\/recruit\/v2\//, 'recruit'],
  [/^\/crm\/v[2-8](\.\d)?\//, 'crm'],
  [/^\/bigin\/v[12]\//, 'bigin'],
  [/^\/fsm\/v1\//, 'fsm'],
  [/^\/phonebridge\/v3\//, 'phonebridge'],
  [/^\/books\/v3\//, 'books'],
  [/^\/invoice\/v3\//, 'invoice'],
  [/^\/inventory\/v1\//, 'inventory'],
  [/^\/billing\/v1\//, 'billing'],
  [/^\/expense\/v1\//, 'expense'],
  [/^\/people\/api\//, 'people'],
  [/^\/creator\/v2(\.1)?\//, 'creator'],
  [/^\/workdrive\/api\/v1\//, 'workdrive'],
  [/^\/writer\/api\/v1\//, 'writer'],
  [/^\/bookings\/v1\//, 'bookings'],
  [/^\/baas\/v1\//, 'catalyst'],
  [/^\/zsapi\//, 'sprints'],
  [/^\/restapi\/v2\//, 'analytics'],
  // on the gateway, and its words are not known
  [/^\/payroll\/v1\//, 'unknown'],
  [/^\/api\/accounts(\/|$)/, 'mail'],
  [/^\/api\/v1\.1\//, 'campaigns'],
  [/^\/api\/v1\/(requests|templates|documents|fieldtypes|requesttypes)(\/|$)/, 'sign'],
  [/^\/api\/v1\//, 'desk'],
  // a workbook's id is one long word with digits
  [/^\/api\/v2\/(workbooks$|create$|(?=[a-z]*\d)[a-z\d]{24,}$)/, 'sheet'],
  [/^\/api\/v2\/(\d+\/|user\.json$)/, 'meeting'],
  [/^\/api\/v2\/(user|session|devices|unattended|unattended_computer)(\/|$)/, 'assist'],
  // what follows a screen name, unless that is one of Cliq's collections
  [
    /^\/api\/v2\/(portals$|(?!(?:bots|buddies|channels|channelsbyname|chats|teams|users)\/)[^/]+\/(?:conversations|departments|feedbacks|operators|visitors)(\/|$))/,
    'salesiq',
  ],
  // Cliq is in the United Kingdom too: nine data centres (measured 2026-10-06)
  [/^\/api\/v2\//, 'cliq'],
  [/^\/api\/v3\//, 'projects'],
]

function productAt(path: string): Product | undefined {
  return PATHS.find(([pattern]) => pattern.test(path))?.[1]
}
