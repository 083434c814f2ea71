import type { Runtime } from '../runtime.js'
import { codeOf } from '../words/errors.js'
import { unlimitedListeners } from '../words/waits.js'
import type { FailedConnection, WarmOptions, WarmReport, ZohoAuth } from '../zoho-auth.js'

/** Connections that are begun with in a second, unless told otherwise (fifty). */
const DEFAULT_PER_SECOND = 50

/** The most that can be set. */
const MAX_PER_SECOND = 10_000

/** How much lateness is made up for, in milliseconds. */
const MAX_MADE_UP_MS = 100

/** Most failures that are named one by one in a report. */
const MAX_FAILURES = 100

/** Asks for a token of one connection after the other, evenly, and slower if the answers are slow. */
export async function warm(
  ids: Iterable<string> | AsyncIterable<string>,
  { perSecond = DEFAULT_PER_SECOND, onProgress, signal }: WarmOptions = {},
  zoho: Pick<ZohoAuth, 'getToken'>,
  { clock, maxConcurrentRefreshes, stopping }: Runtime,
): Promise<WarmReport> {
  if (!(perSecond > 0 && perSecond <= MAX_PER_SECOND))
    throw new TypeError(`perSecond must be a number above 0 and at most ${MAX_PER_SECOND}`)
  // The rest of the requests is left to callers.
  const atOnce = Math.ceil(maxConcurrentRefreshes / 2)
  const ended = unlimitedListeners(AbortSignal.any(signal === undefined ? [stopping] : [signal, stopping]))
  const report = { seen: 0, warmed: 0, failed: [] as FailedConnection[] }
  const underWay = new Set<Promise<void>>()
  const fill = async (connection: string) => {
    try {
      await zoho.getToken({ connection, signal: ended })
      report.warmed += 1
    } catch (error) {
      if (ended.aborted) return
      const code = codeOf(error)
      if (report.failed.length < MAX_FAILURES) report.failed.push({ connection, code })
    }
    onProgress?.({ ...report, failed: [...report.failed] })
  }
  let dueAt = clock.now()
  for await (const connection of ids) {
    ended.throwIfAborted()
    const now = clock.now()
    // Timers are late by a little, which is made up for; what was lost while answers were slow is not: that would be a burst.
    dueAt = Math.max(dueAt, now - MAX_MADE_UP_MS)
    if (dueAt > now) await clock.sleep(dueAt - now, ended)
    dueAt += 1000 / perSecond
    if (underWay.size >= atOnce) await Promise.race(underWay)
    report.seen += 1
    const one = fill(connection).finally(() => underWay.delete(one))
    one.catch(() => {})
    underWay.add(one)
  }
  await Promise.all(underWay)
  ended.throwIfAborted()
  return report
}
