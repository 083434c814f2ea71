import type { Connection } from '../words/connection.js'
import type { Cooldown, CooldownReason } from '../words/cooldown.js'

/** How many new tokens the whole fleet takes per refresh token and window. */
export interface BudgetPolicy {
  /** New tokens per window. Default 8 (eight) of Zoho's 10; the rest is left to other programs that share the grant. */
  readonly limit: number
  /** Length of the window, in milliseconds. Default 600 000 (ten minutes), Zoho's own. */
  readonly windowMs: number
}

/** A token as a store keeps it. */
export interface StoredToken {
  /** Opaque to the store. */
  readonly value: string
  readonly generation: number
  /** Life left, in milliseconds, by the store's own clock at the moment of the answer. */
  readonly lifeMs: number
}

/** What {@link TokenStore.acquire} asks. */
export interface AcquireRequest {
  /** A random id chosen by the caller, one per flight. The same id asked again gets the same answer. */
  readonly holder: string
  /** The highest generation that this caller refuses or finds stale under this key, else 0. */
  readonly minGeneration: number
  /** How long the lease lasts, in milliseconds. */
  readonly leaseMs: number
  readonly budget: BudgetPolicy
}

/** The right to refresh for a limited time. It can be lost: then the commit with the greater generation wins. */
export interface RefreshLease {
  readonly holder: string
  /** The number that the new token will have: a fencing token. */
  readonly generation: number
  /** The store's own clock at `acquire`, in milliseconds; `commit` counts the life from here. */
  readonly at: number
  /** Tokens counted in the current window, this attempt included. */
  readonly used: number
  /** Attempts in a row that ended in a cooldown, since the last token. */
  readonly failures: number
  /** The last cooldown since the last token, if any. Tells a second dead answer from a first. */
  readonly lastCooldown?: CooldownReason | undefined
}

/** The answer of {@link TokenStore.acquire}. Only `acquired` has written anything. */
export type AcquireResult =
  | { readonly kind: 'acquired'; readonly lease: RefreshLease }
  /** A newer token is there. */
  | { readonly kind: 'hit'; readonly token: StoredToken }
  /** Someone else is refreshing; their lease ends in `ms` milliseconds. */
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'cooldown'; readonly ms: number; readonly reason: CooldownReason }

/** How a lease ended without a token. */
export interface ReleaseOptions {
  readonly cooldown?: Cooldown | undefined
  /** Gives the attempt back to the budget: nothing was sent, or a complete answer held no token. */
  readonly unspent?: boolean | undefined
}

/** What {@link TokenStore.inspect} tells. */
export interface TokenRecord {
  readonly token?: StoredToken | undefined
  /** Tokens counted in the current window. */
  readonly used: number
  readonly cooldown?: Cooldown | undefined
  /** Life left of the lease, if one is held, in milliseconds. */
  readonly leaseMs?: number | undefined
}

/**
 * Keeps tokens, leases, quotas and cooldowns for every process that shares it. Volatile: losing its data costs one refresh,
 * never a connection. Every operation is atomic.
 *
 * Third parties: `tokenStoreContract` in `@zoho-auth/core/testing` is the specification.
 */
export interface TokenStore {
  /** Its data outlives the process: core then wants keys to seal what it gives to the store. Default `false`. */
  readonly durable?: boolean
  /**
   * Loads what the first operation needs, such as a driver, and gives connecting a chance. Never rejects, and ends by itself;
   * what did not work shows at the operation. Optional: core waits for it before the first operation that it limits in time.
   */
  ready?(): Promise<void>
  /**
   * One question, answered in this order: a stored token with generation > `minGeneration` and life left is a `hit`; a
   * cooldown is a `cooldown`; the lease held by this same `holder` is `acquired` again; held by another, `wait`; a spent
   * budget is a cooldown `budget`; else `acquired`, which takes the lease and counts the attempt.
   *
   * The generation of a lease is max(stored, `minGeneration`, the store's clock in milliseconds) + 1.
   */
  acquire(key: string, request: AcquireRequest): Promise<AcquireResult>
  /**
   * Writes if the generation of the lease is greater than the stored one, whether or not the lease still stands, frees its
   * own lease and clears every cooldown but `throttled`. Life is counted from `lease.at`.
   *
   * @returns Ours, the newer one that won, or `undefined` if the key was invalidated meanwhile.
   */
  commit(key: string, lease: RefreshLease, value: string, lifeMs: number): Promise<StoredToken | undefined>
  /** Ends a lease without a token. Sets its cooldown only if nothing newer was committed; the later end wins. */
  release(key: string, lease: RefreshLease, options?: ReleaseOptions): Promise<void>
  /**
   * Removes value, lease and cooldown, keeps the budget log and a throttle, and raises the generation above any lease in
   * flight, so that its commit loses. Then sets `cooldown`, if given.
   */
  invalidate(key: string, cooldown?: Cooldown): Promise<void>
  /**
   * Settles when something about a key may have changed, or with the signal; never rejects. Optional: it wakes who waits
   * for somebody else's refresh sooner than the next look at the store would.
   */
  changed?(key: string, signal: AbortSignal): Promise<void>
  /** For status, doctor, and whoever has to wait for room for a request; changes nothing. */
  inspect(key: string): Promise<TokenRecord | undefined>
  close?(): Promise<void>
}

/** When {@link ConnectionStore.put} may write. */
export interface PutOptions {
  /** Write only if the stored version is this one; 0 means "only if there is none". Without it, write always. */
  readonly ifVersion?: number
}

/** Keeps connections. Durable: losing it loses customers. */
export interface ConnectionStore {
  /** Its data outlives the process: core then wants keys to seal what it gives to the store. Default `false`. */
  readonly durable?: boolean
  /** As {@link TokenStore.ready}. */
  ready?(): Promise<void>
  get(id: string): Promise<Connection | undefined>
  /**
   * Writes, with the stored version plus one, and returns what was written.
   *
   * @throws ZohoAuthError `ERR_ZOHO_CONFLICT` if `ifVersion` is given and another version is stored.
   */
  put(connection: Connection, options?: PutOptions): Promise<Connection>
  /** Does nothing if there is none. */
  delete(id: string): Promise<void>
  list(): AsyncIterable<Connection>
  close?(): Promise<void>
}

/** Both stores of one place, as `ZOHO_AUTH_STORE` names it. */
export interface OpenedStores {
  readonly tokens: TokenStore
  readonly connections: ConnectionStore
  /** Closes what was opened. */
  close(): Promise<void>
}

/**
 * What the package of a store exports under the name `openStores`. Connects at the first use, not before.
 *
 * @throws Error for a URL that cannot be right. Its message names the fault, and never the password in the URL.
 */
export type OpenStores = (url: string) => OpenedStores
