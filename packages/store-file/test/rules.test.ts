import { readFileSync, statSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import { memoryTokenStore } from '@zoho-auth/core'
import type { AcquireResult, RefreshLease } from '@zoho-auth/core/store'
import { ManualClock } from '@zoho-auth/core/testing'
import { fileTokenStore } from '@zoho-auth/store-file'
import fc from 'fast-check'
import { acquired, ask, filesIn, LONG_MS, temporaryFolder } from './support.js'

const folder = temporaryFolder()
let keys = 0

/** A store by hand, and a key of its own. */
function byHand() {
  const clock = new ManualClock()
  keys += 1
  return { clock, store: fileTokenStore(folder, { clock }), key: `key ${keys}` }
}

const reasons = ['dead', 'revoked', 'throttled', 'backoff'] as const
const cooldown = fc.record({ reason: fc.constantFrom(...reasons), ms: fc.integer({ min: 1, max: 40 }) })
const step = fc.oneof(
  fc.record({
    name: fc.constant('acquire' as const),
    holder: fc.constantFrom('a', 'b', 'c'),
    minGeneration: fc.constantFrom('none', 'seen'),
    leaseMs: fc.integer({ min: 1, max: 40 }),
  }),
  fc.record({
    name: fc.constant('commit' as const),
    which: fc.nat(5),
    lifeMs: fc.integer({ min: 1, max: 60 }),
  }),
  fc.record({
    name: fc.constant('release' as const),
    which: fc.nat(5),
    cooldown: fc.option(cooldown, { nil: undefined }),
    unspent: fc.boolean(),
  }),
  fc.record({ name: fc.constant('invalidate' as const), cooldown: fc.option(cooldown, { nil: undefined }) }),
  fc.record({ name: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 60 }) }),
)

test('whatever happens in whatever order, it answers as the memory store does', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const { clock, store, key } = byHand()
      const stores = [store, memoryTokenStore({ clock })] as const
      const leases: RefreshLease[] = []
      for (const step of steps) {
        const answers: unknown[] = []
        if (step.name === 'wait') clock.jump(step.ms)
        for (const one of stores) {
          const lease =
            step.name === 'commit' || step.name === 'release' ? leases.at(-1 - step.which) : undefined
          if (step.name === 'acquire')
            answers.push(
              await one.acquire(
                key,
                ask({
                  holder: step.holder,
                  leaseMs: step.leaseMs,
                  minGeneration: step.minGeneration === 'none' ? 0 : (leases.at(-1)?.generation ?? 0),
                  budget: { limit: 4, windowMs: 100 },
                }),
              ),
            )
          else if (step.name === 'commit' && lease)
            answers.push(await one.commit(key, lease, `token ${lease.generation}`, step.lifeMs))
          else if (step.name === 'release' && lease)
            answers.push(await one.release(key, lease, { cooldown: step.cooldown, unspent: step.unspent }))
          else if (step.name === 'invalidate') answers.push(await one.invalidate(key, step.cooldown))
        }
        expect(answers[0]).toEqual(answers[1])
        const result = answers[0] as Partial<AcquireResult> | undefined
        if (result?.kind === 'acquired' && result.lease) leases.push(result.lease)
        const [mine, theirs] = await Promise.all(stores.map((one) => one.inspect(key)))
        expect(mine).toEqual(theirs)
      }
    }),
    { numRuns: 60 },
  )
})

test('a clock set back by a day blocks nothing for longer than its own duration', async () => {
  const { clock, store, key } = byHand()
  await acquired(store, key, { holder: 'a', leaseMs: 5_000 })
  clock.jump(-86_400_000)
  const result = await store.acquire(key, ask({ holder: 'b' }))
  expect(result).toEqual({ kind: 'wait', ms: 5_000 })
  clock.jump(5_001)
  const next = await acquired(store, key, { holder: 'b' })
  expect(next.used).toBe(2)
  await store.release(key, next, { cooldown: { reason: 'backoff', ms: 3_000 } })
  clock.jump(-86_400_000)
  expect(await store.acquire(key, ask({ holder: 'c' }))).toEqual({
    kind: 'cooldown',
    reason: 'backoff',
    ms: 3_000,
  })
  clock.jump(3_001)
  expect((await acquired(store, key, { holder: 'c' })).generation).toBeGreaterThan(0)
})

test('a spent budget comes back one window after the clock was set back', async () => {
  const { clock, store, key } = byHand()
  const budget = { limit: 1, windowMs: 10_000 }
  await store.release(key, await acquired(store, key, { budget }))
  clock.jump(-86_400_000)
  expect(await store.acquire(key, ask({ budget }))).toEqual({
    kind: 'cooldown',
    reason: 'budget',
    ms: 10_000,
  })
  clock.jump(10_001)
  await acquired(store, key, { budget })
})

test('a token whose age cannot be known any more is not handed out, and its successor has a greater number', async () => {
  const { clock, store, key } = byHand()
  const lease = await acquired(store, key)
  await store.commit(key, lease, 'the-token', LONG_MS)
  clock.jump(-86_400_000)
  expect((await store.inspect(key))?.token).toBeUndefined()
  const next = await acquired(store, key, { holder: 'b' })
  expect(next.generation).toBeGreaterThan(lease.generation)
  expect((await store.commit(key, next, 'the-next', LONG_MS))?.lifeMs).toBe(LONG_MS)
})

test('a clock set back between begin and commit does not lengthen a life', async () => {
  const { clock, store, key } = byHand()
  const lease = await acquired(store, key)
  clock.jump(-86_400_000)
  expect((await store.commit(key, lease, 'the-token', LONG_MS))?.lifeMs).toBe(LONG_MS)
  expect((await store.inspect(key))?.token?.lifeMs).toBe(LONG_MS)
})

test('a clock that lags by a moment, as between two cores, changes nothing', async () => {
  const { clock, store, key } = byHand()
  const lease = await acquired(store, key)
  await store.commit(key, lease, 'the-token', LONG_MS)
  clock.jump(-5_000)
  expect((await store.acquire(key, ask({ holder: 'b' }))).kind).toBe('hit')
})

test('invalidate outruns a lease that was lost, whatever number it had', async () => {
  const { clock, store, key } = byHand()
  const far = await acquired(store, key, { holder: 'far', leaseMs: 10, minGeneration: clock.now() * 2 })
  clock.jump(11)
  await acquired(store, key, { holder: 'near' })
  await store.invalidate(key)
  expect(await store.commit(key, far, 'too-late', LONG_MS)).toBeUndefined()
})

test('what killed processes began does not pile up in the record', async () => {
  const { clock, store, key } = byHand()
  const budget = { limit: 3, windowMs: 100 }
  for (let round = 0; round < 50; round++) {
    await acquired(store, key, { holder: `killed ${round}`, leaseMs: 1, budget })
    clock.jump(50)
  }
  expect((await store.inspect(key))?.used).toBeLessThanOrEqual(2)
  const [file = ''] = filesIn(folder).filter((name) => readFileSync(name, 'utf8').includes(`"${key}"`))
  expect(statSync(file).size).toBeLessThan(5_000)
})
