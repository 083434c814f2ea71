import { inspect } from 'node:util'
import { describe, expect, test } from '@jest/globals'
import type { Connection } from '@zoho-auth/core'
import pg from 'pg'
import { PRUNE_BATCH, postgresConnectionStore, postgresTokenStore, pruneTokens } from '../src/index.js'
import { acquired, ask, database, LONG_MS, onPostgres, openPool, sleep } from './support.js'

const connection = (id: string): Connection => ({
  id,
  refreshToken: 'the-refresh-token',
  dataCenter: 'eu',
  state: 'active',
  version: 0,
  createdAt: 1_800_000_000_000.25,
  updatedAt: 1_800_000_000_001,
})

onPostgres('rows', () => {
  const { pool, schema } = database()
  const tokens = postgresTokenStore(pool, { schema })
  const connections = postgresConnectionStore(pool, { schema })
  const tokenTable = `${schema}.zoho_auth_tokens`
  const connectionTable = `${schema}.zoho_auth_connections`

  const rowOf = async (table: string, column: string, key: string): Promise<unknown> =>
    (await pool.query(`select t::text as row from ${table} t where ${column} = $1`, [key])).rows

  describe.each([
    ['a newer format', 'format = 2', /"the-key.*" in .*zoho_auth_tokens has format 2.*update the package/],
    ['a value without an end', "value = 'x', ends_at = null", /"the-key.*damaged/],
    ['a lease without an end', 'lease_ends_at = null', /"the-key.*damaged/],
    ['an unknown reason', "cooldown_reason = 'whatever', cooldown_until = 1", /"the-key.*damaged/],
    ['a torn budget log', "tried_at = '{1,2,3}'", /"the-key.*damaged/],
    ['a negative generation', 'generation = -1', /"the-key.*damaged/],
  ])('a token row with %s', (name, damage, message) => {
    const key = `the-key, ${name}`

    test('is refused by every operation, named, and left as it is', async () => {
      const lease = await acquired(tokens, key)
      await pool.query(`update ${tokenTable} set ${damage} where key = $1`, [key])
      const before = await rowOf(tokenTable, 'key', key)
      for (const work of [
        () => tokens.acquire(key, ask()),
        () => tokens.commit(key, lease, 'the-token', LONG_MS),
        () => tokens.release(key, lease, { unspent: true }),
        () => tokens.invalidate(key),
        () => tokens.inspect(key),
      ])
        await expect(work()).rejects.toThrow(message)
      expect(await rowOf(tokenTable, 'key', key)).toEqual(before)
      expect((await tokens.acquire(`${key}, its neighbour`, ask())).kind).toBe('acquired')
    })
  })

  describe.each([
    ['a newer format', 'format = 2', /"the-id.*" in .*zoho_auth_connections has format 2/],
    ['an unknown state', "state = 'asleep'", /"the-id.*damaged/],
    ['an unknown data centre', "data_center = 'moon'", /"the-id.*damaged/],
    ['a refresh token and a soid', "soid = 'ZohoCRM.1'", /"the-id.*damaged/],
    ['neither, and not revoked', 'refresh_token = null', /"the-id.*damaged/],
  ])('a connection row with %s', (_, damage, message) => {
    test('is refused by get and put, named, and left as it is; list gives the others first', async () => {
      const id = `the-id, ${damage}`
      await connections.put(connection(id))
      await connections.put(connection(`${id}, its neighbour`))
      await pool.query(`update ${connectionTable} set ${damage} where id = $1`, [id])
      const before = await rowOf(connectionTable, 'id', id)
      await expect(connections.get(id)).rejects.toThrow(message)
      await expect(connections.put(connection(id))).rejects.toThrow(message)
      await expect(connections.put(connection(id), { ifVersion: 0 })).rejects.toThrow(message)
      await expect(connections.put(connection(id), { ifVersion: 1 })).rejects.toThrow(message)
      expect(await rowOf(connectionTable, 'id', id)).toEqual(before)
      const seen: string[] = []
      const listing = (async () => {
        for await (const one of connections.list()) seen.push(one.id)
      })()
      await expect(listing).rejects.toThrow(message)
      expect(seen).toContain(`${id}, its neighbour`)
      await connections.delete(id)
      expect(await connections.get(id)).toBeUndefined()
    })
  })

  test('list pages through more than one page, in the order of ids, and sees each once', async () => {
    await pool.query(
      `insert into ${connectionTable} (id, refresh_token, data_center, state, version, created_at, updated_at)
      select 'page:' || i, 'the-refresh-token', 'us', 'active', 1, 0, 0 from generate_series(1, 1200) i`,
    )
    const ids: string[] = []
    for await (const { id } of connections.list()) if (id.startsWith('page:')) ids.push(id)
    expect(ids).toHaveLength(1_200)
    expect(ids).toEqual(ids.toSorted((a, b) => (a < b ? -1 : 1)))
    expect(new Set(ids).size).toBe(1_200)
  })

  test('a caller may leave a list early', async () => {
    await connections.put(connection('left-early'))
    for await (const { id } of connections.list()) {
      expect(typeof id).toBe('string')
      break
    }
  })

  test('fields that are absent are not there, and times keep their fractions', async () => {
    await connections.put(connection('bare'))
    expect(await connections.get('bare')).toEqual({ ...connection('bare'), version: 1 })
    expect(Object.keys((await connections.get('bare')) ?? {})).not.toContain('label')
  })

  test('no scopes and an empty label are not the same as absent ones', async () => {
    await connections.put({ ...connection('empty'), scopes: [], label: '' })
    expect(await connections.get('empty')).toMatchObject({ scopes: [], label: '' })
  })

  test('what a program told its driver about types changes nothing', async () => {
    const getTypeParser = (type: number) => (text: string) =>
      type === pg.types.builtins.TEXT ? text : { wrapped: text }
    const odd = openPool({ types: { getTypeParser } as pg.CustomTypesConfig })
    const store = postgresTokenStore(odd, { schema })
    const lease = await acquired(store, 'odd-types')
    expect(typeof lease.generation).toBe('number')
    expect((await store.commit('odd-types', lease, 'the-token', LONG_MS))?.value).toBe('the-token')
    await odd.end()
  })

  test('what has no end in time comes back as it went in', async () => {
    await tokens.invalidate('for-ever', { reason: 'revoked', ms: Number.POSITIVE_INFINITY })
    expect(await tokens.acquire('for-ever', ask())).toEqual({
      kind: 'cooldown',
      reason: 'revoked',
      ms: Infinity,
    })
  })

  test('an error does not quote the row, although PostgreSQL does', async () => {
    const bad = {
      ...connection('quoted'),
      refreshToken: 'secret-token',
      state: null,
    } as unknown as Connection
    const error = await connections.put(bad).catch((thrown: unknown) => thrown)
    expect((error as Error).message).toMatch(/violates not-null constraint/)
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('secret-token')
  })

  test('rows that mean nothing any more are pruned, others stay', async () => {
    await pool.query(`delete from ${tokenTable}`)
    const budget = { limit: 8, windowMs: 20 }
    await tokens.commit('live', await acquired(tokens, 'live', { budget }), 'the-token', LONG_MS)
    await tokens.commit('over', await acquired(tokens, 'over', { budget }), 'the-token', 1)
    await acquired(tokens, 'held', { budget })
    await acquired(tokens, 'counted')
    await tokens.invalidate('cooldown', { reason: 'revoked', ms: LONG_MS })
    await tokens.invalidate('forgotten')
    await sleep(60)
    expect(await pruneTokens(pool, { schema })).toBe(0)
    expect(await pruneTokens(pool, { schema, idleMs: 10 })).toBe(2)
    const { rows } = await pool.query(`select key from ${tokenTable} order by key`)
    expect(rows.map(({ key }) => key)).toEqual(['cooldown', 'counted', 'held', 'live'])
    expect(PRUNE_BATCH).toBe(10_000)
  })
})
