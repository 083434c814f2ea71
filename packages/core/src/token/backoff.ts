import type { BudgetPolicy } from '../stores/ports.js'

/** First pause after a failure of the accounts server, in milliseconds; it doubles with each further failure. */
const MIN_BACKOFF_MS = 1_000

/** Longest pause, in milliseconds (30 seconds). */
const MAX_BACKOFF_MS = 30_000

/** A pause is drawn from this part of its full length up to the whole of it, so that a fleet does not try in step. */
const JITTER_FROM = 0.5

/**
 * How long nothing is sent after a failure.
 *
 * @param failures Failures in a row before this one.
 * @param unclear Whether Zoho may have made a token without our getting it. From half the budget on such a failure
 *   waits at least one budget share, because each attempt may cost a token.
 */
export function backoffMs(
  failures: number,
  random: number,
  unclear: boolean,
  used: number,
  budget: BudgetPolicy,
): number {
  const full = Math.min(MAX_BACKOFF_MS, MIN_BACKOFF_MS * 2 ** Math.min(failures, DOUBLINGS))
  const jittered = full * (JITTER_FROM + (1 - JITTER_FROM) * random)
  const share = unclear && used >= budget.limit / 2 ? budget.windowMs / budget.limit : 0
  return Math.ceil(Math.max(jittered, share))
}

/** Beyond this many doublings the longest pause is long reached. */
const DOUBLINGS = 16
