import { type Answer, json } from '../answer.js'
import { presentedToken } from '../authorization.js'
import type { Grant, Judgement } from '../grants.js'
import { carryOut } from '../misfortune.js'
import { digestBody } from '../request-body.js'
import type { Visit } from '../visit.js'
import { DIALECTS } from './dialects.js'
import type { Echo } from './echo.js'
import { allows, type Product } from './product.js'
import { successBody } from './success.js'

/** Longest `?delay=`, in milliseconds; longer ones are cut. */
const MAX_DELAY_MS = 30_000

/** Statuses that `?status=` can ask for. Others are left to the product, which has parameters of that name too. */
const SUCCESS_STATUSES: ReadonlySet<string> = new Set(['200', '201', '202', '204'])

/**
 * Answers a request to a product API.
 *
 * `?delay=` holds the answer back by that many real milliseconds, at most 30 000. The token is judged on arrival,
 * or with `&judge=end` after the delay. `?status=204` (or 200, 201, 202) picks the status of a success.
 */
export async function visitApi(visit: Visit, product: Product): Promise<void> {
  const { world, dataCenter, query } = visit
  const { grants } = world
  visit.kind = 'api'
  visit.product = product
  const value = presentedToken(visit.authorization)
  const judge = (): Judgement | undefined =>
    value === undefined ? undefined : grants.judge(value, dataCenter)

  const onArrival = judge()
  const grant = grantOf(onArrival)
  visit.refreshToken = grant?.refreshToken
  grants.counters.apiRequests += 1
  if (grant !== undefined) grant.counters.apiRequests += 1
  const misfortune = world.faults.take('api', { product, dataCenter, refreshToken: grant?.refreshToken })

  const digest = await digestBody(visit.request)
  visit.bodyLength = digest.length
  const asked = Number(query.get('delay')) || 0
  const delayMs = Math.min(Math.max(asked, 0), MAX_DELAY_MS)

  await carryOut(visit, misfortune, world.settings.apiLatencyMs, async () => {
    if (delayMs > 0) await world.waits.for(delayMs)
    const judgement = query.get('judge') === 'end' ? judge() : onArrival
    if (judgement?.live === true && allows(judgement.token.grant.scopes, product))
      return success(visit, product, judgement.token.grant, digest)
    grants.counters.apiRefused += 1
    if (grant !== undefined) grant.counters.apiRefused += 1
    return refusal(product, judgement)
  })
}

function grantOf(judgement: Judgement | undefined): Grant | undefined {
  return judgement?.live === true ? judgement.token.grant : judgement?.grant
}

function refusal(product: Product, judgement: Judgement | undefined): Answer {
  const dialect = DIALECTS[product]
  if (judgement === undefined) return dialect.blank
  if (judgement.live) return dialect.scope
  return { ...dialect.dead, outcome: `${dialect.dead.outcome}:${judgement.reason}` }
}

function success(
  visit: Visit,
  product: Product,
  grant: Grant,
  digest: { readonly length: number; readonly sha256: string },
): Answer {
  const status = visit.query.get('status') ?? '200'
  if (status === '204') return { status: 204, body: '', outcome: 'ok' }
  const { authorization: _, ...headers } = visit.request.headers
  const echo: Echo = {
    user: grant.user,
    organization: grant.organization,
    environment: grant.environment,
    dataCenter: grant.dataCenter,
    method: visit.method,
    path: visit.path,
    query: visit.rawQuery,
    bodyLength: digest.length,
    bodySha256: digest.sha256,
    contentType: headers['content-type'] ?? null,
    headers,
  }
  return json(SUCCESS_STATUSES.has(status) ? Number(status) : 200, successBody(product, echo), 'ok')
}
