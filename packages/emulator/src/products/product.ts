/** The product APIs that are imitated. */
export type Product =
  | 'recruit'
  | 'crm'
  | 'bigin'
  | 'phonebridge'
  | 'books'
  | 'invoice'
  | 'inventory'
  | 'desk'
  | 'people'
  | 'creator'
  | 'mail'
  | 'projects'
  | 'cliq'
  | 'analytics'

/** Where each API lives on its host, and the service name its scopes begin with. */
const ROUTES: readonly (readonly [path: RegExp, product: Product])[] = [
  [/^\/recruit\/v2\//, 'recruit'],
  [/^\/crm\/v[2-8](\.\d)?\//, 'crm'],
  [/^\/bigin\/v[12]\//, 'bigin'],
  [/^\/phonebridge\/v3\//, 'phonebridge'],
  [/^\/books\/v3\//, 'books'],
  [/^\/invoice\/v3\//, 'invoice'],
  [/^\/inventory\/v1\//, 'inventory'],
  [/^\/api\/v1\//, 'desk'],
  [/^\/people\/api\//, 'people'],
  [/^\/creator\/v2(\.1)?\//, 'creator'],
  [/^\/api\/accounts(\/|$)/, 'mail'],
  [/^\/api\/v3\//, 'projects'],
  [/^\/api\/v2\//, 'cliq'],
  [/^\/restapi\/v2\//, 'analytics'],
]

/** What the scopes of a product begin with, in lower case: Zoho compares them without regard to case. */
const SCOPE_SERVICES: Readonly<Record<Product, readonly string[]>> = {
  recruit: ['zohorecruit'],
  crm: ['zohocrm'],
  bigin: ['zohobigin'],
  phonebridge: ['phonebridge'],
  books: ['zohobooks'],
  invoice: ['zohoinvoice'],
  inventory: ['zohoinventory'],
  desk: ['desk'],
  people: ['zohopeople'],
  creator: ['zohocreator'],
  mail: ['zohomail'],
  projects: ['zohoprojects'],
  cliq: ['zohocliq'],
  analytics: ['zohoanalytics'],
}

export const PRODUCTS = Object.keys(SCOPE_SERVICES) as readonly Product[]

/** The product whose API a path belongs to. */
export function productOf(path: string): Product | undefined {
  return ROUTES.find(([pattern]) => pattern.test(path))?.[1]
}

/**
 * Whether one of the scopes is of the product's service. Zoho judges module and operation too; here the service
 * is enough to tell a grant for Recruit from one for Books.
 */
export function allows(scopes: readonly string[], product: Product): boolean {
  const services = SCOPE_SERVICES[product]
  return scopes.some((scope) => services.includes(scope.slice(0, scope.indexOf('.')).toLowerCase()))
}

/** The scopes of a grant that asked for none: enough for every product. */
export const EVERY_SCOPE: readonly string[] = [
  'ZohoRecruit.modules.ALL',
  'ZohoCRM.modules.ALL',
  'ZohoBigin.modules.ALL',
  'PhoneBridge.call.log',
  'ZohoBooks.fullaccess.all',
  'ZohoInvoice.fullaccess.all',
  'ZohoInventory.fullaccess.all',
  'Desk.tickets.ALL',
  'ZOHOPEOPLE.forms.ALL',
  'ZohoCreator.report.READ',
  'ZohoMail.messages.ALL',
  'ZohoProjects.projects.ALL',
  'ZohoCliq.Channels.ALL',
  'ZohoAnalytics.data.ALL',
  'AaaServer.profile.READ',
]
