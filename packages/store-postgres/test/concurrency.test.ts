import { expect, test } from '@jest/globals'
import { until } from '../../../testing/waiting.mjs'
import { type PostgresPool, postgresTokenStore } from '../src/index.js'
import {
  ask,
  database,
  go,
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

  test('of 16 who begin at once on each of 1 000 new keys exactly one goes', async () => {
    const pools = Array.from({ length: 4 }, () => openPool({ max: 8 }))
    const stores = pools.map((one) => postgresTokenStore(one, { schema }))
    const crowd = Array.from({ length: 16 }, (_, caller) => caller)
    const wrong: unknown[] = []
    for (let first = 0; first < 1_000; first += 50) {
      const keys = Array.from({ length: 50 }, (_, index) => `new-${first + index}`)
      await Promise.all(
        keys.map(async (key) => {
          const turns = await Promise.all(
            crowd.map(async (caller) => stores[caller % 4]?.begin(key, ask({ lease: `caller-${caller}` }))),
          )
          const goes = turns.filter((turn) => turn?.kind === 'go').length
          const waits = turns.filter((turn) => turn?.kind === 'wait').length
          if (goes !== 1 || waits !== 15) wrong.push({ key, goes, waits })
        }),
      )
    }
    await Promise.all(pools.map((one) => one.end()))
    expect(wrong).toEqual([])
    const { rows } = await pool.query(
      `select count(*)::int as keys, sum(cardinality(tried_at))::int as tried from ${table} where key like 'new-%'`,
    )
    expect(rows).toEqual([{ keys: 1_000, tried: 1_000 }])
  })

  test('adopt, wait, quiet and inspect answer at once while another transaction has the row locked', async () => {
    const turn = await go(store, 'locked')
    await store.commit('locked', turn, 'the-token', LONG_MS)
    await go(store, 'locked-wait')
    await store.forget('locked-quiet', { reason: 'revoked', ms: LONG_MS })
    for (const [key, kind] of [
      ['locked', 'adopt'],
      ['locked-wait', 'wait'],
      ['locked-quiet', 'quiet'],
    ] as const) {
      await whileLocked(pool, table, key, async (_, pid) => {
        let isOver = false
        const late = until(async () => isOver || (await isWaitedFor(pool, pid))).then(
          () => 'it waited for the lock',
        )
        try {
          const answer = store.begin(key, ask({ lease: 'b' })).then((begun) => begun.kind)
          expect(await Promise.race([answer, late])).toBe(kind)
          expect(await Promise.race([store.inspect(key), late])).toMatchObject({
            used: key === 'locked-quiet' ? 0 : 1,
          })
        } finally {
          isOver = true
          await late
        }
      })
    }
  })

  test('what does not go neither writes the row nor marks it as locked', async () => {
    const turn = await go(store, 'untouched')
    await store.commit('untouched', turn, 'the-token', LONG_MS)
    const row = async () =>
      (await pool.query(`select ctid, xmin, xmax from ${table} where key = 'untouched'`)).rows
    const before = await row()
    await store.begin('untouched', ask({ lease: 'b' }))
    await store.inspect('untouched')
    expect(await row()).toEqual(before)
  })

  test('begin waits behind a lock, and counts its lease from when it got the row', async () => {
    await store.abandon('behind-lock', await go(store, 'behind-lock'))
    const { turn, unlockedAt } = await whileLocked(pool, table, 'behind-lock', async (end, pid) => {
      const begun = store.begin('behind-lock', ask({ lease: 'b', leaseMs: LONG_MS }))
      await until(() => isWaitedFor(pool, pid))
      await sleep(HELD_MS)
      const now = await serverNow()
      await end()
      return { turn: await begun, unlockedAt: now }
    })
    expect(turn).toMatchObject({ kind: 'go', used: 2 })
    expect((turn as { at: number }).at).toBeGreaterThanOrEqual(unlockedAt)
    const next = await store.begin('behind-lock', ask({ lease: 'c' }))
    expect(next).toMatchObject({ kind: 'wait' })
    expect((next as { ms: number }).ms + (await serverNow())).toBeGreaterThanOrEqual(unlockedAt + LONG_MS)
  })

  test.each(['abandon', 'forget'] as const)(
    '%s counts its quiet from when it got the row, although the row was rewritten meanwhile',
    async (operation) => {
      const key = `rewritten-${operation}`
      const turn = await go(store, key)
      const holder = await pool.connect()
      await holder.query('begin')
      await holder.query(`update ${table} set window_ms = window_ms + 1 where key = $1`, [key])
      const pid = await pidOf(holder)
      const quiet = { reason: 'dead', ms: LONG_MS } as const
      const ended = operation === 'abandon' ? store.abandon(key, turn, { quiet }) : store.forget(key, quiet)
      await until(() => isWaitedFor(pool, pid))
      await sleep(HELD_MS)
      const unlockedAt = await serverNow()
      await holder.query('commit')
      holder.release()
      await ended
      const left = (await store.inspect(key))?.quiet?.ms ?? 0
      expect(left + (await serverNow())).toBeGreaterThanOrEqual(unlockedAt + LONG_MS)
    },
  )

  test('a lock whose holder dies is let go', async () => {
    await store.abandon('dying', await go(store, 'dying'))
    const holder = openPool({ max: 1 })
    const client = await holder.connect()
    client.on('error', () => {})
    const pid = await pidOf(client)
    await client.query('begin')
    await client.query(`select from ${table} where key = 'dying' for update`)
    const begun = store.begin('dying', ask({ lease: 'b' }))
    await until(() => isWaitedFor(pool, pid))
    await pool.query('select pg_terminate_backend($1)', [pid])
    expect(await begun).toMatchObject({ kind: 'go', lease: 'b' })
    client.release(true)
    await holder.end()
  })

  test('a holder of the lease who dies is waited for as long as the lease lasts, and no longer', async () => {
    await go(store, 'dead-holder', { leaseMs: LONG_MS })
    const turn = await store.begin('dead-holder', ask({ lease: 'b' }))
    expect(turn.kind).toBe('wait')
    // So much time passes for the row.
    await pool.query(
      `update ${table} set lease_at = lease_at - $2, lease_ends_at = lease_ends_at - $2 where key = $1`,
      ['dead-holder', (turn as { ms: number }).ms + 1],
    )
    expect(await store.begin('dead-holder', ask({ lease: 'b' }))).toMatchObject({ kind: 'go', used: 2 })
  })

  test.each([
    { ends: 'commit', want: { kind: 'wait' }, statements: 2 },
    { ends: 'rollback', want: { kind: 'go', lease: 'b', used: 1 }, statements: 1 },
  ])(
    'whoever meets a new row that nobody can see yet learns how it ended: $ends',
    async ({ ends, want, statements }) => {
      const key = `unseen-${ends}`
      const first = await pool.connect()
      const pid = await pidOf(first)
      await first.query('begin')
      await go(postgresTokenStore(first, { schema }), key)
      const { counted, texts } = counting(pool)
      const second = postgresTokenStore(counted, { schema }).begin(key, ask({ lease: 'b' }))
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
    const turn = await go(store, 'counted')
    steps.push(() => counts.begin('counted', ask({ lease: 'b' })))
    steps.push(() => counts.begin('counted-new', ask()))
    steps.push(() => counts.commit('counted', turn, 'the-token', LONG_MS))
    steps.push(() => counts.begin('counted', ask({ lease: 'b' })))
    steps.push(() => counts.abandon('counted', turn, { unspent: true }))
    steps.push(() => counts.inspect('counted'))
    steps.push(() => counts.forget('counted'))
    for (const step of steps) {
      texts.length = 0
      await step()
      expect(texts).toHaveLength(1)
      expect(typeof texts[0]).toBe('string')
    }
  })

  test('a lost turn of a greater generation than the lease after it loses to forget, too', async () => {
    const far = Math.floor(await serverNow()) * 2
    const lost = await go(store, 'far', { newerThan: far, leaseMs: 1 })
    await sleep(5)
    await go(store, 'far', { lease: 'b' })
    await store.forget('far')
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
