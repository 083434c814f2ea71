/** Where tables are kept if nobody says otherwise: the schema that every database has. */
const DEFAULT_SCHEMA = 'public'

/** What PostgreSQL keeps of a name, and nothing that would need escaping. */
const SCHEMA_NAME = /^[a-z_][a-z0-9_]{0,62}$/

/**
 * The `format` of the rows this version writes. Rows of a greater one are refused and left alone; a release that changes
 * what a row means raises it.
 */
export const ROW_FORMAT = 1

/** The names of our tables in one schema, quoted and ready for a statement. */
export interface Tables {
  readonly schema: string
  readonly tokens: string
  readonly connections: string
  readonly migrations: string
  /** The function that is `acquire`. Its name counts up if a release changes it, so that old and new ones can be there at once. */
  readonly acquire: string
}

/** @throws TypeError for a name that is not made of `a-z 0-9 _`. */
export function tablesIn(schema: string = DEFAULT_SCHEMA): Tables {
  if (!SCHEMA_NAME.test(schema))
    throw new TypeError(
      'schema: 1 to 63 of the characters a-z 0-9 _ are expected, not beginning with a digit',
    )
  return {
    schema,
    tokens: `"${schema}".zoho_auth_tokens`,
    connections: `"${schema}".zoho_auth_connections`,
    migrations: `"${schema}".zoho_auth_migrations`,
    acquire: `"${schema}".zoho_auth_acquire_1`,
  }
}
