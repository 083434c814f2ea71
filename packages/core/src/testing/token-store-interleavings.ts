import type fc from 'fast-check'
import { memoryTokenStore } from '../stores/memory-token-store.js'
import type { AcquireResult, RefreshLease, TokenRecord, TokenStore } from '../stores/ports.js'
import type { Cooldown, CooldownReason } from '../words/cooldown.js'
import { freshKey } from './contract.js'
import { ManualClock } from './manual-clock.js'

/** Long enough never to end in a test, in milliseconds. */
const LONG_MS = 60_000

/** Programs tried per rule, and the longest of them. */
const PROGRAMS = 60
const MAX_STEPS = 20

/** New tokens per window: few, so that programs reach the end of it. */
const BUDGET = Object.freeze({ limit: 4, windowMs: LONG_MS })

type Step =
  /** `again`: the same flight asks once more, as after an answer that was lost. */
  | { readonly do: 'acquire'; readonly again: boolean; readonly refuses: boolean }
  | { readonly do: 'commit'; readonly lease: number; readonly twice: boolean }
  | {
      readonly do: 'release'
      readonly lease: number
      readonly twice: boolean
      readonly unspent: boolean
      readonly cooldown?: CooldownReason | undefined
    }
  | { readonly do: 'invalidate'; readonly cooldown?: CooldownReason | undefined }

/** One store, and what it was asked. */
interface Played {
  readonly store: TokenStore
  readonly key: string
  /** Leases that nobody has ended yet, with the number of each. */
  readonly open: { readonly lease: RefreshLease; readonly number: number }[]
  flights: number
  given: number
}

/**
 * Random programs of operations, one after the other: the store answers as the memory store does, whose rules are small
 * enough to be read. No time passes; what time does is in the other rules.
 *
 * @throws Error with the shortest program found that is answered differently, and how to repeat it.
 */
export async function answersAsReference(store: TokenStore): Promise<void> {
  const check = await fastCheck()
  await check.assert(
    check.asyncProperty(programs(check), async (program) => {
      const reference = memoryTokenStore({ clock: new ManualClock() })
      const both = [reference, store].map(
        (one): Played => ({
          store: one,
          key: freshKey(),
          open: [],
          flights: 0,
          given: 0,
        }),
      )
      for (const step of program) {
        const [want, got] = [await play(step, both[0] as Played), await play(step, both[1] as Played)]
        if (want !== got) throw new Error(`${JSON.stringify(step)}: expected ${want} and got ${got}`)
      }
    }),
    { numRuns: PROGRAMS },
  )
}

/**
 * Random programs of operations, several at once: one lease at a time, generations grow, the budget holds, and the newest
 * token that was written is the one that stays.
 *
 * @throws Error with the shortest program found that breaks a rule, and how to repeat it.
 */
export async function holdsWhenInterleaved(store: TokenStore): Promise<void> {
  const check = await fastCheck()
  const batches = check.array(check.array(acquireOrCommit(check), { minLength: 1, maxLength: 6 }), {
    maxLength: 6,
  })
  await check.assert(
    check.asyncProperty(batches, async (program) => {
      const key = freshKey()
      const open = new Map<string, RefreshLease>()
      let newest = 0
      let spent = 0
      let flights = 0
      for (const batch of program) {
        const before = newest
        const results = await Promise.all(
          batch.map(async (step) => {
            if (step.do === 'acquire') {
              flights += 1
              const minGeneration = step.refuses ? before : 0
              const request = { holder: `flight ${flights}`, minGeneration, leaseMs: LONG_MS, budget: BUDGET }
              return { result: await store.acquire(key, request) }
            }
            const lease = [...open.values()][step.lease % Math.max(1, open.size)]
            if (lease === undefined) return {}
            open.delete(lease.holder)
            const value = `token ${lease.generation}`
            return { stored: await store.commit(key, lease, value, LONG_MS), of: lease }
          }),
        )
        for (const { result, stored, of } of results) {
          if (result?.kind === 'acquired') {
            const { lease } = result
            open.set(lease.holder, lease)
            spent += 1
            holds(lease.generation > before, 'a new generation is above what was written before')
            holds(lease.used === spent, `this attempt is number ${spent}, and counted as ${lease.used}`)
          }
          if (of !== undefined) {
            holds(stored?.value === `token ${of.generation}`, 'a lease without a rival writes its token')
            newest = Math.max(newest, of.generation)
          }
        }
        holds(open.size <= 1, 'one lease at a time')
        holds(spent <= BUDGET.limit, 'the budget holds')
        const record = await store.inspect(key)
        const want = newest === 0 ? undefined : `token ${newest}`
        holds(record?.token?.value === want, 'the newest token that was written is there')
      }
    }),
    { numRuns: PROGRAMS },
  )
}

/** One step, and its answer without what differs between clocks. */
async function play(step: Step, played: Played): Promise<string> {
  const { store, key } = played
  const answer =
    step.do === 'acquire'
      ? await acquire(step, played)
      : step.do === 'invalidate'
        ? await store.invalidate(key, cooldownOf(step).cooldown)
        : await end(step, played)
  return JSON.stringify([answer ?? null, seen(await store.inspect(key))])
}

async function acquire(step: Extract<Step, { do: 'acquire' }>, played: Played): Promise<unknown> {
  const { store, key, open } = played
  if (!step.again) played.flights += 1
  const holder = `flight ${played.flights}`
  const minGeneration = step.refuses ? Math.max(0, ...open.map(({ lease }) => lease.generation)) : 0
  const result = await store.acquire(key, { holder, minGeneration, leaseMs: LONG_MS, budget: BUDGET })
  const same = open.some((one) => one.lease.holder === holder)
  if (result.kind === 'acquired' && !same) open.push({ lease: result.lease, number: played.given++ })
  return withoutTimes(result)
}

/** Ends one lease, perhaps twice: a client that lost the answer sends a command again. */
async function end(step: Extract<Step, { lease: number }>, { store, key, open }: Played): Promise<unknown> {
  const [one] = open.splice(step.lease % Math.max(1, open.length), 1)
  if (one === undefined) return undefined
  const { lease, number } = one
  const send = async () =>
    step.do === 'commit'
      ? (await store.commit(key, lease, `token ${number}`, LONG_MS))?.value
      : store.release(key, lease, { unspent: step.unspent, ...cooldownOf(step) })
  const first = await send()
  return step.twice ? [first, await send()] : first
}

const cooldownOf = ({
  cooldown,
}: {
  readonly cooldown?: CooldownReason | undefined
}): { readonly cooldown?: Cooldown } =>
  cooldown === undefined ? {} : { cooldown: { reason: cooldown, ms: LONG_MS } }

function withoutTimes(result: AcquireResult): unknown {
  switch (result.kind) {
    case 'acquired':
      return [result.kind, result.lease.used, result.lease.failures, result.lease.lastCooldown ?? null]
    case 'hit':
      return [result.kind, result.token.value]
    case 'cooldown':
      return [result.kind, result.reason]
    default:
      return [result.kind]
  }
}

/** A key that was only asked about is nothing, or a row without anything in it. */
function seen(record: TokenRecord | undefined): unknown {
  const { token, used = 0, cooldown, leaseMs } = record ?? {}
  return [token?.value ?? null, used, cooldown?.reason ?? null, leaseMs !== undefined]
}

function programs(check: typeof fc): fc.Arbitrary<Step[]> {
  const reason = check.option(
    check.constantFrom<CooldownReason[]>('dead', 'revoked', 'throttled', 'backoff'),
    {
      nil: undefined,
    },
  )
  const step = check.oneof(
    {
      weight: 4,
      arbitrary: check.record({
        do: check.constant('acquire' as const),
        again: check.boolean(),
        refuses: check.boolean(),
      }),
    },
    {
      weight: 3,
      arbitrary: check.record({
        do: check.constant('commit' as const),
        lease: check.nat(5),
        twice: check.boolean(),
      }),
    },
    {
      weight: 3,
      arbitrary: check.record({
        do: check.constant('release' as const),
        lease: check.nat(5),
        twice: check.boolean(),
        unspent: check.boolean(),
        cooldown: reason,
      }),
    },
    { weight: 1, arbitrary: check.record({ do: check.constant('invalidate' as const), cooldown: reason }) },
  )
  return check.array(step, { maxLength: MAX_STEPS })
}

function acquireOrCommit(check: typeof fc) {
  return check.oneof(
    {
      weight: 2,
      arbitrary: check.record({ do: check.constant('acquire' as const), refuses: check.boolean() }),
    },
    { weight: 1, arbitrary: check.record({ do: check.constant('commit' as const), lease: check.nat(3) }) },
  )
}

function holds(condition: boolean, what: string): void {
  if (!condition) throw new Error(`not so: ${what}`)
}

async function fastCheck(): Promise<typeof fc> {
  try {
    return (await import('fast-check')).default
  } catch (error) {
    throw new Error('the contract tries random programs with fast-check: npm install --save-dev fast-check', {
      cause: error,
    })
  }
}
