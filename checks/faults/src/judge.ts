import type { Call } from './calls.js'
import type { Code, FaultRow } from './row.js'

/** What is wrong in one case. */
export interface Violation {
  readonly kind: 'hang' | 'code' | 'state' | 'recovery' | 'left open'
  readonly what: string
}

/**
 * Judges how calls ended under a fault: well, or with a code that fits it. Knows nothing of how the library decides.
 *
 * @param codes What fits; with none, every call must go well.
 */
export function judge(calls: readonly Call[], { lies }: FaultRow, codes: readonly Code[]): Violation[] {
  return calls.flatMap(({ what, outcome, must, wrong }): Violation[] => {
    if (outcome.kind === 'hang') return [{ kind: 'hang', what: `${what} does not end` }]
    if (outcome.kind === 'other') return [{ kind: 'code', what: `${what} threw ${String(outcome.thrown)}` }]
    if (outcome.kind === 'failed' && (must || !codes.includes(outcome.code))) {
      const expected = must || codes.length === 0 ? 'it had to go well' : `fitting are ${codes.join(', ')}`
      return [{ kind: 'code', what: `${what} failed with ${outcome.code}; ${expected}` }]
    }
    return wrong === undefined || lies === true ? [] : [{ kind: 'state', what: `${what}: ${wrong}` }]
  })
}
