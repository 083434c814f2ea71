import { faultName } from '@zoho-auth/core/store'
import { ROW_FORMAT, type Tables } from './schema.js'

/**
 * `undefined_table`, `undefined_column`, `undefined_function` and `invalid_schema_name`: `migrate` has not been run, or an
 * older one.
 */
const NOT_MIGRATED: readonly string[] = ['42P01', '42703', '42883', '3F000']

/**
 * `serialization_failure` and `deadlock_detected`: the statement changed nothing and may be sent again. Only a database
 * whose default isolation is not READ COMMITTED says so.
 */
const CAN_BE_REPEATED: readonly string[] = ['40001', '40P01']

/** Whether the same statement may simply be sent again. */
export function canBeRepeated(thrown: unknown): boolean {
  return CAN_BE_REPEATED.includes(codeOf(thrown) ?? '')
}

/** The SQLSTATE or the system's code of an error, if it has one. */
export function codeOf(thrown: unknown): string | undefined {
  const { code } = Object(thrown) as { code?: unknown }
  return typeof code === 'string' ? code : undefined
}

/**
 * What a driver's error says, without what it carries: `detail` of a violated constraint quotes the whole row, secrets
 * included, and a client library may put its configuration into other fields.
 */
export function postgresFault(thrown: unknown, tables: Tables): Error {
  const code = codeOf(thrown)
  if (code !== undefined && NOT_MIGRATED.includes(code))
    return withCode(
      `PostgreSQL: ${messageOf(thrown)}. Tables of zoho-auth (${tables.tokens}, ${tables.connections}) are missing or too old: run migrate(pool, { schema: '${tables.schema}' }) of @zoho-auth/store-postgres once before the app starts`,
      code,
    )
  return withCode(`PostgreSQL: ${messageOf(thrown)}`, code)
}

/** A row that this version cannot read. It stays as it is. */
export function unreadableRow(table: string, keys: readonly string[], format: unknown): Error {
  const which = `the row of ${keys.map((key) => JSON.stringify(key)).join(', ')} in ${table}`
  if (typeof format === 'number' && format > ROW_FORMAT)
    return new Error(
      `${which} has format ${format}, and this version of @zoho-auth/store-postgres knows ${ROW_FORMAT}: update the package. Nothing was changed`,
    )
  return new Error(
    `${which} is damaged: its columns contradict each other. Nothing was changed; repair or delete it`,
  )
}

function messageOf(thrown: unknown): string {
  const { message, errors } = Object(thrown) as { message?: unknown; errors?: unknown }
  if (typeof message === 'string' && message !== '') return message
  // Node tries every address of a host, and says nothing itself when none answers.
  if (Array.isArray(errors) && errors.length > 0) return messageOf(errors[0])
  return codeOf(thrown) ?? faultName(thrown) ?? 'unknown fault'
}

function withCode(message: string, code: string | undefined): Error {
  return Object.assign(new Error(message), code === undefined ? {} : { code })
}
