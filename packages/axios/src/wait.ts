import type { AxiosConfig } from './axios-like.js'

/** Why a wait ended before its work did. */
export type WaitEnd = 'timeout' | 'canceled'

/** What {@link Wait.for} rejects with when the wait ended first. */
export class WaitEnded extends Error {
  readonly end: WaitEnd

  constructor(end: WaitEnd) {
    super(end === 'timeout' ? 'timeout' : 'canceled')
    this.end = end
  }
}

/**
 * How long one request may wait for a token: until its `timeout`, its `signal` or its `cancelToken`, whichever comes first.
 * The `timeout` counts from the start of the request and covers every wait and sending of it together.
 */
export class Wait {
  readonly #config: AxiosConfig
  readonly #controller = new AbortController()
  readonly #startedAt = performance.now()
  readonly #timeoutMs: number | undefined
  readonly #ended: Promise<never>
  readonly #cancel: () => void
  #timer: NodeJS.Timeout | undefined
  #end: WaitEnded | undefined

  constructor(config: AxiosConfig) {
    this.#config = config
    const timeoutMs = Number.parseInt(String(config.timeout ?? 0), 10)
    this.#timeoutMs = timeoutMs > 0 ? timeoutMs : undefined
    const { signal } = this.#controller
    this.#ended = new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
    this.#ended.catch(() => {})
    this.#cancel = () => this.#finish('canceled')
    if (this.#timeoutMs !== undefined)
      this.#timer = setTimeout(() => this.#finish('timeout'), Math.min(this.#timeoutMs, MAX_TIMER_MS))
    if (config.signal?.aborted) this.#cancel()
    config.signal?.addEventListener?.('abort', this.#cancel)
    config.cancelToken?.subscribe(this.#cancel)
  }

  /** For work that can be told to stop. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** The outcome of `work`, unless the wait ends first. @throws {WaitEnded} */
  async for<T>(work: Promise<T>): Promise<T> {
    try {
      return await Promise.race([work, this.#ended])
    } catch (error) {
      throw this.#end ?? error
    }
  }

  /** What is left of the `timeout`, in milliseconds, at least 1; `undefined` without one. */
  leftMs(): number | undefined {
    if (this.#timeoutMs === undefined) return undefined
    return Math.max(1, Math.ceil(this.#timeoutMs - (performance.now() - this.#startedAt)))
  }

  /** Ends timers and listeners. Owed by whoever made it. */
  close(): void {
    clearTimeout(this.#timer)
    this.#config.signal?.removeEventListener?.('abort', this.#cancel)
    this.#config.cancelToken?.unsubscribe(this.#cancel)
  }

  #finish(end: WaitEnd): void {
    this.#end ??= new WaitEnded(end)
    this.#controller.abort(this.#end)
  }
}

/** Node's timers fire at once above this, in milliseconds (24 days). */
const MAX_TIMER_MS = 2_147_483_647

/** What axios itself says when a request takes too long. */
export function timeoutWords(config: AxiosConfig): { readonly message: string; readonly code: string } {
  return {
    message: config.timeoutErrorMessage || `timeout of ${config.timeout}ms exceeded`,
    code: config.transitional?.clarifyTimeoutError ? 'ETIMEDOUT' : 'ECONNABORTED',
  }
}
