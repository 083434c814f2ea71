import { type Connection, type ConnectionStore, createZohoAuth, EVENT_NAMES } from '@zoho-auth/core'
import { type Accounts, CLIENT_SECRET } from './accounts.js'
import { connectionLink } from './connection-link.js'
import { ABORTED, type Ask, DEADLINE_MS, type Judge, type Tenant } from './judge.js'
import { foreignProgram, networkOf } from './network.js'
import type { Random } from './random.js'
import type { Deed, Scenario } from './scenario.js'
import type { SharedStore } from './shared-store.js'
import { tokenLink } from './token-link.js'
import { type Life, VirtualProcess } from './virtual-process.js'
import type { Weather } from './weather.js'
import type { World } from './world.js'

/** Times one request is sent again after a refusal, as core's own `fetch` does. */
const MAX_REPLAYS = 2
/** One way to an API, in milliseconds. */
const API_LATENCY = { low: 5, high: 200 }
/** A process comes back after this, in milliseconds. */
const RESTART = { low: 50, high: 30_000 }
/** A person gives a new consent after this, in milliseconds. */
const NEW_CONSENT = { low: 60_000, high: 1_200_000 }
/** A caller that gives up does so after this, in milliseconds. */
const PATIENCE = { low: 10, high: 5_000 }

export interface FleetParts {
  readonly world: World
  readonly random: Random
  readonly accounts: Accounts
  readonly weather: Weather
  readonly judge: Judge
  readonly store: SharedStore
  readonly connections: ConnectionStore
  readonly scenario: Scenario
}

/** The processes of one run, those who call them, and everything that befalls them. */
export class Fleet {
  readonly processes: readonly VirtualProcess[]
  readonly #parts: FleetParts
  readonly #asked: Ask[] = []

  constructor(parts: FleetParts) {
    const { world, random, scenario } = parts
    this.#parts = parts
    const own = random.fork()
    this.processes = Array.from({ length: scenario.processes }, (_, index) => {
      const process = new VirtualProcess(world, own, index)
      process.wallOffset = random.between(-scenario.skewMs, scenario.skewMs)
      return process
    })
  }

  /** Every process starts, and everything that is planned is put on the calendar. */
  begin(): void {
    const { world, random, scenario } = this.#parts
    const spread = random.pick([10, 2_000, 60_000])
    for (const process of this.processes) world.after(random.between(0, spread), () => this.#start(process))
    for (const { at, deed } of scenario.plans) world.at(at, () => this.#do(deed))
    const { foreignGapMs } = scenario
    if (foreignGapMs === undefined) return
    for (const tenant of this.#parts.judge.tenants.values()) this.#foreign(tenant, foreignGapMs)
  }

  /** After a step: who is still waiting gets a deadline. */
  afterStep(): void {
    for (const ask of this.#asked.splice(0)) if (!ask.settled) this.#watch(ask, DEADLINE_MS)
  }

  /** Everyone asks once more. */
  askEverywhere(): void {
    for (const process of this.processes)
      for (const tenant of this.#parts.judge.tenants.values())
        process.life?.deliver(0, () => process.life && this.#call(process.life, tenant))
  }

  #watch(ask: Ask, ms: number): void {
    const { world, judge } = this.#parts
    const paused = ask.life.host.pausedMs
    world.after(ms + 100, () => {
      if (ask.settled || !ask.life.alive) return
      const more = ask.life.host.pausedMs - paused
      if (more > 0) this.#watch(ask, more)
      else judge.overdue(ask)
    })
  }

  #start(process: VirtualProcess): void {
    const { world, judge, connections, scenario, random } = this.#parts
    if (process.life) return
    const life = process.begin()
    world.note(process.name, 'starts')
    const engine = createZohoAuth({
      clientId: 'the-client',
      clientSecret: CLIENT_SECRET,
      connections: connectionLink(life, { ...this.#parts, connections }),
      tokens: tokenLink(life, this.#parts),
      expectedInstances: scenario.processes,
      maxConcurrentRefreshes: scenario.maxConcurrentRefreshes,
      clock: life.clock,
      fetch: networkOf(life, this.#parts),
      logger: { warn: (message) => judge.secrets('log', message) },
    })
    for (const name of EVENT_NAMES)
      engine.on(name, (event) => {
        world.note(process.name, name, 'code' in event ? event.code : '')
        judge.secrets(name, event)
      })
    life.engine = engine
    this.#nextCall(life, random.between(0, Math.min(5_000, scenario.callGapMs)))
  }

  #nextCall(life: Life, ms: number): void {
    const { judge, random, scenario } = this.#parts
    life.deliver(ms, () => {
      if (life.closing) return
      const tenants = [...judge.tenants.values()]
      const burst = random.chance(0.1) ? random.integer(2, 6) : 1
      const tenant = random.pick(tenants)
      for (let call = 0; call < burst; call++) this.#call(life, tenant)
      this.#nextCall(life, random.exponential(scenario.callGapMs * burst))
    })
  }

  #call(life: Life, tenant: Tenant): void {
    this.#parts.judge.counts.calls += 1
    this.#send(life, tenant, new Set(), undefined)
  }

  /** Gets a token, calls the API with it, and starts over if it is refused. */
  #send(life: Life, tenant: Tenant, refused: Set<string>, last: string | undefined): void {
    const { world, random, accounts, weather, judge } = this.#parts
    const { engine } = life
    if (engine === undefined || life.closing) return
    const gives = random.chance(0.03)
    const ask: Ask = {
      life,
      tenant,
      at: world.now,
      pausedMs: life.host.pausedMs,
      refused,
      usable: judge.holdsUsable(life, tenant, refused),
      revoked: life.revoked.has(tenant.grant.refreshToken),
      aborts: gives,
      settled: false,
    }
    this.#asked.push(ask)
    const patience = gives ? new AbortController() : undefined
    if (patience) life.deliver(random.between(PATIENCE.low, PATIENCE.high), () => patience.abort(ABORTED))
    engine.getToken({ connection: tenant.id, rejectedToken: last, signal: patience?.signal }).then(
      (token) => {
        ask.settled = true
        judge.handedOut(ask, token)
        const there = random.between(API_LATENCY.low, API_LATENCY.high)
        world.after(there, () => {
          const disturbed = weather.draw('api', life.host.index) !== undefined
          if (accounts.accepts(token.value) && !disturbed) return
          judge.counts.apiRefusals += 1
          world.note('api', 'refuses', `${life.host.name} ${tenant.id} ${token.generation}`)
          life.deliver(random.between(API_LATENCY.low, API_LATENCY.high), () => {
            refused.add(token.value)
            life.refused.add(token.value)
            if (refused.size > MAX_REPLAYS) judge.refusedToTheEnd(life, tenant)
            else this.#send(life, tenant, refused, token.value)
          })
        })
      },
      (error: unknown) => {
        ask.settled = true
        judge.failed(ask, error)
      },
    )
  }

  #foreign(tenant: Tenant, gapMs: number): void {
    const { world, random, scenario } = this.#parts
    // At least half the gap lies between two, so that the other program keeps its part of the quota.
    world.after(gapMs / 2 + random.exponential(gapMs / 2), () => {
      if (world.now > scenario.endsAt) return
      foreignProgram(() => tenant.grant, 1, this.#parts)
      this.#foreign(tenant, gapMs)
    })
  }

  #do(deed: Deed): void {
    const { world, random, weather, store, judge } = this.#parts
    const process = random.pick(this.processes)
    const tenant = random.pick([...judge.tenants.values()])
    weather.count(deed)
    world.note('fate', deed, deed.length > 7 || deed === 'revoke' ? tenant.id : process.name)
    switch (deed) {
      case 'kill':
        this.#kill(process)
        break
      case 'rollout':
        this.#rollout()
        break
      case 'stop':
        process.life?.deliver(0, () => this.#stop(process))
        break
      case 'pause':
        process.pause(random.pick([500, 5_000, 30_000, 600_000]) * random.between(0.2, 1), false)
        break
      case 'suspend':
        process.pause(random.pick([5_000, 120_000, 3_000_000]) * random.between(0.2, 1), true)
        break
      case 'step':
        process.step(random.pick([-3_600_000, -60_000, 60_000, 3_600_000]) * random.next())
        break
      case 'lose-store':
      case 'restart-store': {
        store.stop()
        weather.point()
        const ahead = deed === 'lose-store' ? random.between(0, 2_000) : undefined
        world.after(random.pick([0, 1_000, 20_000, 120_000]), () => {
          store.start(ahead)
          weather.point()
          world.note('store', ahead === undefined ? 'is back' : 'is back, and empty')
        })
        break
      }
      case 'consent':
        this.#consent(tenant, random.chance(0.5))
        break
      case 'withdraw': {
        this.#parts.accounts.kill(tenant.grant)
        world.after(random.between(NEW_CONSENT.low, NEW_CONSENT.high), () => this.#consent(tenant, true))
        return
      }
      case 'revoke':
        process.life?.deliver(0, () => this.#revoke(process, tenant))
        break
      default:
        foreignProgram(() => tenant.grant, random.integer(3, 12), this.#parts)
    }
  }

  #kill(process: VirtualProcess): void {
    const { world, random, judge } = this.#parts
    process.kill()
    judge.lifecycleAt = world.now
    world.after(random.between(RESTART.low, RESTART.high), () => this.#start(process))
  }

  /** One process after the other is replaced: half of them politely. */
  #rollout(): void {
    const { world, random } = this.#parts
    const gap = random.pick([0, 100, 3_000])
    const polite = random.chance(0.5)
    for (const process of this.processes)
      world.after(gap * process.index, () =>
        polite ? process.life?.deliver(0, () => this.#stop(process)) : this.#kill(process),
      )
  }

  #stop(process: VirtualProcess): void {
    const { world, random, judge } = this.#parts
    const { life } = process
    if (life?.engine === undefined || life.closing) return
    life.closing = true
    judge.lifecycleAt = world.now
    const closedAt = world.now
    const paused = process.pausedMs
    life.engine.close().then(
      () => {
        const tookMs = world.now - closedAt - (process.pausedMs - paused)
        if (tookMs > 5_100) judge.fail('close ends', `after ${tookMs} ms`)
        process.kill()
        world.after(random.between(RESTART.low, RESTART.high), () => this.#start(process))
      },
      (error: unknown) => judge.fail('close ends', String(error)),
    )
  }

  /** A person consents anew; the app stores it. */
  #consent(tenant: Tenant, endsOld: boolean): void {
    const { world, accounts, connections, judge } = this.#parts
    const old = tenant.grant
    const grant = accounts.consent(tenant.id, old.dataCenter)
    tenant.grant = grant
    tenant.changedAt = world.now
    world.note('app', 'new consent', tenant.id)
    const { soid: _, ...row } = tenant.row
    const next: Connection = {
      ...row,
      refreshToken: grant.refreshToken,
      state: 'active',
      updatedAt: world.now,
    }
    connections.put(next).then(
      (row) => {
        tenant.row = row
        if (endsOld) accounts.kill(old)
        else world.after(accounts.rules.lifeMs, () => accounts.kill(old))
      },
      (error: unknown) => judge.fail('no grant is lost', String(error)),
    )
  }

  #revoke(process: VirtualProcess, tenant: Tenant): void {
    const { world, random, judge } = this.#parts
    const { life } = process
    if (life?.engine === undefined || life.closing) return
    const { grant } = tenant
    tenant.revocations.add(grant.refreshToken)
    life.engine.revoke({ connection: tenant.id }).then(
      () => {
        world.note(process.name, 'revoked', tenant.id)
        life.revoked.add(grant.refreshToken)
      },
      (error: unknown) => judge.secrets('revoke', error),
    )
    world.after(random.between(NEW_CONSENT.low, NEW_CONSENT.high), () => {
      if (tenant.grant === grant) this.#consent(tenant, true)
    })
  }
}
