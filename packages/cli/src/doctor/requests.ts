import type { ZohoAuth } from '@zoho-auth/core'
import { type Finding, ok, skipped } from './finding.js'

const CHECK = 'requests'

/** What is seen of the requests to the accounts servers while everything else is looked at. */
export interface RequestWatch {
  /** How they went, and what room there is. @param connection Any that can be read. */
  finding(connection: string): Promise<Finding>
  off(): void
}

/** Watches how long the accounts servers take, and whether a request has to wait for room. */
export function watchRequests(zoho: ZohoAuth): RequestWatch {
  const durations: number[] = []
  let waited = 0
  const offs = [
    zoho.on('token.refreshed', ({ durationMs }) => durations.push(durationMs)),
    zoho.on('refresh.queued', () => {
      waited += 1
    }),
  ]
  return {
    async finding(connection) {
      const { underWay, queued, max } = (await zoho.status(connection)).requests
      const room = `${underWay} of ${max} under way, ${queued} wait for room${waited === 0 ? '' : `, ${waited} had to`}`
      if (durations.length === 0) return skipped(CHECK, `${room}; none was made to see how long one takes`)
      const meanMs = Math.max(1, durations.reduce((sum, ms) => sum + ms, 0) / durations.length)
      const perSecond = Math.floor((max / meanMs) * 1000)
      return ok(
        CHECK,
        `${room}; at ${Math.round(meanMs)} ms each, a process without tokens serves about ${perSecond} connections a second`,
      )
    },
    off() {
      for (const off of offs) off()
    },
  }
}
