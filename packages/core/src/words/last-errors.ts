import { BoundedMap } from './bounded-map.js'
import type { Clock } from './clock.js'
import type { ZohoAuthErrorCode } from './errors.js'
import type { Events } from './events.js'

/** Most connections whose last failure is remembered; beyond it the oldest is forgotten. */
const MAX_ERRORS = 10_000

/** What a connection failed with last. */
export interface LastError {
  readonly code: ZohoAuthErrorCode
  readonly message: string
  /** In milliseconds since the epoch. */
  readonly at: number
}

/** The last failure of each connection since its last token, as this process saw it; for `status`. */
export class LastErrors {
  readonly #errors = new BoundedMap<string, LastError>(MAX_ERRORS)

  constructor(events: Events, clock: Clock) {
    events.on('token.refresh_failed', ({ connection, code, detail }) => {
      this.#errors.set(connection, { code, message: detail, at: clock.now() })
    })
    events.on('token.refreshed', ({ connection }) => this.#errors.delete(connection))
  }

  get(connection: string): LastError | undefined {
    return this.#errors.get(connection)
  }
}
