import type { Echo } from './echo.js'
import type { Product } from './product.js'

const ORG = /^\/\w+\/v[\d.]+\/org$/
const ORGANIZATIONS = /^\/\w+\/v[\d.]+\/organizations$/

/**
 * What a product says of the organisation its token was made for.
 *
 * The keys are a selection from the pages of CRM, Books and Desk. Recruit and Bigin are taken to answer as CRM does.
 *
 * @returns Undefined for any other path.
 */
export function organizationBody(
  product: Product,
  { path, organization }: Echo,
): Readonly<Record<string, unknown>> | undefined {
  const { id, name } = organization
  switch (product) {
    case 'crm':
    case 'recruit':
    case 'bigin':
      if (!ORG.test(path)) return undefined
      return { org: [{ id: `4150868${id.padStart(12, '0')}`, zgid: id, company_name: name }] }
    case 'books':
    case 'invoice':
    case 'inventory':
      if (!ORGANIZATIONS.test(path)) return undefined
      return { code: 0, message: 'success', organizations: [{ organization_id: id, name }] }
    case 'desk':
      if (!ORGANIZATIONS.test(path)) return undefined
      return { data: [{ id, companyName: name }] }
    default:
      return undefined
  }
}
