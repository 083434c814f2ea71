import { readFileSync, statSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import { memoryTokenStore } from '@zoho-auth/core'
import { ManualClock } from '@zoho-auth/core/testing'
import { fileTokenStore } from '@zoho-auth/store-file'
import fc from 'fast-check'
import { ask, filesIn, go, LONG_MS, temporaryFolder } from './support.js'

const folder = temporaryFolder()
let keys = 0

/** A store by hand, and a key of its own. */
function byHand() {
  const clock = new ManualClock()
  keys += 1
  return { clock, store: fileTokenStore(folder, { clock }), key: `key ${keys}` }
}

const reasons = ['dead', 'revoked', 'throttled', 'backoff'] as const
const quiet = fc.record({ reason: fc.constantFrom(...reasons), ms: fc.integer({ min: 1, max: 40 }) })
const step = fc.oneof(
  fc.record({
    name: fc.constant('begin' as const),
    lease: fc.constantFrom('a', 'b', 'c'),
    newerThan: fc.constantFrom('none', 'seen'),
    leaseMs: fc.integer({ min: 1, max: 40 }),
  }),
  fc.record({
    name: fc.constant('commit' as const),
    which: fc.nat(5),
    lifeMs: fc.integer({ min: 1, max: 60 }),
  }),
  fc.record({
    name: fc.constant('abandon' as const),
    which: fc.nat(5),
    quiet: fc.option(quiet, { nil: undefined }),
    unspent: fc.boolean(),
  }),
  fc.record({ name: fc.constant('forget' as const), quiet: fc.option(quiet, { nil: undefined }) }),
  fc.record({ name: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 60 }) }),
)

test('whatever happens in whatever order, it answers as the memory store does', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const { clock, store, key } = byHand()
      const stores = [store, memoryTokenStore({ clock })] as const
      const turns: Awaited<ReturnType<typeof go>>[] = []
      for (const step of steps) {
        const answers: unknown[] = []
        if (step.name === 'wait') clock.jump(step.ms)
        for (const one of stores) {
          const turn =
            step.name === 'commit' || step.name === 'abandon' ? turns.at(-1 - step.which) : undefined
          if (step.name === 'begin')
            answers.push(
              await one.begin(
                key,
                ask({
                  lease: step.lease,
                  leaseMs: step.leaseMs,
                  newerThan: step.newerThan === 'none' ? 0 : (turns.at(-1)?.generation ?? 0),
                  budget: { limit: 4, windowMs: 100 },
                }),
              ),
            )
          else if (step.name === 'commit' && turn)
            answers.push(await one.commit(key, turn, `token ${turn.generation}`, step.lifeMs))
          else if (step.name === 'abandon' && turn)
            answers.push(await one.abandon(key, turn, { quiet: step.quiet, unspent: step.unspent }))
          else if (step.name === 'forget') answers.push(await one.forget(key, step.quiet))
        }
        expect(answers[0]).toEqual(answers[1])
        const turn = answers[0] as { kind?: string } | undefined
        if (turn?.kind === 'go') turns.push(turn as Awaited<ReturnType<typeof go>>)
        const [mine, theirs] = await Promise.all(stores.map((one) => one.inspect(key)))
        // A row that was only asked about is a row in memory, and no file.
        expect(mine ?? { used: 0 }).toEqual(theirs ?? { used: 0 })
      }
    }),
    { numRuns: 60 },
  )
})

test('a clock set back by a day blocks nothing for longer than its own duration', async () => {
  const { clock, store, key } = byHand()
  await go(store, key, { lease: 'a', leaseMs: 5_000 })
  clock.jump(-86_400_000)
  const turn = await store.begin(key, ask({ lease: 'b' }))
  expect(turn).toEqual({ kind: 'wait', ms: 5_000 })
  clock.jump(5_001)
  const next = await go(store, key, { lease: 'b' })
  expect(next.used).toBe(2)
  await store.abandon(key, next, { quiet: { reason: 'backoff', ms: 3_000 } })
  clock.jump(-86_400_000)
  expect(await store.begin(key, ask({ lease: 'c' }))).toEqual({ kind: 'quiet', reason: 'backoff', ms: 3_000 })
  clock.jump(3_001)
  expect((await go(store, key, { lease: 'c' })).generation).toBeGreaterThan(0)
})

test('a spent budget comes back one window after the clock was set back', async () => {
  const { clock, store, key } = byHand()
  const budget = { limit: 1, windowMs: 10_000 }
  await store.abandon(key, await go(store, key, { budget }))
  clock.jump(-86_400_000)
  expect(await store.begin(key, ask({ budget }))).toEqual({ kind: 'quiet', reason: 'budget', ms: 10_000 })
  clock.jump(10_001)
  await go(store, key, { budget })
})

test('a token whose age cannot be known any more is not handed out, and its successor has a greater number', async () => {
  const { clock, store, key } = byHand()
  const turn = await go(store, key)
  await store.commit(key, turn, 'the-token', LONG_MS)
  clock.jump(-86_400_000)
  expect((await store.inspect(key))?.token).toBeUndefined()
  const next = await go(store, key, { lease: 'b' })
  expect(next.generation).toBeGreaterThan(turn.generation)
  expect((await store.commit(key, next, 'the-next', LONG_MS))?.lifeMs).toBe(LONG_MS)
})

test('a clock set back between begin and commit does not lengthen a life', async () => {
  const { clock, store, key } = byHand()
  const turn = await go(store, key)
  clock.jump(-86_400_000)
  expect((await store.commit(key, turn, 'the-token', LONG_MS))?.lifeMs).toBe(LONG_MS)
  expect((await store.inspect(key))?.token?.lifeMs).toBe(LONG_MS)
})

test('a clock that lags by a moment, as between two cores, changes nothing', async () => {
  const { clock, store, key } = byHand()
  const turn = await go(store, key)
  await store.commit(key, turn, 'the-token', LONG_MS)
  clock.jump(-5_000)
  expect((await store.begin(key, ask({ lease: 'b' }))).kind).toBe('adopt')
})

test('forget outruns a turn whose lease was lost, whatever number it had', async () => {
  const { clock, store, key } = byHand()
  const far = await go(store, key, { lease: 'far', leaseMs: 10, newerThan: clock.now() * 2 })
  clock.jump(11)
  await go(store, key, { lease: 'near' })
  await store.forget(key)
  expect(await store.commit(key, far, 'too-late', LONG_MS)).toBeUndefined()
})

test('what killed processes began does not pile up in the record', async () => {
  const { clock, store, key } = byHand()
  const budget = { limit: 3, windowMs: 100 }
  for (let round = 0; round < 50; round++) {
    await go(store, key, { lease: `killed ${round}`, leaseMs: 1, budget })
    clock.jump(50)
  }
  expect((await store.inspect(key))?.used).toBeLessThanOrEqual(2)
  const [file = ''] = filesIn(folder).filter((name) => readFileSync(name, 'utf8').includes(`"${key}"`))
  expect(statSync(file).size).toBeLessThan(5_000)
})
