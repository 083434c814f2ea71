import { type DataCenter, isDataCenter } from '../data-centers.js'
import { type Environment, isEnvironment, type Organization, organizationOf } from '../people.js'
import type { World } from '../world.js'
import { asksForEnvironment } from './auth-request.js'
import type { AuthRequest } from './tickets.js'

const MAX_USER = 200

/** Who consents, for which organisation, and where that user lives. */
export interface Choice {
  readonly user: string
  readonly organization: Organization
  readonly environment: Environment
  readonly dataCenter: DataCenter
}

/** What of the choice cannot be; `Invalid Client`: the client is not enabled in the user's data centre. */
export type ChoiceProblem = 'Invalid User' | 'Invalid Organisation' | 'Invalid Environment' | 'Invalid Client'

/**
 * Reads `user`, `organization` (an id), `environment` and `dataCenter`.
 *
 * Defaults: the user's first organisation, production, and the data centre that was asked. The environment counts
 * only if a scope of CRM is asked for.
 */
export function choiceFrom(
  world: World,
  request: AuthRequest,
  fields: URLSearchParams,
): Choice | ChoiceProblem {
  const user = fields.get('user') ?? ''
  if (user.trim() === '' || user.length > MAX_USER) return 'Invalid User'
  const organization = organizationOf(user, fields.get('organization') ?? undefined)
  if (organization === undefined) return 'Invalid Organisation'
  const environment = asksForEnvironment(request.query)
    ? (fields.get('environment') ?? 'production')
    : 'production'
  if (!isEnvironment(environment)) return 'Invalid Environment'
  const dataCenter = fields.get('dataCenter') ?? request.dataCenter
  if (!isDataCenter(dataCenter) || !isOpen(world, dataCenter)) return 'Invalid Client'
  return { user, organization, environment, dataCenter }
}

function isOpen(world: World, dataCenter: DataCenter): boolean {
  return world.origins.has(dataCenter) && world.settings.clientDataCenters.has(dataCenter)
}
