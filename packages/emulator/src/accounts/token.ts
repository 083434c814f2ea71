import { type Answer, html, json } from '../answer.js'
import { verifies } from '../codes.js'
import type { DataCenter } from '../data-centers.js'
import type { Fault } from '../faults.js'
import type { Grant } from '../grants.js'
import { organizationOfSoid } from '../people.js'
import { originOf, type World } from '../world.js'
import { clientClaim, clientError } from './client.js'

/** A request to the token endpoint, wherever its parameters came from. */
export interface TokenRequest {
  readonly dataCenter: DataCenter
  readonly parameters: URLSearchParams
  readonly authorization: string | undefined
  /** A fault that changes a successful answer. */
  readonly fault: Fault | undefined
}

/** Zoho answers every refusal with status 200 and the reason in the body. */
function refusal(error: string): Answer {
  return json(200, { error }, error)
}

export function throttled(world: World): Answer {
  const body = {
    error: 'Access Denied',
    error_description: 'You have made too many requests continuously. Please try again after some time.',
    status: 'failure',
  }
  return json(world.settings.throttleStatus, body, 'throttled')
}

/** A wrong method, or no `grant_type` at all: 400 and not JSON. */
export function badTokenRequest(): Answer {
  return html(400, 'Bad Request', 'bad-request')
}

/** Answers `POST /oauth/v2/token`. */
export function answerToken(world: World, request: TokenRequest): Answer {
  const grantType = request.parameters.get('grant_type')
  if (grantType === null || grantType === '') return badTokenRequest()
  const grant = GRANT_TYPES[grantType]
  if (grant === undefined) return refusal('invalid_client')
  const { dataCenter, parameters, authorization } = request
  const error = clientError(world, dataCenter, clientClaim(parameters, authorization))
  if (error !== undefined) return refusal(error)
  if (!world.throttle.admits(world.clock.now())) return throttled(world)
  return grant(world, request)
}

type GrantType = (world: World, request: TokenRequest) => Answer

const GRANT_TYPES: Readonly<Partial<Record<string, GrantType>>> = {
  // `__proto__` keeps words such as `constructor` from being found here
  __proto__: null as never,
  refresh_token: refresh,
  authorization_code: exchange,
  client_credentials: clientCredentials,
}

function refresh(world: World, request: TokenRequest): Answer {
  const grant = world.grants.find(request.parameters.get('refresh_token') ?? '')
  if (grant === undefined || grant.dataCenter !== request.dataCenter) return refusal('invalid_code')
  return issue(world, grant, request)
}

function exchange(world: World, request: TokenRequest): Answer {
  const { parameters, dataCenter } = request
  const value = parameters.get('code') ?? ''
  const code = world.codes.find(value)
  if (code === undefined || code.dataCenter !== dataCenter) return refusal('invalid_code')
  if (code.redirectUri !== undefined && code.redirectUri !== parameters.get('redirect_uri'))
    return refusal('invalid_redirect_uri')
  if (!verifies(code, parameters.get('code_verifier'))) {
    world.codes.spend(value)
    return refusal('invalid_code')
  }
  if (code.offline && !world.grants.admitsGrant(code.user, dataCenter)) return throttled(world)
  world.codes.spend(value)
  if (!code.offline) return issue(world, world.grants.createOnline(code), request)
  const grant = world.grants.create(code, true)
  return issue(world, grant, request, grant.refreshToken)
}

function clientCredentials(world: World, request: TokenRequest): Answer {
  const soid = request.parameters.get('soid') ?? ''
  if (!/^[A-Za-z]+\.\w+$/.test(soid)) return refusal('missing_org_info')
  const scopes = (request.parameters.get('scope') ?? '').split(/[,\s]+/).filter(Boolean)
  if (scopes.length === 0) return refusal('invalid_scope')
  const grant = world.grants.service({
    user: `soid:${soid}`,
    dataCenter: request.dataCenter,
    organization: organizationOfSoid(soid),
    environment: 'production',
    scopes,
  })
  return issue(world, grant, request)
}

/** A token, if the quota of 10 in 10 minutes has one left. */
function issue(world: World, grant: Grant, request: TokenRequest, newRefreshToken?: string): Answer {
  if (!grant.quota.admits(world.clock.now())) return throttled(world)
  const again = request.fault?.kind === 'same-access-token' ? grant.lastToken : undefined
  const { value } = again ?? world.grants.mint(grant)
  const body: Record<string, unknown> = {
    access_token: value,
    ...(newRefreshToken === undefined ? {} : { refresh_token: newRefreshToken }),
    scope: grant.scopes.join(' '),
    api_domain: originOf(world, grant.dataCenter),
    token_type: 'Bearer',
    expires_in: world.rules.tokenLifeMs / 1000,
  }
  if (request.fault !== undefined) spoil(body, request.fault, world, grant)
  return json(200, body, 'issued')
}

/** Changes a successful answer in the way a fault asks for. Other faults leave it alone. */
function spoil(body: Record<string, unknown>, fault: Fault, world: World, grant: Grant): void {
  switch (fault.kind) {
    case 'rotated-refresh-token':
      body.refresh_token = world.grants.rotate(grant)
      break
    case 'wrong-unit':
      body.expires_in_sec = body.expires_in
      body.expires_in = world.rules.tokenLifeMs
      break
    case 'no-expires-in':
      delete body.expires_in
      break
    case 'absurd-expires-in':
      body.expires_in = fault.value
      break
    case 'no-access-token':
      delete body.access_token
      break
    case 'foreign-api-domain':
      body.api_domain = fault.value
      break
    case 'api-domain-trailing-slash':
      body.api_domain = `${originOf(world, grant.dataCenter)}/`
      break
  }
}
