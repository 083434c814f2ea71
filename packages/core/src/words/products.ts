import { DATA_CENTERS, type DataCenter, gatewayDomain, labelsBelow, productDomain } from './data-centers.js'

/** The products that are known by name. */
export type Product =
  | 'accounts'
  | 'analytics'
  | 'assist'
  | 'backstage'
  | 'bigin'
  | 'billing'
  | 'bookings'
  | 'books'
  | 'calendar'
  | 'campaigns'
  | 'catalyst'
  | 'cliq'
  | 'commerce'
  | 'connect'
  | 'contracts'
  | 'creator'
  | 'crm'
  | 'desk'
  | 'directory'
  | 'endpointcentral'
  | 'expense'
  | 'fsm'
  | 'inventory'
  | 'invoice'
  | 'learn'
  | 'lens'
  | 'mail'
  | 'marketingautomation'
  | 'mdm'
  | 'meeting'
  | 'one'
  | 'patchmanager'
  | 'payroll'
  | 'pdfeditor'
  | 'people'
  | 'phonebridge'
  | 'projects'
  | 'recruit'
  | 'salesiq'
  | 'servicedeskplus'
  | 'sheet'
  | 'shifts'
  | 'show'
  | 'sign'
  | 'site24x7'
  | 'social'
  | 'sprints'
  | 'survey'
  | 'thrive'
  | 'vault'
  | 'voice'
  | 'webinar'
  | 'workdrive'
  | 'workerly'
  | 'writer'

/**
 * How well a row is founded: `Z` Zoho's own page, `S` source code of Zoho's, `M` measured by somebody who says when, `U` report
 * of a user, `?` inferred.
 */
type Grade = 'Z' | 'S' | 'M' | 'U' | '?'

/** Codes of one product that have one meaning there. Those that mean the same at every product: `request/api-refusal.ts`. */
export interface Dialect {
  /** The token is dead. */
  readonly dead?: readonly string[]
  /** The token lacks a scope. */
  readonly scope?: readonly string[]
  /** Nothing that another token would mend: nothing was sent, the wrong organisation, a missing resource. */
  readonly other?: readonly string[]
  /** Further statuses with which a dead token is refused; every product uses 401. */
  readonly statuses?: readonly number[]
}

/** Where a product wants to be told which organisation is meant. */
interface OrganizationParameter {
  readonly in: 'header' | 'query' | 'path'
  readonly name: string
}

/** What is known of one product. */
interface ProductRow {
  /**
   * Where its API is: on the API gateway; on a host below the product domain that begins with this; or, for Zoho's other
   * brands, on these hosts.
   */
  readonly host: 'gateway' | (string & {}) | Readonly<Partial<Record<DataCenter, string>>>
  /** Further labels below the product domain on which it answers; `apiUrl` never names them. */
  readonly also?: readonly string[]
  /** What the paths of its API begin with, if they tell it from others on the same host. */
  readonly paths?: readonly string[]
  readonly dialect?: Dialect
  readonly organization?: OrganizationParameter
  /** What its scopes begin with. Zoho compares them without regard to case. */
  readonly scopes: readonly string[]
  /**
   * Data centres that the source names. Where there are more, the hosts of the same rule are taken for them. Absent if the
   * hosts are listed.
   */
  readonly dataCenters?: readonly DataCenter[]
  /** Zoho's page, or where else it was seen. */
  readonly source: string
  readonly grade: Grade
}

/** Most products are in these data centres. */
const EIGHT: readonly DataCenter[] = ['us', 'eu', 'in', 'au', 'jp', 'ca', 'sa', 'cn']

/**
 * Books and its family. Code 57 is missing on purpose: it means a dead token and a missing scope alike, and so is ambiguous.
 */
const BOOKS: Dialect = { other: ['14'] }

/**
 * Every product of Zoho's with a documented API. A row without a dialect refuses in words that are the same everywhere, or in
 * words nobody wrote down: then every 401 is ambiguous.
 */
const TABLE: Readonly<Record<Product, ProductRow>> = Object.freeze({
  accounts: {
    host: 'accounts',
    paths: ['/oauth/'],
    scopes: ['AaaServer'],
    dataCenters: DATA_CENTERS,
    source: 'zoho.com/accounts/protocol/oauth/multi-dc.html; ae and sg: /oauth/serverinfo',
    grade: 'Z',
  },
  analytics: {
    host: 'analyticsapi',
    also: ['analytics'],
    paths: ['/restapi/v2/'],
    dialect: { dead: ['8535'], scope: ['8540'], other: ['8518'] },
    organization: { in: 'header', name: 'ZANALYTICS-ORGID' },
    scopes: ['ZohoAnalytics'],
    dataCenters: EIGHT,
    source: 'zoho.com/analytics/api/v2/common-error-codes.html',
    grade: 'Z',
  },
  assist: {
    host: 'assist',
    scopes: ['ZohoAssist'],
    dataCenters: ['us', 'eu', 'in', 'au', 'jp', 'ca', 'sa', 'uk', 'cn'],
    source: 'zoho.com/assist/api/errors.html, multidc.html',
    grade: 'Z',
  },
  backstage: {
    host: 'gateway',
    paths: ['/backstage/'],
    organization: { in: 'path', name: 'portal_id' },
    scopes: ['zohobackstage'],
    dataCenters: ['us', 'eu', 'in', 'au', 'jp'],
    source: 'zoho.com/backstage/api/v3/introduction.html',
    grade: 'Z',
  },
  bigin: {
    host: 'gateway',
    paths: ['/bigin/'],
    scopes: ['ZohoBigin'],
    dataCenters: EIGHT,
    source: 'bigin.com/developer/docs/apis/multi-dc.html',
    grade: 'Z',
  },
  billing: {
    host: 'gateway',
    also: ['billing', 'subscriptions'],
    paths: ['/billing/'],
    dialect: BOOKS,
    organization: { in: 'header', name: 'X-com-zoho-subscriptions-organizationid' },
    scopes: ['ZohoSubscriptions'],
    dataCenters: EIGHT,
    source: 'zoho.com/subscriptions/api/v1',
    grade: 'Z',
  },
  bookings: {
    host: 'gateway',
    also: ['bookings'],
    paths: ['/bookings/'],
    scopes: ['zohobookings'],
    dataCenters: EIGHT,
    source: 'zoho.com/bookings/help/api/v1/domain-specificapiurls.html',
    grade: 'Z',
  },
  books: {
    host: 'gateway',
    also: ['books'],
    paths: ['/books/'],
    dialect: BOOKS,
    organization: { in: 'query', name: 'organization_id' },
    scopes: ['ZohoBooks'],
    dataCenters: EIGHT,
    source: 'zoho.com/books/api/v3',
    grade: 'Z',
  },
  calendar: {
    host: 'calendar',
    scopes: ['ZohoCalendar'],
    dataCenters: ['us', 'eu', 'in', 'au', 'jp'],
    source: 'zoho.com/calendar/help/api; hosts as public clients use them',
    grade: 'U',
  },
  campaigns: {
    host: 'campaigns',
    paths: ['/api/v1.1/'],
    scopes: ['ZohoCampaigns'],
    dataCenters: EIGHT,
    source: 'zoho.com/campaigns/help/developers/data-centers.html; ca and sa: measured',
    grade: 'Z',
  },
  catalyst: {
    host: 'api.catalyst',
    paths: ['/baas/', '/quickml/'],
    dialect: { other: ['INVALID_TICKET'] },
    organization: { in: 'header', name: 'CATALYST-ORG' },
    scopes: ['ZohoCatalyst', 'QuickML'],
    dataCenters: ['us', 'eu', 'in', 'au', 'jp', 'ca', 'sa'],
    source: 'zoho.com/catalyst/help/api/introduction/multi-dc.html',
    grade: 'Z',
  },
  cliq: {
    host: 'cliq',
    paths: ['/api/v2/'],
    dialect: { scope: ['OAUTHTOKEN_SCOPE_INVALID'] },
    scopes: ['ZohoCliq'],
    dataCenters: ['us', 'eu', 'in', 'au', 'jp', 'ca', 'sa', 'cn', 'uk'],
    source: 'zoho.com/cliq/help/restapi/v2/errors; hosts: measured 2026-10',
    grade: 'M',
  },
  commerce: {
    host: 'commerce',
    paths: ['/store/api/'],
    organization: { in: 'header', name: 'X-com-zoho-store-organizationid' },
    scopes: ['ZohoCommerce'],
    dataCenters: ['us', 'eu', 'in', 'au', 'jp'],
    source: 'zoho.com/commerce/api/multiple-data-centers.html',
    grade: 'Z',
  },
  connect: {
    host: 'connect',
    paths: ['/pulse/api/'],
    scopes: ['zohopulse'],
    dataCenters: ['us'],
    source: 'zoho.com/connect/api/authentication.html',
    grade: 'U',
  },
  contracts: {
    host: 'contracts',
    organization: { in: 'query', name: 'orgname' },
    scopes: ['contracts'],
    dataCenters: ['us', 'eu', 'in', 'au', 'jp', 'ca', 'sa'],
    source: 'zoho.com/contracts/api/understanding-the-basics/data-centers-vs-base-uri-structure.html',
    grade: 'Z',
  },
  creator: {
    host: 'gateway',
    also: ['creator'],
    paths: ['/creator/'],
    dialect: { dead: ['1030'], scope: ['2945'], other: ['1000', '1130'] },
    organization: { in: 'path', name: 'account_owner_name' },
    scopes: ['ZohoCreator'],
    dataCenters: ['us', 'eu', 'in', 'au', 'jp', 'ca', 'sa', 'cn', 'ae'],
    source: 'zoho.com/creator/help/api/v2.1/status-codes.html; hosts: measured 2026-09',
    grade: 'M',
  },
  crm: {
    host: 'gateway',
    also: ['crm', 'crmsandbox'],
    paths: ['/crm/'],
    scopes: ['ZohoCRM'],
    dataCenters: DATA_CENTERS,
    source: 'zoho.com/crm/developer/docs/api/v8/multi-dc.html; uk, ae and sg: measured',
    grade: 'Z',
  },
  desk: {
    host: 'desk',
    paths: ['/api/v1/'],
    dialect: {
      dead: ['INVALID_OAUTH'],
      scope: ['SCOPE_MISMATCH'],
      other: ['UNAUTHORIZED', 'LICENSE_ACCESS_LIMITED'],
    },
    organization: { in: 'header', name: 'orgId' },
    scopes: ['Desk'],
    dataCenters: ['us', 'eu', 'in', 'au', 'jp', 'ca', 'sa', 'cn', 'ae', 'sg'],
    source: 'zoho.com/desk/help/api; hosts: measured',
    grade: 'M',
  },
  directory: {
    host: 'directory',
    scopes: ['ZohoDirectory'],
    dataCenters: ['us'],
    source: 'zoho.com/directory/api/v2/oauth',
    grade: 'Z',
  },
  endpointcentral: {
    host: {
      us: 'endpointcentral.manageengine.com',
      eu: 'endpointcentral.manageengine.eu',
      in: 'endpointcentral.manageengine.in',
      au: 'endpointcentral.manageengine.com.au',
      jp: 'endpointcentral.manageengine.jp',
      ca: 'endpointcentral.manageengine.ca',
      sa: 'endpointcentral.manageengine.sa',
      uk: 'endpointcentral.manageengine.uk',
      cn: 'endpointcentral.manageengine.cn',
    },
    scopes: ['DesktopCentralCloud'],
    source: 'manageengine.com/products/desktop-central/oauth-authentication-endpoint-domain.html',
    grade: 'Z',
  },
  expense: {
    host: 'gateway',
    also: ['expense'],
    paths: ['/expense/'],
    dialect: BOOKS,
    scopes: ['ZohoExpense'],
    dataCenters: EIGHT,
    source: 'zoho.com/expense/api/v1; taken to answer as Books does',
    grade: '?',
  },
  fsm: {
    host: 'gateway',
    paths: ['/fsm/'],
    scopes: ['ZohoFSM'],
    dataCenters: ['us', 'eu', 'in', 'au', 'jp', 'ca', 'sa'],
    source: 'zoho.com/fsm/developer/help/api',
    grade: 'Z',
  },
  inventory: {
    host: 'gateway',
    also: ['inventory'],
    paths: ['/inventory/'],
    dialect: BOOKS,
    organization: { in: 'query', name: 'organization_id' },
    scopes: ['ZohoInventory'],
    dataCenters: EIGHT,
    source: 'zoho.com/inventory/api/v1/oauth',
    grade: 'Z',
  },
  invoice: {
    host: 'gateway',
    also: ['invoice'],
    paths: ['/invoice/'],
    dialect: BOOKS,
    organization: { in: 'header', name: 'X-com-zoho-invoice-organizationid' },
    scopes: ['ZohoInvoice'],
    dataCenters: ['us', 'eu', 'in', 'au', 'jp', 'ca'],
    source: 'zoho.com/invoice/api/v3',
    grade: 'Z',
  },
  learn: {
    host: 'learn',
    paths: ['/learn/api/'],
    organization: { in: 'path', name: 'networkurl' },
    scopes: ['ZohoLearn'],
    dataCenters: ['us', 'in', 'jp'],
    source: 'zoho.com/learn/api/authentication-zoho-learn.html',
    grade: 'U',
  },
  lens: {
    host: 'lens',
    scopes: ['ZohoLens'],
    dataCenters: EIGHT,
    source: 'zoho.com/lens/resources/api/getting-started/multi-dc.html',
    grade: 'Z',
  },
  mail: {
    host: 'mail',
    paths: ['/api/'],
    dialect: { other: ['INVALID_TICKET'] },
    organization: { in: 'path', name: 'zoid' },
    scopes: ['ZohoMail'],
    dataCenters: EIGHT,
    source: 'zoho.com/mail/help/api/response-codes.html',
    grade: 'Z',
  },
  marketingautomation: {
    host: 'marketingautomation',
    scopes: ['ZohoMarketingAutomation'],
    dataCenters: ['us', 'in'],
    source: 'zoho.com/marketingautomation/help/developers/error-codes.html; hosts as public clients use them',
    grade: 'U',
  },
  mdm: {
    host: {
      us: 'mdm.manageengine.com',
      eu: 'mdm.manageengine.eu',
      in: 'mdm.manageengine.in',
      au: 'mdm.manageengine.com.au',
      jp: 'mdm.manageengine.jp',
      ca: 'mdm.manageengine.ca',
      sa: 'mdm.manageengine.sa',
      uk: 'mdm.manageengine.uk',
      cn: 'mdm.manageengine.cn',
    },
    scopes: ['MDMOnDemand'],
    source: 'manageengine.com/mobile-device-management/api',
    grade: 'Z',
  },
  meeting: {
    host: 'meeting',
    organization: { in: 'path', name: 'zsoid' },
    scopes: ['ZohoMeeting'],
    dataCenters: EIGHT,
    source: 'zoho.com/meeting/api-integration/multi-dc.html',
    grade: 'Z',
  },
  one: {
    host: 'one',
    organization: { in: 'path', name: 'org_id' },
    scopes: ['ZohoOne'],
    dataCenters: ['us'],
    source: 'zoho.com/one/api/v2/errors',
    grade: 'Z',
  },
  patchmanager: {
    host: {
      us: 'patch.manageengine.com',
      eu: 'patch.manageengine.eu',
      in: 'patch.manageengine.in',
      au: 'patch.manageengine.com.au',
      jp: 'patch.manageengine.jp',
      ca: 'patch.manageengine.ca',
      uk: 'patch.manageengine.uk',
      cn: 'patch.manageengine.cn',
    },
    scopes: ['PatchManagerPlusCloud'],
    source: 'manageengine.com/patch-management/api/cloud-index.html',
    grade: 'Z',
  },
  payroll: {
    host: 'gateway',
    also: ['payroll'],
    paths: ['/payroll/'],
    dialect: BOOKS,
    scopes: ['ZohoPayroll'],
    dataCenters: ['us', 'in'],
    source: 'public clients; no page of Zoho was found',
    grade: 'U',
  },
  pdfeditor: {
    host: 'gateway',
    paths: ['/pdfeditor/'],
    scopes: ['ZohoWriter'],
    dataCenters: ['us', 'eu', 'in', 'au', 'jp', 'cn'],
    source: 'zoho.com/pdfeditor/help/api/oauth-step2.html; path: a public client',
    grade: 'U',
  },
  people: {
    host: 'people',
    paths: ['/people/'],
    dialect: { dead: ['7213'], scope: ['7218'], other: ['7202'] },
    scopes: ['ZOHOPEOPLE'],
    dataCenters: ['us', 'eu', 'in', 'au', 'jp', 'ca', 'sa', 'cn', 'ae', 'sg'],
    source: 'zoho.com/people/api/scopes.html; hosts: measured 2026-10',
    grade: 'M',
  },
  phonebridge: {
    host: 'gateway',
    paths: ['/phonebridge/'],
    dialect: { dead: ['INVALID_TOKEN'], statuses: [400] },
    scopes: ['PhoneBridge'],
    dataCenters: ['us', 'eu', 'in', 'au', 'jp', 'cn'],
    source: 'zoho.com/phonebridge/developer/v3/authentication.html',
    grade: 'Z',
  },
  projects: {
    host: 'projects',
    also: ['projectsapi'],
    paths: ['/api/v3/', '/restapi/'],
    dialect: { other: ['INVALID_TICKET'] },
    organization: { in: 'path', name: 'portal_id' },
    scopes: ['ZohoProjects'],
    dataCenters: DATA_CENTERS,
    source: 'zoho.com/projects/help/rest-api',
    grade: 'Z',
  },
  recruit: {
    host: 'recruit',
    also: ['recruitsandbox'],
    paths: ['/recruit/'],
    scopes: ['ZohoRecruit'],
    dataCenters: ['us', 'eu', 'in', 'au', 'jp', 'ca', 'sa', 'cn', 'ae', 'sg'],
    source: 'zoho.com/recruit/developer-guide/apiv2; hosts: measured 2026-09',
    grade: 'M',
  },
  salesiq: {
    host: 'salesiq',
    paths: ['/api/visitor/'],
    dialect: { dead: ['1008'], scope: ['1009'], other: ['1002', '1016'], statuses: [200] },
    organization: { in: 'path', name: 'screenname' },
    scopes: ['SalesIQ'],
    dataCenters: ['us', 'eu', 'in', 'au', 'jp', 'cn'],
    source: 'zoho.com/salesiq/help/developer-section/rest-api-v2.html',
    grade: 'Z',
  },
  servicedeskplus: {
    host: {
      us: 'sdpondemand.manageengine.com',
      eu: 'sdpondemand.manageengine.eu',
      in: 'sdpondemand.manageengine.in',
      au: 'servicedeskplus.net.au',
      jp: 'servicedeskplus.jp',
      ca: 'servicedeskplus.ca',
      sa: 'servicedeskplus.sa',
      uk: 'servicedeskplus.uk',
      cn: 'servicedeskplus.cn',
      ae: 'servicedeskplus.ae',
    },
    organization: { in: 'path', name: 'portal' },
    scopes: ['SDPOnDemand'],
    source: 'manageengine.com/products/service-desk/sdpod-v3-api/getting-started/data-centers.html',
    grade: 'Z',
  },
  sheet: {
    host: 'sheet',
    scopes: ['ZohoSheet'],
    dataCenters: ['us', 'eu', 'in', 'au', 'jp', 'sa', 'cn'],
    source: 'zoho.com/sheet/help/api/v2',
    grade: 'Z',
  },
  shifts: {
    host: 'shifts',
    organization: { in: 'path', name: 'org_id' },
    scopes: ['ZohoShifts'],
    dataCenters: ['us', 'eu', 'au'],
    source: 'zoho.com/shifts/api',
    grade: 'Z',
  },
  show: {
    host: 'show',
    scopes: ['ZohoShow'],
    dataCenters: ['us', 'eu', 'in', 'au', 'jp', 'ca', 'sa', 'cn', 'ae', 'sg'],
    source: 'zoho.com/show/doc/quick-start.html',
    grade: 'Z',
  },
  sign: {
    host: 'sign',
    paths: ['/api/v1/templates', '/api/v1/requests'],
    dialect: { dead: ['9041'], other: ['9031'] },
    scopes: ['ZohoSign'],
    dataCenters: ['us', 'eu', 'in', 'au', 'jp', 'ca', 'sa', 'uk', 'ae', 'sg'],
    source: 'zoho.com/sign/api/api-endpoint.html; uk, ae and sg: measured 2026-09',
    grade: 'Z',
  },
  site24x7: {
    host: {
      us: 'www.site24x7.com',
      eu: 'www.site24x7.eu',
      in: 'www.site24x7.in',
      au: 'www.site24x7.net.au',
      jp: 'app.site24x7.jp',
      ca: 'www.site24x7.ca',
      sa: 'www.site24x7.sa',
      uk: 'app.site24x7.uk',
      cn: 'www.site24x7.cn',
      ae: 'app.site24x7.ae',
    },
    scopes: ['Site24x7'],
    source: 'site24x7.com/help/api',
    grade: 'Z',
  },
  social: {
    host: 'social',
    scopes: ['ZohoSocial'],
    dataCenters: ['us'],
    source: 'zoho.com/social/api/oauth-authentication.html',
    grade: 'Z',
  },
  sprints: {
    host: 'sprintsapi',
    also: ['sprints'],
    paths: ['/zsapi/'],
    dialect: { other: ['7401.14'] },
    organization: { in: 'path', name: 'team_id' },
    scopes: ['ZohoSprints'],
    dataCenters: ['us'],
    source: 'public clients; a code with two texts, judged by them',
    grade: 'U',
  },
  survey: {
    host: 'survey',
    paths: ['/survey/api/'],
    organization: { in: 'path', name: 'portal' },
    scopes: ['ZohoSurvey'],
    dataCenters: ['us'],
    source: 'public clients',
    grade: 'U',
  },
  thrive: {
    host: 'thrive',
    paths: ['/thrive-publicapi/'],
    organization: { in: 'path', name: 'widget_code' },
    scopes: ['ZohoThrive'],
    dataCenters: ['us', 'eu'],
    source: 'zoho.com/thrive/resources/api/data-centers.html',
    grade: 'Z',
  },
  vault: {
    host: 'vault',
    paths: ['/api/rest/json/v1/'],
    scopes: ['ZohoVault'],
    dataCenters: ['us', 'eu', 'in', 'au', 'jp', 'ca', 'sa'],
    source: 'zoho.com/vault/api; hosts beyond us: public clients',
    grade: 'Z',
  },
  voice: {
    host: 'voice',
    paths: ['/rest/json/'],
    scopes: ['ZohoVoice'],
    dataCenters: ['us'],
    source: 'zoho.com/voice/api',
    grade: 'Z',
  },
  webinar: {
    host: 'webinar',
    organization: { in: 'path', name: 'zsoid' },
    scopes: ['ZohoWebinar'],
    dataCenters: EIGHT,
    source: 'zoho.com/webinar/api-integration/multi-dc-page.html',
    grade: 'Z',
  },
  workdrive: {
    host: 'gateway',
    also: ['workdrive', 'download', 'upload'],
    paths: ['/workdrive/'],
    dialect: { dead: ['F7003'], scope: ['F7004'], other: ['R008', 'F000'] },
    organization: { in: 'path', name: 'team_id' },
    scopes: ['WorkDrive'],
    dataCenters: ['us', 'eu', 'in', 'au', 'jp', 'ca', 'sa', 'cn', 'ae'],
    source: 'zoho.com/workdrive/developer/docs/api/v1/getting-started-multi-dc-support.html',
    grade: 'Z',
  },
  workerly: {
    host: 'workerly',
    paths: ['/workerly/'],
    scopes: ['ZohoWorkerly'],
    dataCenters: ['us', 'eu', 'in', 'au', 'jp'],
    source: 'zoho.com/workerly/developer-guide/multi-dc.html',
    grade: 'Z',
  },
  writer: {
    host: 'gateway',
    also: ['writer'],
    paths: ['/writer/'],
    scopes: ['ZohoWriter'],
    dataCenters: EIGHT,
    source: 'zoho.com/writer/help/api/v1/status-codes.html',
    grade: 'Z',
  },
})

/** Their names, in the order of the alphabet. */
export const PRODUCTS: readonly Product[] = Object.freeze(Object.keys(TABLE) as Product[])

/** What a caller may want to know of a product. */
export interface ProductFacts {
  readonly product: Product
  /** What its scopes begin with, such as `ZohoRecruit`. */
  readonly scopes: readonly string[]
  /** Where it wants to be told which organisation is meant; absent if it does not, or if nothing is known. */
  readonly organization?: OrganizationParameter
  /** Data centres in which it is documented, or was seen. */
  readonly dataCenters: readonly DataCenter[]
  readonly source: string
  readonly grade: Grade
}

/** The facts of one product. @throws TypeError for a name that is none. */
export function productFacts(product: Product): ProductFacts {
  assertProduct(product)
  const { host, scopes, organization, dataCenters, source, grade } = TABLE[product]
  return Object.freeze({
    product,
    scopes,
    ...(organization === undefined ? {} : { organization }),
    dataCenters: dataCenters ?? (Object.keys(host) as DataCenter[]),
    source,
    grade,
  })
}

/** @throws TypeError naming the product that may be meant. */
export function assertProduct(name: unknown): asserts name is Product {
  if (typeof name === 'string' && Object.hasOwn(TABLE, name)) return
  const plain = (text: string): string => text.toLowerCase().replaceAll(/zoho|[^a-z0-9]/g, '')
  const meant = PRODUCTS.find((product) => product === plain(String(name)))
  const hint = meant === undefined ? `they are ${PRODUCTS.join(', ')}` : `did you mean "${meant}"?`
  throw new TypeError(
    `product: ${JSON.stringify(String(name).slice(0, 40))} is not a product of Zoho's; ${hint}`,
  )
}

/** How a product refuses; nothing, for one that is not known. */
export function dialectOf(product: Product | undefined): Dialect {
  return (product && TABLE[product].dialect) ?? NO_DIALECT
}

const NO_DIALECT: Dialect = Object.freeze({})

/**
 * Origin of a product's API in a data centre; on the gateway it also depends on the environment.
 *
 * @throws TypeError for a product of another brand that has no host there.
 */
export function productOrigin(
  product: Product,
  dataCenter: DataCenter,
  environment: 'production' | 'sandbox' | 'developer' = 'production',
): string {
  const { host } = TABLE[product]
  if (host === 'gateway')
    return `https://${environment === 'production' ? 'www' : environment}.${gatewayDomain(dataCenter)}`
  if (typeof host === 'string') return `https://${host}.${productDomain(dataCenter)}`
  const listed = host[dataCenter]
  if (listed !== undefined) return `https://${listed}`
  throw new TypeError(
    `"${product}" has no known host in data centre "${dataCenter}", but in ${Object.keys(host).join(', ')}: give the whole URL, and its origin in allowedOrigins`,
  )
}

/** Whether a host belongs to one of Zoho's other brands in a data centre. */
export function isBrandHost(name: string, dataCenter: DataCenter): boolean {
  const product = BY_HOST.get(name)
  if (product === undefined) return false
  const { host } = TABLE[product]
  return typeof host !== 'string' && host[dataCenter] === name
}

/**
 * Which product a URL belongs to: by its host if that is a product's own, by its path on the gateway, and on origins that
 * the app named (`own`), where it is a guess. `undefined`: nobody knows.
 */
export function productOf(url: URL, own: boolean): Product | undefined {
  if (own) return byPath(url.pathname, PATHS)
  for (const dataCenter of DATA_CENTERS) {
    const label = labelsBelow(url.host, productDomain(dataCenter))
    if (label !== undefined) return BY_LABEL.get(label)
    if (labelsBelow(url.host, gatewayDomain(dataCenter)) !== undefined)
      return byPath(url.pathname, GATEWAY_PATHS)
  }
  return BY_HOST.get(url.host)
}

type Paths = readonly (readonly [path: string, product: Product])[]

function byPath(pathname: string, paths: Paths): Product | undefined {
  return paths.find(([path]) => pathname.startsWith(path))?.[1]
}

/** The longest first, so that the more telling one decides. */
function pathsOf(products: readonly Product[]): Paths {
  return products
    .flatMap((product) => (TABLE[product].paths ?? []).map((path) => [path, product] as const))
    .sort(([one], [other]) => other.length - one.length)
}

const PATHS: Paths = pathsOf(PRODUCTS)
const GATEWAY_PATHS: Paths = pathsOf(PRODUCTS.filter((product) => TABLE[product].host === 'gateway'))

const BY_LABEL: ReadonlyMap<string, Product> = new Map(
  PRODUCTS.flatMap((product) => {
    const { host, also = [] } = TABLE[product]
    const labels = typeof host === 'string' && host !== 'gateway' ? [host, ...also] : also
    return labels.map((label) => [label, product] as const)
  }),
)

const BY_HOST: ReadonlyMap<string, Product> = new Map(
  PRODUCTS.flatMap((product) => {
    const { host } = TABLE[product]
    return typeof host === 'string' ? [] : Object.values(host).map((name) => [name, product] as const)
  }),
)
