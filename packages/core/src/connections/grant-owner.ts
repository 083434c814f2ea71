import { readLimited } from '../accounts/client.js'
import type { Runtime } from '../runtime.js'
import type { DataCenter } from '../words/data-centers.js'
import { parseObject } from '../words/json.js'

/** The scope that lets the owner be read. */
const PROFILE_SCOPE = 'aaaserver.profile.read'

/** The most of the answer that is read, in bytes (64 KiB). */
const MAX_ANSWER = 65_536

/** Whose grant it is. */
export interface GrantOwner {
  /** Zoho's id of the user (ZUID). */
  readonly userId?: string
  readonly email?: string
}

/**
 * Asks the accounts server who consented (`GET /oauth/user/info`), if the scopes allow it. Only for people's eyes and for
 * counting: whatever goes wrong, the answer is that nothing is known.
 */
export async function ownerOfGrant(
  token: string,
  scopes: readonly string[],
  dataCenter: DataCenter,
  runtime: Runtime,
): Promise<GrantOwner> {
  if (!scopes.some((scope) => scope.toLowerCase() === PROFILE_SCOPE)) return {}
  const { clock, timeoutMs, closing } = runtime
  const cut = new AbortController()
  const late = () => new Error('the accounts server did not say whose grant it is')
  try {
    const signal = AbortSignal.any([closing, cut.signal])
    const send = async () => {
      const owner = await clock.withTimeout(ask(token, dataCenter, signal, runtime), timeoutMs, late)
      return { kind: 'owner' as const, owner }
    }
    const answer = await runtime.accounts.inTurn(signal, send)
    return answer.kind === 'owner' ? answer.owner : {}
  } catch {
    return {}
  } finally {
    cut.abort()
  }
}

async function ask(
  token: string,
  dataCenter: DataCenter,
  signal: AbortSignal,
  runtime: Runtime,
): Promise<GrantOwner> {
  const response = await runtime.fetch(`${new URL(runtime.endpointOf(dataCenter)).origin}/oauth/user/info`, {
    headers: { authorization: `Zoho-oauthtoken ${token}` },
    redirect: 'manual',
    signal,
  })
  const body = parseObject(await readLimited(response, MAX_ANSWER))
  const { ZUID } = body ?? {}
  const userId = typeof ZUID === 'string' || typeof ZUID === 'number' ? String(ZUID) : ''
  const email = body?.Email
  return {
    ...(USER_ID.test(userId) ? { userId } : {}),
    ...(typeof email === 'string' && EMAIL.test(email) ? { email } : {}),
  }
}

const USER_ID = /^\d{1,32}$/

/** Provider text: only what looks like an address is taken over. */
const EMAIL = /^[^\s<>"'&]{1,200}@[A-Za-z0-9.-]{1,100}$/
