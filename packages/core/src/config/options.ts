import type { BudgetPolicy, ConnectionStore, TokenStore } from '../stores/ports.js'
import type { Clock } from '../words/clock.js'
import type { Connection } from '../words/connection.js'
import type { DataCenter } from '../words/data-centers.js'
import type { ExpiryPolicy } from '../words/expiry.js'
import type { Logger } from '../words/logger.js'

/** One value for all data centres, or one each. */
export type PerDataCenter = string | Readonly<Partial<Record<DataCenter, string>>>

/** An app's own way to look a connection up. The library cannot write then. */
export type ConnectionLookup = (id: string) => Promise<Connection | undefined>

/**
 * What `createZohoAuth` takes. What is left out comes from `ZOHO_*` variables (each also as `…_FILE`, the path of a file
 * that holds the value), then from the defaults below.
 */
export interface ZohoAuthOptions {
  /** From Zoho's API console. Variable `ZOHO_CLIENT_ID`. */
  readonly clientId?: string | undefined
  /**
   * Zoho may issue one per data centre: `{ us: '…', eu: '…' }`. Variables `ZOHO_CLIENT_SECRET`, and
   * `ZOHO_CLIENT_SECRET_EU` and so on, which win.
   */
  readonly clientSecret?: PerDataCenter | undefined
  /** Single mode: one connection called `default`. Variable `ZOHO_REFRESH_TOKEN`. */
  readonly refreshToken?: string | undefined
  /** Data centre of `refreshToken`, and where consent starts. Default `us`. Variable `ZOHO_DATA_CENTER`. */
  readonly dataCenter?: DataCenter | undefined
  /** Many connections: a store, or a function that looks one up. Not together with `refreshToken`. */
  readonly connections?: ConnectionStore | ConnectionLookup | undefined
  /** Default `memoryTokenStore()`: right for one process. Variable `ZOHO_AUTH_STORE`: `memory:`, `file:./.zoho-auth`,
   * `redis://…`, `rediss://…` or `postgres://…`, for tokens, and for connections if there is no refresh token. */
  readonly tokens?: TokenStore | undefined
  /**
   * Keys that seal what a durable store keeps, each `id:base64` of 32 bytes. The first seals, all open. Variable
   * `ZOHO_AUTH_KEYS`, separated by commas.
   */
  readonly encryptionKeys?: readonly string[] | undefined
  /** Let a durable store keep tokens and refresh tokens in the clear. Default `false`. */
  readonly plaintext?: boolean | undefined
  /** What stands before the token in the header. Default `Zoho-oauthtoken`. */
  readonly scheme?: 'Zoho-oauthtoken' | 'Bearer' | undefined
  /** Origins that may be sent tokens beyond Zoho's own hosts, such as `https://api.example.com`. Default none. */
  readonly allowedOrigins?: readonly string[] | undefined
  /**
   * An accounts server of one's own (on-premises, portals, the emulator), for all data centres or one each. Its origin
   * and `allowedOrigins` are then the list of hosts. A path, such as `/clientoauth/v2/123`, stands in place of
   * `/oauth/v2`. Plain http on loopback only. Variables `ZOHO_ACCOUNTS_URL`, and `ZOHO_ACCOUNTS_URL_EU` and so on.
   */
  readonly accountsUrl?: PerDataCenter | undefined
  /** Path of the revocation endpoint on the accounts server. Default `/oauth/v2/token/revoke`. */
  readonly revocationPath?: string | undefined
  /** When a token is refreshed. Defaults: 5 to 10 minutes before expiry; never handed out in its last 30 seconds. */
  readonly expiry?: Partial<ExpiryPolicy> | undefined
  /** New tokens per refresh token and window, for the whole fleet. Default 8 (eight) in 600 000 ms (ten minutes). */
  readonly budget?: Partial<BudgetPolicy> | undefined
  /** Limit of one request to the accounts server, in milliseconds. Default 8 000 (eight seconds). */
  readonly timeoutMs?: number | undefined
  /**
   * How long a caller without a usable token waits in all, in milliseconds, whatever it waits for: room among the requests
   * of this process, another process that is refreshing, a pause after a failure, the request itself. Default 10 000 (ten
   * seconds). Keep it below the limit of the load balancer before the app, and of the client that calls it.
   */
  readonly maxWaitMs?: number | undefined
  /**
   * Requests to the accounts servers that this process has under way at most; the others wait their turn, first come, first
   * served. Default 100 (one hundred).
   */
  readonly maxConcurrentRefreshes?: number | undefined
  /**
   * How many processes share the grants; decides what one of them may spend while the store is down. Default 10 (ten), or
   * 1 (one) where tokens are in memory.
   */
  readonly expectedInstances?: number | undefined
  /** `false`: `withConnection` is off, and every call of an engine with many connections names its own. Default `true`. */
  readonly ambient?: boolean | undefined
  readonly clock?: Clock | undefined
  /** Used for the accounts server and for `fetch`. Default: Node's own. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /** Default: Node's process warnings. */
  readonly logger?: Logger | undefined
}

/** The names of all options; anything else is a mistake. */
export const OPTION_NAMES: readonly (keyof ZohoAuthOptions)[] = Object.freeze([
  'clientId',
  'clientSecret',
  'refreshToken',
  'dataCenter',
  'connections',
  'tokens',
  'encryptionKeys',
  'plaintext',
  'scheme',
  'allowedOrigins',
  'accountsUrl',
  'revocationPath',
  'expiry',
  'budget',
  'timeoutMs',
  'maxWaitMs',
  'maxConcurrentRefreshes',
  'expectedInstances',
  'ambient',
  'clock',
  'fetch',
  'logger',
])
