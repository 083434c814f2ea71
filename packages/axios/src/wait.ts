import type { Product } from '@zoho-auth/core'
import type { OutgoingOptions } from '@zoho-auth/core/adapter'
import type { AxiosConfig } from './axios-like.js'
import type { Sibling } from './sibling.js'

/** Node's timers fire at once above this, in milliseconds (24 days). */
const MAX_TIMER_MS = 2_147_483_647

/**
 * How long one request may wait for a token: until its `timeout`, its `signal` or its `cancelToken`, whichever comes first.
 * The `timeout` counts from the start of the request and covers every wait and sending of it together. Costs nothing until
 * something has to be waited for.
 *
 * It is also what core is told of the request: `signal` is there while the request waits.
 */
export class Wait implements OutgoingOptions {
  readonly connection: string | undefined
  readonly product: Product | undefined
  readonly #config: AxiosConfig
  readonly #sibling: Sibling
  readonly #startedAt = performance.now()
  #ending: AbortController | undefined

  constructor(config: AxiosConfig, sibling: Sibling, { connection, product }: OutgoingOptions) {
    this.#config = config
    this.#sibling = sibling
    this.connection = connection
    this.product = product
  }

  get signal(): AbortSignal | undefined {
    return this.#ending?.signal
  }

  /**
   * The outcome of `work`, unless the wait ends first.
   *
   * @throws axios' own error if the `timeout` was over; if the caller gave up, axios says so itself.
   */
  async for<T>(work: () => Promise<T>): Promise<T> {
    const { signal, cancelToken } = this.#config
    const ending = new AbortController()
    this.#ending = ending
    const cancel = (): void => ending.abort(new Error('canceled'))
    const leftMs = this.leftMs()
    const late = (): void => ending.abort(LATE)
    const timer = leftMs === undefined ? undefined : setTimeout(late, Math.min(leftMs, MAX_TIMER_MS))
    const ended = new Promise<never>((_, reject) => {
      ending.signal.addEventListener('abort', () => reject(ending.signal.reason), { once: true })
    })
    signal?.addEventListener?.('abort', cancel)
    cancelToken?.subscribe(cancel)
    if (signal?.aborted) cancel()
    try {
      return await Promise.race([ended, work()])
    } catch (error) {
      if (ending.signal.reason !== LATE) throw ending.signal.reason ?? error
      const { message, code } = timeoutWords(this.#config)
      throw await this.#sibling.error(message, code, this.#config)
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener?.('abort', cancel)
      cancelToken?.unsubscribe(cancel)
    }
  }

  /** What is left of the `timeout`, in milliseconds, at least 1; `undefined` without one. */
  leftMs(): number | undefined {
    const timeoutMs = Number.parseInt(String(this.#config.timeout ?? 0), 10)
    if (!(timeoutMs > 0)) return undefined
    return Math.max(1, Math.ceil(timeoutMs - (performance.now() - this.#startedAt)))
  }
}

const LATE = new Error('timeout')

/** What axios itself says when a request takes too long. */
export function timeoutWords(config: AxiosConfig): { readonly message: string; readonly code: string } {
  return {
    message: config.timeoutErrorMessage || `timeout of ${config.timeout}ms exceeded`,
    code: config.transitional?.clarifyTimeoutError ? 'ETIMEDOUT' : 'ECONNABORTED',
  }
}
