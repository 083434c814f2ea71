import type { BeginRequest, GoTurn, RefreshTurn, TokenStore } from '../stores/ports.js'
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
    const turn = await store.begin(key, ask())
    same(turn.kind, 'go')
    const { used, failures, generation } = turn as GoTurn
    same(used, 1)
    same(failures, 0)
    holds(generation > 0, 'a generation is above 0')
  })

  rule('who holds the lease gets the same turn again', async (store, key) => {
    const first = await go(store, key, { lease: 'a' })
    const again = await go(store, key, { lease: 'a' })
    same(JSON.stringify(again), JSON.stringify(first))
  })

  rule('others wait as long as the lease lasts', async (store, key) => {
    await go(store, key, { lease: 'a', leaseMs: LONG_MS })
    const turn = await store.begin(key, ask({ lease: 'b' }))
    same(turn.kind, 'wait')
    between((turn as { ms: number }).ms, LONG_MS - 5_000, LONG_MS)
  })

  rule('a lease that ended can be taken', async (store, key, wait) => {
    const lost = await go(store, key, { lease: 'a', leaseMs: SHORT_MS })
    await wait(SHORT_MS + SLACK_MS)
    const turn = await go(store, key, { lease: 'b' })
    holds(turn.generation >= lost.generation, 'generations never shrink')
    same(turn.used, 2)
  })

  rule('of many who begin at once exactly one goes', async (store, key) => {
    const turns = await Promise.all(
      Array.from({ length: CROWD }, (_, index) => store.begin(key, ask({ lease: `caller-${index}` }))),
    )
    same(turns.filter(({ kind }) => kind === 'go').length, 1)
    same(turns.filter(({ kind }) => kind === 'wait').length, CROWD - 1)
  })

  rule('a committed token is adopted by everyone else', async (store, key) => {
    const turn = await go(store, key)
    const stored = await store.commit(key, turn, 'the-token', LONG_MS)
    same(stored?.value, 'the-token')
    same(stored?.generation, turn.generation)
    const adopted = await store.begin(key, ask({ lease: 'b' }))
    same(adopted.kind, 'adopt')
    const { token } = adopted as Extract<RefreshTurn, { kind: 'adopt' }>
    same(token.value, 'the-token')
    same(token.generation, turn.generation)
    between(token.lifeMs, LONG_MS - 5_000, LONG_MS)
  })

  rule('a token that the caller refuses is not adopted', async (store, key) => {
    const turn = await go(store, key)
    await store.commit(key, turn, 'refused', LONG_MS)
    const next = await go(store, key, { lease: 'b', newerThan: turn.generation })
    holds(next.generation > turn.generation, 'a new turn has a greater generation')
  })

  rule('adopting comes before quiet, lease and budget', async (store, key) => {
    const first = await go(store, key)
    await store.commit(key, first, 'the-token', LONG_MS)
    const second = await go(store, key, { lease: 'b', newerThan: first.generation })
    await store.abandon(key, second, { quiet: { reason: 'throttled', ms: LONG_MS } })
    same((await store.begin(key, ask({ lease: 'c' }))).kind, 'adopt')
  })

  rule('a token whose life is over is not adopted', async (store, key, wait) => {
    const turn = await go(store, key)
    await store.commit(key, turn, 'short', SHORT_MS)
    await wait(SHORT_MS + SLACK_MS)
    same((await store.begin(key, ask({ lease: 'b' }))).kind, 'go')
  })

  rule('life is counted from begin, so a late commit cannot lengthen it', async (store, key, wait) => {
    const turn = await go(store, key)
    await wait(SHORT_MS)
    const stored = await store.commit(key, turn, 'late', LONG_MS)
    between(stored?.lifeMs ?? -1, 0, LONG_MS - SHORT_MS + SLACK_MS)
  })

  rule('the greater generation wins, whoever commits last', async (store, key, wait) => {
    const slow = await go(store, key, { lease: 'slow', leaseMs: SHORT_MS })
    await wait(SHORT_MS + SLACK_MS)
    const fast = await go(store, key, { lease: 'fast', newerThan: slow.generation })
    await store.commit(key, fast, 'newer', LONG_MS)
    const loser = await store.commit(key, slow, 'older', LONG_MS)
    same(loser?.value, 'newer')
    same(loser?.generation, fast.generation)
  })

  rule('a commit counts although its lease is lost', async (store, key, wait) => {
    const turn = await go(store, key, { leaseMs: SHORT_MS })
    await wait(SHORT_MS + SLACK_MS)
    same((await store.commit(key, turn, 'still-good', LONG_MS))?.value, 'still-good')
  })

  rule('a commit frees its own lease and nobody else’s', async (store, key, wait) => {
    const lost = await go(store, key, { lease: 'lost', leaseMs: SHORT_MS })
    await wait(SHORT_MS + SLACK_MS)
    const held = await go(store, key, { lease: 'held', newerThan: lost.generation + 1 })
    await store.commit(key, lost, 'older', LONG_MS)
    same((await store.begin(key, ask({ lease: 'c', newerThan: held.generation }))).kind, 'wait')
    await store.commit(key, held, 'newer', LONG_MS)
    same((await store.begin(key, ask({ lease: 'c', newerThan: held.generation }))).kind, 'go')
  })

  rule('generations grow beyond what a caller has seen elsewhere', async (store, key) => {
    const far = Date.now() * 4
    const turn = await go(store, key, { newerThan: far })
    holds(turn.generation > far, 'greater than newerThan')
  })

  rule('abandon frees the lease', async (store, key) => {
    await store.abandon(key, await go(store, key, { lease: 'a' }))
    same((await store.begin(key, ask({ lease: 'b' }))).kind, 'go')
  })

  rule('abandon leaves the lease of others alone', async (store, key, wait) => {
    const lost = await go(store, key, { lease: 'lost', leaseMs: SHORT_MS })
    await wait(SHORT_MS + SLACK_MS)
    await go(store, key, { lease: 'held' })
    await store.abandon(key, lost)
    same((await store.begin(key, ask({ lease: 'c' }))).kind, 'wait')
  })

  rule('quiet is told to everyone, with its reason, until it ends', (store, key, wait) =>
    inTime(async (ms, attempt) => {
      const own = `${key}:${attempt}`
      const first = await go(store, own)
      const asked = await timed(async () => {
        await store.abandon(own, first, { quiet: { reason: 'backoff', ms } })
        return store.begin(own, ask({ lease: 'b' }))
      })
      if (asked.tookMs >= ms) return 'late'
      same(asked.answer.kind, 'quiet')
      same((asked.answer as { reason?: string }).reason, 'backoff')
      await wait(ms + SLACK_MS)
      same((await store.begin(own, ask({ lease: 'b' }))).kind, 'go')
      return 'in time'
    }),
  )

  rule('failures are counted until a token comes', async (store, key, wait) => {
    for (const failures of [0, 1, 2]) {
      const turn = await go(store, key, { lease: `lease-${failures}` })
      same(turn.failures, failures)
      same(turn.lastQuiet, failures === 0 ? undefined : 'dead')
      await store.abandon(key, turn, { quiet: { reason: 'dead', ms: 1 } })
      await wait(SLACK_MS)
    }
    const last = await go(store, key, { lease: 'last' })
    await store.commit(key, last, 'the-token', LONG_MS)
    same((await go(store, key, { lease: 'next', newerThan: last.generation })).failures, 0)
  })

  rule('the later end of two quiets wins', async (store, key, wait) => {
    const lost = await go(store, key, { lease: 'lost', leaseMs: SHORT_MS })
    await wait(SHORT_MS + SLACK_MS)
    await store.abandon(key, await go(store, key, { lease: 'b' }), { quiet: { reason: 'dead', ms: LONG_MS } })
    await store.abandon(key, lost, { quiet: { reason: 'backoff', ms: SHORT_MS } })
    const turn = await store.begin(key, ask({ lease: 'c' }))
    same((turn as { reason?: string }).reason, 'dead')
  })

  rule('a quiet comes too late once something newer was committed', async (store, key, wait) => {
    const slow = await go(store, key, { lease: 'slow', leaseMs: SHORT_MS })
    await wait(SHORT_MS + SLACK_MS)
    const fast = await go(store, key, { lease: 'fast', newerThan: slow.generation })
    await store.commit(key, fast, 'newer', LONG_MS)
    await store.abandon(key, slow, { quiet: { reason: 'dead', ms: LONG_MS } })
    same((await store.begin(key, ask({ lease: 'c', newerThan: fast.generation }))).kind, 'go')
  })

  rule('a commit clears every quiet but a throttle', async (store, key, wait) => {
    for (const [reason, kind] of [
      ['dead', 'go'],
      ['throttled', 'quiet'],
    ] as const) {
      const own = `${key}:${reason}`
      const slow = await go(store, own, { lease: 'slow', leaseMs: SHORT_MS })
      await wait(SHORT_MS + SLACK_MS)
      const other = await go(store, own, { lease: 'other' })
      await store.abandon(own, other, { quiet: { reason, ms: LONG_MS } })
      await store.commit(own, slow, 'the-token', LONG_MS)
      same((await store.begin(own, ask({ lease: 'c', newerThan: slow.generation }))).kind, kind)
    }
  })

  rule('the budget allows its limit and not one more', async (store, key) => {
    const budget = { limit: 3, windowMs: LONG_MS }
    let newerThan = 0
    for (let used = 1; used <= 3; used++) {
      const turn = await go(store, key, { lease: `lease-${used}`, budget, newerThan })
      same(turn.used, used)
      await store.commit(key, turn, `token-${used}`, LONG_MS)
      newerThan = turn.generation
    }
    const turn = await store.begin(key, ask({ lease: 'one-more', budget, newerThan }))
    same(turn.kind, 'quiet')
    same((turn as { reason?: string }).reason, 'budget')
    between((turn as { ms: number }).ms, LONG_MS - 5_000, LONG_MS)
  })

  rule('the budget comes back when the window has passed', (store, key, wait) =>
    inTime(async (ms, attempt) => {
      const own = `${key}:${attempt}`
      const budget = { limit: 1, windowMs: ms }
      const asked = await timed(async () => {
        await store.abandon(own, await go(store, own, { budget }))
        return store.begin(own, ask({ lease: 'b', budget }))
      })
      if (asked.tookMs >= ms) return 'late'
      same(asked.answer.kind, 'quiet')
      await wait(ms + SLACK_MS)
      same((await store.begin(own, ask({ lease: 'b', budget }))).kind, 'go')
      return 'in time'
    }),
  )

  rule('an attempt that was not spent is given back', async (store, key) => {
    const budget = { limit: 1, windowMs: LONG_MS }
    await store.abandon(key, await go(store, key, { lease: 'a', budget }), { unspent: true })
    const turn = await go(store, key, { lease: 'b', budget })
    await store.abandon(key, turn)
    same((await store.begin(key, ask({ lease: 'c', budget }))).kind, 'quiet')
  })

  rule('an attempt can be given back only once', async (store, key) => {
    const budget = { limit: 2, windowMs: LONG_MS }
    await store.abandon(key, await go(store, key, { lease: 'spent', budget }))
    const turn = await go(store, key, { lease: 'given-back', budget })
    await store.abandon(key, turn, { unspent: true })
    await store.abandon(key, turn, { unspent: true })
    same((await go(store, key, { lease: 'c', budget })).used, 2)
  })

  rule('forget removes the token and lets the key be refreshed', async (store, key) => {
    const turn = await go(store, key)
    await store.commit(key, turn, 'the-token', LONG_MS)
    await store.forget(key)
    holds((await store.inspect(key))?.token === undefined, 'no token is left')
    const next = await go(store, key, { lease: 'b' })
    holds(next.generation > turn.generation, 'generations go on growing')
  })

  rule('forget makes a turn in flight lose', async (store, key) => {
    const turn = await go(store, key)
    await store.forget(key)
    holds((await store.commit(key, turn, 'too-late', LONG_MS)) === undefined, 'the commit is told so')
    holds((await store.inspect(key))?.token === undefined, 'nothing was written')
  })

  rule('forget makes a turn lose that lost its lease before', async (store, key, wait) => {
    const far = Date.now() * 4
    const lost = await go(store, key, { lease: 'lost', leaseMs: SHORT_MS, newerThan: far })
    await wait(SHORT_MS + SLACK_MS)
    await store.forget(key)
    holds((await store.commit(key, lost, 'too-late', LONG_MS)) === undefined, 'the commit is told so')
  })

  rule('an abandon that is repeated counts one failure', async (store, key, wait) => {
    const turn = await go(store, key, { lease: 'a' })
    for (let attempt = 0; attempt < 2; attempt++)
      await store.abandon(key, turn, { quiet: { reason: 'backoff', ms: 1 } })
    await wait(SLACK_MS)
    same((await go(store, key, { lease: 'b' })).failures, 1)
  })

  rule('forget clears quiet and lease, keeps a throttle and the budget', async (store, key) => {
    const budget = { limit: 2, windowMs: LONG_MS }
    const dead = `${key}:dead`
    await store.abandon(dead, await go(store, dead, { budget }), { quiet: { reason: 'dead', ms: LONG_MS } })
    await store.forget(dead)
    same((await go(store, dead, { lease: 'b', budget })).used, 2)
    const throttled = `${key}:throttled`
    await store.abandon(throttled, await go(store, throttled), {
      quiet: { reason: 'throttled', ms: LONG_MS },
    })
    await store.forget(throttled)
    same((await store.begin(throttled, ask({ lease: 'b' }))).kind, 'quiet')
  })

  rule('forget can leave a quiet of its own', async (store, key) => {
    await store.forget(key, { reason: 'revoked', ms: LONG_MS })
    const turn = await store.begin(key, ask())
    same(turn.kind, 'quiet')
    same((turn as { reason?: string }).reason, 'revoked')
  })

  rule('inspect tells what is there and changes nothing', async (store, key) => {
    const before = await store.inspect(key)
    holds(before === undefined || before.used === 0, 'nothing is known of a new key')
    const turn = await go(store, key)
    const during = await store.inspect(key)
    same(during?.used, 1)
    holds((during?.leaseMs ?? 0) > 0, 'the lease shows')
    await store.commit(key, turn, 'the-token', LONG_MS)
    const after = await store.inspect(key)
    same(after?.token?.value, 'the-token')
    holds(after?.leaseMs === undefined, 'the lease is gone')
    same((await store.begin(key, ask({ lease: 'b', newerThan: turn.generation }))).kind, 'go')
  })

  rule('keys do not touch each other', async (store, key) => {
    await store.commit(key, await go(store, key), 'one', LONG_MS)
    same((await store.begin(`${key}-other`, ask())).kind, 'go')
    await store.forget(`${key}-other`, { reason: 'revoked', ms: LONG_MS })
    same((await store.begin(key, ask())).kind, 'adopt')
  })

  // A store drops keys of which nothing is left, or they pile up: a consent that nobody finishes is a key of its own.
  rule('keys come and go, and what still matters of one stays', async (store, key, wait, ownTime) => {
    const lastingMs = 3 * DAY_MS
    const budget = { limit: 1, windowMs: lastingMs }
    const keys = {
      over: `${key}:over`,
      spent: `${key}:spent`,
      throttled: `${key}:throttled`,
      dead: `${key}:dead`,
    }
    const ended = await go(store, keys.over)
    await store.commit(keys.over, ended, 'the-token', LONG_MS)
    await store.abandon(keys.spent, await go(store, keys.spent, { budget }))
    for (const reason of ['throttled', 'dead'] as const)
      await store.abandon(keys[reason], await go(store, keys[reason]), { quiet: { reason, ms: lastingMs } })
    if (ownTime) await wait(DAY_MS)
    for (let visit = 0; visit < VISITS; visit++) {
      const own = `${key}:visit-${visit}`
      await store.commit(own, await go(store, own), 'a pending consent', LONG_MS)
    }
    same((await store.begin(keys.spent, ask({ lease: 'b', budget }))).kind, 'quiet')
    for (const reason of ['throttled', 'dead'] as const) {
      const turn = await store.begin(keys[reason], ask({ lease: 'b' }))
      same((turn as { reason?: string }).reason, reason)
    }
    const next = await go(store, keys.over, { lease: 'b', newerThan: ownTime ? 0 : ended.generation })
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
    await store.commit(key, await go(store, key), value, LONG_MS)
    same((await store.inspect(key))?.token?.value, value)
  })
}

/** Plays a scene that a duration must not end too early; where the machine was too slow for it, again with twice as much. */
async function inTime(play: (ms: number, attempt: number) => Promise<'in time' | 'late'>): Promise<void> {
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++)
    if ((await play(SHORT_MS * 2 ** attempt, attempt)) === 'in time') return
  throw new Error(`the store needs over ${SHORT_MS * 2 ** (MOST_ATTEMPTS - 1)} ms for a few operations`)
}

/** The longest attempt has about 10 seconds. */
const MOST_ATTEMPTS = 7

async function timed<T>(work: () => Promise<T>): Promise<{ readonly answer: T; readonly tookMs: number }> {
  const from = performance.now()
  const answer = await work()
  return { answer, tookMs: performance.now() - from }
}

function ask(request: Partial<BeginRequest> = {}): BeginRequest {
  return { lease: 'a', newerThan: 0, leaseMs: LONG_MS, budget: { limit: 100, windowMs: LONG_MS }, ...request }
}

async function go(store: TokenStore, key: string, request: Partial<BeginRequest> = {}): Promise<GoTurn> {
  const turn = await store.begin(key, ask(request))
  if (turn.kind === 'go') return turn
  throw new Error(`expected "go" and got ${JSON.stringify(turn)}`)
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
