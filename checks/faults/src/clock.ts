import { type Clock, systemClock } from '@zoho-auth/core'

/** Real time that can be put forward, so that nobody waits for a token to expire or for a pause to end. */
export class JumpClock implements Clock {
  readonly #system = systemClock()
  #ahead = 0

  now(): number {
    return this.#system.now() + this.#ahead
  }

  sleep(ms: number, signal?: AbortSignal, options?: { readonly unref?: boolean }): Promise<void> {
    return this.#system.sleep(ms, signal, options)
  }

  jump(ms: number): void {
    this.#ahead += ms
  }
}
