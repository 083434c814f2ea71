import type { CodeChallengeMethod } from './codes.js'
import type { Counters } from './counters.js'
import type { DataCenter } from './data-centers.js'
import type { Fault } from './faults.js'
import type { TokenEnd } from './grants.js'
import type { Environment, Organization } from './people.js'
import type { LoggedRequest, RequestListener } from './request-log.js'
import type { Rules } from './rules.js'

/** A user's consent, as an app keeps it. */
export interface GrantInfo {
  readonly refreshToken: string
  readonly user: string
  readonly dataCenter: DataCenter
}

/** A living grant as the server sees it. */
export interface GrantSummary extends GrantInfo {
  readonly organization: Organization
  readonly environment: Environment
  readonly scopes: readonly string[]
  readonly createdAt: number
  /** Access tokens that live now. */
  readonly liveTokens: number
  /** Access tokens made in the window that ends now. */
  readonly usedInWindow: number
  /** How long the quota still refuses, in milliseconds of the emulator's time; 0 if it does not. */
  readonly blockedForMs: number
}

export interface CreateGrantOptions {
  /** Default `'ada'`. The same name in two data centres is two users. */
  readonly user?: string | undefined
  /** Default the first. */
  readonly dataCenter?: DataCenter | undefined
  /** Id of one of the user's organisations. Default the first. */
  readonly organization?: string | undefined
  /** Default `'production'`. */
  readonly environment?: Environment | undefined
  /** Default scopes for every product. */
  readonly scopes?: readonly string[] | undefined
  /** Whether it counts, and is refused with an error, by the rule of 5 new refresh tokens a minute. Default false. */
  readonly rateLimited?: boolean | undefined
}

export interface CreateCodeOptions {
  /** Default `'ada'`. */
  readonly user?: string | undefined
  /** Default the first. */
  readonly dataCenter?: DataCenter | undefined
  /** Id of one of the user's organisations. Default the first. */
  readonly organization?: string | undefined
  /** Default `'production'`. */
  readonly environment?: Environment | undefined
  /** Default scopes for every product. */
  readonly scopes?: readonly string[] | undefined
  /**
   * How long the code can be exchanged, in milliseconds of the emulator's time; a self client's console offers 3 to 10
   * minutes. Default, at speed 1: 3 minutes for a self client (no `redirectUri`), 2 minutes with a `redirectUri`.
   */
  readonly lifeMs?: number | undefined
  /** Whether the exchange gives a refresh token. Default true. */
  readonly offline?: boolean | undefined
  /** The exchange must name the same one. Default none, as with the codes of a self client. */
  readonly redirectUri?: string | undefined
  /** PKCE. Default none. */
  readonly codeChallenge?: string | undefined
  /** Default `'plain'`, as Zoho has it. */
  readonly codeChallengeMethod?: CodeChallengeMethod | undefined
}

export interface IssueTokenOptions {
  /** Whether the quota of 10 in 10 minutes neither refuses nor counts this one. Default false. */
  readonly outsideQuota?: boolean | undefined
}

/** An access token that an API would accept now. */
export interface LiveToken {
  readonly accessToken: string
  /** Undefined for client credentials and online access, which have none. */
  readonly refreshToken: string | undefined
  readonly user: string
  readonly dataCenter: DataCenter
  /** On the emulator's clock, in milliseconds since the epoch. */
  readonly issuedAt: number
  readonly expiresAt: number
}

/** An access token whose life is over. */
export interface EndedToken extends LiveToken {
  readonly reason: TokenEnd
  /** On the emulator's clock. A token that expired ended at its `expiresAt`. */
  readonly endedAt: number
}

/** How much a user has of what Zoho allows one. */
export interface UserSummary {
  readonly user: string
  readonly dataCenter: DataCenter
  /** Living refresh tokens, which is also the number of `grants` of this user; 20 at most. */
  readonly refreshTokens: number
  /** New refresh tokens in the minute that ends now, as far as they count by the rule of 5. */
  readonly newInWindow: number
  /** How long that rule still refuses, in milliseconds of the emulator's time; 0 if it does not. */
  readonly blockedForMs: number
}

/**
 * Zoho on loopback: accounts server and product APIs of one or more data centres, over one shared state.
 *
 * Everything here acts at once and synchronously, but for `close`. Methods that take a data centre throw a
 * `TypeError` for one that the emulator does not have.
 */
export interface Emulator {
  /** Origin of the first data centre: accounts server, product APIs and control API. */
  readonly url: string
  /** The web page for a person who wants to look on: `/__emulator/` of the first data centre. */
  readonly pageUrl: string
  /** The same as `url`; the name that clients use. */
  readonly accountsUrl: string
  /** Origin of each data centre. */
  readonly accountsUrls: Readonly<Partial<Record<DataCenter, string>>>
  /** The first data centre: the home of the client and of the default grant. */
  readonly dataCenter: DataCenter
  /** How many times faster than Zoho, as in the options. */
  readonly speed: number
  /** Zoho's figures as they are enforced here, at this emulator's speed. */
  readonly rules: Rules
  readonly clientId: string
  /** The secret in the first data centre. */
  readonly clientSecret: string
  /** The default grant: user `'ada'` in the first data centre, made at the start. */
  readonly refreshToken: string

  /** The `ZOHO_*` variables that point a client here, for a grant; default the default grant. */
  env(grant?: GrantInfo): Record<string, string>

  /** The emulator's time, in milliseconds since the epoch. */
  now(): number
  /** Moves the time forward by `ms`; works on a frozen clock too. */
  advance(ms: number): void
  /** Whether the time stands still. */
  readonly frozen: boolean
  freeze(): void
  /** Lets a frozen clock run on from where it stands. */
  unfreeze(): void

  /** Makes a refresh token; a user's 21st deletes the first and its access tokens. */
  createGrant(options?: CreateGrantOptions): GrantInfo
  /** Living grants, oldest first. */
  readonly grants: readonly GrantSummary[]
  /** Users with a living grant, or with one made within the last minute. */
  readonly users: readonly UserSummary[]
  /** Makes an authorization code, good for one exchange. Without `redirectUri` it is one of a self client. */
  createCode(options?: CreateCodeOptions): string
  /**
   * Makes an access token as another program that shares the grant would.
   *
   * @throws {Error} when the quota has none left, or the grant is dead.
   */
  issueToken(refreshToken?: string, options?: IssueTokenOptions): LiveToken
  /** Tokens that would be accepted now, oldest first; of one grant, or of all. */
  liveTokens(refreshToken?: string): readonly LiveToken[]
  /** The last 10 000 tokens that expired, were evicted or revoked, in the order in which that was noticed. */
  readonly endedTokens: readonly EndedToken[]
  /** The server forgets an access token. @returns Whether it was live. */
  killToken(accessToken: string): boolean
  /** The server forgets the access tokens of a grant, or all. @returns How many there were. */
  killTokens(refreshToken?: string): number
  /** The user withdraws the consent: the grant dies with its access tokens. @returns Whether it was alive. */
  revokeGrant(refreshToken: string): boolean

  /** What has happened so far; a copy. */
  readonly counters: Readonly<Counters>
  /** The same for one grant, dead ones included. All zero for a refresh token that never was. */
  countersOf(refreshToken: string): Readonly<Counters>
  /** The largest number of tokens made with this refresh token inside any one window of 10 minutes so far. */
  maxTokensInWindow(refreshToken?: string): number
  resetCounters(): void

  /** The last 10 000 requests, oldest first, with every secret masked. */
  readonly requests: readonly LoggedRequest[]
  /** Tells of every request as it is answered. @returns A function that ends it. */
  onRequest(listener: RequestListener): () => void

  /** Makes something go wrong with the next matching request, or the next `times`. */
  fault(fault: Fault): void
  /** The faults that still wait. */
  readonly faults: readonly Fault[]
  clearFaults(): void
  /** Answers every token request with `Access Denied` for `ms` of the emulator's time; default one whole window. */
  throttle(ms?: number): void
  /** How long `throttle` still refuses, in milliseconds of the emulator's time; 0 if it does not. */
  readonly throttledForMs: number
  /** Ends every throttle and gives every grant a new window: what was counted against the quotas is forgotten. */
  unthrottle(): void

  /** Counters to zero, no faults, no throttle, an empty log. Grants, tokens and the clock stay. */
  reset(): void

  /** Ends every connection and delay. Safe to call twice. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}
