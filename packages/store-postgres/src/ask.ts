import { canBeRepeated, postgresFault, unreadableRow } from './faults.js'
import type { PostgresPool } from './pool.js'
import type { Tables } from './schema.js'

/**
 * How often one question is asked before we give up (ten times). Each time but the last, somebody else changed the row
 * between the moment the statement read it and the moment it could write it; two times are rare.
 */
const MAX_ASKS = 10

/** What a statement is about, for errors. */
interface Subject {
  readonly tables: Tables
  readonly table: string
  readonly key: string
}

type Answer = Record<string, unknown>

/**
 * The answer of a statement about one row. No answer means that somebody else was faster, and is asked again.
 *
 * @throws Error if the row cannot be read, the tables are missing or PostgreSQL fails; never with a value of the row.
 */
export async function ask(
  pool: PostgresPool,
  { tables, table, key }: Subject,
  text: string,
  values: unknown[],
): Promise<Answer> {
  const [answer] = await answers(pool, tables, text, values, 1)
  if (answer === undefined || answer.kind === 'unreadable') throw unreadableRow(table, [key], answer?.format)
  return answer
}

/**
 * Sends a statement that gives one column `answer`, JSON as text: what a program has told its driver about types
 * (`setTypeParser`) then changes nothing here.
 *
 * @param least Fewer answers than this are asked again.
 */
export async function answers(
  pool: PostgresPool,
  tables: Tables,
  text: string,
  values: unknown[],
  least: 0 | 1 = 0,
): Promise<readonly Answer[]> {
  for (let asked = 0; asked < MAX_ASKS; asked++) {
    try {
      const { rows } = await pool.query(text, values)
      const got = (rows as readonly { readonly answer?: unknown }[]).flatMap(({ answer }) =>
        typeof answer === 'string' ? [JSON.parse(answer) as Answer] : [],
      )
      if (got.length >= least) return got
    } catch (error) {
      if (!canBeRepeated(error)) throw postgresFault(error, tables)
    }
  }
  throw new Error(`PostgreSQL: others changed the row ${MAX_ASKS} times while it was asked for`)
}
