import { type Answer, json } from '../answer.js'
import { presentedToken } from '../authorization.js'
import type { DataCenter } from '../data-centers.js'
import { personOf } from '../people.js'
import type { World } from '../world.js'

/** Answers `GET /oauth/serverinfo`: the accounts server of each data centre. */
export function answerServerInfo(world: World): Answer {
  return json(200, { result: 'success', locations: Object.fromEntries(world.origins) }, 'ok')
}

/**
 * Answers `GET /oauth/user/info`. The statuses of its errors are not documented.
 *
 * `ZOID`, the organisation of the grant, is an addition of this emulator: the answers recorded of Zoho hold the other
 * five alone.
 */
export function answerUserInfo(
  world: World,
  dataCenter: DataCenter,
  authorization: string | undefined,
): Answer {
  const value = presentedToken(authorization)
  const judgement = value === undefined ? undefined : world.grants.judge(value, dataCenter)
  if (judgement?.live !== true)
    return json(401, { response: 'error', cause: 'INVALID_OAUTHTOKEN' }, 'dead-token')
  const { user, scopes, organization } = judgement.token.grant
  if (!scopes.some((scope) => /^AaaServer\.profile\.(READ|ALL)$/i.test(scope)))
    return json(401, { response: 'error', cause: 'INVALID_OAUTHSCOPE' }, 'scope-mismatch')
  const { firstName, lastName, email, zuid } = personOf(user)
  const info = {
    First_Name: firstName,
    Email: email,
    Last_Name: lastName,
    Display_Name: `${firstName} ${lastName}`.trim(),
    ZUID: zuid,
    ZOID: organization.id,
  }
  return json(200, info, 'ok')
}
