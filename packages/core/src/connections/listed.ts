import type { Runtime } from '../runtime.js'
import type { ConnectionStore } from '../stores/ports.js'
import { SealedConnectionStore } from '../stores/sealed-connection-store.js'
import type { Connection } from '../words/connection.js'
import { describeFault, isZohoAuthError, ZohoAuthError } from '../words/errors.js'

/**
 * All connections of a store, one after the other, with what is sealed left sealed.
 *
 * @throws ZohoAuthError `ERR_ZOHO_STORE` where the store fails, or takes longer than `timeoutMs` for the next one.
 */
export async function* listed(
  store: ConnectionStore,
  { clock, timeoutMs, secrets }: Pick<Runtime, 'clock' | 'timeoutMs' | 'secrets'>,
): AsyncGenerator<Connection, void> {
  const hangs = () => new Error(`the connection store did not answer within ${timeoutMs} ms`)
  const list = store instanceof SealedConnectionStore ? store.unopened() : store.list()
  const rows = list[Symbol.asyncIterator]()
  try {
    for (;;) {
      const { done, value } = await clock
        .withTimeout(rows.next(), timeoutMs, hangs)
        .catch((error: unknown) => {
          if (isZohoAuthError(error)) throw error
          throw new ZohoAuthError('ERR_ZOHO_STORE', { cause: describeFault(error, secrets.mask) })
        })
      if (done === true) return
      yield value
    }
  } finally {
    // Nobody waits for a store that may not answer.
    rows.return?.().catch(() => {})
  }
}
