// Everything that stores hold, one text per record: what must not be in there in the clear is looked for in it.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Records that one dump reads at most. */
const MAX_RECORDS = 100_000

export async function dumpRedis(client) {
  const records = []
  for await (const keys of client.scanIterator({ COUNT: 1_000 })) {
    for (const key of keys) records.push(`${key} ${JSON.stringify(await client.hGetAll(key))}`)
    if (records.length > MAX_RECORDS) throw new Error(`more than ${MAX_RECORDS} records in Redis`)
  }
  return records
}

export async function dumpPostgres(pool) {
  const tables = await pool.query(
    "select quote_ident(tablename) as name from pg_tables where schemaname = 'public'",
  )
  const records = []
  for (const { name } of tables.rows) {
    const { rows } = await pool.query(
      `select row_to_json(t)::text as text from public.${name} t limit ${MAX_RECORDS}`,
    )
    records.push(...rows.map(({ text }) => text))
  }
  return records
}

export function dumpFolder(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .slice(0, MAX_RECORDS)
    .map((entry) => `${entry.name} ${readFileSync(join(entry.parentPath, entry.name), 'utf8')}`)
}
