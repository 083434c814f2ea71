import type { Clock } from '../words/clock.js'
import type { Events } from '../words/events.js'
import type { ConnectionStatus } from '../zoho-auth.js'

/** Most connections whose last failure is remembered. */
const MAX_ERRORS = 10_000

/** The last failure of each connection since its last token, as this process saw it; for `status`. */
export class LastErrors {
  readonly #errors = new Map<string, NonNullable<ConnectionStatus['lastError']>>()

  constructor(events: Events, clock: Clock) {
    events.on('token.refresh_failed', ({ connection, code, detail }) => {
      if (this.#errors.size >= MAX_ERRORS) this.#errors.clear()
      this.#errors.set(connection, { code, message: detail, at: clock.now() })
    })
    events.on('token.refreshed', ({ connection }) => this.#errors.delete(connection))
  }

  get(connection: string): ConnectionStatus['lastError'] {
    return this.#errors.get(connection)
  }
}
