import { canBeRepeated, codeOf, postgresFault } from './faults.js'
import type { PostgresOptions, PostgresPool } from './pool.js'
import { type Tables, tablesIn } from './schema.js'
import { acquireFunction } from './token-statements.js'

/**
 * The steps, in order; the version of the tables is the number of those done. A step that was released never changes.
 * Each row fits in its page after an update (`fillfactor`), because tokens are rewritten and only their key is indexed.
 */
const STEPS: readonly ((tables: Tables) => string)[] = [
  (tables) => `
    create table ${tables.tokens} (
      key text collate "C" primary key,
      format integer not null default 1,
      value text,
      generation bigint not null,
      ends_at double precision,
      issued bigint not null,
      holder text,
      lease_generation bigint,
      lease_at double precision,
      lease_ends_at double precision,
      lease_used integer,
      lease_failures integer,
      lease_last_cooldown text,
      tried_at double precision[] not null default '{}',
      tried_by text[] not null default '{}',
      window_ms double precision not null default 0,
      failures integer not null default 0,
      last_cooldown text,
      throttled_until double precision,
      cooldown_reason text,
      cooldown_until double precision
    ) with (fillfactor = 70);
    create table ${tables.connections} (
      id text collate "C" primary key,
      format integer not null default 1,
      refresh_token text,
      data_center text not null,
      environment text,
      scopes text[],
      state text not null,
      version bigint not null,
      created_at double precision not null,
      updated_at double precision not null,
      label text,
      soid text,
      user_id text,
      replaced json
    );
    ${acquireFunction(tables)}`,
]

/** First half of the advisory lock's number; the second half is the schema. Any number, never another one. */
const LOCK = 1_512_009

/** How often it is tried, if the database's default isolation makes processes fail instead of wait (ten times). */
const MAX_TRIES = 10

/** `unique_violation` and `duplicate_table`: seen only if the isolation hides what another process has just made. */
const ANOTHER_WAS_FASTER: readonly string[] = ['23505', '42P07', '42P06']

/**
 * Makes the tables, or brings them up to date. Does nothing if they are; any number of processes may call it at once.
 * The tables are made in one transaction, which an advisory lock of that transaction guards.
 *
 * The role needs CREATE on the schema (and on the database if the schema does not exist); later calls that find nothing
 * to do need SELECT on `zoho_auth_migrations`.
 *
 * @throws Error if a newer version of this package has migrated further: update this one.
 */
export async function migrate(pool: PostgresPool, options: PostgresOptions = {}): Promise<void> {
  const tables = tablesIn(options.schema)
  const text = migration(tables)
  for (let tried = 1; ; tried++) {
    try {
      await pool.query(text)
      return
    } catch (error) {
      const again = canBeRepeated(error) || ANOTHER_WAS_FASTER.includes(codeOf(error) ?? '')
      if (!again || tried >= MAX_TRIES) throw postgresFault(error, tables)
    }
  }
}

/** One statement: a proxy cannot tear it apart, and it ends with its transaction done or undone. */
function migration(tables: Tables): string {
  const { schema, migrations } = tables
  const steps = STEPS.map(
    (step, index) => `
  if stored < ${index + 1} then
    ${step(tables)}
    insert into ${migrations} (version) values (${index + 1});
  end if;`,
  )
  return `do $migrate$
declare stored integer;
begin
  perform pg_advisory_xact_lock(${LOCK}, hashtext('${schema}'));
  if to_regnamespace('"${schema}"') is null then create schema "${schema}"; end if;
  if to_regclass('${migrations}') is null then
    create table ${migrations} (version integer primary key, done_at timestamptz not null default clock_timestamp());
  end if;
  select coalesce(max(version), 0) into stored from ${migrations};
  if stored > ${STEPS.length} then
    raise exception 'the tables in schema "${schema}" have version %, and this version of @zoho-auth/store-postgres knows ${STEPS.length}: update the package', stored;
  end if;
  ${steps.join('')}
end
$migrate$`
}
