import { type Clock, systemClock } from '../words/clock.js'
import type { TokenStore } from './ports.js'
import {
  acquire,
  commit,
  EMPTY_ROW,
  emptyAt,
  inspect,
  invalidate,
  type Ruling,
  release,
  type TokenRow,
} from './token-row.js'

/** Most keys kept; beyond it those go in which nothing is left but a token, which costs one refresh. */
const MAX_KEYS = 200_000

/** How many keys one new one looks at to find room. */
const MAX_LOOKED_AT = 64

/** Keys beyond the most, while room is being looked for; from here on one goes whatever it holds. */
const MAX_BEYOND = 20_000

export interface MemoryTokenStoreOptions {
  /** Default: the clock of this process. */
  readonly clock?: Clock
}

/** Keeps tokens in this process: the default, right for one process per refresh token. */
export function memoryTokenStore(options: MemoryTokenStoreOptions = {}): TokenStore {
  return new MemoryTokenStore(options.clock ?? systemClock())
}

/** Whether a store was made by {@link memoryTokenStore}: it cannot be shared, nor be down. */
export function isMemoryTokenStore(store: TokenStore): boolean {
  return store instanceof MemoryTokenStore
}

/** A row as small as it can be: what is made by spreading another one keeps room for more. There can be very many. */
function compact({ value, generation, endsAt, used, windowMs, pending, lease, trouble }: TokenRow): TokenRow {
  return { value, generation, endsAt, used, windowMs, pending, lease, trouble }
}

class MemoryTokenStore implements TokenStore {
  readonly #clock: Clock
  readonly #rows = new Map<string, TokenRow>()
  /** Goes round the keys to find room, on from where it was. */
  #hand: Iterator<[string, TokenRow]> | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  acquire: TokenStore['acquire'] = async (key, request) =>
    this.#change(key, (row, now) => acquire(row, request, now))

  commit: TokenStore['commit'] = async (key, lease, value, lifeMs) =>
    this.#change(key, (row, now) => commit(row, lease, value, lifeMs, now))

  release: TokenStore['release'] = async (key, lease, options = {}) =>
    this.#change(key, (row, now) => release(row, lease, options, now))

  invalidate: TokenStore['invalidate'] = async (key, cooldown) =>
    this.#change(key, (row, now) => invalidate(row, cooldown, now))

  inspect: TokenStore['inspect'] = async (key) => {
    const row = this.#rows.get(key)
    return row && inspect(row, this.#clock.now())
  }

  #change<Answer>(key: string, rule: (row: TokenRow, now: number) => Ruling<Answer>): Answer {
    const now = this.#clock.now()
    const row = this.#rows.get(key)
    const { answer, write } = rule(row ?? EMPTY_ROW, now)
    if (write === undefined) return answer
    if (row === undefined && this.#rows.size >= MAX_KEYS) this.#makeRoom(now)
    this.#rows.set(key, compact(write))
    return answer
  }

  /** Looks at a few keys, the oldest first, and drops those in which nothing matters any more. */
  #makeRoom(now: number): void {
    const full = this.#rows.size >= MAX_KEYS + MAX_BEYOND
    for (let looked = 0; looked < MAX_LOOKED_AT && this.#rows.size >= MAX_KEYS; looked++) {
      const step = this.#hand?.next()
      if (step === undefined || step.done === true) this.#hand = this.#rows.entries()
      else if ((full && looked === 0) || emptyAt(step.value[1], false) <= now)
        this.#rows.delete(step.value[0])
    }
  }
}
