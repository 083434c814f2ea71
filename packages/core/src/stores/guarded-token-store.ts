import { BoundedMap } from '../words/bounded-map.js'
import type { Cooldown } from '../words/cooldown.js'
import type { EngineClock } from '../words/engine-clock.js'
import { describeFault } from '../words/errors.js'
import type { Events } from '../words/events.js'
import { ended, once } from '../words/waits.js'
import { TokenBucket } from './budget.js'
import type {
  AcquireRequest,
  AcquireResult,
  BudgetPolicy,
  RefreshLease,
  ReleaseOptions,
  StoredToken,
  TokenRecord,
  TokenStore,
} from './ports.js'

/** A store operation that takes longer than this counts as failed, in milliseconds (2 seconds). */
const STORE_TIMEOUT_MS = 2_000

/** Most keys for which a bucket is kept while the store is down. */
const MAX_BUCKETS = 10_000

/** How often a write that failed is tried again in the background, and the first pause, which doubles. */
const MAX_RETRIES = 7
const RETRY_FIRST_MS = 250

/** The store did not answer, or answered with an error. */
export class StoreFault extends Error {
  override readonly name = 'StoreFault'
}

export interface GuardOptions {
  readonly clock: EngineClock
  readonly events: Events
  readonly budget: BudgetPolicy
  /** The store lives in this process: it is asked without a time limit, and cannot be down. */
  readonly inProcess: boolean
  /** How many processes share the grant, if the store cannot say. */
  readonly instances: number
  readonly random: () => number
  /** Takes secrets out of what a driver says. */
  readonly mask?: (text: string) => string
  /** Ends what is tried again in the background. */
  readonly closing: AbortSignal
}

/**
 * A token store behind a time limit. Every operation takes at most {@link STORE_TIMEOUT_MS} and fails with `StoreFault`;
 * a write that failed is tried again in the background; what the store cannot say while it is down, a bucket does.
 *
 * `commit` fails when its write did, so that its caller goes on with its own token. `release` and `invalidate` never fail:
 * nobody can do more about them than trying again.
 */
export class GuardedTokenStore implements TokenStore {
  readonly inProcess: boolean
  /** Absent if the store has none: then it is asked again and again. */
  readonly changed?: (key: string, signal: AbortSignal) => Promise<void>
  readonly #inner: TokenStore
  readonly #options: GuardOptions
  readonly #buckets = new BoundedMap<string, TokenBucket>(MAX_BUCKETS)
  /** Until the store is ready, or could not be made so. Its time is not the store's. */
  #preparing: (() => Promise<void>) | undefined
  #downSince: number | undefined

  constructor(inner: TokenStore, options: GuardOptions) {
    this.#inner = inner
    this.#options = options
    this.inProcess = options.inProcess
    const changed = inner.changed?.bind(inner)
    if (changed) this.changed = (key, signal) => changed(key, signal).catch(() => ended(signal))
    this.#preparing = inner.ready && once(async () => inner.ready?.())
  }

  /** @throws StoreFault */
  acquire(key: string, request: AcquireRequest): Promise<AcquireResult> {
    return this.#limited(() => this.#inner.acquire(key, request))
  }

  /** @throws StoreFault The write is tried again in the background. */
  commit(key: string, lease: RefreshLease, value: string, lifeMs: number): Promise<StoredToken | undefined> {
    return this.#written(() => this.#inner.commit(key, lease, value, lifeMs))
  }

  async release(key: string, lease: RefreshLease, options?: ReleaseOptions): Promise<void> {
    await this.#written(() => this.#inner.release(key, lease, options)).catch(() => {})
  }

  async invalidate(key: string, cooldown?: Cooldown): Promise<void> {
    await this.#written(() => this.#inner.invalidate(key, cooldown)).catch(() => {})
  }

  /** @throws StoreFault */
  inspect(key: string): Promise<TokenRecord | undefined> {
    return this.#limited(() => this.#inner.inspect(key))
  }

  async close(): Promise<void> {
    await this.#inner.close?.()
  }

  /** One token without the store, from this process's part of the fleet's share. */
  takeLocally(key: string): { readonly ok: true } | { readonly ok: false; readonly ms: number } {
    const { budget, instances, clock, random } = this.#options
    let bucket = this.#buckets.get(key)
    if (bucket === undefined) {
      bucket = new TokenBucket(budget, instances, clock.now(), random)
      this.#buckets.set(key, bucket)
    }
    return bucket.take(clock.now())
  }

  async #limited<T>(operation: () => Promise<T>): Promise<T> {
    if (this.inProcess) return operation()
    if (this.#preparing !== undefined) {
      await this.#preparing()
      this.#preparing = undefined
    }
    const { clock, events, mask } = this.#options
    try {
      const late = () => new Error(`the store did not answer within ${STORE_TIMEOUT_MS} ms`)
      const result = await clock.withTimeout(operation(), STORE_TIMEOUT_MS, late)
      this.#answered()
      return result
    } catch (error) {
      const fault = describeFault(error, mask)
      if (this.#downSince === undefined) {
        this.#downSince = clock.now()
        events.emit('store.degraded', { detail: fault.message })
      }
      throw new StoreFault(fault.message, { cause: fault })
    }
  }

  async #written<T>(write: () => Promise<T>): Promise<T> {
    try {
      return await this.#limited(write)
    } catch (error) {
      if (error instanceof StoreFault) void this.#retry(write)
      throw error
    }
  }

  async #retry(write: () => Promise<unknown>): Promise<void> {
    const { clock, closing } = this.#options
    for (let attempt = 0; attempt < MAX_RETRIES && !closing.aborted; attempt++) {
      try {
        await clock.sleep(RETRY_FIRST_MS * 2 ** attempt, closing)
        await this.#limited(write)
        return
      } catch {
        // Until the last one.
      }
    }
  }

  #answered(): void {
    if (this.#downSince === undefined) return
    const downMs = this.#options.clock.now() - this.#downSince
    this.#downSince = undefined
    this.#options.events.emit('store.recovered', { downMs })
  }
}
