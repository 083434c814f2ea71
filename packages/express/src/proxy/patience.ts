import { ZohoAuthError } from '@zoho-auth/core'

/** The reason of a {@link Patience} whose client went away. Nobody is left to be told. */
export const CLIENT_LEFT: Error = new Error('the client went away')

/** Ends an exchange in which nothing moves any more, or whose client went away. */
export class Patience {
  readonly #controller = new AbortController()
  readonly #timeoutMs: number
  #timer: NodeJS.Timeout | undefined

  /** @param timeoutMs How long nothing may move, in milliseconds. */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs
  }

  /** Aborted with the reason of {@link end}, or with `ERR_ZOHO_TIMEOUT`. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Something moved: from now on the whole time again. Nothing after the end. */
  renew(): void {
    this.pause()
    if (this.signal.aborted) return
    this.#timer = setTimeout(() => this.#controller.abort(timedOut()), this.#timeoutMs)
  }

  /** Until the next {@link renew} nobody is waited for, or somebody whose time is not ours to measure. */
  pause(): void {
    clearTimeout(this.#timer)
  }

  /** Ends what is still under way, for a reason or because everything is done. */
  end(reason?: Error): void {
    this.pause()
    this.#controller.abort(reason)
  }
}

function timedOut(): ZohoAuthError {
  return new ZohoAuthError('ERR_ZOHO_TIMEOUT', {
    action:
      'A request through zohoProxy did not move for timeoutMs. Send it again, or raise timeoutMs of zohoProxy.',
  })
}
