import { afterAll, expect, test } from '@jest/globals'
import {
  migrate,
  type PostgresPool,
  postgresConnectionStore,
  postgresTokenStore,
  pruneTokens,
} from '../src/index.js'
import { ask, freshSchema, onPostgres, openPool } from './support.js'

const nobody: PostgresPool = { query: () => Promise.reject(new Error('nothing may be sent')) }

test.each(['', 'Upper', '1st', 'a-b', 'a"b', 'a.b', 'ä', 'a'.repeat(64), "a'; drop table x; --"])(
  'the schema name %j is refused before anything is sent',
  async (schema) => {
    expect(() => postgresTokenStore(nobody, { schema })).toThrow(TypeError)
    expect(() => postgresConnectionStore(nobody, { schema })).toThrow(/^schema: /)
    await expect(migrate(nobody, { schema })).rejects.toThrow(/^schema: /)
    await expect(pruneTokens(nobody, { schema })).rejects.toThrow(/^schema: /)
  },
)

onPostgres('migrate', () => {
  const pool = openPool()
  const schemas: string[] = []
  const newSchema = () => {
    const schema = freshSchema()
    schemas.push(schema)
    return schema
  }
  afterAll(async () => {
    for (const schema of schemas) await pool.query(`drop schema if exists ${schema} cascade`)
    await pool.end()
  })
  const versions = async (schema: string) =>
    (await pool.query(`select version from ${schema}.zoho_auth_migrations order by version`)).rows

  test('makes the schema and its tables, and changes nothing the second time', async () => {
    const schema = newSchema()
    await migrate(pool, { schema })
    const store = postgresTokenStore(pool, { schema })
    expect((await store.acquire('kept', ask())).kind).toBe('acquired')
    await migrate(pool, { schema })
    expect((await store.inspect('kept'))?.used).toBe(1)
    expect(await versions(schema)).toEqual([{ version: 1 }])
  })

  test('a name as long as PostgreSQL allows, and one that is a word of SQL, work', async () => {
    for (const schema of ['a'.repeat(63), 'select']) {
      await pool.query(`drop schema if exists "${schema}" cascade`)
      await migrate(pool, { schema })
      expect((await postgresTokenStore(pool, { schema }).acquire('key', ask())).kind).toBe('acquired')
      await pool.query(`drop schema "${schema}" cascade`)
    }
  })

  test.each(['read committed', 'serializable'])(
    '8 processes may do it at once, under %s',
    async (isolation) => {
      const schema = newSchema()
      const options = `-c default_transaction_isolation=${isolation.replace(' ', '\\ ')}`
      const pools = Array.from({ length: 8 }, () => openPool({ max: 1, options }))
      await Promise.all(pools.map((one) => one.query('select 1')))
      await Promise.all(pools.map((one) => migrate(one, { schema })))
      await Promise.all(pools.map((one) => one.end()))
      expect(await versions(schema)).toEqual([{ version: 1 }])
    },
  )

  test('refuses tables that a newer version has made', async () => {
    const schema = newSchema()
    await migrate(pool, { schema })
    await pool.query(`insert into ${schema}.zoho_auth_migrations (version) values (7)`)
    await expect(migrate(pool, { schema })).rejects.toThrow(/have version 7.*knows 1: update the package/)
  })

  test('leaves nothing half done where it fails', async () => {
    const schema = newSchema()
    await pool.query(`create schema ${schema}; create table ${schema}.zoho_auth_connections (other int)`)
    await expect(migrate(pool, { schema })).rejects.toThrow(/already exists/)
    const { rows } = await pool.query('select tablename from pg_tables where schemaname = $1', [schema])
    expect(rows).toEqual([{ tablename: 'zoho_auth_connections' }])
  })

  test('works with the grants that the README names, and needs no more once the tables are there', async () => {
    const schema = newSchema()
    const role = `role_${schema}`
    await migrate(pool, { schema })
    await pool.query(`create role ${role} login`)
    await pool.query(`grant usage on schema ${schema} to ${role}`)
    await pool.query(`grant select on ${schema}.zoho_auth_migrations to ${role}`)
    await pool.query(
      `grant select, insert, update, delete on ${schema}.zoho_auth_tokens, ${schema}.zoho_auth_connections to ${role}`,
    )
    const limited = openPool({ max: 1, user: role })
    await limited.query(`set role ${role}`)
    await migrate(limited, { schema })
    expect((await postgresTokenStore(limited, { schema }).acquire('key', ask())).kind).toBe('acquired')
    await limited.end()
    await pool.query(`drop owned by ${role}`)
    await pool.query(`drop role ${role}`)
  })

  test('a missing table is an error that names it and says what to run', async () => {
    const schema = newSchema()
    const tokens = postgresTokenStore(pool, { schema })
    const connections = postgresConnectionStore(pool, { schema })
    const message = new RegExp(
      `${schema}.*zoho_auth_(tokens|connections).*migrate\\(pool, \\{ schema: '${schema}' \\}\\)`,
    )
    await expect(tokens.acquire('key', ask())).rejects.toThrow(message)
    await expect(tokens.inspect('key')).rejects.toThrow(message)
    await expect(connections.get('id')).rejects.toThrow(message)
    await expect(connections.list()[Symbol.asyncIterator]().next()).rejects.toThrow(message)
    await expect(connections.delete('id')).rejects.toMatchObject({ code: '42P01' })
  })
})
