import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks'

/** Whose connection it is. `undefined`, and `null` as databases like to give: nobody's, at least not yet. */
export type ConnectionAnswer = string | null | undefined

/** Asks once, and keeps the first defined answer. */
export class ConnectionRef {
  readonly #ask: () => ConnectionAnswer | Promise<ConnectionAnswer>
  /** The answer, if there is one already. */
  resolved: string | undefined
  #asking: Promise<string | undefined> | undefined

  constructor(connection: string | (() => ConnectionAnswer | Promise<ConnectionAnswer>)) {
    this.#ask = typeof connection === 'function' ? connection : () => connection
    this.resolved = typeof connection === 'string' ? connection : undefined
  }

  /** A string if it is known or found at once, so that the common case costs no promise. */
  resolve(): string | undefined | Promise<string | undefined> {
    if (this.resolved !== undefined) return this.resolved
    if (this.#asking !== undefined) return this.#asking
    const answer = this.#ask()
    if (typeof answer !== 'object' || answer === null) return this.#keep(answer)
    // Calls at the same time share one question; an answer that failed or was empty is asked for again.
    this.#asking = Promise.resolve(answer)
      .then((id) => this.#keep(id))
      .finally(() => {
        this.#asking = undefined
      })
    return this.#asking
  }

  #keep(id: ConnectionAnswer): string | undefined {
    this.resolved ??= id ?? undefined
    return this.resolved
  }
}

/**
 * A resolver that asks once: at the first use, and never again once it has a defined answer. Whoever asks meanwhile shares
 * the question; `undefined`, `null` and errors are not kept. For adapters, which ask about one request.
 */
export function firstAnswer(
  ask: () => ConnectionAnswer | Promise<ConnectionAnswer>,
): () => string | undefined | Promise<string | undefined> {
  const ref = new ConnectionRef(ask)
  return () => ref.resolve()
}

/** The surrounding connection, and a way out of it for work that callers share. */
export class Scope {
  readonly #storage = new AsyncLocalStorage<ConnectionRef | undefined>()
  readonly #root = new AsyncResource('ZohoAuth')
  /** The first use makes every promise of the process dearer, on Node 20 and 22 by more than its own price. */
  #used = false

  current(): ConnectionRef | undefined {
    return this.#used ? this.#storage.getStore() : undefined
  }

  run<T>(ref: ConnectionRef, fn: () => T): T {
    this.#used = true
    return this.#storage.run(ref, fn)
  }

  /** Ends every scope; each one that is left costs a little with every promise of the process. */
  close(): void {
    try {
      this.#storage.disable()
    } catch {
      // workerd has no such thing, and no such cost.
    }
  }

  /** Runs `fn` where the engine was made: outside this scope, and outside any scope of the caller's. */
  outside<T>(fn: () => T): T {
    return this.#root.runInAsyncScope(() => (this.#used ? this.#storage.run(undefined, fn) : fn()))
  }
}
