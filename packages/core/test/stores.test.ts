import { describe, expect, test } from '@jest/globals'
import { memoryConnectionStore, memoryTokenStore } from '@zoho-auth/core'
import type { AcquireRequest } from '@zoho-auth/core/store'
import { connectionStoreContract, ManualClock, tokenStoreContract } from '@zoho-auth/core/testing'
import { QUICK } from '../../../checks/support/form.mjs'

tokenStoreContract(test, () => {
  const clock = new ManualClock()
  return { store: memoryTokenStore({ clock }), advance: (ms) => clock.advance(ms) }
})

connectionStoreContract(test, () => memoryConnectionStore())

const slow = QUICK ? describe.skip : describe

slow('many keys in memory', () => {
  /** As many as are kept. */
  const VISITS = 200_000
  const budget = { limit: 8, windowMs: 600_000 }
  const ask = (holder: string, minGeneration = 0): AcquireRequest => ({
    holder,
    minGeneration,
    leaseMs: 9_000,
    budget,
  })

  const many = () => {
    const clock = new ManualClock()
    const store = memoryTokenStore({ clock })
    const acquired = async (key: string, holder: string, minGeneration = 0) => {
      const result = await store.acquire(key, ask(holder, minGeneration))
      if (result.kind !== 'acquired') throw new Error(`expected "acquired" and got ${result.kind}`)
      return result.lease
    }
    /** What starting a consent does: a token record under a key of its own. */
    const visits = async (count: number, name = 'state') => {
      for (let visit = 0; visit < count; visit++) {
        const key = `${name}:${visit}`
        const uncounted = { ...ask('a'), budget: { limit: 10, windowMs: 1 } }
        const result = await store.acquire(key, uncounted)
        if (result.kind === 'acquired') await store.commit(key, result.lease, 'pending', 600_000)
        if (visit % 1_000 === 0) clock.jump(1)
      }
    }
    /** How many of the keys of `visits` are kept. */
    const kept = async (count: number, name = 'state') => {
      let rows = 0
      for (let visit = 0; visit < count; visit++)
        if ((await store.inspect(`${name}:${visit}`)) !== undefined) rows += 1
      return rows
    }
    return { clock, store, acquired, visits, kept }
  }

  // The oldest key was dropped whatever it held: 200 000 visits of /connect wiped out what grants had spent, and throttles.
  test('200 000 visits leave the budget, the throttle and the lease of a grant in place; the oldest visit goes', async () => {
    const { store, acquired, visits, kept } = many()
    let minGeneration = 0
    for (let used = 1; used <= 8; used++) {
      const lease = await acquired('spent', `lease ${used}`, minGeneration)
      await store.commit('spent', lease, 'the-token', 3_600_000)
      minGeneration = lease.generation
    }
    await store.release('throttled', await acquired('throttled', 'a'), {
      cooldown: { reason: 'throttled', ms: 600_000 },
    })
    for (let used = 1; used <= 3; used++)
      await store.release('failing', await acquired('failing', `lease ${used}`))
    await store.commit('once', await acquired('once', 'a'), 'the-token', 3_600_000)
    await acquired('held', 'a')
    await visits(VISITS)
    expect(await store.acquire('spent', ask('b', minGeneration))).toMatchObject({
      kind: 'cooldown',
      reason: 'budget',
    })
    expect(await store.acquire('throttled', ask('b'))).toMatchObject({
      kind: 'cooldown',
      reason: 'throttled',
    })
    expect(await store.inspect('failing')).toMatchObject({ used: 3 })
    expect(await store.inspect('once')).toMatchObject({ used: 1, token: { value: 'the-token' } })
    expect(await store.acquire('held', ask('b'))).toMatchObject({ kind: 'wait' })
    expect(await kept(VISITS)).toBe(VISITS - 5)
    // Where all weigh the same, the oldest goes.
    await visits(50_000, 'more')
    expect(await kept(50_000)).toBe(0)
    expect(await kept(50_000, 'more')).toBe(50_000)
  })

  test('what is over goes first, however much it weighed', async () => {
    const { clock, store, acquired, visits, kept } = many()
    for (let heavy = 0; heavy < 1_000; heavy++)
      await store.release(`heavy:${heavy}`, await acquired(`heavy:${heavy}`, 'a'), {
        cooldown: { reason: 'throttled', ms: 600_000 },
      })
    clock.jump(600_001)
    await visits(VISITS)
    expect(await kept(VISITS)).toBe(VISITS)
    expect(await kept(1_000, 'heavy')).toBe(0)
  })
})
