import { setTimeout as sleep } from 'node:timers/promises'
import { isZohoAuthError, type ZohoAuth } from '@zoho-auth/core'
import type { Uses } from './messages.js'

/** Errors that are printed of one connection, to be searched for secrets; more would say the same. */
const MAX_PRINTED = 20

/** Calls an API with some connections all the time, one call each at a time, as the jobs of an app do. */
export class ApiLoop {
  readonly #zoho: ZohoAuth
  readonly #everyMs: number
  readonly #counts = new Map<string, Count>()
  readonly #callers: Promise<unknown>
  #ended = false

  constructor(
    zoho: ZohoAuth,
    options: { readonly connections: readonly string[]; readonly everyMs: number },
  ) {
    this.#zoho = zoho
    this.#everyMs = options.everyMs
    this.#callers = Promise.all(options.connections.map((connection) => this.#call(connection)))
  }

  /** By connection. */
  uses(): Record<string, Uses> {
    return Object.fromEntries(this.#counts)
  }

  /** Waits for what is under way. */
  async end(): Promise<void> {
    this.#ended = true
    await this.#callers
  }

  async #call(connection: string): Promise<void> {
    const count: Count = { served: 0, failed: {}, lastServedAt: 0 }
    this.#counts.set(connection, count)
    let printed = 0
    for (; !this.#ended; await sleep(this.#everyMs)) {
      const failure = await this.#once(connection).catch((error: unknown) => {
        if (++printed <= MAX_PRINTED) console.error(error)
        return isZohoAuthError(error) ? error.code : String(error)
      })
      if (failure === undefined) {
        count.served += 1
        count.lastServedAt = Date.now()
      } else count.failed[failure] = (count.failed[failure] ?? 0) + 1
    }
  }

  /** What went wrong, if anything did. */
  async #once(connection: string): Promise<string | undefined> {
    const response = await this.#zoho.fetch('/crm/v2/Leads', { connection, product: 'crm' })
    await response.arrayBuffer()
    return response.status === 200 ? undefined : `status ${response.status}`
  }
}

interface Count extends Uses {
  served: number
  readonly failed: Record<string, number>
  lastServedAt: number
}
