import type { Runtime } from '../runtime.js'
import { SealedConnectionStore } from '../stores/sealed-connection-store.js'
import { codeOf, ZohoAuthError } from '../words/errors.js'
import type { FailedConnection, RotateOptions, RotateReport } from '../zoho-auth.js'
import { listed } from './listed.js'

/** Most failures that are named one by one in a report. */
const MAX_FAILURES = 100

/**
 * Seals every connection with the first key. One that is so already is left alone, so that a run that was cut off is
 * resumed by another; one that does not open is reported, left as it is, and the others go on.
 */
export async function rotateKeys(
  { onProgress, signal }: RotateOptions,
  runtime: Runtime,
): Promise<RotateReport> {
  const { stopping, clock, timeoutMs } = runtime
  const { store } = runtime.grants
  if (!(store instanceof SealedConnectionStore))
    throw new ZohoAuthError('ERR_ZOHO_CONFIG', {
      message: 'there is nothing to rotate: connections are not in a durable store with encryptionKeys',
    })
  const report = {
    seen: 0,
    rotated: 0,
    failed: [] as FailedConnection[],
  }
  for await (const { id } of listed(store, runtime)) {
    signal?.throwIfAborted()
    stopping.throwIfAborted()
    report.seen += 1
    const late = () => new ZohoAuthError('ERR_ZOHO_STORE', { connection: id })
    try {
      if (await clock.withTimeout(store.reseal(id), timeoutMs, late)) report.rotated += 1
    } catch (error) {
      if (report.failed.length < MAX_FAILURES) report.failed.push({ connection: id, code: codeOf(error) })
    }
    onProgress?.({ ...report, failed: [...report.failed] })
  }
  return report
}
