import type { Connection } from '../words/connection.js'

/** How many new tokens the whole fleet takes per refresh token and window. */
export interface BudgetPolicy {
  /** New tokens per window. Default 8 (eight) of Zoho's 10; the rest is left to other programs that share the grant. */
  readonly limit: number
  /** Length of the window, in milliseconds. Default 600 000 (ten minutes), Zoho's own. */
  readonly windowMs: number
}

/**
 * Why nothing may be sent for a while.
 *
 * - `dead`: Zoho refused the grant.
 * - `revoked`: the connection was revoked on purpose.
 * - `throttled`: Zoho said that too many tokens were asked for.
 * - `budget`: our own share of Zoho's limit is spent.
 * - `backoff`: the accounts server failed lately.
 */
export type QuietReason = 'dead' | 'revoked' | 'throttled' | 'budget' | 'backoff'

/** A time in which nothing may be sent, counted from now on the store's own clock. */
export interface Quiet {
  readonly reason: QuietReason
  readonly ms: number
}

/** A token as a store keeps it. */
export interface StoredToken {
  /** Opaque to the store. */
  readonly value: string
  readonly generation: number
  /** Life left, in milliseconds, by the store's own clock at the moment of the answer. */
  readonly lifeMs: number
}

/** What `begin` asks. */
export interface BeginRequest {
  /** A random id chosen by the caller, one per flight. The same id asked again gets the same answer. */
  readonly lease: string
  /** The highest generation the caller refuses or finds stale under this key, else 0. */
  readonly newerThan: number
  /** How long the lease lasts, in milliseconds. */
  readonly leaseMs: number
  readonly budget: BudgetPolicy
}

/** The right to refresh. */
export interface GoTurn {
  readonly kind: 'go'
  readonly lease: string
  /** The number the new token will have. */
  readonly generation: number
  /** The store's own clock at `begin`, in milliseconds; `commit` counts the life from here. */
  readonly at: number
  /** Tokens counted in the current window, this attempt included. */
  readonly used: number
  /** Attempts in a row that ended in quiet, since the last token. */
  readonly failures: number
  /** Why it was quiet last, where something went wrong since the last token. Lets a second dead answer be told from a first. */
  readonly lastQuiet?: QuietReason | undefined
}

/** The answer of {@link TokenStore.begin}. Only `go` has written anything. */
export type RefreshTurn =
  | GoTurn
  /** A newer token is there. */
  | { readonly kind: 'adopt'; readonly token: StoredToken }
  /** Someone else is refreshing; their lease ends in `ms` milliseconds. */
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'quiet'; readonly ms: number; readonly reason: QuietReason }

/** How a turn ended without a token. */
export interface AbandonOptions {
  readonly quiet?: Quiet | undefined
  /** Gives the attempt back to the budget: nothing was sent, or a complete answer held no token. */
  readonly unspent?: boolean | undefined
}

/** What {@link TokenStore.inspect} tells. */
export interface TokenRecord {
  readonly token?: StoredToken | undefined
  /** Tokens counted in the current window. */
  readonly used: number
  readonly quiet?: Quiet | undefined
  /** Life left of the lease, where one is held, in milliseconds. */
  readonly leaseMs?: number | undefined
}

/**
 * Keeps tokens, leases, quotas and what is forbidden, for every process that shares it. Volatile: losing its data costs
 * one refresh, never a connection. Every operation is atomic.
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
   * One question, answered in this order: a stored token with generation > `newerThan` and life left is adopted; quiet
   * is quiet; the lease held by this same `lease` id gives the same `go` again; held by another, `wait`; a spent budget
   * is quiet `budget`; else `go`, which takes the lease and counts the attempt.
   *
   * The generation of a `go` is max(stored, `newerThan`, the store's clock in milliseconds) + 1.
   */
  begin(key: string, request: BeginRequest): Promise<RefreshTurn>
  /**
   * Writes if the turn's generation is greater than the stored one, whether or not the lease still stands, frees its own
   * lease and clears every quiet but `throttled`. Life is counted from `turn.at`.
   *
   * @returns Ours, the newer one that won, or `undefined` where the key was forgotten meanwhile.
   */
  commit(key: string, turn: GoTurn, value: string, lifeMs: number): Promise<StoredToken | undefined>
  /** Ends a turn without a token. Sets its quiet only if nothing newer was committed; the later end wins. */
  abandon(key: string, turn: GoTurn, options?: AbandonOptions): Promise<void>
  /**
   * Removes value, lease and quiet, keeps the budget log and a throttle, and raises the generation above any turn in
   * flight, so that its commit loses. Then sets `quiet`, if given.
   */
  forget(key: string, quiet?: Quiet): Promise<void>
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
  /** Does nothing where there is none. */
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
