import { AccountsServer } from './accounts/client.js'
import { RequestLimit } from './accounts/request-limit.js'
import { DEFAULT_INSTANCES, type Settings } from './config/settings.js'
import { Refusals } from './request/refusals.js'
import { GuardedTokenStore } from './stores/guarded-token-store.js'
import { isMemoryTokenStore, memoryTokenStore } from './stores/memory-token-store.js'
import { SealedTokenStore } from './stores/sealed-token-store.js'
import { TokenCache } from './token/cache.js'
import { CooldownCache } from './token/cooldowns.js'
import { type Grants, grantsOf } from './token/grant.js'
import { Background } from './words/background.js'
import { Events } from './words/events.js'
import { FailureLog } from './words/failure-log.js'
import { type HostPolicy, hostPolicy } from './words/hosts.js'
import { LastErrors } from './words/last-errors.js'
import { Scope } from './words/scope.js'
import { Secrets } from './words/secrets.js'
import { unlimitedListeners } from './words/waits.js'

/** What one engine is made of, made once, and handed to whoever works for it. */
export interface Runtime extends Settings {
  readonly events: Events
  readonly scope: Scope
  readonly secrets: Secrets
  readonly hosts: HostPolicy
  readonly grants: Grants
  readonly store: GuardedTokenStore
  /** What all requests of this process to the accounts servers share. */
  readonly requests: RequestLimit
  readonly accounts: AccountsServer
  readonly cache: TokenCache
  readonly cooldowns: CooldownCache
  /** Where tokens were made in vain. */
  readonly refusals: Refusals
  /** Tells what callers fail with, and refreshes that nobody waits for. */
  readonly failures: FailureLog
  readonly lastErrors: LastErrors
  readonly background: Background
  /** Hints that were printed already. */
  readonly hinted: Set<string>
  readonly random: () => number
  /** Aborted when the engine begins to close: nothing new is begun, nobody sleeps any longer. Its reason is what calls fail with. */
  readonly stopping: AbortSignal
  /** Aborted when the grace of closing is over: requests under way are cut. */
  readonly closing: AbortSignal
}

/** Sends nothing and starts nothing. */
export function createRuntime(settings: Settings, stopping: AbortSignal, closing: AbortSignal): Runtime {
  // Each refresh under way listens.
  unlimitedListeners(stopping)
  unlimitedListeners(closing)
  const { clock, logger, budget, clientId, sealer, expectedInstances } = settings
  const random = Math.random
  const events = new Events()
  const scope = new Scope()
  const secrets = new Secrets(settings.fixedSecrets)
  const { mask } = secrets
  const hosts = hostPolicy(settings.servers, settings.allowedOrigins)
  const requests = new RequestLimit(settings.maxConcurrentRefreshes, random)
  const background = new Background(clock, logger, scope, stopping, mask)
  const tokens = settings.tokens ?? memoryTokenStore({ clock })
  const inProcess = isMemoryTokenStore(tokens)
  const store = new GuardedTokenStore(
    sealer && tokens.durable ? new SealedTokenStore(tokens, sealer) : tokens,
    {
      clock,
      events,
      budget,
      inProcess,
      instances: expectedInstances ?? (inProcess ? 1 : DEFAULT_INSTANCES),
      random,
      mask,
      closing,
    },
  )
  return {
    ...settings,
    events,
    scope,
    secrets,
    hosts,
    grants: grantsOf(settings, secrets),
    store,
    requests,
    accounts: new AccountsServer({ ...settings, hosts, secrets, requests }),
    cache: new TokenCache(settings.expiry, random()),
    cooldowns: new CooldownCache(),
    refusals: new Refusals(clientId, clock, store, budget.windowMs, background),
    failures: new FailureLog(events, logger, clock, stopping, mask),
    lastErrors: new LastErrors(events, clock),
    background,
    hinted: new Set(),
    random,
    stopping,
    closing,
  }
}

/** Drops what this process knows of a grant that must not be used any more. */
export function forgetGrant({ cache, cooldowns }: Runtime, connection: string, key: string): void {
  cache.drop(connection)
  cooldowns.forget(key)
}
