import type { Profile } from './options.js'

/**
 * Zoho's figures, and the same figures at the speed of one emulator.
 *
 * Every duration here is what Zoho documents at speed 1.
 */

const MINUTE_MS = 60_000

/** An access token lives one hour. Every product page says 3600 s. */
const TOKEN_LIFE_MS = 60 * MINUTE_MS

/**
 * A grant code lives two minutes (Accounts, "Authorization request"; CRM v3). Other pages differ: CRM v8 says 3 minutes,
 * Sign 60 s.
 */
const CODE_LIFE_MS = 2 * MINUTE_MS

/** The code of a self client lives three minutes, unless its console is told otherwise: 10 at most. */
const SELF_CLIENT_CODE_LIFE_MS = 3 * MINUTE_MS

/**
 * Live access tokens per refresh token; one more deletes the oldest. Zoho's documents disagree:
 * Recruit says 30, CRM v7 and v8 say 15, the Accounts page "Token limits" says 10.
 */
const LIVE_TOKENS: Readonly<Record<Profile, number>> = { recruit: 30, crm: 15, accounts: 10 }

/** Refresh tokens per user; the 21st deletes the oldest, with its access tokens (Recruit, Kaizen 43). */
const REFRESH_TOKENS_PER_USER = 20

/** What one emulator enforces. Durations are in milliseconds of its own clock, already divided by its speed. */
export interface Rules {
  /** Life of an access token. */
  readonly tokenLifeMs: number
  /** Life of an authorization code from the consent page. */
  readonly codeLifeMs: number
  /** Life of an authorization code of a self client. */
  readonly selfClientCodeLifeMs: number
  /** Live access tokens per refresh token. */
  readonly liveTokens: number
  /** Refresh tokens per user. */
  readonly refreshTokensPerUser: number
  /** New access tokens per refresh token inside `tokenWindowMs` (Accounts and CRM: 10 in 10 minutes). */
  readonly tokensPerWindow: number
  readonly tokenWindowMs: number
  /** New refresh tokens per user inside `grantWindowMs` (Recruit: 5 in a minute). */
  readonly grantsPerWindow: number
  readonly grantWindowMs: number
}

export function rulesFor(
  profile: Profile,
  speed: number,
  lives: { readonly tokenLifeMs: number | undefined; readonly codeLifeMs: number | undefined },
): Rules {
  return Object.freeze({
    tokenLifeMs: lives.tokenLifeMs ?? TOKEN_LIFE_MS / speed,
    codeLifeMs: lives.codeLifeMs ?? CODE_LIFE_MS / speed,
    selfClientCodeLifeMs: lives.codeLifeMs ?? SELF_CLIENT_CODE_LIFE_MS / speed,
    liveTokens: LIVE_TOKENS[profile],
    refreshTokensPerUser: REFRESH_TOKENS_PER_USER,
    tokensPerWindow: 10,
    tokenWindowMs: (10 * MINUTE_MS) / speed,
    grantsPerWindow: 5,
    grantWindowMs: MINUTE_MS / speed,
  })
}
