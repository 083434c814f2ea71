import { type Answer, redirect } from '../answer.js'
import type { DataCenter } from '../data-centers.js'
import { faultOutcome } from '../visit.js'
import { originOf, type World } from '../world.js'
import { spoilCallback } from './hostile-callback.js'
import type { AuthRequest } from './tickets.js'

/** What the callback says of a user who accepted. */
export interface Accepted {
  readonly code: string
  readonly dataCenter: DataCenter
}

/**
 * Sends the browser back to the client: with code, location and accounts server, or with `access_denied`.
 *
 * A fault on `auth` changes what the callback says, whichever way the user decided.
 */
export function callback(
  world: World,
  { dataCenter, query }: AuthRequest,
  accepted: Accepted | undefined,
  status: number,
): Answer {
  const url = new URL(query.get('redirect_uri') ?? '')
  const answer = url.searchParams
  if (accepted === undefined) answer.set('error', 'access_denied')
  else {
    answer.set('code', accepted.code)
    answer.set('location', accepted.dataCenter)
    answer.set('accounts-server', originOf(world, accepted.dataCenter))
  }
  const state = query.get('state')
  if (state !== null) answer.set('state', state)
  const { fault } = world.faults.take('auth', { dataCenter })
  if (fault?.on === 'auth') spoilCallback(answer, fault)
  const outcome = accepted === undefined ? 'access_denied' : 'accepted'
  return redirect(url.href, fault === undefined ? outcome : `${outcome}, ${faultOutcome(fault)}`, status)
}
