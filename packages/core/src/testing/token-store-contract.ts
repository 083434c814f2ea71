import type { AcquireRequest, AcquireResult, RefreshLease, TokenStore } from '../stores/ports.js'
import { freshKey, type Open, type TestFunction, type Wait, withStore } from './contract.js'
import { answersAsReference, holdsWhenInterleaved } from './token-store-interleavings.js'

/** Long enough never to end in a test, in milliseconds. */
const LONG_MS = 60_000
/** Short enough to wait for, and long enough for a store's round trips, in milliseconds. */
const SHORT_MS = 150
/** What a clock of a store may be off, or round, in milliseconds. */
const SLACK_MS = 50
/** Callers at once. */
const CROWD = 16
/** Keys that are written to once, so that a store which drops old ones does. */
const VISITS = 64
/** Until nothing is left of a key that any store would keep, in milliseconds (one day). */
const DAY_MS = 86_400_000

/**
 * The rules of `TokenStore`, as tests for any store.
 *
 * ```ts
 * tokenStoreContract(test, () => myTokenStore())
 * tokenStoreContract(test, () => ({ store, advance: (ms) => clock.advance(ms) }))
 * ```
 *
 * Two of the rules try random programs of operations, and need the package `fast-check`.
 *
 * @param test The `test` function of the runner.
 * @param open Opens the store; called once per test. Each test uses keys of its own, so a shared database is fine.
 */
export function tokenStoreContract(test: TestFunction, open: Open<TokenStore>): void {
  const rule = (
    name: string,
    run: (store: TokenStore, key: string, wait: Wait, ownTime: boolean) => Promise<void>,
  ) =>
    test(`token store: ${name}`, () =>
      withStore(open, (store, wait, ownTime) => run(store, freshKey(), wait, ownTime)))

  rule('an unknown key may be refreshed', async (store, key) => {
    const { used, failures, generation } = await acquired(store, key)
    same(used, 1)
    same(failures, 0)
    holds(generation > 0, 'a generation is above 0')
  })

  rule('who holds the lease gets it again', async (store, key) => {
    const first = await acquired(store, key, { holder: 'a' })
    const again = await acquired(store, key, { holder: 'a' })
    same(JSON.stringify(again), JSON.stringify(first))
  })

  rule('others wait as long as the lease lasts', async (store, key) => {
    await acquired(store, key, { holder: 'a', leaseMs: LONG_MS })
    const result = await store.acquire(key, ask({ holder: 'b' }))
    same(result.kind, 'wait')
    between((result as { ms: number }).ms, LONG_MS - 5_000, LONG_MS)
  })

  rule('a lease that ended can be taken', async (store, key, wait) => {
    const lost = await acquired(store, key, { holder: 'a', leaseMs: SHORT_MS })
    await wait(SHORT_MS + SLACK_MS)
    const lease = await acquired(store, key, { holder: 'b' })
    holds(lease.generation >= lost.generation, 'generations never shrink')
    same(lease.used, 2)
  })

  rule('of many who acquire at once exactly one gets the lease', async (store, key) => {
    const results = await Promise.all(
      Array.from({ length: CROWD }, (_, index) => store.acquire(key, ask({ holder: `caller-${index}` }))),
    )
    same(results.filter(({ kind }) => kind === 'acquired').length, 1)
    same(results.filter(({ kind }) => kind === 'wait').length, CROWD - 1)
  })

  rule('a committed token is a hit for everyone else', async (store, key) => {
    const lease = await acquired(store, key)
    const stored = await store.commit(key, lease, 'the-token', LONG_MS)
    same(stored?.value, 'the-token')
    same(stored?.generation, lease.generation)
    const result = await store.acquire(key, ask({ holder: 'b' }))
    same(result.kind, 'hit')
    const { token } = result as Extract<AcquireResult, { kind: 'hit' }>
    same(token.value, 'the-token')
    same(token.generation, lease.generation)
    between(token.lifeMs, LONG_MS - 5_000, LONG_MS)
  })

  rule('a token that the caller refuses is no hit', async (store, key) => {
    const lease = await acquired(store, key)
    await store.commit(key, lease, 'refused', LONG_MS)
    const next = await acquired(store, key, { holder: 'b', minGeneration: lease.generation })
    holds(next.generation > lease.generation, 'a new lease has a greater generation')
  })

  rule('a hit comes before cooldown, lease and budget', async (store, key) => {
    const first = await acquired(store, key)
    await store.commit(key, first, 'the-token', LONG_MS)
    const second = await acquired(store, key, { holder: 'b', minGeneration: first.generation })
    await store.release(key, second, { cooldown: { reason: 'throttled', ms: LONG_MS } })
    same((await store.acquire(key, ask({ holder: 'c' }))).kind, 'hit')
  })

  rule('a token whose life is over is no hit', async (store, key, wait) => {
    const lease = await acquired(store, key)
    await store.commit(key, lease, 'short', SHORT_MS)
    await wait(SHORT_MS + SLACK_MS)
    same((await store.acquire(key, ask({ holder: 'b' }))).kind, 'acquired')
  })

  rule('life is counted from acquire, so a late commit cannot lengthen it', async (store, key, wait) => {
    const lease = await acquired(store, key)
    await wait(SHORT_MS)
    const stored = await store.commit(key, lease, 'late', LONG_MS)
    between(stored?.lifeMs ?? -1, 0, LONG_MS - SHORT_MS + SLACK_MS)
  })

  rule('the greater generation wins, whoever commits last', async (store, key, wait) => {
    const slow = await acquired(store, key, { holder: 'slow', leaseMs: SHORT_MS })
    await wait(SHORT_MS + SLACK_MS)
    const fast = await acquired(store, key, { holder: 'fast', minGeneration: slow.generation })
    await store.commit(key, fast, 'newer', LONG_MS)
    const loser = await store.commit(key, slow, 'older', LONG_MS)
    same(loser?.value, 'newer')
    same(loser?.generation, fast.generation)
  })

  rule('a commit counts although its lease is lost', async (store, key, wait) => {
    const lease = await acquired(store, key, { leaseMs: SHORT_MS })
    await wait(SHORT_MS + SLACK_MS)
    same((await store.commit(key, lease, 'still-good', LONG_MS))?.value, 'still-good')
  })

  rule('a commit frees its own lease and nobody else’s', async (store, key, wait) => {
    const lost = await acquired(store, key, { holder: 'lost', leaseMs: SHORT_MS })
    await wait(SHORT_MS + SLACK_MS)
    const held = await acquired(store, key, { holder: 'held', minGeneration: lost.generation + 1 })
    await store.commit(key, lost, 'older', LONG_MS)
    same((await store.acquire(key, ask({ holder: 'c', minGeneration: held.generation }))).kind, 'wait')
    await store.commit(key, held, 'newer', LONG_MS)
    same((await store.acquire(key, ask({ holder: 'c', minGeneration: held.generation }))).kind, 'acquired')
  })

  rule('generations grow beyond what a caller has seen elsewhere', async (store, key) => {
    const far = Date.now() * 4
    const lease = await acquired(store, key, { minGeneration: far })
    holds(lease.generation > far, 'greater than minGeneration')
  })

  rule('release frees the lease', async (store, key) => {
    await store.release(key, await acquired(store, key, { holder: 'a' }))
    same((await store.acquire(key, ask({ holder: 'b' }))).kind, 'acquired')
  })

  rule('release leaves the lease of others alone', async (store, key, wait) => {
    const lost = await acquired(store, key, { holder: 'lost', leaseMs: SHORT_MS })
    await wait(SHORT_MS + SLACK_MS)
    await acquired(store, key, { holder: 'held' })
    await store.release(key, lost)
    same((await store.acquire(key, ask({ holder: 'c' }))).kind, 'wait')
  })

  rule('cooldown is told to everyone, with its reason, until it ends', (store, key, wait) =>
    inTime(async (ms, attempt) => {
      const own = `${key}:${attempt}`
      const first = await acquired(store, own)
      const asked = await timed(async () => {
        await store.release(own, first, { cooldown: { reason: 'backoff', ms } })
        return store.acquire(own, ask({ holder: 'b' }))
      })
      if (asked.tookMs >= ms) return 'late'
      same(asked.answer.kind, 'cooldown')
      same((asked.answer as { reason?: string }).reason, 'backoff')
      await wait(ms + SLACK_MS)
      same((await store.acquire(own, ask({ holder: 'b' }))).kind, 'acquired')
      return 'in time'
    }),
  )

  rule('failures are counted until a token comes', async (store, key, wait) => {
    for (const failures of [0, 1, 2]) {
      const lease = await acquired(store, key, { holder: `lease-${failures}` })
      same(lease.failures, failures)
      same(lease.lastCooldown, failures === 0 ? undefined : 'dead')
      await store.release(key, lease, { cooldown: { reason: 'dead', ms: 1 } })
      await wait(SLACK_MS)
    }
    const last = await acquired(store, key, { holder: 'last' })
    await store.commit(key, last, 'the-token', LONG_MS)
    same((await acquired(store, key, { holder: 'next', minGeneration: last.generation })).failures, 0)
  })

  rule('the later end of two cooldowns wins', async (store, key, wait) => {
    const lost = await acquired(store, key, { holder: 'lost', leaseMs: SHORT_MS })
    await wait(SHORT_MS + SLACK_MS)
    await store.release(key, await acquired(store, key, { holder: 'b' }), {
      cooldown: { reason: 'dead', ms: LONG_MS },
    })
    await store.release(key, lost, { cooldown: { reason: 'backoff', ms: SHORT_MS } })
    const result = await store.acquire(key, ask({ holder: 'c' }))
    same((result as { reason?: string }).reason, 'dead')
  })

  rule('a cooldown comes too late once something newer was committed', async (store, key, wait) => {
    const slow = await acquired(store, key, { holder: 'slow', leaseMs: SHORT_MS })
    await wait(SHORT_MS + SLACK_MS)
    const fast = await acquired(store, key, { holder: 'fast', minGeneration: slow.generation })
    await store.commit(key, fast, 'newer', LONG_MS)
    await store.release(key, slow, { cooldown: { reason: 'dead', ms: LONG_MS } })
    same((await store.acquire(key, ask({ holder: 'c', minGeneration: fast.generation }))).kind, 'acquired')
  })

  rule('a commit clears every cooldown but a throttle', async (store, key, wait) => {
    for (const [reason, kind] of [
      ['dead', 'acquired'],
      ['throttled', 'cooldown'],
    ] as const) {
      const own = `${key}:${reason}`
      const slow = await acquired(store, own, { holder: 'slow', leaseMs: SHORT_MS })
      await wait(SHORT_MS + SLACK_MS)
      const other = await acquired(store, own, { holder: 'other' })
      await store.release(own, other, { cooldown: { reason, ms: LONG_MS } })
      await store.commit(own, slow, 'the-token', LONG_MS)
      same((await store.acquire(own, ask({ holder: 'c', minGeneration: slow.generation }))).kind, kind)
    }
  })

  rule('the budget allows its limit and not one more', async (store, key) => {
    const budget = { limit: 3, windowMs: LONG_MS }
    let minGeneration = 0
    for (let used = 1; used <= 3; used++) {
      const lease = await acquired(store, key, { holder: `lease-${used}`, budget, minGeneration })
      same(lease.used, used)
      await store.commit(key, lease, `token-${used}`, LONG_MS)
      minGeneration = lease.generation
    }
    const result = await store.acquire(key, ask({ holder: 'one-more', budget, minGeneration }))
    same(result.kind, 'cooldown')
    same((result as { reason?: string }).reason, 'budget')
    between((result as { ms: number }).ms, LONG_MS - 5_000, LONG_MS)
  })

  rule('the budget comes back when the window has passed', (store, key, wait) =>
    inTime(async (ms, attempt) => {
      const own = `${key}:${attempt}`
      const budget = { limit: 1, windowMs: ms }
      const asked = await timed(async () => {
        await store.release(own, await acquired(store, own, { budget }))
        return store.acquire(own, ask({ holder: 'b', budget }))
      })
      if (asked.tookMs >= ms) return 'late'
      same(asked.answer.kind, 'cooldown')
      await wait(ms + SLACK_MS)
      same((await store.acquire(own, ask({ holder: 'b', budget }))).kind, 'acquired')
      return 'in time'
    }),
  )

  rule('an attempt that was not spent is given back', async (store, key) => {
    const budget = { limit: 1, windowMs: LONG_MS }
    await store.release(key, await acquired(store, key, { holder: 'a', budget }), { unspent: true })
    const lease = await acquired(store, key, { holder: 'b', budget })
    await store.release(key, lease)
    same((await store.acquire(key, ask({ holder: 'c', budget }))).kind, 'cooldown')
  })

  rule('an attempt can be given back only once', async (store, key) => {
    const budget = { limit: 2, windowMs: LONG_MS }
    await store.release(key, await acquired(store, key, { holder: 'spent', budget }))
    const lease = await acquired(store, key, { holder: 'given-back', budget })
    await store.release(key, lease, { unspent: true })
    await store.release(key, lease, { unspent: true })
    same((await acquired(store, key, { holder: 'c', budget })).used, 2)
  })

  rule('invalidate removes the token and lets the key be refreshed', async (store, key) => {
    const lease = await acquired(store, key)
    await store.commit(key, lease, 'the-token', LONG_MS)
    await store.invalidate(key)
    holds((await store.inspect(key))?.token === undefined, 'no token is left')
    const next = await acquired(store, key, { holder: 'b' })
    holds(next.generation > lease.generation, 'generations go on growing')
  })

  rule('invalidate makes a lease in flight lose', async (store, key) => {
    const lease = await acquired(store, key)
    await store.invalidate(key)
    holds((await store.commit(key, lease, 'too-late', LONG_MS)) === undefined, 'the commit is told so')
    holds((await store.inspect(key))?.token === undefined, 'nothing was written')
  })

  rule('invalidate makes a lease lose that was lost before', async (store, key, wait) => {
    const far = Date.now() * 4
    const lost = await acquired(store, key, { holder: 'lost', leaseMs: SHORT_MS, minGeneration: far })
    await wait(SHORT_MS + SLACK_MS)
    await store.invalidate(key)
    holds((await store.commit(key, lost, 'too-late', LONG_MS)) === undefined, 'the commit is told so')
  })

  // A store that had lost its data took the answer to a lease it no longer knew for nothing, and gave the next lease at once.
  rule('a throttle is news also from a lease that is not known any more', async (store, key) => {
    const lease = await acquired(store, key)
    await store.release(key, lease)
    await store.release(key, lease, { cooldown: { reason: 'throttled', ms: LONG_MS } })
    same((await store.inspect(key))?.cooldown?.reason, 'throttled')
  })

  rule('a release that is repeated counts one failure', async (store, key, wait) => {
    const lease = await acquired(store, key, { holder: 'a' })
    for (let attempt = 0; attempt < 2; attempt++)
      await store.release(key, lease, { cooldown: { reason: 'backoff', ms: 1 } })
    await wait(SLACK_MS)
    same((await acquired(store, key, { holder: 'b' })).failures, 1)
  })

  rule('invalidate clears cooldown and lease, keeps a throttle and the budget', async (store, key) => {
    const budget = { limit: 2, windowMs: LONG_MS }
    const dead = `${key}:dead`
    await store.release(dead, await acquired(store, dead, { budget }), {
      cooldown: { reason: 'dead', ms: LONG_MS },
    })
    await store.invalidate(dead)
    same((await acquired(store, dead, { holder: 'b', budget })).used, 2)
    const throttled = `${key}:throttled`
    await store.release(throttled, await acquired(store, throttled), {
      cooldown: { reason: 'throttled', ms: LONG_MS },
    })
    await store.invalidate(throttled)
    same((await store.acquire(throttled, ask({ holder: 'b' }))).kind, 'cooldown')
  })

  rule('invalidate can leave a cooldown of its own', async (store, key) => {
    await store.invalidate(key, { reason: 'revoked', ms: LONG_MS })
    const result = await store.acquire(key, ask())
    same(result.kind, 'cooldown')
    same((result as { reason?: string }).reason, 'revoked')
  })

  rule('inspect tells what is there and changes nothing', async (store, key) => {
    const before = await store.inspect(key)
    holds(before === undefined || before.used === 0, 'nothing is known of a new key')
    const lease = await acquired(store, key)
    const during = await store.inspect(key)
    same(during?.used, 1)
    holds((during?.leaseMs ?? 0) > 0, 'the lease shows')
    await store.commit(key, lease, 'the-token', LONG_MS)
    const after = await store.inspect(key)
    same(after?.token?.value, 'the-token')
    holds(after?.leaseMs === undefined, 'the lease is gone')
    same((await store.acquire(key, ask({ holder: 'b', minGeneration: lease.generation }))).kind, 'acquired')
  })

  rule('keys do not touch each other', async (store, key) => {
    await store.commit(key, await acquired(store, key), 'one', LONG_MS)
    same((await store.acquire(`${key}-other`, ask())).kind, 'acquired')
    await store.invalidate(`${key}-other`, { reason: 'revoked', ms: LONG_MS })
    same((await store.acquire(key, ask())).kind, 'hit')
  })

  // A store drops keys of which nothing is left, or they pile up: a consent that nobody finishes is a key of its own.
  rule('keys come and acquired, and what still matters of one stays', async (store, key, wait, ownTime) => {
    const lastingMs = 3 * DAY_MS
    const budget = { limit: 1, windowMs: lastingMs }
    const keys = {
      over: `${key}:over`,
      spent: `${key}:spent`,
      throttled: `${key}:throttled`,
      dead: `${key}:dead`,
    }
    const ended = await acquired(store, keys.over)
    await store.commit(keys.over, ended, 'the-token', LONG_MS)
    await store.release(keys.spent, await acquired(store, keys.spent, { budget }))
    for (const reason of ['throttled', 'dead'] as const)
      await store.release(keys[reason], await acquired(store, keys[reason]), {
        cooldown: { reason, ms: lastingMs },
      })
    if (ownTime) await wait(DAY_MS)
    for (let visit = 0; visit < VISITS; visit++) {
      const own = `${key}:visit-${visit}`
      await store.commit(own, await acquired(store, own), 'a pending consent', LONG_MS)
    }
    same((await store.acquire(keys.spent, ask({ holder: 'b', budget }))).kind, 'cooldown')
    for (const reason of ['throttled', 'dead'] as const) {
      const result = await store.acquire(keys[reason], ask({ holder: 'b' }))
      same((result as { reason?: string }).reason, reason)
    }
    const next = await acquired(store, keys.over, {
      holder: 'b',
      minGeneration: ownTime ? 0 : ended.generation,
    })
    holds(next.generation > ended.generation, 'generations go on growing')
  })

  rule('whatever is done in whatever order, it answers as the memory store does', (store) =>
    answersAsReference(store),
  )

  rule(
    'whatever is done at once: one lease, growing generations, a budget that holds, the newest token',
    (store) => holdsWhenInterleaved(store),
  )

  rule('values come back as they went in', async (store, key) => {
    const value = `quotes " ' \\ unicode ☃ 𝄞 newline \n and ${'length '.repeat(500)}`
    await store.commit(key, await acquired(store, key), value, LONG_MS)
    same((await store.inspect(key))?.token?.value, value)
  })
}

/** Plays a scene that a duration must not end too early; if the machine was too slow for it, again with twice as much. */
async function inTime(play: (ms: number, attempt: number) => Promise<'in time' | 'late'>): Promise<void> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++)
    if ((await play(SHORT_MS * 2 ** attempt, attempt)) === 'in time') return
  throw new Error(`the store needs over ${SHORT_MS * 2 ** (MAX_ATTEMPTS - 1)} ms for a few operations`)
}

/** The longest attempt has about 10 seconds. */
const MAX_ATTEMPTS = 7

async function timed<T>(work: () => Promise<T>): Promise<{ readonly answer: T; readonly tookMs: number }> {
  const from = performance.now()
  const answer = await work()
  return { answer, tookMs: performance.now() - from }
}

function ask(request: Partial<AcquireRequest> = {}): AcquireRequest {
  return {
    holder: 'a',
    minGeneration: 0,
    leaseMs: LONG_MS,
    budget: { limit: 100, windowMs: LONG_MS },
    ...request,
  }
}

async function acquired(
  store: TokenStore,
  key: string,
  request: Partial<AcquireRequest> = {},
): Promise<RefreshLease> {
  const result = await store.acquire(key, ask(request))
  if (result.kind === 'acquired') return result.lease
  throw new Error(`expected "acquired" and got ${JSON.stringify(result)}`)
}

function same(got: unknown, want: unknown): void {
  if (!Object.is(got, want))
    throw new Error(`expected ${JSON.stringify(want)} and got ${JSON.stringify(got)}`)
}

function holds(condition: boolean, what: string): void {
  if (!condition) throw new Error(`not so: ${what}`)
}

function between(got: number, low: number, high: number): void {
  holds(got >= low && got <= high, `${got} is between ${low} and ${high}`)
}
