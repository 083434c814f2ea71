import { crmSettings } from './crm-settings.js'
import type { Echo } from './echo.js'
import { organizationBody } from './organization.js'
import type { Product } from './product.js'

type Body = Readonly<Record<string, unknown>>

/** A plausible success of the product, in its own shape. */
export function successBody(product: Product, echo: Echo): Body {
  const reads = echo.method === 'GET' || echo.method === 'HEAD'
  const settings = reads
    ? (organizationBody(product, echo) ?? (product === 'crm' ? crmSettings(echo) : undefined))
    : undefined
  return { ...(settings ?? SUCCESSES[product](reads, echo)), echo }
}

const CANDIDATES = [
  { id: '4150868000000567001', First_Name: 'Grace', Last_Name: 'Hopper', Email: 'grace@example.com' },
  { id: '4150868000000567002', First_Name: 'Alan', Last_Name: 'Turing', Email: 'alan@example.com' },
]

const RECORD_CHANGED = {
  code: 'SUCCESS',
  details: { id: '4150868000000567003' },
  message: 'record saved',
  status: 'success',
}

type Success = (reads: boolean, echo: Echo) => Body

const records: Success = (reads) => {
  const data = reads ? CANDIDATES : [RECORD_CHANGED]
  if (!reads) return { data }
  return { data, info: { per_page: 200, count: data.length, page: 1, more_records: false } }
}

const money: Success = () => ({ code: 0, message: 'success' })

/** The envelopes are from the products' pages; what lies in them is ours. Inferred for Meeting and Assist. */
const SUCCESSES: Readonly<Record<Product, Success>> = {
  recruit: records,
  crm: records,
  bigin: records,
  fsm: records,
  phonebridge: () => ({ code: 'SUCCESS', message: 'done', status: 'success' }),
  books: money,
  invoice: money,
  inventory: money,
  billing: money,
  expense: money,
  desk: (reads) => ({ data: reads ? CANDIDATES : [] }),
  people: () => ({ response: { result: CANDIDATES, message: 'Data fetched successfully', status: 0 } }),
  creator: () => ({ code: 3000, data: CANDIDATES }),
  mail: () => ({ status: { code: 200, description: 'success' }, data: CANDIDATES }),
  projects: () => ({ page_info: { page: 1, per_page: 100, has_next_page: false }, projects: [] }),
  sprints: () => ({ status: 'success', projectIds: [] }),
  cliq: (_, { path }) => ({ url: path, type: 'list', data: CANDIDATES }),
  analytics: () => ({ status: 'success', summary: 'done', data: {} }),
  sign: () => ({ code: 0, status: 'success', message: 'done', requests: [] }),
  workdrive: () => ({ data: [{ id: 'kxm3n1f2', type: 'files', attributes: { name: 'Notes' } }] }),
  writer: () => ({ documents: [], total_count: 0 }),
  sheet: () => ({ status: 'success', method: 'workbook.list', workbooks: [] }),
  campaigns: () => ({ status: 'success', code: '0', list_of_details: [] }),
  bookings: () => ({ response: { returnvalue: { data: [] }, status: 'success', logMessage: [] } }),
  salesiq: (_, { path }) => ({ url: path, object: 'list', data: [] }),
  meeting: () => ({ session: [] }),
  assist: () => ({ representation: {} }),
  catalyst: () => ({ status: 'success', data: [] }),
  unknown: () => ({}),
}
