import { type Answer, html, json } from '../answer.js'
import type { DataCenter } from '../data-centers.js'
import type { Grant } from '../grants.js'
import type { World } from '../world.js'
import { clientClaim, clientError } from './client.js'

const REVOKED = (): Answer => json(200, { status: 'success' }, 'revoked')

/**
 * Answers `POST /oauth/v2/token/revoke`, the path of all product pages. It asks for no client.
 *
 * An unknown token is a 400 with a web page (seen in 2026).
 */
export function answerLegacyRevoke(
  world: World,
  dataCenter: DataCenter,
  parameters: URLSearchParams,
): Answer {
  const token = parameters.get('token') ?? ''
  if (endGrant(world, token, [dataCenter]) || endToken(world, token, [dataCenter])) return REVOKED()
  return html(400, 'Bad Request', 'unknown-token')
}

/**
 * Answers `POST /oauth/v2/revoke/token`, the path of the current Accounts page.
 *
 * It asks for the client, and takes the user's data centre as well as the one where the app is registered: Zoho's
 * pages name either. 400 means: no such token, a `token_type` that does not fit, or not this client's token. The
 * bodies are not documented.
 */
export function answerRevoke(
  world: World,
  dataCenter: DataCenter,
  parameters: URLSearchParams,
  authorization: string | undefined,
): Answer {
  const error = clientError(world, dataCenter, clientClaim(parameters, authorization))
  if (error !== undefined) return json(400, { error }, error)
  const token = parameters.get('token') ?? ''
  const home = world.settings.dataCenters[0]
  const reachable = dataCenter === home ? world.settings.dataCenters : [dataCenter]
  const type = parameters.get('token_type') ?? 'refresh_token'
  if (type === 'refresh_token' && endGrant(world, token, reachable)) return REVOKED()
  if (type === 'access_token' && endToken(world, token, reachable)) return REVOKED()
  return json(400, { error: 'invalid_token' }, 'unknown-token')
}

function endGrant(world: World, refreshToken: string, reachable: readonly DataCenter[]): boolean {
  const grant = world.grants.find(refreshToken)
  if (grant === undefined || !reachable.includes(grant.dataCenter)) return false
  world.grants.endGrant(refreshToken)
  count(world, grant)
  return true
}

function endToken(world: World, accessToken: string, reachable: readonly DataCenter[]): boolean {
  const [judgement] = reachable
    .map((dataCenter) => world.grants.judge(accessToken, dataCenter))
    .filter(({ live }) => live)
  if (judgement?.live !== true) return false
  world.grants.endToken(accessToken, 'revoked')
  count(world, judgement.token.grant)
  return true
}

function count(world: World, grant: Grant): void {
  world.grants.counters.revocations += 1
  grant.counters.revocations += 1
}
