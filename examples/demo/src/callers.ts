import { setImmediate as microtasksDone } from 'node:timers/promises'
import { isZohoAuthError, type ZohoAuth } from '@zoho-auth/core'
import type { DemoApp } from './apps/demo-app.js'
import { type Customer, customerOf } from './customers.js'
import type { HandWrittenCache } from './hand-written-cache.js'
import type { Send } from './load.js'
import type { Grants } from './pretend-zoho.js'
import type { Tally } from './tally.js'

/** What the disasters have done so far, for those who judge calls. */
export interface Happened {
  /** Customers whose token was deleted and not replaced yet: whoever comes now has to wait. */
  readonly replacing: ReadonlySet<Customer>
  /** Customers whose connection is revoked, or is being revoked. */
  readonly revoked: ReadonlySet<Customer>
}

/** Calls one of the apps, and counts what became of it. An app told "revoked" stops asking for that customer. */
export function callApp(
  app: DemoApp,
  auth: ZohoAuth,
  grants: Grants,
  happened: Happened,
  tally: Tally,
): Send {
  const gone = new Set<Customer>()
  return async (slot) => {
    const customer = customerOf(slot, gone)
    tally.calls += 1
    const excused = happened.replacing.has(customer)
    const waits = await hasToWait(auth, customer)
    try {
      const user = await app.ask(customer)
      tally.answered += 1
      if (user !== grants[customer].user) tally.foreign += 1
      if (waits) tally.waited += 1
      if (waits && !excused) tally.waitedForNothing += 1
    } catch (error) {
      if (happened.revoked.has(customer) && codeOf(error) === 'ERR_ZOHO_REVOKED') {
        tally.revoked += 1
        gone.add(customer)
      } else tally.failed += 1
    }
  }
}

/** The same for the hand-written cache. Nobody revokes its connections; it leaves out those that the apps lose. */
export function callCache(
  caches: Readonly<Record<Customer, HandWrittenCache>>,
  grants: Grants,
  happened: Happened,
  tally: Tally,
): Send {
  return async (slot) => {
    const customer = customerOf(slot, happened.revoked)
    const cache = caches[customer]
    tally.calls += 1
    const waits = !cache.hasToken
    try {
      const user = await cache.ask()
      tally.answered += 1
      if (user !== grants[customer].user) tally.foreign += 1
      if (waits) tally.waited += 1
    } catch {
      tally.failed += 1
    }
  }
}

/**
 * Whether a caller who needs a token now has to wait for one. A token at hand is given without any input or output, so
 * nothing is measured here, and a busy machine makes no difference.
 */
async function hasToWait(auth: ZohoAuth, connection: Customer): Promise<boolean> {
  let settled = false
  const settle = (): void => {
    settled = true
  }
  auth.getToken({ connection }).then(settle, settle)
  await microtasksDone()
  return !settled
}

/** Errors of zoho-auth have a code; so have the answers in which an app hands them on. */
function codeOf(error: unknown): string | undefined {
  return isZohoAuthError(error) ? error.code : (error as { code?: string }).code
}
