import type { Echo } from './echo.js'

const MODULES = ['Leads', 'Contacts'].map((name, at) => ({
  id: `415086800000000200${at + 1}`,
  api_name: name,
  module_name: name,
  singular_label: name.slice(0, -1),
  plural_label: name,
  generated_type: 'default',
  api_supported: true,
  viewable: true,
  creatable: true,
  editable: true,
  deletable: true,
}))

const FIELDS = [
  { api_name: 'First_Name', data_type: 'text', json_type: 'string', system_mandatory: false },
  { api_name: 'Last_Name', data_type: 'text', json_type: 'string', system_mandatory: true },
  { api_name: 'Email', data_type: 'email', json_type: 'string', system_mandatory: false },
].map((field, at) => ({
  id: `415086800000000250${at + 1}`,
  field_label: field.api_name.replaceAll('_', ' '),
  ...field,
  custom_field: false,
  read_only: false,
  visible: true,
}))

function user(name: string): Readonly<Record<string, unknown>> {
  return {
    id: '4150868000000225013',
    full_name: name,
    email: `${name}@example.com`,
    status: 'active',
    role: { id: '4150868000000026005', name: 'CEO' },
    profile: { id: '4150868000000026011', name: 'Administrator' },
  }
}

/**
 * What CRM says about itself: its modules, the fields of a module, its users. The organisation: `organization.ts`.
 *
 * Zoho's own SDK reads them before the first record, and fails if modules or fields come in the shape of records.
 * Every module has the same fields, and the only user is the owner of the grant. The keys are a selection from the
 * CRM pages on modules, fields and users.
 *
 * @returns Undefined for any other path.
 */
export function crmSettings(echo: Echo): Readonly<Record<string, unknown>> | undefined {
  switch (/^\/crm\/[^/]+\/(.+)$/.exec(echo.path)?.[1]) {
    case 'settings/modules':
      return { modules: MODULES }
    case 'settings/fields':
      return { fields: FIELDS }
    case 'users':
      return {
        users: [user(echo.user)],
        info: { per_page: 200, count: 1, page: 1, more_records: false },
      }
    default:
      return undefined
  }
}
