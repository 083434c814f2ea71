import type { AccountsServer } from './gates/accounts-server.js'
import type { Grants } from './gates/grant.js'
import type { GuardedTokenStore } from './stores/guarded-token-store.js'
import type { BudgetPolicy } from './stores/ports.js'
import type { DataCenter } from './words/data-centers.js'
import type { EngineClock } from './words/engine-clock.js'
import type { Events } from './words/events.js'
import type { Logger } from './words/logger.js'
import type { Secrets } from './words/secrets.js'

/** What consent and revocation are made of: the parts of an engine that make and end grants. */
export interface GrantParts {
  readonly clientId: string
  /** Where the client is registered, unless a call says otherwise. */
  readonly home: DataCenter
  readonly clock: EngineClock
  readonly events: Events
  readonly logger: Logger
  readonly grants: Grants
  readonly store: GuardedTokenStore
  readonly accounts: AccountsServer
  readonly budget: BudgetPolicy
  readonly timeoutMs: number
  readonly secrets: Secrets
  /** Origin of the accounts server of a data centre; throws where the app named none. */
  accountsOriginOf(dataCenter: DataCenter): string
  /** What a token's API domain is where Zoho does not say. */
  apiDomainOf(connection: { readonly dataCenter: DataCenter }): string
  readonly fetch: typeof globalThis.fetch
  /** Drops what this process has in memory. */
  forget(id: string, key: string): void
  /** The same for one token: nobody is handed it any more. */
  refuse(id: string, token: string): void
  /** Does a caller's work, for which `close` waits too: a grant that Zoho has made must end in the store, or be revoked. */
  during<T>(work: () => Promise<T>): Promise<T>
  /** Runs work that nobody waits for but `close`. Faults end up with the logger. */
  behind(work: () => Promise<unknown>): void
  /** The same after `ms` milliseconds, unless the engine was closed by then. */
  later(ms: number, work: () => Promise<unknown>): void
  /** Aborted when the engine begins to close: what goes on from one connection to the next ends there. */
  readonly stopping: AbortSignal
  readonly closing: AbortSignal
}
