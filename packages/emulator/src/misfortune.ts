import { throttled } from './accounts/token.js'
import { type Answer, html, json, redirect } from './answer.js'
import type { Fault, FaultKind, Misfortune } from './faults.js'
import type { Dialect } from './products/dialects/dialect.js'
import { DIALECTS } from './products/dialects.js'
import { faultOutcome, type Visit } from './visit.js'
import type { World } from './world.js'

/**
 * Does the work of a request and sends its answer, unless a fault stands in the way.
 *
 * The work is done on arrival; delays hold its answer back. So a client that gives up early has still spent a token.
 *
 * @param work Makes the answer. Not called by faults that happen instead of the work.
 * @param latencyMs How long every answer of this endpoint is held back, in real milliseconds.
 */
export async function carryOut(
  visit: Visit,
  { fault, delayMs }: Misfortune,
  latencyMs: number,
  work: () => Answer | Promise<Answer>,
): Promise<void> {
  const heldBackMs = latencyMs + delayMs
  if (fault?.kind === 'hang') return visit.record(0, faultOutcome(fault))
  if (fault?.kind === 'reset') {
    if (heldBackMs > 0) await visit.world.waits.for(heldBackMs)
    return visit.reset(faultOutcome(fault))
  }
  const answer = (fault && answerInstead(visit, fault)) ?? noted(await work(), fault)
  if (heldBackMs > 0) await visit.world.waits.for(heldBackMs)
  if (fault?.kind === 'reset-after') visit.reset(answer.outcome)
  else visit.finish({ ...answer, body: spoilt(answer.body, fault) })
}

/** The answer of the work itself; the log shall show that a fault came with it. */
function noted(answer: Answer, fault: Fault | undefined): Answer {
  return fault === undefined ? answer : { ...answer, outcome: `${answer.outcome}, ${faultOutcome(fault)}` }
}

/** The answer of a fault that happens instead of the work; undefined for the other faults. */
function answerInstead(visit: Visit, fault: Fault): Answer | undefined {
  const answer = plainAnswer(visit.world, fault) ?? productAnswer(visit, fault)
  return answer && { ...answer, outcome: faultOutcome(fault) }
}

function plainAnswer(world: World, fault: Fault): Answer | undefined {
  switch (fault.kind) {
    case 'status':
      return {
        status: fault.status,
        body: fault.body ?? '',
        contentType: fault.contentType ?? 'text/plain;charset=UTF-8',
        ...(fault.retryAfter === undefined ? {} : { headers: { 'retry-after': String(fault.retryAfter) } }),
        outcome: '',
      }
    case 'html':
      return html(200, 'Zoho is being updated', '')
    case 'empty':
      return { status: 200, body: '', outcome: '' }
    case 'redirect':
      return redirect(fault.url, '', fault.status ?? 307)
    case 'throttle':
      return throttled(world)
    case 'error':
      return json(200, { error: fault.error }, '')
    case 'invalid-client':
      return json(200, { error: 'invalid_client' }, '')
    default:
      return undefined
  }
}

/** The words of the product that a fault asks for. */
const REFUSALS: Readonly<Partial<Record<FaultKind, keyof Dialect>>> = {
  'dead-token': 'dead',
  'dead-token-variant': 'deadVariant',
  'scope-mismatch': 'scope',
  'no-permission': 'permission',
  'missing-resource': 'missing',
}

function productAnswer({ product }: Visit, { kind }: Fault): Answer | undefined {
  const refusal = REFUSALS[kind]
  return product === undefined || refusal === undefined ? undefined : DIALECTS[product][refusal]
}

/** What is sent of a body, as if it were the whole answer. */
function spoilt(body: string, fault: Fault | undefined): string {
  switch (fault?.kind) {
    case 'truncated-json':
      return firstHalf(body)
    case 'truncated-after-refresh-token': {
      const member = /"refresh_token":"[^"]*"/.exec(body)
      return member === null ? firstHalf(body) : body.slice(0, member.index + member[0].length)
    }
    case 'byte-order-mark':
      return `\uFEFF${body}`
    default:
      return body
  }
}

function firstHalf(body: string): string {
  return body.slice(0, Math.floor(body.length / 2))
}
