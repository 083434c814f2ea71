/**
 * The one method we call. `Pool` and `Client` of `pg` have it, and drivers of the same shape. Every call stands alone: no
 * named statement, no setting and no transaction outlives it, so a proxy may send each to another server connection.
 */
export interface PostgresPool {
  query(text: string, values?: unknown[]): Promise<{ readonly rows: readonly object[] }>
}

/** Where the tables are. */
export interface PostgresOptions {
  /**
   * The schema of the tables. Default `public`. Lower case letters, digits and `_`, not beginning with a digit, 63
   * characters at most. It is written into every statement, so `search_path` does not matter.
   */
  readonly schema?: string
}
