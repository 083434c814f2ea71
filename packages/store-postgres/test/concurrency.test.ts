import { expect, test } from '@jest/globals'
import { whole } from '../../../checks/support/form.mjs'
import { until } from '../../../checks/support/waiting.mjs'
import { type PostgresPool, postgresTokenStore } from '../src/index.js'
import {
  acquired,
  ask,
  database,
  isWaitedFor,
  LONG_MS,
  onPostgres,
  openPool,
  pidOf,
  sleep,
  whileLocked,
} from './support.js'

/** How long a lock is held on after somebody waits for it, in milliseconds: the least that a wrong start is off. */
const HELD_MS = 300

onPostgres('many at once', () => {
  const { pool, schema } = database()
  const table = `${schema}.zoho_auth_tokens`
  const store = postgresTokenStore(pool, { schema })

  const serverNow = async (): Promise<number> => {
    const { rows } = await pool.query('select extract(epoch from clock_timestamp())::float8 * 1000 as now')
    return rows[0].now
  }

  test(`of 16 who begin at once on each of ${whole(1_000)} new keys exactly one goes`, async () => {
    const pools = Array.from({ length: 4 }, () => openPool({ max: 8 }))
    const stores = pools.map((one) => postgresTokenStore(one, { schema }))
    const crowd = Array.from({ length: 16 }, (_, caller) => caller)
    const wrong: unknown[] = []
    for (let first = 0; first < whole(1_000); first += 50) {
      const keys = Array.from({ length: 50 }, (_, index) => `new-${first + index}`)
      await Promise.all(
        keys.map(async (key) => {
          const results = await Promise.all(
            crowd.map(async (caller) =>
              stores[caller % 4]?.acquire(key, ask({ holder: `caller-${caller}` })),
            ),
          )
          const goes = results.filter((result) => result?.kind === 'acquired').length
          const waits = results.filter((result) => result?.kind === 'wait').length
          if (goes !== 1 || waits !== 15) wrong.push({ key, goes, waits })
        }),
      )
    }
    await Promise.all(pools.map((one) => one.end()))
    expect(wrong).toEqual([])
    const { rows } = await pool.query(
      `select count(*)::int as keys, sum(cardinality(tried_at))::int as tried from ${table} where key like 'new-%'`,
    )
    expect(rows).toEqual([{ keys: whole(1_000), tried: whole(1_000) }])
  })

  test('hit, wait, cooldown and inspect answer at once while another transaction has the row locked', async () => {
    const lease = await acquired(store, 'locked')
    await store.commit('locked', lease, 'the-token', LONG_MS)
    await acquired(store, 'locked-wait')
    await store.invalidate('locked-cooldown', { reason: 'revoked', ms: LONG_MS })
    for (const [key, kind] of [
      ['locked', 'hit'],
      ['locked-wait', 'wait'],
      ['locked-cooldown', 'cooldown'],
    ] as const) {
      await whileLocked(pool, table, key, async (_, pid) => {
        let isOver = false
        const late = until(async () => isOver || (await isWaitedFor(pool, pid))).then(
          () => 'it waited for the lock',
        )
        try {
          const answer = store.acquire(key, ask({ holder: 'b' })).then((asked) => asked.kind)
          expect(await Promise.race([answer, late])).toBe(kind)
          expect(await Promise.race([store.inspect(key), late])).toMatchObject({
            used: key === 'locked-cooldown' ? 0 : 1,
          })
        } finally {
          isOver = true
          await late
        }
      })
    }
  })

  test('what does not go neither writes the row nor marks it as locked', async () => {
    const lease = await acquired(store, 'untouched')
    await store.commit('untouched', lease, 'the-token', LONG_MS)
    const row = async () =>
      (await pool.query(`select ctid, xmin, xmax from ${table} where key = 'untouched'`)).rows
    const before = await row()
    await store.acquire('untouched', ask({ holder: 'b' }))
    await store.inspect('untouched')
    expect(await row()).toEqual(before)
  })

  test('acquire waits behind a lock, and counts its lease from when it got the row', async () => {
    await store.release('behind-lock', await acquired(store, 'behind-lock'))
    const { result, unlockedAt } = await whileLocked(pool, table, 'behind-lock', async (end, pid) => {
      const asked = store.acquire('behind-lock', ask({ holder: 'b', leaseMs: LONG_MS }))
      await until(() => isWaitedFor(pool, pid))
      await sleep(HELD_MS)
      const now = await serverNow()
      await end()
      return { result: await asked, unlockedAt: now }
    })
    expect(result).toMatchObject({ kind: 'acquired', lease: { used: 2 } })
    if (result.kind === 'acquired') expect(result.lease.at).toBeGreaterThanOrEqual(unlockedAt)
    const next = await store.acquire('behind-lock', ask({ holder: 'c' }))
    expect(next).toMatchObject({ kind: 'wait' })
    expect((next as { ms: number }).ms + (await serverNow())).toBeGreaterThanOrEqual(unlockedAt + LONG_MS)
  })

  test.each(['release', 'invalidate'] as const)(
    '%s counts its cooldown from when it got the row, although the row was rewritten meanwhile',
    async (operation) => {
      const key = `rewritten-${operation}`
      const lease = await acquired(store, key)
      const holder = await pool.connect()
      await holder.query('begin')
      await holder.query(`update ${table} set window_ms = window_ms + 1 where key = $1`, [key])
      const pid = await pidOf(holder)
      const cooldown = { reason: 'dead', ms: LONG_MS } as const
      const ended =
        operation === 'release' ? store.release(key, lease, { cooldown }) : store.invalidate(key, cooldown)
      await until(() => isWaitedFor(pool, pid))
      await sleep(HELD_MS)
      const unlockedAt = await serverNow()
      await holder.query('commit')
      holder.release()
      await ended
      const left = (await store.inspect(key))?.cooldown?.ms ?? 0
      expect(left + (await serverNow())).toBeGreaterThanOrEqual(unlockedAt + LONG_MS)
    },
  )

  test('a lock whose holder dies is let go', async () => {
    await store.release('dying', await acquired(store, 'dying'))
    const holder = openPool({ max: 1 })
    const client = await holder.connect()
    client.on('error', () => {})
    const pid = await pidOf(client)
    await client.query('begin')
    await client.query(`select from ${table} where key = 'dying' for update`)
    const asked = store.acquire('dying', ask({ holder: 'b' }))
    await until(() => isWaitedFor(pool, pid))
    await pool.query('select pg_terminate_backend($1)', [pid])
    expect(await asked).toMatchObject({ kind: 'acquired', lease: { holder: 'b' } })
    client.release(true)
    await holder.end()
  })

  test('a holder of the lease who dies is waited for as long as the lease lasts, and no longer', async () => {
    await acquired(store, 'dead-holder', { leaseMs: LONG_MS })
    const result = await store.acquire('dead-holder', ask({ holder: 'b' }))
    expect(result.kind).toBe('wait')
    // So much time passes for the row.
    await pool.query(
      `update ${table} set lease_at = lease_at - $2, lease_ends_at = lease_ends_at - $2 where key = $1`,
      ['dead-holder', (result as { ms: number }).ms + 1],
    )
    expect(await store.acquire('dead-holder', ask({ holder: 'b' }))).toMatchObject({
      kind: 'acquired',
      lease: { used: 2 },
    })
  })

  test.each([
    { ends: 'commit', want: { kind: 'wait' }, statements: 2 },
    { ends: 'rollback', want: { kind: 'acquired', lease: { holder: 'b', used: 1 } }, statements: 1 },
  ])(
    'whoever meets a new row that nobody can see yet learns how it ended: $ends',
    async ({ ends, want, statements }) => {
      const key = `unseen-${ends}`
      const first = await pool.connect()
      const pid = await pidOf(first)
      await first.query('begin')
      await acquired(postgresTokenStore(first, { schema }), key)
      const { counted, texts } = counting(pool)
      const second = postgresTokenStore(counted, { schema }).acquire(key, ask({ holder: 'b' }))
      await until(() => isWaitedFor(pool, pid))
      await first.query(ends)
      first.release()
      expect(await second).toMatchObject(want)
      expect(texts).toHaveLength(statements)
    },
  )

  test('each operation is one statement, without a name', async () => {
    const { counted, texts } = counting(pool)
    const counts = postgresTokenStore(counted, { schema })
    const steps: (() => Promise<unknown>)[] = []
    const lease = await acquired(store, 'counted')
    steps.push(() => counts.acquire('counted', ask({ holder: 'b' })))
    steps.push(() => counts.acquire('counted-new', ask()))
    steps.push(() => counts.commit('counted', lease, 'the-token', LONG_MS))
    steps.push(() => counts.acquire('counted', ask({ holder: 'b' })))
    steps.push(() => counts.release('counted', lease, { unspent: true }))
    steps.push(() => counts.inspect('counted'))
    steps.push(() => counts.invalidate('counted'))
    for (const step of steps) {
      texts.length = 0
      await step()
      expect(texts).toHaveLength(1)
      expect(typeof texts[0]).toBe('string')
    }
  })

  test('a lost lease of a greater generation than the one after it loses to invalidate, too', async () => {
    const far = Math.floor(await serverNow()) * 2
    const lost = await acquired(store, 'far', { minGeneration: far, leaseMs: 1 })
    await sleep(5)
    await acquired(store, 'far', { holder: 'b' })
    await store.invalidate('far')
    expect(await store.commit('far', lost, 'too-late', LONG_MS)).toBeUndefined()
  })
})

function counting(pool: PostgresPool): { counted: PostgresPool; texts: unknown[] } {
  const texts: unknown[] = []
  const counted: PostgresPool = {
    query(text, values) {
      texts.push(text)
      return pool.query(text, values)
    },
  }
  return { counted, texts }
}
