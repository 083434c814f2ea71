import type { DataCenter } from '@zoho-auth/core'
import type { AccountsRules } from './accounts.js'
import type { Random } from './random.js'
import { type Episode, FAULTS, type Target } from './weather.js'
import { START_AT } from './world.js'

/** Nothing is disturbed in the last part of a run, in milliseconds: all must be well again, and stay so. */
const CALM_END_MS = 1_500_000

const MINUTE_MS = 60_000

/** Things that happen once. */
export type Deed =
  | 'kill'
  | 'rollout'
  | 'stop'
  | 'pause'
  | 'suspend'
  | 'step'
  | 'lose-store'
  | 'restart-store'
  | 'consent'
  | 'withdraw'
  | 'revoke'
  | 'foreign-burst'

interface Plan {
  readonly at: number
  readonly deed: Deed
}

/** What a seed stands for. */
export interface Scenario {
  readonly processes: number
  readonly connections: readonly DataCenter[]
  readonly endsAt: number
  readonly rules: AccountsRules
  /** Between two calls of one process, in milliseconds, on average. */
  readonly callGapMs: number
  /** Between two tokens that another program makes per grant, in milliseconds; absent if there is none. */
  readonly foreignGapMs: number | undefined
  readonly episodes: readonly Episode[]
  readonly plans: readonly Plan[]
  /** Requests that a process has under way at the accounts servers at once. */
  readonly maxConcurrentRefreshes: number
  /** Clocks of processes are off by up to this, in milliseconds. */
  readonly skewMs: number
  /** Processes freeze instead of stepping: no clock can find out about both. */
  readonly freezes: boolean
  /** Nothing happens but calls. */
  readonly calm: boolean
}

const DEEDS: Readonly<Record<string, readonly Deed[]>> = {
  lifecycle: ['kill', 'kill', 'rollout', 'stop'],
  pauses: ['pause'],
  clocks: ['suspend', 'step'],
  store: ['lose-store', 'restart-store'],
  grants: ['consent', 'consent', 'withdraw', 'revoke'],
  foreign: ['foreign-burst'],
}

/** Lengths of episodes, in milliseconds. The accounts server is asked so seldom that only long ones are noticed. */
const SHORT_MS: readonly number[] = [5_000, 30_000, 120_000, 600_000, 1_200_000]
const LONG_MS: readonly number[] = [120_000, 600_000, 1_200_000, 3_600_000]

/** Draws a scenario. One in eight is calm; the others have some kinds of trouble each. */
export function drawScenario(random: Random): Scenario {
  const processes = random.pick([1, 2, 3, 5, 8, 12, 20, 30])
  const connections = Array.from({ length: random.integer(1, 4) }, () =>
    random.pick<DataCenter>(['us', 'eu', 'in']),
  )
  const durationMs = random.between(70, 180) * MINUTE_MS
  const calm = random.chance(1 / 8)
  const calls = random.between(100, 600)
  const troubleEnd = durationMs - CALM_END_MS
  const freezes = random.chance(0.5)
  const has = () => !calm && random.chance(0.45)
  const episodes: Episode[] = []
  for (const target of Object.keys(FAULTS) as Target[])
    if (has())
      for (let count = random.integer(1, 3); count > 0; count--)
        episodes.push(drawEpisode(target, random, troubleEnd, processes, episodes[0]?.from))
  const plans: Plan[] = []
  for (const [kind, deeds] of Object.entries(DEEDS)) {
    if (!has()) continue
    const most = kind === 'grants' || kind === 'store' ? 3 : 6
    for (let count = random.integer(1, most); count > 0; count--) {
      const near = random.chance(0.3) ? episodes.at(0) : undefined
      const from = near ? near.from - START_AT : 0
      const to = near ? near.to - START_AT : troubleEnd
      plans.push({ at: START_AT + random.between(from, to), deed: deedOf(random.pick(deeds), freezes) })
    }
  }
  return {
    processes,
    connections,
    endsAt: START_AT + durationMs,
    rules: {
      cap: random.pick([10, 15, 30]),
      lifeMs: random.pick([3_600_000, 3_600_000, 3_600_000, 1_800_000]),
      lockExtends: random.chance(0.5),
    },
    callGapMs: (durationMs * processes) / calls,
    foreignGapMs: has() ? random.between(6, 30) * MINUTE_MS : undefined,
    episodes,
    plans,
    skewMs: random.pick([0, 5_000, 300_000]),
    freezes,
    calm,
    // Few, so that the connections of a process wait for each other.
    maxConcurrentRefreshes: random.pick([1, 2, 100]),
  }
}

function deedOf(deed: Deed, freezes: boolean): Deed {
  if (deed === 'step' && freezes) return 'suspend'
  return deed === 'suspend' && !freezes ? 'step' : deed
}

/** @param near When another one begins: troubles do come together. */
function drawEpisode(
  target: Target,
  random: Random,
  troubleEnd: number,
  processes: number,
  near: number | undefined,
): Episode {
  const from = near !== undefined && random.chance(0.5) ? near : START_AT + random.between(0, troubleEnd)
  const length =
    random.pick(target === 'accounts' || random.chance(0.4) ? LONG_MS : SHORT_MS) * random.between(0.3, 1)
  const kinds: readonly Episode['kind'][] = FAULTS[target]
  const partition = target === 'tokens' && processes > 1 && random.chance(0.3)
  const only = partition
    ? new Set(Array.from({ length: processes }, (_, index) => index).filter(() => random.chance(0.5)))
    : undefined
  return {
    target,
    kind: random.chance(0.5) ? 'mixed' : random.pick(kinds),
    from,
    to: Math.min(START_AT + troubleEnd, from + length),
    strength: random.pick([0.1, 0.3, 0.6, 1]),
    only,
  }
}
