import type { Random } from './random.js'
import type { World } from './world.js'

/** What can be disturbed. */
export type Target = 'accounts' | 'tokens' | 'connections' | 'api'

/** What can befall an operation, by its target. */
interface FaultsOf {
  accounts:
    | 'unreachable'
    | 'reset'
    | 'lost-answer'
    | 'hang'
    | 'stall'
    | 'slow'
    | 'server-error'
    | 'html'
    | 'truncated'
    | 'too-many'
    | 'general-error'
    | 'client-fault'
    | 'lie'
    | 'malformed'
  tokens: 'refused' | 'lost-command' | 'lost-answer' | 'hang' | 'late' | 'twice' | 'slow'
  connections: 'refused' | 'lost-answer' | 'hang' | 'slow'
  api: 'refuses'
}

export type Fault<T extends Target = Target> = FaultsOf[T]

/** All of them. `mixed` draws another one each time. */
export const FAULTS: { readonly [T in Target]: readonly Fault<T>[] } = {
  accounts: [
    'unreachable',
    'reset',
    'lost-answer',
    'hang',
    'stall',
    'slow',
    'server-error',
    'html',
    'truncated',
    'too-many',
    'general-error',
    'client-fault',
    'lie',
    'malformed',
  ],
  tokens: ['refused', 'lost-command', 'lost-answer', 'hang', 'late', 'twice', 'slow'],
  connections: ['refused', 'lost-answer', 'hang', 'slow'],
  api: ['refuses'],
}

/** A time in which something is disturbed. */
export interface Episode {
  readonly target: Target
  readonly kind: Fault | 'mixed'
  readonly from: number
  readonly to: number
  /** Share of operations that meet the fault. */
  readonly strength: number
  /** Only for these processes: a partition. */
  readonly only?: ReadonlySet<number> | undefined
}

/** Decides which operation meets which fault, and knows since when nothing was disturbed. */
export class Weather {
  readonly faults: Record<string, number> = {}
  readonly #world: World
  readonly #random: Random
  readonly #episodes: readonly Episode[]
  #pointAt = Number.NEGATIVE_INFINITY

  constructor(world: World, random: Random, episodes: readonly Episode[]) {
    this.#world = world
    this.#random = random
    this.#episodes = episodes
  }

  /** The fault that this operation meets, if any. */
  draw<T extends Target>(target: T, process: number): Fault<T> | undefined {
    const { now } = this.#world
    for (const episode of this.#episodes) {
      if (episode.target !== target || now < episode.from || now >= episode.to) continue
      if (episode.only !== undefined && !episode.only.has(process)) continue
      if (!this.#random.chance(episode.strength)) continue
      const fault = (
        episode.kind === 'mixed' ? this.#random.pick(FAULTS[target] as readonly string[]) : episode.kind
      ) as Fault<T>
      this.count(`${target} ${fault}`)
      return fault
    }
    return undefined
  }

  count(fault: string): void {
    this.faults[fault] = (this.faults[fault] ?? 0) + 1
  }

  /** Something happened at one moment, such as a restart of the store. */
  point(): void {
    this.#pointAt = this.#world.now
  }

  /** Since when all is well; the future while something is disturbed. */
  clearSince(): number {
    const { now } = this.#world
    let since = this.#pointAt
    for (const { from, to } of this.#episodes) if (from <= now && to > since) since = to
    return since
  }

  /** Whether a fault of this target can have had an effect since a moment. */
  disturbed(target: Target, since: number): boolean {
    const { now } = this.#world
    return this.#episodes.some(
      (episode) => episode.target === target && episode.from <= now && episode.to >= since,
    )
  }
}
