import type { Answer } from '../answer.js'
import { carryOut } from '../misfortune.js'
import type { Visit } from '../visit.js'
import { answerAuth, answerConsent } from './auth.js'
import { notice } from './html-page.js'
import { answerServerInfo, answerUserInfo } from './info.js'
import { answerLegacyRevoke, answerRevoke } from './revoke.js'
import { answerToken, badTokenRequest } from './token.js'

type Endpoint = (visit: Visit) => Promise<void> | void

/** What happens at each path of the accounts server. */
const ENDPOINTS: ReadonlyMap<string, Endpoint> = new Map<string, Endpoint>([
  ['/oauth/v2/token', visitToken],
  ['/oauth/v2/token/revoke', visitLegacyRevoke],
  ['/oauth/v2/revoke/token', visitRevoke],
  ['/oauth/v2/auth', visitAuth],
  ['/oauth/v2/auth/consent', visitConsent],
  ['/oauth/serverinfo', visitServerInfo],
  ['/oauth/user/info', visitUserInfo],
])

/**
 * Where portals (`/clientoauth/v2/{portal}/`) and on-premises servers (`/iam/oauth/v2/`) have what the accounts server
 * has at `/oauth/v2/`: the pages of Commerce, Vertical Solutions and ManageEngine. One and the same here.
 */
const OTHER_ROOTS = /^\/(?:clientoauth\/v2\/[^/]+|iam\/oauth\/v2)\//

/** What answers at a path of the accounts server; undefined for any other path. */
export function accountsEndpoint(path: string): Endpoint | undefined {
  return ENDPOINTS.get(path.replace(OTHER_ROOTS, '/oauth/v2/'))
}

/** The token endpoint sets cookies, which a client must not mind. */
const COOKIE = { 'set-cookie': 'emulator_session=none; Path=/; HttpOnly' }

async function visitToken(visit: Visit): Promise<void> {
  const { world, dataCenter } = visit
  const { counters } = world.grants
  visit.kind = 'token'
  counters.tokenRequests += 1
  const parameters = await visit.parameters()
  const refreshToken = parameters.get('refresh_token') ?? undefined
  visit.refreshToken = refreshToken
  const own = refreshToken === undefined ? undefined : world.grants.recall(refreshToken)?.counters
  if (own !== undefined) own.tokenRequests += 1

  const misfortune = world.faults.take('token', { dataCenter, refreshToken })
  if (misfortune.fault?.kind === 'dead-grant' && refreshToken !== undefined)
    world.grants.endGrant(refreshToken)

  await carryOut(visit, misfortune, world.settings.latencyMs, () => {
    const { authorization } = visit
    const answer =
      visit.method === 'POST'
        ? answerToken(world, { dataCenter, parameters, authorization, fault: misfortune.fault })
        : badTokenRequest()
    for (const some of [counters, own]) {
      if (some === undefined || answer.outcome.startsWith('issued')) continue
      if (answer.outcome === 'throttled') some.throttled += 1
      else some.tokenRefusals += 1
    }
    return { ...answer, headers: COOKIE }
  })
}

function visitLegacyRevoke(visit: Visit): Promise<void> {
  return revocation(visit, (parameters) => answerLegacyRevoke(visit.world, visit.dataCenter, parameters))
}

function visitRevoke(visit: Visit): Promise<void> {
  const { world, dataCenter, authorization } = visit
  return revocation(visit, (parameters) => answerRevoke(world, dataCenter, parameters, authorization))
}

async function revocation(visit: Visit, answer: (parameters: URLSearchParams) => Answer): Promise<void> {
  visit.kind = 'revoke'
  const parameters = await visit.parameters()
  const refreshToken = parameters.get('token') ?? undefined
  visit.refreshToken = refreshToken
  const misfortune = visit.world.faults.take('revoke', { dataCenter: visit.dataCenter, refreshToken })
  await carryOut(visit, misfortune, 0, () =>
    visit.method === 'POST' ? answer(parameters) : badTokenRequest(),
  )
}

function visitAuth(visit: Visit): void {
  visit.kind = 'auth'
  const { world, dataCenter, query } = visit
  visit.finish(answerAuth(world, { dataCenter, query }))
}

async function visitConsent(visit: Visit): Promise<void> {
  visit.kind = 'auth'
  const form = await visit.form()
  if (visit.method === 'POST') return visit.finish(answerConsent(visit.world, form))
  visit.response.setHeader('allow', 'POST')
  visit.finish(notice(405, 'Method Not Allowed', 'bad-request'))
}

function visitServerInfo(visit: Visit): void {
  visit.kind = 'auth'
  visit.finish(answerServerInfo(visit.world))
}

function visitUserInfo(visit: Visit): void {
  visit.kind = 'auth'
  visit.finish(answerUserInfo(visit.world, visit.dataCenter, visit.authorization))
}
