/** What a person calls the service that a scope begins with; in lower case, as Zoho compares them without regard to case. */
const SERVICES: Readonly<Record<string, string>> = {
  aaaserver: 'Zoho Account',
  desk: 'Zoho Desk',
  phonebridge: 'Zoho PhoneBridge',
  salesiq: 'Zoho SalesIQ',
  workdrive: 'Zoho WorkDrive',
  zohoanalytics: 'Zoho Analytics',
  zohoassist: 'Zoho Assist',
  zohobigin: 'Bigin',
  zohobookings: 'Zoho Bookings',
  zohobooks: 'Zoho Books',
  zohocampaigns: 'Zoho Campaigns',
  zohocatalyst: 'Zoho Catalyst',
  zohocliq: 'Zoho Cliq',
  zohocreator: 'Zoho Creator',
  zohocrm: 'Zoho CRM',
  zohoexpense: 'Zoho Expense',
  zohofsm: 'Zoho FSM',
  zohoinventory: 'Zoho Inventory',
  zohoinvoice: 'Zoho Invoice',
  zohomail: 'Zoho Mail',
  zohomeeting: 'Zoho Meeting',
  zohopeople: 'Zoho People',
  zohoprojects: 'Zoho Projects',
  zohorecruit: 'Zoho Recruit',
  zohosheet: 'Zoho Sheet',
  zohosign: 'Zoho Sign',
  zohosprints: 'Zoho Sprints',
  zohosubscriptions: 'Zoho Billing',
  zohowriter: 'Zoho Writer',
}

const OPERATIONS: Readonly<Record<string, string>> = {
  ALL: 'read, create, change and delete',
  CREATE: 'create',
  DELETE: 'delete',
  READ: 'read',
  UPDATE: 'change',
  WRITE: 'create and change',
}

const OPEN_ID: Readonly<Record<string, string>> = {
  openid: 'Zoho Account: know who you are',
  email: 'Zoho Account: know your e-mail address',
  profile: 'Zoho Account: know your name',
}

/** A scope as a person would say it: `ZohoCRM.modules.leads.READ` is "Zoho CRM: read modules, leads". */
export function scopeInWords(scope: string): string {
  if (Object.hasOwn(OPEN_ID, scope)) return OPEN_ID[scope] as string
  const [service = '', ...rest] = scope.split('.')
  const last = rest.at(-1)?.toUpperCase() ?? ''
  const named = Object.hasOwn(SERVICES, service.toLowerCase())
  const name = named ? (SERVICES[service.toLowerCase()] as string) : service
  if (!Object.hasOwn(OPERATIONS, last)) return `${name}: use ${rest.join(', ')}`
  const things = rest.slice(0, -1).join(', ')
  return `${name}: ${OPERATIONS[last]} ${/^(fullaccess)?$/i.test(things) ? 'everything' : things}`
}
