import type { FailureLog } from './failure-log.js'
import type { AccountsServer } from './gates/accounts-server.js'
import type { Grants } from './gates/grant.js'
import type { RequestLimit } from './gates/request-limit.js'
import type { ExpiryPolicy } from './rules/freshness.js'
import type { GuardedTokenStore } from './stores/guarded-token-store.js'
import type { BudgetPolicy } from './stores/ports.js'
import type { Connection } from './words/connection.js'
import type { EngineClock } from './words/engine-clock.js'
import type { Events } from './words/events.js'
import type { Logger } from './words/logger.js'
import type { Token } from './words/token.js'

/** A token and where it came from. */
export interface Provided {
  readonly token: Token
  /** `known`: it was there already, here or in the store. `made`: it was made for this call. */
  readonly how: 'known' | 'made'
}

/** Everything the path is made of. */
export interface TokenProviderParts {
  readonly clientId: string
  readonly clock: EngineClock
  readonly random: () => number
  readonly events: Events
  readonly logger: Logger
  /** Tells what callers fail with, and refreshes that nobody waits for. */
  readonly failures: FailureLog
  readonly grants: Grants
  readonly store: GuardedTokenStore
  accounts(): Promise<AccountsServer>
  readonly budget: BudgetPolicy
  readonly expiry: ExpiryPolicy
  readonly timeoutMs: number
  /** How long one caller waits for a token at most, in milliseconds. */
  readonly maxWaitMs: number
  /** What all requests of this process to the accounts servers share. */
  readonly requests: RequestLimit
  /** Ends grants that a newer consent replaced, with nobody waiting. */
  revokeDueGrants(connection: string): void
  /** What to assume where Zoho's answer names no `api_domain`. */
  apiDomainOf(connection: Connection): string
  /** Runs work that callers share outside any caller's async scope. */
  outside<T>(work: () => T): T
  /** Aborted when the engine begins to close: nothing new is begun, nobody sleeps any longer. */
  readonly stopping: AbortSignal
  /** Aborted when the grace of closing is over: requests under way are cut. */
  readonly closing: AbortSignal
}
