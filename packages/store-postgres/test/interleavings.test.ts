import { randomInt } from 'node:crypto'
import { expect, test } from '@jest/globals'
import { type CooldownReason, memoryTokenStore, type TokenStore } from '@zoho-auth/core'
import type { RefreshLease } from '@zoho-auth/core/store'
import { postgresTokenStore } from '../src/index.js'
import { database, onPostgres, openPool, sleep } from './support.js'

/** A seed that failed is run again with `SEED=…`. */
const SEED = Number(process.env.SEED ?? randomInt(2 ** 31))

/** Time passes in steps of this, in milliseconds: half a step is longer than a test may take. */
const STEP_MS = 1_000_000

/** Durations end half a step off, so that real milliseconds decide nothing, on a slow machine either. */
const lasting = (steps: number): number => steps * STEP_MS + STEP_MS / 2

/** Clocks of this process and of the server, and the way between them, may differ by this much, in milliseconds. */
const SLACK_MS = 20

onPostgres('in any order', () => {
  const { pool, schema } = database()
  const table = `${schema}.zoho_auth_tokens`

  /** Time passes for one row: all its instants move into the past. */
  const age = (key: string, ms: number) =>
    pool.query(
      `update ${table} set ends_at = ends_at - $2, lease_at = lease_at - $2, lease_ends_at = lease_ends_at - $2,
        throttled_until = throttled_until - $2, cooldown_until = cooldown_until - $2,
        tried_at = array(select u - $2 from unnest(tried_at) u)
      where key = $1`,
      [key, ms],
    )

  test.each(Array.from({ length: 30 }, (_, run) => SEED + run))(
    'it answers as the memory store does, seed %i',
    async (seed) => {
      const random = seeded(seed)
      const key = `model-${seed}`
      let passed = 0
      const stores: TokenStore[] = [
        memoryTokenStore({ clock: { now: () => Date.now() + passed, sleep } }),
        postgresTokenStore(pool, { schema }),
      ]
      const leases: (RefreshLease | undefined)[][] = []
      const budget = { limit: 4, windowMs: lasting(10) }
      const newest = [0, 0]
      for (let step = 0; step < 50; step++) {
        await sleep(2)
        const what = random(11)
        const who = random(4)
        const picked = leases.at(-1 - random(4))
        const cooldown = {
          reason: (['dead', 'throttled', 'backoff', 'revoked'] as const)[random(4)] as CooldownReason,
          ms: lasting(random(5)),
        }
        const [pass, unspent, refuses, quietly] = [
          random(4) * STEP_MS,
          random(2) === 0,
          random(3) === 0,
          random(3) === 0,
        ]
        const answers: unknown[] = []
        const acquired: (RefreshLease | undefined)[] = []
        // Leases older than a window have left the log: what their ends say then, stores may take or leave.
        const current = (picked?.[0]?.at ?? 0) > Date.now() + passed - budget.windowMs
        for (const [index, store] of stores.entries()) {
          const lease = current ? picked?.[index] : undefined
          if (what < 4) {
            const answer = await store.acquire(key, {
              holder: `holder-${who}`,
              minGeneration: refuses ? (newest[index] ?? 0) : 0,
              leaseMs: lasting(1),
              budget,
            })
            acquired.push(answer.kind === 'acquired' ? answer.lease : undefined)
            answers.push(comparable(answer))
          } else if (what < 6 && lease) {
            const stored = await store.commit(key, lease, `token-${step}`, lasting(5))
            newest[index] = Math.max(newest[index] ?? 0, stored?.generation ?? 0)
            answers.push(comparable(stored))
          } else if (what < 8 && lease) {
            answers.push(
              await store.release(key, lease, { unspent, cooldown: quietly ? cooldown : undefined }),
            )
          } else if (what === 8 && quietly) {
            answers.push(await store.invalidate(key, unspent ? cooldown : undefined))
          }
        }
        if (acquired.some((lease) => lease !== undefined)) leases.push(acquired)
        if (what > 8) {
          passed += pass
          await age(key, pass)
          for (const both of leases) if (both[1]) both[1] = { ...both[1], at: both[1].at - pass }
        }
        const records = await Promise.all(stores.map((store) => store.inspect(key)))
        expect([seed, step, answers[1], comparable(records[1])]).toEqual([
          seed,
          step,
          answers[0],
          comparable(records[0]),
        ])
      }
    },
  )

  test(`processes that do anything at any time share one lease, one budget and one newest token, seed ${SEED}`, async () => {
    const pools = Array.from({ length: 4 }, () => openPool({ max: 4 }))
    const budget = { limit: 5, windowMs: 400 }
    const leaseMs = 60
    const gone: { key: string; lease: RefreshLease; endedAt: number; givenBack: boolean }[] = []
    const faults: string[] = []

    const process = async (index: number): Promise<void> => {
      const random = seeded(SEED + index)
      const store = postgresTokenStore(pools[index % pools.length] ?? pool, { schema })
      const newest = new Map<string, number>()
      for (let step = 0; step < 60; step++) {
        const key = `shared-${random(3)}`
        const minGeneration = random(2) === 0 ? (newest.get(key) ?? 0) : 0
        const result = await store.acquire(key, {
          holder: `${index}-${step}`,
          minGeneration,
          leaseMs,
          budget,
        })
        if (result.kind === 'hit') {
          if (result.token.generation <= minGeneration) faults.push(`${key}: handed out what was refused`)
          newest.set(key, Math.max(newest.get(key) ?? 0, result.token.generation))
        }
        if (result.kind !== 'acquired') {
          await sleep(random(10))
          continue
        }
        const { lease } = result
        const entry = { key, lease, endedAt: Number.POSITIVE_INFINITY, givenBack: false }
        gone.push(entry)
        await sleep(random(5) === 0 ? leaseMs * 2 : random(10))
        entry.endedAt = Date.now()
        const end = random(4)
        if (end < 2) {
          const stored = await store.commit(key, lease, `${key}/${lease.generation}`, 150)
          if (stored && stored.generation < lease.generation) faults.push(`${key}: an older token won`)
          if (stored && stored.value !== `${key}/${stored.generation}`) faults.push(`${key}: mixed up`)
        } else {
          entry.givenBack = end === 3
          await store.release(key, lease, { unspent: entry.givenBack })
        }
      }
    }
    await Promise.all(Array.from({ length: 12 }, (_, index) => process(index)))
    await Promise.all(pools.map((one) => one.end()))

    expect(gone.length).toBeGreaterThan(20)
    const byStart = gone.toSorted((a, b) => a.lease.at - b.lease.at)
    for (const [index, entry] of byStart.entries()) {
      for (const earlier of byStart.slice(0, index)) {
        if (earlier.key !== entry.key) continue
        const freeAt = Math.min(earlier.endedAt, earlier.lease.at + leaseMs)
        if (entry.lease.at < freeAt - SLACK_MS) faults.push(`${entry.key}: two leases at once`)
      }
      const counted = byStart.filter(
        ({ key, lease, givenBack }) =>
          key === entry.key &&
          !givenBack &&
          lease.at <= entry.lease.at &&
          lease.at > entry.lease.at - budget.windowMs,
      )
      if (counted.length > budget.limit || entry.lease.used > budget.limit)
        faults.push(`${entry.key}: over budget`)
    }
    expect(faults).toEqual([])
  })
})

/** What two stores with different clocks must agree on. Times are told in half steps. */
function comparable(answer: unknown): unknown {
  return JSON.parse(
    JSON.stringify(answer ?? null, (name, value) => {
      if (name === 'generation' || name === 'at') return undefined
      return name === 'ms' || name.endsWith('Ms') ? Math.ceil(value / (STEP_MS / 2)) : value
    }),
  )
}

/** A small generator (mulberry32), so that a run can be repeated. */
function seeded(seed: number): (below: number) => number {
  let state = seed | 0
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}
