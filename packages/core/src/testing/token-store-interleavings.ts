import type fc from 'fast-check'
import { memoryTokenStore } from '../stores/memory-token-store.js'
import type { GoTurn, Quiet, QuietReason, RefreshTurn, TokenRecord, TokenStore } from '../stores/ports.js'
import { freshKey } from './contract.js'
import { ManualClock } from './manual-clock.js'

/** Long enough never to end in a test, in milliseconds. */
const LONG_MS = 60_000

/** Programs tried per rule, and the longest of them. */
const PROGRAMS = 60
const MOST_STEPS = 20

/** New tokens per window: few, so that programs reach the end of it. */
const BUDGET = Object.freeze({ limit: 4, windowMs: LONG_MS })

type Step =
  /** `again`: the same flight asks once more, as after an answer that was lost. */
  | { readonly do: 'begin'; readonly again: boolean; readonly refuses: boolean }
  | { readonly do: 'commit'; readonly turn: number; readonly twice: boolean }
  | {
      readonly do: 'abandon'
      readonly turn: number
      readonly twice: boolean
      readonly unspent: boolean
      readonly quiet?: QuietReason | undefined
    }
  | { readonly do: 'forget'; readonly quiet?: QuietReason | undefined }

/** One store, and what it was asked. */
interface Played {
  readonly store: TokenStore
  readonly key: string
  /** Turns that nobody has ended yet, with the number of each. */
  readonly open: { readonly turn: GoTurn; readonly number: number }[]
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
  const batches = check.array(check.array(beginOrCommit(check), { minLength: 1, maxLength: 6 }), {
    maxLength: 6,
  })
  await check.assert(
    check.asyncProperty(batches, async (program) => {
      const key = freshKey()
      const open = new Map<string, GoTurn>()
      let newest = 0
      let spent = 0
      let flights = 0
      for (const batch of program) {
        const before = newest
        const results = await Promise.all(
          batch.map(async (step) => {
            if (step.do === 'begin') {
              flights += 1
              const newerThan = step.refuses ? before : 0
              const request = { lease: `flight ${flights}`, newerThan, leaseMs: LONG_MS, budget: BUDGET }
              return { turn: await store.begin(key, request) }
            }
            const [lease, turn] = [...open][step.turn % Math.max(1, open.size)] ?? []
            if (lease === undefined || turn === undefined) return {}
            open.delete(lease)
            return { stored: await store.commit(key, turn, `token ${turn.generation}`, LONG_MS), of: turn }
          }),
        )
        for (const { turn, stored, of } of results) {
          if (turn?.kind === 'go') {
            open.set(turn.lease, turn)
            spent += 1
            holds(turn.generation > before, 'a new generation is above what was written before')
            holds(turn.used === spent, `this attempt is number ${spent}, and counted as ${turn.used}`)
          }
          if (of !== undefined) {
            holds(stored?.value === `token ${of.generation}`, 'a turn without a rival writes its token')
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
    step.do === 'begin'
      ? await begin(step, played)
      : step.do === 'forget'
        ? await store.forget(key, quietOf(step).quiet)
        : await end(step, played)
  return JSON.stringify([answer ?? null, seen(await store.inspect(key))])
}

async function begin(step: Extract<Step, { do: 'begin' }>, played: Played): Promise<unknown> {
  const { store, key, open } = played
  if (!step.again) played.flights += 1
  const lease = `flight ${played.flights}`
  const newerThan = step.refuses ? Math.max(0, ...open.map(({ turn }) => turn.generation)) : 0
  const turn = await store.begin(key, { lease, newerThan, leaseMs: LONG_MS, budget: BUDGET })
  const same = open.some((one) => one.turn.lease === lease)
  if (turn.kind === 'go' && !same) open.push({ turn, number: played.given++ })
  return withoutTimes(turn)
}

/** Ends one turn, perhaps twice: a client that lost the answer sends a command again. */
async function end(step: Extract<Step, { turn: number }>, { store, key, open }: Played): Promise<unknown> {
  const [one] = open.splice(step.turn % Math.max(1, open.length), 1)
  if (one === undefined) return undefined
  const { turn, number } = one
  const send = async () =>
    step.do === 'commit'
      ? (await store.commit(key, turn, `token ${number}`, LONG_MS))?.value
      : store.abandon(key, turn, { unspent: step.unspent, ...quietOf(step) })
  const first = await send()
  return step.twice ? [first, await send()] : first
}

const quietOf = ({ quiet }: { readonly quiet?: QuietReason | undefined }): { readonly quiet?: Quiet } =>
  quiet === undefined ? {} : { quiet: { reason: quiet, ms: LONG_MS } }

function withoutTimes(turn: RefreshTurn): unknown {
  switch (turn.kind) {
    case 'go':
      return [turn.kind, turn.used, turn.failures, turn.lastQuiet ?? null]
    case 'adopt':
      return [turn.kind, turn.token.value]
    case 'quiet':
      return [turn.kind, turn.reason]
    default:
      return [turn.kind]
  }
}

/** A key that was only asked about is nothing, or a row without anything in it. */
function seen(record: TokenRecord | undefined): unknown {
  const { token, used = 0, quiet, leaseMs } = record ?? {}
  return [token?.value ?? null, used, quiet?.reason ?? null, leaseMs !== undefined]
}

function programs(check: typeof fc): fc.Arbitrary<Step[]> {
  const reason = check.option(check.constantFrom<QuietReason[]>('dead', 'revoked', 'throttled', 'backoff'), {
    nil: undefined,
  })
  const step = check.oneof(
    {
      weight: 4,
      arbitrary: check.record({
        do: check.constant('begin' as const),
        again: check.boolean(),
        refuses: check.boolean(),
      }),
    },
    {
      weight: 3,
      arbitrary: check.record({
        do: check.constant('commit' as const),
        turn: check.nat(5),
        twice: check.boolean(),
      }),
    },
    {
      weight: 3,
      arbitrary: check.record({
        do: check.constant('abandon' as const),
        turn: check.nat(5),
        twice: check.boolean(),
        unspent: check.boolean(),
        quiet: reason,
      }),
    },
    { weight: 1, arbitrary: check.record({ do: check.constant('forget' as const), quiet: reason }) },
  )
  return check.array(step, { maxLength: MOST_STEPS })
}

function beginOrCommit(check: typeof fc) {
  return check.oneof(
    {
      weight: 2,
      arbitrary: check.record({ do: check.constant('begin' as const), refuses: check.boolean() }),
    },
    { weight: 1, arbitrary: check.record({ do: check.constant('commit' as const), turn: check.nat(3) }) },
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
