import { type Answer, json } from '../answer.js'
import { presentedToken } from '../authorization.js'
import type { DataCenter } from '../data-centers.js'
import type { World } from '../world.js'

/** Answers `GET /oauth/serverinfo`: the accounts server of each data centre. */
export function answerServerInfo(world: World): Answer {
  return json(200, { result: 'success', locations: Object.fromEntries(world.origins) }, 'ok')
}

/** Answers `GET /oauth/user/info`. The statuses of its errors are not documented. */
export function answerUserInfo(
  world: World,
  dataCenter: DataCenter,
  authorization: string | undefined,
): Answer {
  const value = presentedToken(authorization)
  const judgement = value === undefined ? undefined : world.grants.judge(value, dataCenter)
  if (judgement?.live !== true)
    return json(401, { response: 'error', cause: 'INVALID_OAUTHTOKEN' }, 'dead-token')
  const { user, scopes } = judgement.token.grant
  if (!scopes.some((scope) => /^AaaServer\.profile\./i.test(scope)))
    return json(401, { response: 'error', cause: 'INVALID_OAUTHSCOPE' }, 'scope-mismatch')
  return json(
    200,
    { First_Name: user, Email: `${user}@example.com`, Last_Name: '', Display_Name: user, ZUID: zuid(user) },
    'ok',
  )
}

/** A number that is always the same for a user, as Zoho's user ids are. */
function zuid(user: string): number {
  let sum = 0
  for (const character of user) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 1_000_000_007
  return 10_000_000 + sum
}
