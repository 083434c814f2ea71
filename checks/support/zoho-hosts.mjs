// Zoho's documented API hosts: a second reading, beside the table of products.

/** Top-level domains by data centre. Canada has its products below `zohocloud.ca`. */
export const TLD = {
  us: 'com',
  eu: 'eu',
  in: 'in',
  au: 'com.au',
  jp: 'jp',
  ca: 'ca',
  sa: 'sa',
  uk: 'uk',
  cn: 'com.cn',
  ae: 'ae',
  sg: 'sg',
}

const EIGHT = 'us eu in au jp ca sa cn'

/**
 * Zoho's documented API hosts, one row each: `gateway`, or the labels before the product domain; the data centres in which
 * a page of Zoho's, a probe or a public client has it; a path of its API. Written down from those sources, not from the
 * table of products, whose second reading it is.
 */
const HOSTS = [
  ['crm', 'gateway', 'us eu in au jp ca sa uk cn ae sg', '/crm/v8/Leads'],
  ['bigin', 'gateway', EIGHT, '/bigin/v2/Contacts'],
  ['recruit', 'recruit', 'us eu in au jp ca sa cn ae sg', '/recruit/v2/Candidates'],
  ['books', 'gateway', EIGHT, '/books/v3/contacts'],
  ['invoice', 'gateway', 'us eu in au jp ca', '/invoice/v3/invoices'],
  ['inventory', 'gateway', EIGHT, '/inventory/v1/items'],
  ['expense', 'gateway', EIGHT, '/expense/v1/reports'],
  ['billing', 'gateway', EIGHT, '/billing/v1/plans'],
  ['billing', 'subscriptions', EIGHT, '/api/v1/plans'],
  ['payroll', 'gateway', 'us', '/payroll/v1/employees'],
  ['payroll', 'payroll', 'us', '/api/v1/employees'],
  ['creator', 'gateway', 'us eu in au jp ca sa cn ae', '/creator/v2.1/data/ada/app/report/all'],
  ['fsm', 'gateway', 'us eu in au jp ca sa', '/fsm/v1/Contacts'],
  ['phonebridge', 'gateway', 'us eu in au jp cn', '/phonebridge/v3/integrate'],
  ['desk', 'desk', 'us eu in au jp ca sa cn ae sg', '/api/v1/tickets'],
  ['people', 'people', 'us eu in au jp ca sa cn ae sg', '/people/api/forms'],
  ['projects', 'projects', 'us eu in au jp ca sa uk cn ae sg', '/api/v3/portals'],
  ['projects', 'projectsapi', 'us eu', '/restapi/portals/'],
  ['sprints', 'sprintsapi', 'us eu in', '/zsapi/teams/'],
  ['mail', 'mail', EIGHT, '/api/accounts/1'],
  ['cliq', 'cliq', 'us eu in au jp ca sa uk cn', '/api/v2/channels'],
  ['analytics', 'analyticsapi', 'us eu in au jp ca sa cn', '/restapi/v2/workspaces'],
  ['sign', 'sign', 'us eu in au jp ca sa uk ae sg', '/api/v1/templates'],
  ['workdrive', 'gateway', 'us eu in au jp ca sa cn ae', '/workdrive/api/v1/users/me'],
  ['workdrive', 'workdrive', 'us eu in au jp cn', '/api/v1/users/me'],
  ['workdrive', 'download', 'us eu in au jp cn', '/v1/workdrive/download/abc'],
  ['workdrive', 'upload', 'us eu in au jp cn', '/workdrive-api/v1/stream/upload'],
  ['campaigns', 'campaigns', EIGHT, '/api/v1.1/getmailinglists'],
  ['sheet', 'sheet', 'us eu in au jp sa cn', '/api/v2/workbooks'],
  ['bookings', 'gateway', EIGHT, '/bookings/v1/json/workspaces'],
  ['writer', 'gateway', EIGHT, '/writer/api/v1/documents'],
  ['salesiq', 'salesiq', 'us eu in au jp cn', '/api/v2/acme/visitors'],
  ['meeting', 'meeting', EIGHT, '/api/v2/4711/sessions.json'],
  ['webinar', 'webinar', EIGHT, '/api/v2/4711/webinar.json'],
  ['assist', 'assist', 'us eu in au jp ca sa uk cn', '/api/v2/session'],
  ['contracts', 'contracts', 'us eu in au jp ca sa', '/api/v1/contracts'],
  ['commerce', 'commerce', 'us eu in au jp', '/store/api/v1/products'],
  ['lens', 'lens', EIGHT, '/api/v2/lens_session'],
  ['catalyst', 'api.catalyst', 'us eu in au jp ca sa', '/baas/v1/project/4711/function'],
  ['marketingautomation', 'marketingautomation', 'us in', '/api/v1/getmailinglists'],
  ['voice', 'voice', 'us', '/rest/json/zv/calls'],
  ['vault', 'vault', 'us eu in au jp ca sa', '/api/rest/json/v1/secrets'],
  ['calendar', 'calendar', 'us eu in au jp', '/api/v1/calendars'],
  ['social', 'social', 'us', '/social/v2/users'],
  ['learn', 'learn', 'us in jp', '/learn/api/v1/portal/acme/course'],
  ['survey', 'survey', 'us', '/survey/api/v1/private/portals'],
  ['backstage', 'gateway', 'us eu in au jp', '/backstage/v3/portals'],
  ['shifts', 'shifts', 'us eu au', '/api/v1/4711/employees'],
  ['directory', 'directory', 'us', '/api/v1/orgs/4711/users'],
  ['pdfeditor', 'gateway', 'us eu in au jp cn', '/pdfeditor/api/v1/documents'],
  ['thrive', 'thrive', 'us eu', '/thrive-publicapi/v1/widget'],
  ['workerly', 'workerly', 'us eu in au jp', '/workerly/v2/Temps'],
  ['one', 'one', 'us', '/api/v1/orgs/4711/users'],
  ['connect', 'connect', 'us', '/connect/api/networks'],
  ['show', 'show', 'us eu in au jp ca sa cn ae sg', '/show/api/v1/presentations'],
  ['accounts', 'accounts', 'us eu in au jp ca sa uk cn ae sg', '/oauth/user/info'],
  ['crm', 'crmsandbox', 'us eu in', '/crm/v2/Leads'],
  ['recruit', 'recruitsandbox', 'in', '/recruit/v2/Candidates'],
]

/** Zoho's other brands: hosts that follow no rule. */
const BRANDS = [
  {
    product: 'site24x7',
    path: '/api/monitors',
    hosts: {
      us: 'www.site24x7.com',
      eu: 'www.site24x7.eu',
      in: 'www.site24x7.in',
      au: 'www.site24x7.net.au',
      cn: 'www.site24x7.cn',
      jp: 'app.site24x7.jp',
      ca: 'www.site24x7.ca',
      sa: 'www.site24x7.sa',
      uk: 'app.site24x7.uk',
      ae: 'app.site24x7.ae',
    },
  },
  ...[
    ['endpointcentral', 'us eu in au jp ca sa uk cn'],
    ['mdm', 'us eu in au jp ca sa uk cn'],
    ['patchmanager', 'us eu in au jp ca uk cn'],
  ].map(([product, dataCenters]) => {
    const label = product === 'patchmanager' ? 'patch' : product
    const of = (dataCenter) => `${label}.manageengine.${dataCenter === 'cn' ? 'cn' : TLD[dataCenter]}`
    return {
      product,
      path: '/api/1.4/inventory',
      hosts: Object.fromEntries(dataCenters.split(' ').map((dataCenter) => [dataCenter, of(dataCenter)])),
    }
  }),
  {
    product: 'servicedeskplus',
    path: '/api/v3/requests',
    hosts: {
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
  },
]

/** Every documented origin, with a URL below it. */
export const WORLD = [
  ...HOSTS.flatMap(([product, host, dataCenters, path]) =>
    dataCenters
      .split(' ')
      .map((dataCenter) => ({ product, dataCenter, url: urlOf(host, dataCenter) + path })),
  ),
  ...BRANDS.flatMap(({ product, path, hosts }) =>
    Object.entries(hosts).map(([dataCenter, host]) => ({
      product,
      dataCenter,
      url: `https://${host}${path}`,
    })),
  ),
]

function urlOf(host, dataCenter) {
  const tld = TLD[dataCenter]
  return host === 'gateway'
    ? `https://www.zohoapis.${tld}`
    : `https://${host}.${dataCenter === 'ca' ? 'zohocloud' : 'zoho'}.${tld}`
}
