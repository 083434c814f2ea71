import type { ZohoAuth } from '@zoho-auth/core'
import { CUSTOMERS } from './customers.js'
import type { Disasters } from './disasters.js'
import { BUDGET_LIMIT } from './engine.js'
import type { PretendZoho } from './pretend-zoho.js'
import { Tally } from './tally.js'
import type { TokenLedger } from './token-ledger.js'

/** One side at one moment. */
export interface SideNow {
  readonly tally: Tally
  /** Requests to the token endpoint. */
  readonly refreshes: number
  /** New tokens that may still be had now, of how many; of the connection that has the fewest. */
  readonly left: number
  readonly limit: number
}

/** Everything the table shows. */
export interface Standings {
  readonly elapsedMs: number
  readonly apps: readonly Tally[]
  readonly ours: SideNow
  readonly theirs: SideNow
  /** What is happening, in words. */
  readonly now: string
}

/** Where the counts of both sides come together. */
export interface Sources {
  readonly zoho: PretendZoho
  readonly auth: ZohoAuth
  readonly disasters: Disasters
  readonly apps: readonly Tally[]
  readonly handWritten: Tally
  readonly ledgers: { readonly ours: TokenLedger; readonly theirs: TokenLedger }
}

export async function standings(sources: Sources, elapsedMs: number): Promise<Standings> {
  const { zoho, auth, disasters, apps, handWritten, ledgers } = sources
  const budgets = await Promise.all(
    CUSTOMERS.map(async (customer) => (await auth.status(customer)).budgetLeft),
  )
  const limit = zoho.emulator.rules.tokensPerWindow
  const used = zoho.emulator.grants
    .filter((grant) =>
      CUSTOMERS.some((customer) => zoho.theirs[customer].refreshToken === grant.refreshToken),
    )
    .map(({ usedInWindow }) => usedInWindow)
  return {
    elapsedMs,
    apps,
    ours: {
      tally: Tally.sum('zoho-auth, all three', apps),
      refreshes: ledgers.ours.total,
      left: Math.min(...budgets),
      limit: BUDGET_LIMIT,
    },
    theirs: {
      tally: handWritten,
      refreshes: ledgers.theirs.total,
      left: limit - Math.max(...used),
      limit,
    },
    now: disasters.now,
  }
}
