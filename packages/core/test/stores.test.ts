import { describe, expect, test } from '@jest/globals'
import { type BeginRequest, memoryConnectionStore, memoryTokenStore } from '@zoho-auth/core'
import { connectionStoreContract, ManualClock, tokenStoreContract } from '@zoho-auth/core/testing'

tokenStoreContract(test, () => {
  const clock = new ManualClock()
  return { store: memoryTokenStore({ clock }), advance: (ms) => clock.advance(ms) }
})

connectionStoreContract(test, () => memoryConnectionStore())

describe('many keys in memory', () => {
  /** As many as are kept. */
  const VISITS = 200_000
  const budget = { limit: 8, windowMs: 600_000 }
  const ask = (lease: string, newerThan = 0): BeginRequest => ({ lease, newerThan, leaseMs: 9_000, budget })

  const many = () => {
    const clock = new ManualClock()
    const store = memoryTokenStore({ clock })
    const go = async (key: string, lease: string, newerThan = 0) => {
      const turn = await store.begin(key, ask(lease, newerThan))
      if (turn.kind !== 'go') throw new Error(`expected "go" and got ${turn.kind}`)
      return turn
    }
    /** What starting a consent does: a token record under a key of its own. */
    const visits = async (count: number, name = 'state') => {
      for (let visit = 0; visit < count; visit++) {
        const key = `${name}:${visit}`
        const uncounted = { ...ask('a'), budget: { limit: 10, windowMs: 1 } }
        const turn = await store.begin(key, uncounted)
        if (turn.kind === 'go') await store.commit(key, turn, 'pending', 600_000)
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
    return { clock, store, go, visits, kept }
  }

  // The oldest key was dropped whatever it held: 200 000 visits of /connect wiped out what grants had spent, and throttles.
  test('200 000 visits leave the budget, the throttle and the lease of a grant in place', async () => {
    const { store, go, visits, kept } = many()
    let newerThan = 0
    for (let used = 1; used <= 8; used++) {
      const turn = await go('spent', `turn ${used}`, newerThan)
      await store.commit('spent', turn, 'the-token', 3_600_000)
      newerThan = turn.generation
    }
    await store.abandon('throttled', await go('throttled', 'a'), {
      quiet: { reason: 'throttled', ms: 600_000 },
    })
    for (let used = 1; used <= 3; used++) await store.abandon('failing', await go('failing', `turn ${used}`))
    await store.commit('once', await go('once', 'a'), 'the-token', 3_600_000)
    await go('held', 'a')
    await visits(VISITS)
    expect(await store.begin('spent', ask('b', newerThan))).toMatchObject({ kind: 'quiet', reason: 'budget' })
    expect(await store.begin('throttled', ask('b'))).toMatchObject({ kind: 'quiet', reason: 'throttled' })
    expect(await store.inspect('failing')).toMatchObject({ used: 3 })
    expect(await store.inspect('once')).toMatchObject({ used: 1, token: { value: 'the-token' } })
    expect(await store.begin('held', ask('b'))).toMatchObject({ kind: 'wait' })
    expect(await kept(VISITS)).toBe(VISITS - 5)
  })

  test('what is over goes first, however much it weighed', async () => {
    const { clock, store, go, visits, kept } = many()
    for (let heavy = 0; heavy < 1_000; heavy++)
      await store.abandon(`heavy:${heavy}`, await go(`heavy:${heavy}`, 'a'), {
        quiet: { reason: 'throttled', ms: 600_000 },
      })
    clock.jump(600_001)
    await visits(VISITS)
    expect(await kept(VISITS)).toBe(VISITS)
    expect(await kept(1_000, 'heavy')).toBe(0)
  })

  test('where all weigh the same, the oldest goes', async () => {
    const { visits, kept } = many()
    await visits(VISITS)
    await visits(50_000, 'more')
    expect(await kept(50_000)).toBe(0)
    expect(await kept(50_000, 'more')).toBe(50_000)
  })
})
