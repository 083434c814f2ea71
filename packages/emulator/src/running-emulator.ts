import type { Server } from 'node:http'
import { type Counters, noCounters } from './counters.js'
import type { DataCenter } from './data-centers.js'
import type {
  CreateCodeOptions,
  CreateGrantOptions,
  Emulator,
  EndedToken,
  GrantInfo,
  GrantSummary,
  IssueTokenOptions,
  LiveToken,
  UserSummary,
} from './emulator.js'
import type { Fault } from './faults.js'
import type { AccessToken, Grant } from './grants.js'
import { PAGE_PATH } from './page/page.js'
import { isEnvironment, type Organization, organizationOf } from './people.js'
import { EVERY_SCOPE } from './products/product.js'
import type { LoggedRequest, RequestListener } from './request-log.js'
import type { Rules } from './rules.js'
import { originOf, type World } from './world.js'

const DEFAULT_USER = 'ada'

/** The programming interface over one world and its listeners. */
export class RunningEmulator implements Emulator {
  readonly #world: World
  readonly #servers: readonly Server[]
  #grant: GrantInfo | undefined
  #closing: Promise<void> | undefined

  constructor(world: World, servers: readonly Server[]) {
    this.#world = world
    this.#servers = servers
  }

  /** Makes the default grant, once the listeners have their ports. */
  begin(): void {
    this.#grant = this.createGrant()
  }

  get url(): string {
    return originOf(this.#world, this.dataCenter)
  }

  get pageUrl(): string {
    return this.url + PAGE_PATH
  }

  get accountsUrl(): string {
    return this.url
  }

  get accountsUrls(): Partial<Record<DataCenter, string>> {
    return Object.fromEntries(this.#world.origins)
  }

  get dataCenter(): DataCenter {
    return this.#world.settings.dataCenters[0]
  }

  get speed(): number {
    return this.#world.settings.speed
  }

  get rules(): Rules {
    return this.#world.rules
  }

  get clientId(): string {
    return this.#world.clientId
  }

  get clientSecret(): string {
    return this.#world.secretIn(this.dataCenter)
  }

  get refreshToken(): string {
    return this.#defaultGrant.refreshToken
  }

  env(grant: GrantInfo = this.#defaultGrant): Record<string, string> {
    return {
      ZOHO_CLIENT_ID: this.clientId,
      ZOHO_CLIENT_SECRET: this.#world.secretIn(grant.dataCenter),
      ZOHO_REFRESH_TOKEN: grant.refreshToken,
      ZOHO_ACCOUNTS_URL: originOf(this.#world, grant.dataCenter),
      ZOHO_DATA_CENTER: grant.dataCenter,
      ...this.#envOfOthers(grant.dataCenter),
    }
  }

  /** The server and the secret of each further data centre: Zoho gives a client a secret in each. */
  #envOfOthers(home: DataCenter): Record<string, string> {
    const others = Object.keys(this.accountsUrls).filter((name) => name !== home) as DataCenter[]
    return Object.fromEntries(
      others.flatMap((name) => [
        [`ZOHO_ACCOUNTS_URL_${name.toUpperCase()}`, originOf(this.#world, name)],
        [`ZOHO_CLIENT_SECRET_${name.toUpperCase()}`, this.#world.secretIn(name)],
      ]),
    )
  }

  now(): number {
    return this.#world.clock.now()
  }

  advance(ms: number): void {
    this.#world.clock.advance(ms)
  }

  get frozen(): boolean {
    return this.#world.clock.frozen
  }

  freeze(): void {
    this.#world.clock.freeze()
  }

  unfreeze(): void {
    this.#world.clock.unfreeze()
  }

  createGrant(options: CreateGrantOptions = {}): GrantInfo {
    const {
      user = DEFAULT_USER,
      dataCenter = this.dataCenter,
      environment = 'production',
      scopes = EVERY_SCOPE,
      rateLimited = false,
    } = options
    originOf(this.#world, dataCenter)
    checkEnvironment(environment)
    const organization = organizationFor(user, options.organization)
    const { grants } = this.#world
    if (rateLimited && !grants.admitsGrant(user, dataCenter))
      throw new Error(`${user} has had ${this.rules.grantsPerWindow} new refresh tokens in the last minute`)
    const { refreshToken } = grants.create(
      { user, dataCenter, organization, environment, scopes },
      rateLimited,
    )
    return { refreshToken, user, dataCenter }
  }

  get grants(): GrantSummary[] {
    const now = this.now()
    const { grants } = this.#world
    return [...grants.all()].map((grant) => ({
      refreshToken: grant.refreshToken,
      user: grant.user,
      dataCenter: grant.dataCenter,
      organization: grant.organization,
      environment: grant.environment,
      scopes: grant.scopes,
      createdAt: grant.createdAt,
      liveTokens: grants.live(grant).length,
      usedInWindow: grant.quota.used(now),
      blockedForMs: grant.quota.blockedForMs(now),
    }))
  }

  get users(): UserSummary[] {
    return this.#world.grants.users()
  }

  createCode(options: CreateCodeOptions = {}): string {
    const {
      user = DEFAULT_USER,
      dataCenter = this.dataCenter,
      environment = 'production',
      scopes = EVERY_SCOPE,
      offline = true,
      redirectUri,
      lifeMs = redirectUri === undefined ? this.rules.selfClientCodeLifeMs : this.rules.codeLifeMs,
    } = options
    originOf(this.#world, dataCenter)
    checkEnvironment(environment)
    if (!(Number.isFinite(lifeMs) && lifeMs > 0))
      throw new TypeError('lifeMs must be a finite number above 0')
    const code = {
      user,
      dataCenter,
      organization: organizationFor(user, options.organization),
      environment,
      scopes,
      offline,
      redirectUri,
      challenge: options.codeChallenge,
      challengeMethod: options.codeChallengeMethod ?? 'plain',
    } as const
    return this.#world.codes.create(code, lifeMs)
  }

  issueToken(refreshToken: string = this.refreshToken, options: IssueTokenOptions = {}): LiveToken {
    const { grants } = this.#world
    const grant = grants.find(refreshToken)
    if (grant === undefined) throw new Error('no living grant has this refresh token')
    const counted = options.outsideQuota !== true
    if (counted && !grant.quota.admits(this.now()))
      throw new Error(`this grant has had ${this.rules.tokensPerWindow} access tokens in the last window`)
    return liveToken(grants.mint(grant, counted))
  }

  liveTokens(refreshToken?: string): LiveToken[] {
    if (refreshToken === undefined) return this.#world.grants.live().map(liveToken)
    const grant = this.#world.grants.find(refreshToken)
    return grant === undefined ? [] : this.#world.grants.live(grant).map(liveToken)
  }

  get endedTokens(): EndedToken[] {
    return [...this.#world.grants.dead()].map(({ token, reason, endedAt }) => ({
      ...liveToken(token),
      reason,
      endedAt,
    }))
  }

  killToken(accessToken: string): boolean {
    return this.#world.grants.endToken(accessToken, 'evicted')
  }

  killTokens(refreshToken?: string): number {
    return this.liveTokens(refreshToken).filter(({ accessToken }) => this.killToken(accessToken)).length
  }

  revokeGrant(refreshToken: string): boolean {
    return this.#world.grants.endGrant(refreshToken)
  }

  get counters(): Counters {
    return { ...this.#world.grants.counters }
  }

  countersOf(refreshToken: string): Counters {
    return { ...noCounters(), ...this.#recall(refreshToken)?.counters }
  }

  maxTokensInWindow(refreshToken: string = this.refreshToken): number {
    return this.#recall(refreshToken)?.quota.peak ?? 0
  }

  resetCounters(): void {
    this.#world.grants.resetCounters()
  }

  get requests(): LoggedRequest[] {
    return this.#world.log.entries()
  }

  onRequest(listener: RequestListener): () => void {
    return this.#world.log.onRequest(listener)
  }

  fault(fault: Fault): void {
    this.#world.faults.add(fault)
  }

  get faults(): Fault[] {
    return this.#world.faults.list()
  }

  clearFaults(): void {
    this.#world.faults.clear()
  }

  throttle(ms: number = this.rules.tokenWindowMs): void {
    if (!(Number.isFinite(ms) && ms > 0)) throw new TypeError('ms must be a finite number above 0')
    this.#world.throttle.block(this.now(), ms)
  }

  get throttledForMs(): number {
    return this.#world.throttle.blockedForMs(this.now())
  }

  unthrottle(): void {
    this.#world.throttle.forget()
    this.#world.grants.forgetQuotas()
  }

  reset(): void {
    this.resetCounters()
    this.clearFaults()
    this.unthrottle()
    this.#world.log.clear()
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #close(): Promise<void> {
    const closed = this.#servers.map(
      (server) => new Promise<void>((resolve) => server.close(() => resolve())),
    )
    for (const server of this.#servers) server.closeAllConnections()
    this.#world.waits.close()
    await Promise.all(closed)
  }

  get #defaultGrant(): GrantInfo {
    if (this.#grant === undefined) throw new Error('the emulator has not started yet')
    return this.#grant
  }

  #recall(refreshToken: string): Grant | undefined {
    return this.#world.grants.recall(refreshToken)
  }
}

/** @throws {TypeError} for an organisation the user does not belong to. */
function organizationFor(user: string, id: string | undefined): Organization {
  const organization = organizationOf(user, id)
  if (organization === undefined) throw new TypeError(`${user} does not belong to the organisation ${id}`)
  return organization
}

function checkEnvironment(environment: unknown): void {
  if (!isEnvironment(environment)) throw new TypeError(`there is no environment ${String(environment)}`)
}

function liveToken({ value, grant, issuedAt, expiresAt }: AccessToken): LiveToken {
  const { refreshToken, user, dataCenter } = grant
  return { accessToken: value, refreshToken, user, dataCenter, issuedAt, expiresAt }
}
