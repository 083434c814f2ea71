import { isZohoAuthError } from '@zoho-auth/core'
import { listed, type Session } from '../session.js'
import { type Finding, fault, ok, skipped, thrownFault } from './finding.js'

const CHECK = 'stored rows'

/** Rows that are opened at most. */
const MAX_ROWS = 1_000

/** Rows that are named one by one; the others are counted. */
const MAX_NAMED = 5

/** Whether every stored connection opens with the keys at hand. */
export async function checkRows(session: Session): Promise<Finding[]> {
  let listing: Awaited<ReturnType<typeof listed>>
  try {
    listing = await listed(session, MAX_ROWS)
  } catch (error) {
    return [thrownFault(CHECK, error)]
  }
  if (listing === undefined) return [skipped(CHECK, 'the one connection comes from ZOHO_REFRESH_TOKEN')]
  const { connections, more } = listing
  const faults: Finding[] = []
  let bad = 0
  for (const { id } of connections) {
    try {
      await session.zoho.status(id)
    } catch (error) {
      bad += 1
      if (faults.length < MAX_NAMED) faults.push({ ...rowFault(error), connection: id })
    }
  }
  if (bad > MAX_NAMED) faults.push(fault(CHECK, `${bad - MAX_NAMED} more rows do not open`, 'As above.'))
  if (faults.length > 0) return faults
  if (connections.length === 0)
    return [
      fault(CHECK, `there is no connection in ${session.location.name}`, 'Connect one: zoho-auth login'),
    ]
  return [ok(CHECK, `${connections.length}${more ? ' of more' : ''} open with the keys at hand`)]
}

function rowFault(error: unknown): Finding {
  if (!isZohoAuthError(error)) return thrownFault(CHECK, error)
  const { action, message, code } = error
  if (/in the clear/.test(action))
    return fault(
      CHECK,
      sentenceOf(action),
      'Seal what is there: zoho-auth rotate-keys --from-plaintext',
      code,
    )
  if (/does not open/.test(action))
    return fault(
      CHECK,
      `${sentenceOf(action)} Or ZOHO_AUTH_KEYS has another key under the id it was sealed with`,
      'Put the right key back into ZOHO_AUTH_KEYS; if it is lost, connect this user again with zoho-auth login.',
      code,
    )
  return fault(CHECK, message, action, code)
}

function sentenceOf(text: string): string {
  return text.split(/(?<=\.)\s/, 1)[0] ?? text
}
