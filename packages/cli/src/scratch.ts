import type { Connection, ConnectionStore } from '@zoho-auth/core'
import { storeFault } from './failure.js'

/** Ids of rows that are made for a moment, and are nobody's connections. */
const SCRATCH_PREFIX = 'zoho-auth.scratch.'

export function isScratch(id: string): boolean {
  return id.startsWith(SCRATCH_PREFIX)
}

/** A row that holds no secret, and that no app could use if it stayed. */
export function scratchConnection(): Connection {
  const now = Date.now()
  const id = SCRATCH_PREFIX + globalThis.crypto.randomUUID()
  return {
    id,
    dataCenter: 'us',
    state: 'revoked',
    version: 0,
    createdAt: now,
    updatedAt: now,
  }
}

/**
 * Writes a row and deletes it, before Zoho makes a grant that could not be kept: a user has 20.
 *
 * @throws ZohoAuthError `ERR_ZOHO_STORE`
 */
export async function tryStore(connections: ConnectionStore): Promise<void> {
  const row = scratchConnection()
  try {
    await connections.put(row, { ifVersion: 0 })
    await connections.delete(row.id)
  } catch (error) {
    throw storeFault(error)
  }
}
