import type { Runtime } from '../runtime.js'
import type { BudgetPolicy } from '../stores/ports.js'
import type { Connection, ReplacedGrant } from '../words/connection.js'
import { changeConnection } from './change.js'

/** How long a token lives, in milliseconds (Zoho's hour): until then a process may hold one of the replaced grant. */
const TOKEN_LIFE_MS = 3_600_000

/** Where Zoho's ten minutes are shorter, in an emulator that runs faster, so is its hour. */
const WINDOWS_OF_LIFE = 6

/**
 * Replaced grants of one connection that are kept while Zoho cannot be told. Zoho keeps 20 (twenty) for a user, and some of
 * them are other connections.
 */
const MAX_REPLACED = 4

/**
 * What becomes of the grants of a connection that gets a new one. The present grant is revoked one token life later, so that
 * no process is refused meanwhile. Older ones at once: somebody who consents 25 times in a row must not push other
 * connections of the same Zoho user out.
 */
export function replacedBy(
  refreshToken: string | undefined,
  current: Connection | undefined,
  now: number,
  { windowMs }: BudgetPolicy,
): readonly ReplacedGrant[] {
  if (current === undefined) return []
  const older = (current.replaced ?? []).map((grant) => ({
    ...grant,
    revokeAt: Math.min(grant.revokeAt, now),
  }))
  const present = presentGrant(current, now + Math.min(TOKEN_LIFE_MS, WINDOWS_OF_LIFE * windowMs))
  return [...older, ...(present ? [present] : [])]
    .filter((grant) => grant.refreshToken !== refreshToken)
    .slice(-MAX_REPLACED)
}

/** The grant a connection has now, as one that is to be revoked. `undefined`: it has none worth it. */
export function presentGrant(current: Connection, revokeAt: number): ReplacedGrant | undefined {
  const { refreshToken, dataCenter, scopes, userId, label, state } = current
  if (refreshToken === undefined || state === 'revoked') return undefined
  return {
    refreshToken,
    dataCenter,
    ...(scopes === undefined ? {} : { scopes }),
    ...(userId === undefined ? {} : { userId }),
    ...(label === undefined ? {} : { label }),
    // A dead grant holds nobody up, and one that was being revoked has waited long enough.
    revokeAt: state === 'active' ? revokeAt : 0,
  }
}

/**
 * Revokes the replaced grants of a connection whose time has come, and takes them off its list. One that Zoho could not be
 * told of stays on it, for the next process that refreshes. Revoking one twice does no harm.
 */
export async function revokeDueGrants(id: string, runtime: Runtime): Promise<void> {
  const { grants, clock, accounts, closing } = runtime
  const connection = await grants.get(id)
  const gone = new Set<string>()
  for (const { refreshToken, dataCenter, revokeAt } of connection?.replaced ?? []) {
    if (revokeAt > clock.now()) continue
    const answer = await accounts.revoke({ value: refreshToken, type: 'refresh_token', dataCenter }, closing)
    if (answer.kind === 'revoked') gone.add(refreshToken)
  }
  if (gone.size === 0) return
  await changeConnection(id, runtime, (current) => {
    const left = current?.replaced?.filter(({ refreshToken }) => !gone.has(refreshToken)) ?? []
    if (current === undefined || left.length === (current.replaced?.length ?? 0)) return undefined
    const { replaced: _, ...rest } = current
    return left.length === 0 ? rest : { ...rest, replaced: left }
  })
}
