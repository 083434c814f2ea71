import type { Runtime } from '../runtime.js'
import type { Connection } from '../words/connection.js'

/** How often Zoho is told, or the store asked, with nobody waiting, and the first pause, in milliseconds, which doubles. */
const MAX_TRIES = 5
const FIRST_PAUSE_MS = 5_000

/** What can be given back. */
export type UnkeptGrant = Pick<Connection, 'id' | 'dataCenter'> & { readonly refreshToken: string }

/**
 * Revokes a grant that Zoho has made and nobody keeps: it would be one of the user's twenty for good, and push out another
 * one. The store has the last word on whether somebody keeps it. Where Zoho cannot be told now, or the store not be asked,
 * that is tried again with nobody waiting.
 *
 * @returns What became of it, as a sentence for who connects.
 */
export async function giveBack(grant: UnkeptGrant, runtime: Runtime): Promise<string> {
  const stored = await isStored(grant, runtime)
  if (stored === true) return 'The new grant is stored all the same.'
  if (stored === 'unknown') {
    askLater(grant, runtime, 1)
    return 'Whether the new grant was stored is not known; if it was not, it is revoked at Zoho.'
  }
  return (await isGivenBack(grant, runtime))
    ? 'The new grant was revoked at Zoho.'
    : 'The new grant could not be revoked at Zoho yet; it is tried again.'
}

async function isStored({ id, refreshToken }: UnkeptGrant, runtime: Runtime): Promise<boolean | 'unknown'> {
  try {
    return (await runtime.grants.get(id))?.refreshToken === refreshToken
  } catch {
    return 'unknown'
  }
}

/** A store that never answers does not keep it. */
function askLater(grant: UnkeptGrant, runtime: Runtime, attempt: number): void {
  runtime.background.later(FIRST_PAUSE_MS * 2 ** (attempt - 1), async () => {
    const stored = await isStored(grant, runtime)
    if (stored === 'unknown' && attempt < MAX_TRIES) askLater(grant, runtime, attempt + 1)
    else if (stored !== true) await isGivenBack(grant, runtime)
  })
}

async function isGivenBack(grant: UnkeptGrant, runtime: Runtime, attempt = 1): Promise<boolean> {
  const { refreshToken: value, dataCenter } = grant
  const answer = await runtime.accounts.revoke({ value, type: 'refresh_token', dataCenter }, runtime.closing)
  if (answer.kind === 'revoked') return true
  if (attempt < MAX_TRIES)
    runtime.background.later(FIRST_PAUSE_MS * 2 ** (attempt - 1), () =>
      isGivenBack(grant, runtime, attempt + 1),
    )
  return false
}
