import { setTimeout as sleep } from 'node:timers/promises'
import type { DataCenter } from '@zoho-auth/emulator'
import type { RemoteEmulator } from './emulator.js'

/** How often is looked, in milliseconds. A token lives much longer. */
const POLL_MS = 50

/** Notes when each token was made, as the emulator says. */
export class TokenWatch {
  readonly #emulator: RemoteEmulator
  readonly #issuedAt = new Map<DataCenter, Map<string, number>>()
  readonly #watching: Promise<void>
  #ended = false

  constructor(emulator: RemoteEmulator) {
    this.#emulator = emulator
    this.#watching = this.#watch()
    // Who ends it learns what went wrong.
    this.#watching.catch(() => {})
  }

  /** When the tokens of a data centre were made, oldest first, in milliseconds since the epoch. */
  issuedAt(dataCenter: DataCenter): readonly number[] {
    return [...(this.#issuedAt.get(dataCenter)?.values() ?? [])].sort((left, right) => left - right)
  }

  async end(): Promise<void> {
    this.#ended = true
    await this.#watching
  }

  async #watch(): Promise<void> {
    for (; !this.#ended; await sleep(POLL_MS))
      for (const { id, dataCenter, issuedAt } of await this.#emulator.livingTokens()) {
        const known = this.#issuedAt.get(dataCenter) ?? new Map<string, number>()
        this.#issuedAt.set(dataCenter, known.set(id, issuedAt))
      }
  }
}
