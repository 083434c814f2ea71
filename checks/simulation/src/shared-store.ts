import { type Clock, memoryTokenStore, type TokenStore } from '@zoho-auth/core'
import type { StoredToken } from '@zoho-auth/core/store'
import type { World } from './world.js'

/** Ways to break the store on purpose, to see that the simulation notices. */
export const SABOTAGES = ['lease', 'cas', 'budget', 'cooldown', 'epoch'] as const
export type Sabotage = (typeof SABOTAGES)[number]

/** The machine that the fleet's token store runs on: it can be down, and come back with nothing. */
export class SharedStore {
  /** Counts the times its data was lost. */
  epoch = 0
  /** When data was lost last. */
  lostAt: number = Number.NEGATIVE_INFINITY
  readonly #world: World
  readonly #sabotage: Sabotage | undefined
  #offset: number
  #tokens: TokenStore
  #down = false
  #bornAt: number

  /** @param offset Its clock is off by this, in milliseconds. */
  constructor(world: World, offset: number, sabotage?: Sabotage) {
    this.#world = world
    this.#offset = offset
    this.#sabotage = sabotage
    this.#bornAt = world.now
    this.#tokens = this.#empty()
  }

  /** `undefined` while it is down. */
  get current(): TokenStore | undefined {
    return this.#down ? undefined : this.#tokens
  }

  get now(): number {
    return this.#sabotage === 'epoch' ? this.#world.now - this.#bornAt : this.#world.now + this.#offset
  }

  stop(): void {
    this.#down = true
  }

  /** @param aheadMs `undefined`: with its data. A number: empty, with a clock that is ahead of the old one by this. */
  start(aheadMs?: number): void {
    this.#down = false
    if (aheadMs === undefined) return
    this.#offset += aheadMs
    this.#bornAt = this.#world.now
    this.epoch += 1
    this.lostAt = this.#world.now
    this.#tokens = this.#empty()
  }

  #empty(): TokenStore {
    const clock: Clock = {
      now: () => this.now,
      sleep: () => Promise.reject(new Error('a store does not sleep')),
    }
    const store = memoryTokenStore({ clock })
    return this.#sabotage === undefined ? store : sabotaged(store, this.#sabotage, () => this.now)
  }
}

/** The store with one of its promises broken. */
function sabotaged(store: TokenStore, sabotage: Sabotage, now: () => number): TokenStore {
  switch (sabotage) {
    case 'lease':
      return {
        ...bound(store),
        async acquire(key, request) {
          const result = await store.acquire(key, request)
          if (result.kind !== 'wait') return result
          const at = now()
          const generation = Math.floor(at) + 1
          const lease = { holder: request.holder, generation, at, used: 1, failures: 0 }
          return { kind: 'acquired', lease }
        },
      }
    case 'cas':
      return lastWriterWins(store, now)
    case 'budget':
      return {
        ...bound(store),
        acquire: (key, request) =>
          store.acquire(key, { ...request, budget: { ...request.budget, limit: 1_000 } }),
      }
    case 'cooldown':
      return {
        ...bound(store),
        release: (key, lease, options) => store.release(key, lease, { ...options, cooldown: undefined }),
      }
    default:
      return store
  }
}

function bound(store: TokenStore): TokenStore {
  return {
    acquire: store.acquire.bind(store),
    commit: store.commit.bind(store),
    release: store.release.bind(store),
    invalidate: store.invalidate.bind(store),
    inspect: store.inspect.bind(store),
  }
}

/** Each commit is written, also an older one. */
function lastWriterWins(store: TokenStore, now: () => number): TokenStore {
  const written = new Map<string, { value: string; generation: number; endsAt: number }>()
  const tokenOf = (key: string): StoredToken | undefined => {
    const row = written.get(key)
    return row && { value: row.value, generation: row.generation, lifeMs: row.endsAt - now() }
  }
  return {
    ...bound(store),
    async acquire(key, request) {
      const result = await store.acquire(key, request)
      const token = tokenOf(key)
      if (result.kind !== 'hit' || token === undefined || token.generation <= request.minGeneration)
        return result
      return { kind: 'hit', token }
    },
    async commit(key, lease, value, lifeMs) {
      await store.commit(key, lease, value, lifeMs)
      written.set(key, { value, generation: lease.generation, endsAt: lease.at + lifeMs })
      return tokenOf(key)
    },
  }
}
