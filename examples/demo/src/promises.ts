import { CUSTOMERS } from './customers.js'
import type { AtRevocation } from './disasters.js'
import { BUDGET_LIMIT } from './engine.js'
import type { Sources } from './scoreboard.js'
import { count } from './table.js'
import { Tally } from './tally.js'

/** Fewest calls that count as work. A tenth of the plan: a machine that is too slow for the plan breaks no promise. */
const FEWEST_CALLS = 100

/** Requests that may still arrive with a revoked token, because they were under way. */
const MAX_LATE_REQUESTS = 20

/** A process that stood still this long cannot refresh in time, in milliseconds. Nobody's waiting is judged then. */
const STOOD_STILL_MS = 500

/** One promise of the library, and whether this run kept it. */
export interface Verdict {
  readonly kept: boolean
  readonly words: string
}

/** Judges a finished run, by what Zoho saw wherever that is possible. */
export function judge(
  sources: Sources,
  atRevocation: AtRevocation,
  longestStandstillMs: number,
): readonly Verdict[] {
  const { apps, ledgers, zoho } = sources
  const { emulator, ours } = zoho
  const sum = Tally.sum('all apps', apps)
  const { first, expiry, deletion, throttle, needless } = ledgers.ours.counts
  const { total } = ledgers.ours
  const most = Math.max(...CUSTOMERS.map((id) => emulator.maxTokensInWindow(ours[id].refreshToken)))
  const revokedNow = emulator.countersOf(ours.globex.refreshToken)
  const lateTokens = revokedNow.tokenRequests - atRevocation.tokenRequests
  const lateCalls = revokedNow.apiRequests - atRevocation.apiRequests
  const tooBusy = longestStandstillMs >= STOOD_STILL_MS
  const forDeleted = sum.waited - sum.waitedForNothing
  const shares = apps.map(({ name, answered }) => `${name} ${count(answered)}`)
  return [
    {
      kept: sum.failed === 0 && sum.calls === sum.answered + sum.revoked,
      words: `No call failed: ${sum.failed} of ${count(sum.calls)}.`,
    },
    {
      kept: sum.waitedForNothing === 0 || tooBusy,
      words: `Nobody waited while a token was usable: ${sum.waitedForNothing} (${forDeleted} waited for the deleted one).${tooBusy ? ` Not judged: this machine was busy, and stood still for ${longestStandstillMs} ms.` : ''}`,
    },
    {
      kept: needless === 0 && first === CUSTOMERS.length && deletion === 1 && expiry > 0,
      words: `One token request for each reason: ${count(total)} for ${count(total - needless)} (${first} first, ${expiry} expiries, ${deletion} deleted, ${throttle} throttled).`,
    },
    {
      kept: most <= BUDGET_LIMIT,
      words: `Never more than ${BUDGET_LIMIT} new tokens per connection in Zoho's ten minutes: at most ${most}.`,
    },
    {
      kept: sum.foreign === 0 && sum.answered > 0,
      words: `Nobody got another customer's token: ${sum.foreign} of ${count(sum.answered)} answers.`,
    },
    {
      kept: lateTokens === 0 && lateCalls <= MAX_LATE_REQUESTS && sum.revoked > 0,
      words: `Nobody insists after a revocation: ${sum.revoked} told so, ${lateTokens} token and ${lateCalls} API requests later.`,
    },
    {
      kept: apps.every(({ answered }) => answered >= FEWEST_CALLS),
      words: `Each app was served: ${shares.join(', ')}.`,
    },
  ]
}
