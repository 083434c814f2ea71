/** The product APIs that are imitated; `unknown` stands for every other one of Zoho's. */
export type Product =
  | 'recruit'
  | 'crm'
  | 'bigin'
  | 'fsm'
  | 'phonebridge'
  | 'books'
  | 'invoice'
  | 'inventory'
  | 'billing'
  | 'expense'
  | 'desk'
  | 'people'
  | 'creator'
  | 'mail'
  | 'projects'
  | 'sprints'
  | 'cliq'
  | 'analytics'
  | 'sign'
  | 'workdrive'
  | 'writer'
  | 'sheet'
  | 'campaigns'
  | 'bookings'
  | 'salesiq'
  | 'meeting'
  | 'assist'
  | 'catalyst'
  | 'unknown'

/** A scope of each product; what stands before its first dot is the service name of all of them. */
const SCOPES: Readonly<Record<Exclude<Product, 'unknown'>, string>> = {
  recruit: 'ZohoRecruit.modules.ALL',
  crm: 'ZohoCRM.modules.ALL',
  bigin: 'ZohoBigin.modules.ALL',
  fsm: 'ZohoFSM.modules.ALL',
  phonebridge: 'PhoneBridge.call.log',
  books: 'ZohoBooks.fullaccess.all',
  invoice: 'ZohoInvoice.fullaccess.all',
  inventory: 'ZohoInventory.fullaccess.all',
  // renamed from Subscriptions; its scopes kept the name (users' reports)
  billing: 'ZohoSubscriptions.fullaccess.all',
  expense: 'ZohoExpense.fullaccess.ALL',
  desk: 'Desk.tickets.ALL',
  people: 'ZOHOPEOPLE.forms.ALL',
  creator: 'ZohoCreator.report.READ',
  mail: 'ZohoMail.messages.ALL',
  projects: 'ZohoProjects.projects.ALL',
  sprints: 'ZohoSprints.projects.ALL',
  cliq: 'ZohoCliq.Channels.ALL',
  analytics: 'ZohoAnalytics.data.ALL',
  sign: 'ZohoSign.documents.ALL',
  workdrive: 'WorkDrive.files.ALL',
  writer: 'ZohoWriter.documentEditor.ALL',
  sheet: 'ZohoSheet.dataAPI.READ',
  campaigns: 'ZohoCampaigns.contact.ALL',
  bookings: 'zohobookings.data.CREATE',
  salesiq: 'SalesIQ.conversations.ALL',
  meeting: 'ZohoMeeting.meeting.ALL',
  assist: 'ZohoAssist.sessionapi.ALL',
  catalyst: 'ZohoCatalyst.projects.ALL',
}

export const PRODUCTS: readonly Product[] = [...(Object.keys(SCOPES) as Product[]), 'unknown']

/** The scopes of a grant that asked for none: enough for every product. */
export const EVERY_SCOPE: readonly string[] = [...Object.values(SCOPES), 'AaaServer.profile.READ']

/**
 * Whether one of the scopes is of the product's service. Zoho judges module and operation too; here the service
 * is enough to tell a grant for Recruit from one for Books. An unknown product takes any scope.
 */
export function allows(scopes: readonly string[], product: Product): boolean {
  return product === 'unknown' || scopes.some((scope) => serviceOf(scope) === serviceOf(SCOPES[product]))
}

/** In lower case: Zoho compares without regard to it. */
function serviceOf(scope: string): string {
  return scope.slice(0, scope.indexOf('.')).toLowerCase()
}
