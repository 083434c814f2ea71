import { type Connection, DATA_CENTERS, ZohoAuthError } from '@zoho-auth/core'
import type { ConnectionStore, PutOptions } from '@zoho-auth/core/store'
import { answers, ask } from './ask.js'
import { unreadableRow } from './faults.js'
import type { PostgresOptions, PostgresPool } from './pool.js'
import { ROW_FORMAT, type Tables, tablesIn } from './schema.js'

/** Rows that `list` reads at a time (five hundred). No connection and no cursor is held between two pages. */
const PAGE_SIZE = 500

/** Most unreadable rows that one error names. */
const MAX_NAMED = 10

/**
 * Keeps connections in PostgreSQL, one row each. {@link migrate} makes the table.
 *
 * `list` gives what can be read, ordered by id, and then fails if there was a row that cannot. What is put or deleted while
 * it runs may or may not be seen.
 *
 * @param pool A `Pool` of `pg`, or anything with its `query`. It stays the caller's to close.
 * @throws TypeError for a schema name that cannot be one.
 */
export function postgresConnectionStore(pool: PostgresPool, options: PostgresOptions = {}): ConnectionStore {
  return new PostgresConnectionStore(pool, tablesIn(options.schema))
}

const words = (list: readonly string[]): string => `(${list.map((word) => `'${word}'`).join(', ')})`

/** Whether the row `t` is one of ours, with words we know. */
const READABLE = `(t.format = ${ROW_FORMAT} and t.data_center in ${words(DATA_CENTERS)}
  and t.state in ${words(['active', 'consent-required', 'revoking', 'revoked'])}
  and (t.environment is null or t.environment in ${words(['production', 'sandbox', 'developer'])})
  and (num_nonnulls(t.refresh_token, t.soid) = 1 or t.state = 'revoked' and num_nonnulls(t.refresh_token, t.soid) = 0)
  and array_position(t.scopes, null) is null and t.version > 0)`

const UNREADABLE = `json_build_object('kind', 'unreadable', 'format', t.format, 'id', t.id)`

const CONNECTION = `json_build_object('kind', 'found', 'connection', json_strip_nulls(json_build_object('id', t.id,
  'refreshToken', t.refresh_token, 'dataCenter', t.data_center, 'environment', t.environment, 'scopes', t.scopes,
  'state', t.state, 'version', t.version, 'createdAt', t.created_at, 'updatedAt', t.updated_at, 'label', t.label, 'soid', t.soid,
  'userId', t.user_id, 'replaced', t.replaced)))`

const ROW = `case when ${READABLE} then ${CONNECTION} else ${UNREADABLE} end`

const NONE = `json_build_object('kind', 'none')`

const COLUMNS =
  'refresh_token, data_center, environment, scopes, state, created_at, updated_at, label, soid, user_id, replaced'

const VALUES = `$2::text, $3::text, $4::text, $5::text[], $6::text, $7::double precision, $8::double precision, $9::text,
  $10::text, $11::text, $12::json`

class PostgresConnectionStore implements ConnectionStore {
  readonly durable = true
  readonly #pool: PostgresPool
  readonly #tables: Tables

  constructor(pool: PostgresPool, tables: Tables) {
    this.#pool = pool
    this.#tables = tables
  }

  async get(id: string): Promise<Connection | undefined> {
    const { connections } = this.#tables
    const text = `select coalesce((select ${ROW} from ${connections} t where t.id = $1::text), ${NONE})::text as answer`
    const answer = await this.#ask(id, text, [])
    return answer.connection as Connection | undefined
  }

  async put(connection: Connection, { ifVersion }: PutOptions = {}): Promise<Connection> {
    const { id, refreshToken, dataCenter, environment, scopes, state, createdAt, updatedAt, label } =
      connection
    const { soid, userId, replaced } = connection
    const values = [
      refreshToken ?? null,
      dataCenter,
      environment ?? null,
      scopes ?? null,
      state,
      createdAt,
      updatedAt,
      label ?? null,
      soid ?? null,
      userId ?? null,
      replaced === undefined ? null : JSON.stringify(replaced),
    ]
    const answer = await this.#ask(
      id,
      this.#putting(ifVersion),
      ifVersion === undefined || ifVersion === 0 ? values : [...values, ifVersion],
    )
    if (answer.kind === 'none') throw new ZohoAuthError('ERR_ZOHO_CONFLICT', { connection: id })
    return answer.connection as Connection
  }

  async delete(id: string): Promise<void> {
    await answers(this.#pool, this.#tables, `delete from ${this.#tables.connections} where id = $1::text`, [
      id,
    ])
  }

  async *list(): AsyncIterable<Connection> {
    const { connections } = this.#tables
    const unreadable: string[] = []
    let format: unknown
    let after = ''
    for (let size = PAGE_SIZE; size === PAGE_SIZE; ) {
      const text = `select ${ROW}::text as answer from ${connections} t where t.id > $1::text order by t.id limit ${PAGE_SIZE}`
      const page = await answers(this.#pool, this.#tables, text, [after])
      size = page.length
      for (const answer of page) {
        const connection = answer.connection as Connection | undefined
        after = String(connection?.id ?? answer.id)
        if (connection !== undefined) yield connection
        else if (unreadable.push(after) === 1) format = answer.format
      }
    }
    if (unreadable.length > 0) throw unreadableRow(connections, unreadable.slice(0, MAX_NAMED), format)
  }

  /** Compare and write in one statement. An answer `none` means: another version is stored. */
  #putting(ifVersion: number | undefined): string {
    const { connections } = this.#tables
    const insert = `insert into ${connections} as t (id, ${COLUMNS}, version) values ($1::text, ${VALUES}, 1)`
    const update = `update ${connections} t set (${COLUMNS}, version) = row(${VALUES}, t.version + 1)`
    const write =
      ifVersion === undefined
        ? `${insert} on conflict (id) do update set (${COLUMNS}, version) = row(${VALUES}, t.version + 1)
          where ${READABLE}`
        : ifVersion === 0
          ? `${insert} on conflict (id) do nothing`
          : `${update} where t.id = $1::text and t.version = $13::bigint and ${READABLE}`
    // An unconditional write that wrote nothing met a row it cannot read, or one that changed meanwhile: asked again.
    const otherwise = ifVersion === undefined ? 'null' : NONE
    return `with written as (${write} returning ${CONNECTION} as answer)
      select coalesce((select answer from written),
        (select ${UNREADABLE} from ${connections} t where t.id = $1::text and not ${READABLE}),
        ${otherwise})::text as answer`
  }

  #ask(id: string, text: string, values: unknown[]): Promise<Record<string, unknown>> {
    return ask(this.#pool, { tables: this.#tables, table: this.#tables.connections, key: id }, text, [
      id,
      ...values,
    ])
  }
}
