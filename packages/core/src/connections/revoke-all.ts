import type { Runtime } from '../runtime.js'
import { codeOf, ZohoAuthError } from '../words/errors.js'
import type { FailedConnection, RevokeAllOptions, RevokeReport } from '../zoho-auth.js'
import { listed } from './listed.js'
import { revokeConnection } from './revoke.js'

/** Most failures that are named one by one in a report. */
const MAX_FAILURES = 100

/** Revokes many connections, one after the other. One that fails is reported, and the others go on. */
export async function revokeAll(
  { where, onProgress, signal }: RevokeAllOptions,
  runtime: Runtime,
): Promise<RevokeReport> {
  const { store } = runtime.grants
  if (store === undefined)
    throw new ZohoAuthError('ERR_ZOHO_CONFIG', {
      message: '"connections" is a function, which cannot be listed: revoke them one by one with revoke()',
    })
  if (typeof where !== 'function')
    throw new TypeError(
      'revokeAll needs { where }: a function that says which connections, such as those of one tenant',
    )
  const report = { seen: 0, revoked: 0, failed: [] as FailedConnection[] }
  for await (const { refreshToken: _, soid: __, replaced: ___, ...row } of listed(store, runtime)) {
    signal?.throwIfAborted()
    runtime.stopping.throwIfAborted()
    report.seen += 1
    if (!where(row)) continue
    try {
      await revokeConnection(row.id, runtime)
      report.revoked += 1
    } catch (error) {
      const code = codeOf(error)
      if (report.failed.length < MAX_FAILURES) report.failed.push({ connection: row.id, code })
    }
    onProgress?.({ ...report, failed: [...report.failed] })
  }
  return report
}
