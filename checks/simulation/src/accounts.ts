import type { DataCenter } from '@zoho-auth/core'
import type { World } from './world.js'

/** Zoho's limit: so many new tokens per grant in {@link WINDOW_MS}. */
export const TOKENS_PER_WINDOW = 10
/** Zoho's window, in milliseconds (ten minutes). */
export const WINDOW_MS = 600_000
/** Every secret of a run has this in it, so that one search finds a leak. */
export const CANARY = 'canary-'
export const CLIENT_SECRET: string = `${CANARY}client`

/** Data centres of the simulation, with the hosts that belong to each. */
export const HOSTS: Readonly<
  Partial<Record<DataCenter, { readonly accounts: string; readonly api: string }>>
> = {
  us: { accounts: 'https://accounts.zoho.com', api: 'https://www.zohoapis.com' },
  eu: { accounts: 'https://accounts.zoho.eu', api: 'https://www.zohoapis.eu' },
  in: { accounts: 'https://accounts.zoho.in', api: 'https://www.zohoapis.in' },
}

/** One consent, as Zoho keeps it. */
export interface Grant {
  readonly refreshToken: string
  readonly connection: string
  readonly dataCenter: DataCenter
  alive: boolean
  /** Oldest first. */
  live: Minted[]
  /** When tokens were made for anyone in the last window. */
  mintedAt: number[]
  /** The same, for the fleet alone. */
  fleetAt: number[]
  /** The part of those that was asked for without the store. */
  aloneAt: number[]
  lockedUntil: number
  lastDeniedAt: number
  /** Answers that said the grant is dead. */
  deadAnswers: number
  /** Said so once although it is alive, and no token was stored since. */
  lied: boolean
  lastLieAt: number
  revokedByFleet: boolean
}

/** One access token, as Zoho keeps it. */
export interface Minted {
  readonly value: string
  readonly grant: Grant
  readonly mintedAt: number
  readonly endsAt: number
  readonly lifeMs: number
  alive: boolean
}

export interface AccountsRules {
  /** Live tokens per grant; one more deletes the oldest. */
  readonly cap: number
  readonly lifeMs: number
  /** Each refused request starts the window anew. */
  readonly lockExtends: boolean
}

/** Zoho's accounts server: tokens, their quotas and their ends. Answers at once; the network is elsewhere. */
export class Accounts {
  readonly rules: AccountsRules
  readonly grants: Map<string, Grant> = new Map()
  readonly tokens: Map<string, Minted> = new Map()
  readonly #world: World
  #made = 0

  constructor(world: World, rules: AccountsRules) {
    this.#world = world
    this.rules = rules
  }

  consent(connection: string, dataCenter: DataCenter): Grant {
    const grant: Grant = {
      refreshToken: `${CANARY}refresh-${connection}-${++this.#made}`,
      connection,
      dataCenter,
      alive: true,
      live: [],
      mintedAt: [],
      fleetAt: [],
      aloneAt: [],
      lockedUntil: 0,
      lastDeniedAt: Number.NEGATIVE_INFINITY,
      deadAnswers: 0,
      lied: false,
      lastLieAt: Number.NEGATIVE_INFINITY,
      revokedByFleet: false,
    }
    this.grants.set(grant.refreshToken, grant)
    return grant
  }

  /** One token request of a known grant. */
  mint(grant: Grant, byFleet: boolean): Minted | 'dead' | 'denied' {
    const { now } = this.#world
    if (!grant.alive) {
      grant.deadAnswers += 1
      return 'dead'
    }
    grant.mintedAt = grant.mintedAt.filter((at) => at > now - WINDOW_MS)
    grant.fleetAt = grant.fleetAt.filter((at) => at > now - WINDOW_MS)
    if (now < grant.lockedUntil || grant.mintedAt.length >= TOKENS_PER_WINDOW) {
      const rest = (grant.mintedAt[0] ?? now) + WINDOW_MS
      grant.lockedUntil = Math.max(grant.lockedUntil, this.rules.lockExtends ? now + WINDOW_MS : rest)
      grant.lastDeniedAt = now
      return 'denied'
    }
    grant.mintedAt.push(now)
    if (byFleet) grant.fleetAt.push(now)
    const { lifeMs, cap } = this.rules
    const value = `${CANARY}access-${++this.#made}`
    const minted: Minted = { value, grant, mintedAt: now, endsAt: now + lifeMs, lifeMs, alive: true }
    this.tokens.set(value, minted)
    grant.live = grant.live.filter((token) => token.endsAt > now)
    grant.live.push(minted)
    while (grant.live.length > cap) (grant.live.shift() as Minted).alive = false
    return minted
  }

  /** Takes a grant back, with all its tokens. */
  kill(grant: Grant): void {
    grant.alive = false
    for (const token of grant.live) token.alive = false
    grant.live = []
  }

  /** Whether a product API takes this token now. */
  accepts(value: string): boolean {
    const token = this.tokens.get(value)
    return token?.alive === true && token.endsAt > this.#world.now
  }
}
