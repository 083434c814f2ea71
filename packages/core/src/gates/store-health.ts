import { LocalBucket } from '../rules/budget.js'
import type { BudgetPolicy } from '../stores/ports.js'
import { onceReady } from '../words/abortable.js'
import type { EngineClock } from '../words/engine-clock.js'
import { describeFault } from '../words/errors.js'
import type { Events } from '../words/events.js'

/** A store operation that takes longer than this counts as failed, in milliseconds (2 seconds). */
const STORE_TIMEOUT_MS = 2_000

/** Most keys for which a local bucket is kept while the store is down. */
const MOST_BUCKETS = 10_000

/** How often a write that must not be lost is tried again behind, and the first pause, which doubles. */
const STORE_RETRIES = 8
const STORE_RETRY_FIRST_MS = 250

/** The store did not answer, or answered with an error. */
export class StoreFault extends Error {
  override readonly name = 'StoreFault'
}

/** What {@link StoreHealth} is told about the store. */
export interface StoreTraits {
  /** It lives in this process: it is asked without a time limit, and cannot be down. */
  readonly inProcess: boolean
  /** How many processes share the grant, where the store cannot say. */
  readonly instances: number
  /** Loads what the store needs. Its time is not the store's. */
  readonly ready?: () => Promise<void>
  /** Takes secrets out of what a driver says. */
  readonly mask?: (text: string) => string
}

/** Watches whether the token store answers, and what may be spent while it does not. */
export class StoreHealth {
  readonly #clock: EngineClock
  readonly #events: Events
  readonly #buckets = new Map<string, LocalBucket>()
  readonly #newBucket: () => LocalBucket
  /** The store lives in this process. */
  readonly inProcess: boolean
  readonly #closing: AbortSignal
  readonly #mask: ((text: string) => string) | undefined
  /** Until the store is ready, or could not be made so. */
  #preparing: (() => Promise<void>) | undefined
  #downSince: number | undefined

  constructor(
    clock: EngineClock,
    events: Events,
    budget: BudgetPolicy,
    traits: StoreTraits,
    random: () => number,
    closing: AbortSignal,
  ) {
    this.#clock = clock
    this.#events = events
    this.#closing = closing
    this.#newBucket = () => new LocalBucket(budget, traits.instances, clock.now(), random)
    this.inProcess = traits.inProcess
    this.#mask = traits.mask
    this.#preparing = traits.ready && onceReady(traits.ready)
  }

  /** Runs one store operation, within {@link STORE_TIMEOUT_MS}. @throws StoreFault */
  async run<T>(operation: () => Promise<T>): Promise<T> {
    if (this.inProcess) return operation()
    if (this.#preparing !== undefined) {
      await this.#preparing()
      this.#preparing = undefined
    }
    try {
      const late = () => new Error(`the store did not answer within ${STORE_TIMEOUT_MS} ms`)
      const result = await this.#clock.within(operation(), STORE_TIMEOUT_MS, late)
      this.#answered()
      return result
    } catch (error) {
      const fault = describeFault(error, this.#mask)
      if (this.#downSince === undefined) {
        this.#downSince = this.#clock.now()
        this.#events.emit('store.degraded', { detail: fault.message })
      }
      throw new StoreFault(fault.message, { cause: fault })
    }
  }

  /** Tries a write until it is stored, {@link STORE_RETRIES} times at most, with nobody waiting. */
  async persist(operation: () => Promise<unknown>): Promise<boolean> {
    for (let attempt = 0; attempt < STORE_RETRIES; attempt++) {
      try {
        if (attempt > 0) await this.#clock.sleep(STORE_RETRY_FIRST_MS * 2 ** (attempt - 1), this.#closing)
        await this.run(operation)
        return true
      } catch {
        if (this.#closing.aborted) return false
      }
    }
    return false
  }

  /** One token without the store, from this process's part of the fleet's share. */
  takeLocally(key: string): { readonly ok: true } | { readonly ok: false; readonly ms: number } {
    let bucket = this.#buckets.get(key)
    if (bucket === undefined) {
      if (this.#buckets.size >= MOST_BUCKETS) this.#buckets.clear()
      bucket = this.#newBucket()
      this.#buckets.set(key, bucket)
    }
    return bucket.take(this.#clock.now())
  }

  #answered(): void {
    if (this.#downSince === undefined) return
    const downMs = this.#clock.now() - this.#downSince
    this.#downSince = undefined
    this.#events.emit('store.recovered', { downMs })
  }
}
