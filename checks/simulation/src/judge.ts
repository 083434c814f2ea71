import { inspect } from 'node:util'
import { type Connection, isZohoAuthError, type Token } from '@zoho-auth/core'
import { DEFAULT_TIMEOUT_MS } from '@zoho-auth/core/adapter'
import type {
  AcquireRequest,
  AcquireResult,
  RefreshLease,
  ReleaseOptions,
  StoredToken,
} from '@zoho-auth/core/store'
import { type Accounts, CANARY, type Grant, HOSTS, TOKENS_PER_WINDOW, WINDOW_MS } from './accounts.js'
import { type Counts, newCounts } from './counts.js'
import type { SharedStore } from './shared-store.js'
import type { Life } from './virtual-process.js'
import type { Weather } from './weather.js'
import type { World } from './world.js'

/** How long a caller may wait, in milliseconds: what `getToken` documents (`maxWaitMs`). */
export const DEADLINE_MS = 10_000
/** How long the refresh that callers share may go on, in milliseconds. */
const FLIGHT_MS = 3 * DEFAULT_TIMEOUT_MS + 2_000
/** After the last disturbance nobody may fail any more, in milliseconds: a throttle, and then some. */
const RECOVERY_MS = 660_000
/** The same for a pause or a step of this process's own clock, in milliseconds. */
const OWN_RECOVERY_MS = 60_000
/** The same for processes that died and held the lease, in milliseconds. */
const LIFECYCLE_RECOVERY_MS = 35_000
/** A token is not handed out in its last 30 seconds of an hour; less a second for rounding and for clocks. */
const MARGIN_MS = 29_000
const HOUR_MS = 3_600_000
/** A flight that began before a revocation was stored has ended after this, in milliseconds. */
const REVOCATION_GRACE_MS = FLIGHT_MS + 5_000

/** A promise that was broken. */
export interface Violation {
  readonly invariant: string
  readonly at: number
  readonly detail: string
}

/** One connection, as the outside world knows it. */
export interface Tenant {
  readonly id: string
  grant: Grant
  /** Grants that were asked to be revoked. */
  readonly revocations: Set<string>
  /** When its state, or its grant, changed last. */
  changedAt: number
  row: Connection
}

/** One question of a caller. */
export interface Ask {
  readonly life: Life
  readonly tenant: Tenant
  readonly at: number
  readonly pausedMs: number
  /** Everything this caller was refused with. */
  readonly refused: ReadonlySet<string>
  /** A token that was usable when it asked: it must not wait, and not fail. */
  readonly usable: boolean
  readonly revoked: boolean
  readonly aborts: boolean
  settled: boolean
}

interface Record {
  epoch: number
  stored: StoredToken | undefined
  /** Leases that have not ended, by holder. */
  leases: Map<string, { readonly lease: RefreshLease; readonly endsAt: number }>
  /** No lease up to this generation may be written any more. */
  floor: number
  /** Highest generation of all epochs. */
  top: number
  throttledUntil: number
  /** Leases whose throttle is known: saying it again changes nothing. */
  throttledBy: Set<string>
}

interface Sent {
  readonly life: Life
  readonly at: number
  readonly pausedMs: number
  readonly epoch: number
  readonly alone: boolean
}

/** Watches everything that passes between core and its surroundings, and says which promise was broken first. */
export class Judge {
  readonly counts: Counts = newCounts()
  violation: Violation | undefined
  readonly tenants: Map<string, Tenant> = new Map()
  /** When a process died or was stopped last. */
  lifecycleAt: number = Number.NEGATIVE_INFINITY
  readonly #world: World
  readonly #accounts: Accounts
  readonly #weather: Weather
  readonly #store: SharedStore
  readonly #instances: number
  readonly #ignored: ReadonlySet<string>
  readonly #records = new Map<string, Record>()
  readonly #sent = new Map<Grant, Sent[]>()
  readonly #inspected = new Set<string>()

  constructor(
    world: World,
    accounts: Accounts,
    weather: Weather,
    store: SharedStore,
    instances: number,
    ignored: ReadonlySet<string>,
  ) {
    this.#world = world
    this.#accounts = accounts
    this.#weather = weather
    this.#store = store
    this.#instances = instances
    this.#ignored = ignored
  }

  fail(invariant: string, detail: string): void {
    if (this.violation || this.#ignored.has(invariant)) return
    this.violation = { invariant, at: this.#world.now, detail }
    this.#world.note('judge', invariant, detail)
  }

  // What the token store was asked and has answered.

  acquired(key: string, request: AcquireRequest, result: AcquireResult, epoch: number): void {
    const record = this.#record(key, epoch)
    const now = this.#store.now
    if (result.kind === 'hit') {
      const { stored } = record
      if (
        stored === undefined ||
        stored.generation !== result.token.generation ||
        stored.value !== result.token.value
      )
        this.fail(
          'the store keeps the newest token',
          `generation ${result.token.generation} instead of ${stored?.generation}`,
        )
      return
    }
    if (result.kind !== 'acquired') return
    const { lease } = result
    if (now < record.throttledUntil)
      this.fail(
        'a throttle is obeyed',
        `a lease was given ${Math.round(record.throttledUntil - now)} ms before its end`,
      )
    const again = record.leases.get(request.holder)
    if (again?.lease.generation === lease.generation) return
    for (const other of record.leases.values())
      if (other.endsAt > now && other.lease.holder !== request.holder)
        this.fail('one refresh at a time', `two leases for ${key.slice(-6)}`)
    if (lease.generation <= record.top && record.top <= this.#world.now + CLOCKS_AGREE_MS)
      this.fail('generations grow', `a lease of generation ${lease.generation} after ${record.top}`)
    record.leases.set(request.holder, { lease, endsAt: now + request.leaseMs })
  }

  committed(key: string, lease: RefreshLease, value: string, written: StoredToken | undefined): void {
    const record = this.#record(key, this.#store.epoch)
    record.leases.delete(lease.holder)
    if (written === undefined) return
    const { stored } = record
    const own = written.generation === lease.generation && written.value === value
    if (!own) {
      if (stored === undefined || written.generation !== stored.generation)
        this.fail('the store keeps the newest token', `a loser was given ${written.generation}`)
      return
    }
    if (
      stored &&
      (stored.generation > lease.generation ||
        (stored.generation === lease.generation && stored.value !== value))
    )
      this.fail('generations grow', `${lease.generation} was written over ${stored.generation}`)
    if (lease.generation <= record.floor)
      this.fail('an invalidated token stays so', `${lease.generation} was written after an invalidate`)
    record.stored = written
    record.top = Math.max(record.top, lease.generation)
    // A commit that is repeated, after a lost answer perhaps, changes nothing: the store still knows of the lie.
    if (stored?.generation === lease.generation) return
    const minted = this.#accounts.tokens.get(value.slice(value.lastIndexOf(' ') + 1))
    if (minted) minted.grant.lied = false
  }

  released(key: string, lease: RefreshLease, options: ReleaseOptions | undefined): void {
    const record = this.#record(key, this.#store.epoch)
    record.leases.delete(lease.holder)
    const cooldown = options?.cooldown
    if (cooldown?.reason !== 'throttled' || (record.stored && record.stored.generation >= lease.generation))
      return
    if (record.throttledBy.has(lease.holder + lease.generation)) return
    record.throttledBy.add(lease.holder + lease.generation)
    record.throttledUntil = Math.max(record.throttledUntil, this.#store.now + cooldown.ms)
  }

  invalidated(key: string): void {
    const record = this.#record(key, this.#store.epoch)
    for (const { lease } of record.leases.values()) record.floor = Math.max(record.floor, lease.generation)
    record.floor = Math.max(record.floor, record.stored?.generation ?? 0)
    record.leases.clear()
    record.stored = undefined
  }

  leaseArrived(life: Life, _key: string, result: AcquireResult): void {
    if (result.kind === 'acquired') life.goStep = this.#world.steps
  }

  #record(key: string, epoch: number): Record {
    const found = this.#records.get(key)
    if (found?.epoch === epoch) return found
    const record: Record = {
      epoch,
      stored: undefined,
      leases: new Map(),
      floor: 0,
      top: found?.top ?? 0,
      throttledUntil: 0,
      throttledBy: new Set(),
    }
    this.#records.set(key, record)
    return record
  }

  // What was sent to Zoho.

  /** @returns Whether it was sent without the store. */
  requestSent(
    life: Life,
    url: string,
    form: URLSearchParams,
    grant: Grant | undefined,
    revocation: boolean,
  ): boolean {
    const { now, steps } = this.#world
    if (grant === undefined) {
      this.fail('only planned requests', `${form.get('grant_type')}`)
      return false
    }
    if (!url.startsWith(`${HOSTS[grant.dataCenter]?.accounts}/`) || url.includes(CANARY))
      this.fail('no secret leaves the list', new URL(url).origin)
    const tenant = this.tenants.get(grant.connection)
    if (revocation) {
      this.counts.revocations += 1
      return false
    }
    this.counts.requests += 1
    const alone = life.goStep !== steps
    const sent = (this.#sent.get(grant) ?? []).filter((other) => other.at > now - DEFAULT_TIMEOUT_MS)
    for (const other of sent)
      if (
        !alone &&
        !other.alone &&
        other.life !== life &&
        other.life.alive &&
        other.epoch === this.#store.epoch &&
        other.pausedMs === other.life.host.pausedMs
      )
        this.fail('one refresh at a time', `${other.life.host.name} and ${life.host.name} ask at once`)
    sent.push({ life, at: now, pausedMs: life.host.pausedMs, epoch: this.#store.epoch, alone })
    this.#sent.set(grant, sent)
    if (alone) this.#aloneRequest(life, grant)
    const until = life.throttles.get(grant.refreshToken) ?? 0
    if (now < until)
      this.fail(
        alone
          ? 'a known throttle is obeyed without the store'
          : 'a known throttle is obeyed after the store lost it',
        `${life.host.name} asks ${Math.round(until - now)} ms before the end of a throttle it was told of`,
      )
    const { row, changedAt } = tenant ?? {}
    const revoked = row?.state === 'revoking' || row?.state === 'revoked'
    if (revoked && tenant?.grant === grant && changedAt !== undefined) {
      const grace = REVOCATION_GRACE_MS + life.host.pausedMs
      if (now > changedAt + grace)
        this.fail('a revoked grant is not used', `${now - changedAt} ms after it was stored`)
    }
    return alone
  }

  /** A bucket holds its share, or one token, and gets its share in a window. */
  #aloneRequest(life: Life, grant: Grant): void {
    const { now } = this.#world
    this.counts.alone += 1
    const times = (life.aloneAt.get(grant.refreshToken) ?? []).filter((at) => at > now - WINDOW_MS)
    times.push(now)
    life.aloneAt.set(grant.refreshToken, times)
    const share = 2 / this.#instances
    const stepped = life.host.troubledAt > now - 2 * WINDOW_MS
    if (!stepped && times.length > Math.max(1, share) + share)
      this.fail('the local bucket holds', `${times.length} requests without the store in ten minutes`)
  }

  requestEnded(life: Life, grant: Grant): void {
    const sent = this.#sent.get(grant)
    const index = sent?.findIndex((other) => other.life === life) ?? -1
    if (index >= 0) sent?.splice(index, 1)
  }

  /** A token request of the fleet is at Zoho's door: would it be the eleventh? */
  tokenRequestArrived(grant: Grant, alone: boolean): void {
    const since = this.#world.now - WINDOW_MS
    if (!grant.alive || this.#store.lostAt > since - IN_FLIGHT_MS) return
    const made = grant.fleetAt.filter((at) => at > since).length
    grant.aloneAt = grant.aloneAt.filter((at) => at > since)
    if (alone) grant.aloneAt.push(this.#world.now)
    if (made < TOKENS_PER_WINDOW) return
    // What the store gave leases for is bounded; what processes make without it is right on average only.
    if (grant.aloneAt.length > 0) this.counts.overdrawn += 1
    else this.fail('never more than 10 new tokens', `the fleet asks for one more than ${made} in ten minutes`)
  }

  minted(grant: Grant): void {
    this.counts.minted += 1
    const { now } = this.#world
    let window = 0
    for (const at of grant.fleetAt) if (at > now - WINDOW_MS) window += 1
    this.counts.mostInWindow = Math.max(this.counts.mostInWindow, window)
  }

  deniedAnswer(life: Life, grant: Grant): void {
    this.counts.denied += 1
    life.throttles.set(grant.refreshToken, this.#world.now + WINDOW_MS)
  }

  revocationArrived(grant: Grant): void {
    if (!this.tenants.get(grant.connection)?.revocations.has(grant.refreshToken))
      this.fail('no grant is lost', `${grant.connection} was revoked, and nobody asked for it`)
  }

  // What was written about connections.

  connectionWritten(life: Life, before: Connection | undefined, after: Connection): void {
    const { now } = this.#world
    const tenant = this.tenants.get(after.id)
    if (tenant === undefined || before === undefined) {
      this.fail('no grant is lost', `${after.id} is unknown`)
      return
    }
    this.#world.note(life.host.name, 'writes', `${after.id} ${before.state} -> ${after.state}`)
    tenant.row = after
    tenant.changedAt = now
    const grant = this.#accounts.grants.get(before.refreshToken ?? '')
    if (
      after.refreshToken !== before.refreshToken &&
      !(after.state === 'revoked' && after.refreshToken === undefined)
    ) {
      this.fail('no grant is lost', `${after.id} got another refresh token`)
      return
    }
    switch (after.state) {
      case 'consent-required':
        if (grant?.alive) this.fail('no grant is lost', `${after.id} wants consent, and its grant is alive`)
        else if ((grant?.deadAnswers ?? 0) < 2)
          this.fail('consent is asked for after two refusals', `${after.id} after ${grant?.deadAnswers}`)
        break
      case 'revoking':
      case 'revoked':
        if (!tenant.revocations.has(before.refreshToken ?? ''))
          this.fail('no grant is lost', `${after.id} is ${after.state}, and nobody asked for it`)
        else if (after.state === 'revoked' && grant?.alive)
          this.fail('revoked means revoked', `${after.id} is revoked here, and alive at Zoho`)
        break
      default:
        this.fail('no grant is lost', `${after.id} became ${after.state} by the library`)
    }
  }

  // What callers got.

  /** Whether this process holds a token that it can hand out without asking anyone. */
  holdsUsable(life: Life, tenant: Tenant, refused: ReadonlySet<string>): boolean {
    const token = life.last.get(tenant.id)
    if (token === undefined || refused.size > 0 || life.refused.has(token.value)) return false
    const minted = this.#accounts.tokens.get(token.value)
    if (minted === undefined || minted.grant !== tenant.grant) return false
    if (tenant.row.state !== 'active' || tenant.revocations.has(tenant.grant.refreshToken)) return false
    const margin = 30_000 * Math.min(1, minted.lifeMs / HOUR_MS)
    return life.clock.now() < token.expiresAt - margin
  }

  handedOut(ask: Ask, token: Token): void {
    const { life, tenant, refused } = ask
    const { now } = this.#world
    const minted = this.#accounts.tokens.get(token.value)
    if (minted === undefined) {
      this.fail('only tokens of Zoho', `${tenant.id} got something else`)
      return
    }
    if (minted.grant.connection !== tenant.id)
      this.fail(
        'tenant A never gets the token of tenant B',
        `${tenant.id} got one of ${minted.grant.connection}`,
      )
    const left = minted.endsAt - now
    if (left <= MARGIN_MS * Math.min(1, minted.lifeMs / HOUR_MS))
      this.fail('no dead token is handed out', `${left} ms before its end`)
    if (refused.has(token.value))
      this.fail('no dead token is handed out', 'the one this caller was refused with')
    if (ask.revoked && life.revoked.has(minted.grant.refreshToken))
      this.fail(
        'a revoked grant is not used',
        `${life.host.name} hands out a token of a grant it has revoked`,
      )
    const place = `${tenant.id} ${minted.grant.refreshToken}`
    const highest = life.generations.get(place) ?? 0
    if (token.generation < highest)
      this.fail('generations grow', `${life.host.name} handed out ${token.generation} after ${highest}`)
    life.generations.set(place, Math.max(highest, token.generation))
    life.last.set(tenant.id, token)
    if (ask.usable && now > ask.at)
      this.fail(
        'nobody waits beside a usable token',
        `${life.host.name} ${tenant.id} waited ${now - ask.at} ms`,
      )
    this.#waited(ask)
  }

  failed(ask: Ask, error: unknown): void {
    const { life, tenant } = ask
    const code = isZohoAuthError(error) ? error.code : 'unknown'
    this.#world.note(life.host.name, 'failed', `${tenant.id} ${code}`)
    this.#waited(ask)
    this.secrets(`error ${code}`, error)
    if (ask.aborts && error === ABORTED) return
    if (life.closing) return
    this.counts.failed[code] = (this.counts.failed[code] ?? 0) + 1
    if (!isZohoAuthError(error)) {
      this.fail('errors have codes', String(error))
      return
    }
    if (ask.usable) this.fail('a usable token is served', `${life.host.name} ${tenant.id} ${code}`)
    this.#rightCode(code, tenant)
    const trouble = this.trouble(life, tenant)
    if (trouble === undefined)
      this.fail('with all healthy no caller fails', `${life.host.name} ${tenant.id} ${code}`)
  }

  #rightCode(code: string, tenant: Tenant): void {
    const { now } = this.#world
    const recent = (at: number, ms: number) => now - at < ms
    const { grant, row, changedAt } = tenant
    if (recent(changedAt, WINDOW_MS)) return
    if (code === 'ERR_ZOHO_CONSENT_REQUIRED' && grant.alive && !recent(grant.lastLieAt, 200_000))
      this.fail('errors say what is wrong', `${tenant.id} ${code}, and the grant is alive`)
    if (code === 'ERR_ZOHO_REVOKED' && row.state === 'active')
      this.fail('errors say what is wrong', `${tenant.id} ${code}, and it is active`)
    if (code === 'ERR_ZOHO_CLIENT' && !this.#weather.disturbed('accounts', now - RECOVERY_MS))
      this.fail('errors say what is wrong', `${tenant.id} ${code}`)
    if (code === 'ERR_ZOHO_NO_CONNECTION') this.fail('errors say what is wrong', `${tenant.id} ${code}`)
  }

  /** A call that the API refused to the end. */
  refusedToTheEnd(life: Life, tenant: Tenant): void {
    this.counts.failed.refused = (this.counts.failed.refused ?? 0) + 1
    if (this.trouble(life, tenant) === undefined)
      this.fail('with all healthy no caller fails', `${life.host.name} ${tenant.id} was refused to the end`)
  }

  /** Why a caller may fail now; `undefined`: it may not. */
  trouble(life: Life, tenant: Tenant): string | undefined {
    const { now } = this.#world
    const { grant, row } = tenant
    if (!grant.alive || row.state !== 'active' || row.refreshToken !== grant.refreshToken) return 'the grant'
    if (tenant.revocations.has(grant.refreshToken)) return 'a revocation'
    if (now - this.#weather.clearSince() < RECOVERY_MS) return 'the weather'
    if (now - life.host.troubledAt < OWN_RECOVERY_MS) return 'its own clock'
    if (now - this.lifecycleAt < LIFECYCLE_RECOVERY_MS) return 'others that died'
    if (now - grant.lastDeniedAt < WINDOW_MS + OWN_RECOVERY_MS || now < grant.lockedUntil + OWN_RECOVERY_MS)
      return 'a throttle'
    return undefined
  }

  #waited(ask: Ask): void {
    const paused = ask.life.host.pausedMs - ask.pausedMs
    const waited = this.#world.now - ask.at
    this.counts.longestWaitMs = Math.max(this.counts.longestWaitMs, waited - paused)
    if (waited > DEADLINE_MS + paused + DEADLINE_SLACK_MS)
      this.fail(
        'every waiter settles',
        `${ask.life.host.name} ${ask.tenant.id} waited ${Math.round(waited - paused)} ms`,
      )
  }

  /** Called at a caller's deadline. */
  overdue(ask: Ask): void {
    if (!ask.settled) this.#waited(ask)
  }

  /** At the end: nobody goes on asking for a grant that is dead. */
  deadGrantsNoticed(): void {
    const since = this.#world.now - NOTICED_MS
    for (const { id, grant, row, changedAt } of this.tenants.values())
      if (!grant.alive && row.state === 'active' && grant.deadAnswers > MAX_DEAD_ANSWERS && changedAt < since)
        this.fail('a dead grant is noticed', `${id} is active after ${grant.deadAnswers} refusals`)
  }

  /** Nothing that leaves the library holds a secret. */
  secrets(where: string, value: unknown): void {
    const flat = isZohoAuthError(value)
      ? `${value.message} ${value.action} ${String(value.cause)}`
      : String(value)
    let text = typeof value === 'object' ? `${flat} ${JSON.stringify(value)}` : flat
    // Looking deep takes long: once per place and run.
    if (!this.#inspected.has(where)) {
      this.#inspected.add(where)
      text += inspect(value, { depth: 6 })
    }
    if (text.includes(CANARY)) this.fail('no secret in any sink', where)
  }
}

/** A lease from before a loss of data has reached Zoho after this, in milliseconds. */
const IN_FLIGHT_MS = 30_000

/** Room for the few milliseconds in which events of a pause arrive. */
const DEADLINE_SLACK_MS = 50

/** A generation this far ahead of true time comes from a process whose clock is ahead, in milliseconds. */
const CLOCKS_AGREE_MS = 0

/** Refusals that a few faults in the wrong moments can need. */
const MAX_DEAD_ANSWERS = 10

/** A grant that died is marked within this time of calls, in milliseconds: a token's life for somebody to notice, and a cooldown. */
const NOTICED_MS = 4_200_000

/** Why a caller gave up. */
export const ABORTED: Error = new Error('this caller gave up')
