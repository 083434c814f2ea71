import { crmSettings } from './crm-settings.js'
import type { Echo } from './echo.js'
import { organizationBody } from './organization.js'
import type { Product } from './product.js'

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

/** A plausible success of the product, in its own shape. */
export function successBody(product: Product, echo: Echo): Readonly<Record<string, unknown>> {
  const reads = echo.method === 'GET' || echo.method === 'HEAD'
  const settings = reads
    ? (organizationBody(product, echo) ?? (product === 'crm' ? crmSettings(echo) : undefined))
    : undefined
  if (settings !== undefined) return { ...settings, echo }
  const records = reads ? CANDIDATES : [RECORD_CHANGED]
  switch (product) {
    case 'recruit':
    case 'crm':
    case 'bigin':
      if (!reads) return { data: records, echo }
      return {
        data: records,
        info: { per_page: 200, count: records.length, page: 1, more_records: false },
        echo,
      }
    case 'phonebridge':
      return { code: 'SUCCESS', message: 'done', status: 'success', echo }
    case 'books':
    case 'invoice':
    case 'inventory':
      return { code: 0, message: 'success', echo }
    case 'desk':
      return { data: reads ? CANDIDATES : [], echo }
    case 'people':
      return { response: { result: CANDIDATES, message: 'Data fetched successfully', status: 0 }, echo }
    case 'creator':
      return { code: 3000, data: CANDIDATES, echo }
    case 'mail':
      return { status: { code: 200, description: 'success' }, data: CANDIDATES, echo }
    case 'projects':
      return { page_info: { page: 1, per_page: 100, has_next_page: false }, projects: [], echo }
    case 'cliq':
      return { url: echo.path, type: 'list', data: CANDIDATES, echo }
    case 'analytics':
      return { status: 'success', summary: 'done', data: {}, echo }
  }
}
