import type { Product, ZohoAuth } from '@zoho-auth/core'
import { systemClock } from '@zoho-auth/core'
import { EngineClock } from '@zoho-auth/core/adapter'

/** How long the name of an organisation is waited for, in milliseconds (three seconds). */
const ORGANIZATION_TIMEOUT_MS = 3_000

/** The longest name that is shown, in characters. */
const MAX_NAME = 100

/** Where a product tells which organisation a grant is for, and the scopes that let it be asked. */
interface Source {
  readonly product: Product
  readonly scope: RegExp
  readonly path: string
  /** The list in the answer, and the name in its entries. */
  readonly list: string
  readonly name: string
}

const SOURCES: readonly Source[] = [
  {
    product: 'crm',
    scope: /^zohocrm\.org\.(read|all)$/,
    path: '/crm/v2/org',
    list: 'org',
    name: 'company_name',
  },
  {
    product: 'recruit',
    scope: /^zohorecruit\.org\.(read|all)$/,
    path: '/recruit/v2/org',
    list: 'org',
    name: 'company_name',
  },
  {
    product: 'books',
    scope: /^zohobooks\.(settings\.(read|all)|fullaccess\.all)$/,
    path: '/books/v3/organizations',
    list: 'organizations',
    name: 'name',
  },
  {
    product: 'desk',
    scope: /^desk\.(basic|settings)\.(read|all)$/,
    path: '/api/v1/organizations',
    list: 'data',
    name: 'companyName',
  },
]

/** The organisation that a connection is for, if its scopes let a product be asked. For people's eyes only. */
export async function organizationOf(
  auth: ZohoAuth,
  connection: string,
  scopes: readonly string[],
): Promise<string | undefined> {
  const source = SOURCES.find(({ scope }) => scopes.some((one) => scope.test(one.toLowerCase())))
  if (source === undefined) return undefined
  const { product, path } = source
  const late = () => new Error('no answer in time')
  const ask = async () => (await auth.fetch(path, { connection, product })).json()
  try {
    const answer = await new EngineClock(systemClock()).withTimeout(ask(), ORGANIZATION_TIMEOUT_MS, late)
    const body = answer as Record<string, unknown>
    const list = body[source.list]
    const name = Array.isArray(list)
      ? (list[0] as Record<string, unknown> | undefined)?.[source.name]
      : undefined
    return typeof name === 'string' && name !== '' ? name.slice(0, MAX_NAME) : undefined
  } catch {
    return undefined
  }
}
