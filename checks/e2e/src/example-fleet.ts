import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { within } from '../../support/within.mjs'
import { AppProcess } from './app-process.js'
import { dumpRedis } from './places.js'
import { startRedis } from './servers.js'
import type { Customer, Stage } from './stage.js'
import { TokenWatch } from './token-watch.js'
import { Visitor } from './visitor.js'

/** Two companies as the example knows them, each with a user who can sign in. */
export const TENANTS = [
  { connection: 'acme', dataCenter: 'us', user: 'ada' },
  { connection: 'globex', dataCenter: 'in', user: 'grace' },
] as const

/** Processes of the example. */
export const PROCESSES = 2
/** Limit of waiting for anything, in milliseconds: longer than a token lives. How often is looked. */
const MOMENT_MS = 120_000
const POLL_MS = 50

type Redis = Awaited<ReturnType<typeof startRedis>>

/** The processes of `examples/multi-tenant`, their Redis, and a visitor of each tenant at each of them. */
export class ExampleFleet {
  readonly tokens: TokenWatch
  /** By process, then by tenant. */
  readonly visitors: (readonly Visitor[])[] = []
  /** What Redis held at the end, and the secrets that could be read in it. */
  left: { readonly records: number; readonly secrets: number } = { records: 0, secrets: 0 }
  readonly #stage: Stage
  readonly #customers: readonly Customer[]
  readonly #variables: Readonly<Record<string, string>>
  readonly #apps: AppProcess[] = []
  readonly #cookies: string[] = []
  #redis: Redis

  private constructor(stage: Stage, redis: Redis, database: string, customers: readonly Customer[]) {
    this.#stage = stage
    this.#redis = redis
    this.#customers = customers
    this.#variables = {
      ...stage.variables(),
      REDIS_URL: redis.url,
      DATABASE_URL: database,
      SESSION_SECRET: randomBytes(32).toString('base64'),
    }
    this.tokens = new TokenWatch(stage.emulator)
  }

  /** Connects the tenants, starts the processes, and lets the visitors come. */
  static async start(stage: Stage, database: string): Promise<ExampleFleet> {
    const customers: Customer[] = []
    for (const { connection, dataCenter } of TENANTS)
      customers.push(await stage.customer({ url: database }, connection, dataCenter))
    const fleet = new ExampleFleet(stage, await startRedis(), database, customers)
    await Promise.all(Array.from({ length: PROCESSES }, (_, index) => fleet.#launch(index, 0)))
    for (const { user } of TENANTS) fleet.#cookies.push(await fleet.#signIn(user))
    for (const { port } of fleet.#apps)
      fleet.visitors.push(fleet.#cookies.map((cookie) => new Visitor(`http://127.0.0.1:${port}`, cookie)))
    for (const visitor of fleet.everyone) visitor.come()
    await fleet.until('first answers', () => fleet.everyone.every(({ served }) => served > 0))
    return fleet
  }

  get everyone(): readonly Visitor[] {
    return this.visitors.flat()
  }

  /** kill −9 of one process, and a new one in its place. */
  async restart(index: number): Promise<void> {
    const port = this.#apps[index]?.port ?? 0
    await this.#apps[index]?.kill()
    await this.#launch(index, port)
  }

  /** Redis stops for so long, in milliseconds, and comes back without anything. */
  async emptyRedis(ms: number): Promise<void> {
    await this.#redis.stop()
    await sleep(ms)
    this.#redis = await startRedis(this.#redis.port)
  }

  /** A tenant's user disconnects it at one process. @returns The status of the answer. */
  async disconnect(tenant: number, index: number): Promise<number> {
    return (await this.#post(index, '/disconnect', this.#cookies[tenant])).status
  }

  /** What Zoho has seen of a tenant. */
  seen(tenant: number): ReturnType<Stage['emulator']['seen']> {
    return this.#stage.emulator.seen(this.#customers[tenant]?.refreshToken ?? '')
  }

  /** Waits until every process has a token of every tenant that lives so long, in milliseconds. */
  untilLifeLeft(ms: number): Promise<void> {
    return this.until('a young token of each tenant at each process', async () => {
      const expiries = await Promise.all(this.everyone.map((visitor) => visitor.expiresAt()))
      return Math.min(...expiries) - Date.now() >= ms
    })
  }

  /** Waits until new tokens were made, of each of these tenants. */
  untilRefreshed(tenants: readonly (typeof TENANTS)[number][]): Promise<void> {
    const made = tenants.map(({ dataCenter }) => this.tokens.issuedAt(dataCenter).length)
    return this.until('the next refresh', () =>
      tenants.every(({ dataCenter }, nth) => this.tokens.issuedAt(dataCenter).length > (made[nth] ?? 0)),
    )
  }

  until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    const looking = async () => {
      while (!(await holds())) await sleep(POLL_MS)
    }
    return within(MOMENT_MS, what, looking())
  }

  /** Visitors leave, and Redis ends. Processes end with the stage. */
  async end(): Promise<void> {
    await Promise.all(this.everyone.map((visitor) => visitor.leave()))
    const records = await dumpRedis(this.#redis.url)
    this.left = { records: records.length, secrets: this.#stage.leaks(records).length }
    await this.#redis.stop()
    await this.tokens.end()
  }

  /** How it went for everybody, for whoever has to find out why. */
  describe(): unknown {
    return this.visitors.map((visitors, process) =>
      visitors.map(({ served, told, failed, longestMs }, nth) => {
        const tenant = TENANTS[nth]?.connection
        return { process, tenant, served, told, failed, longestMs: Math.round(longestMs) }
      }),
    )
  }

  async #launch(index: number, port: number): Promise<void> {
    const app = new AppProcess(port, this.#variables)
    this.#stage.watch(app)
    this.#apps[index] = app
    await app.up()
  }

  async #signIn(user: string): Promise<string> {
    const response = await this.#post(0, `/sign-in/${user}`)
    return response.headers.get('set-cookie')?.split(';')[0] ?? ''
  }

  #post(index: number, path: string, cookie = ''): Promise<Response> {
    const signal = AbortSignal.timeout(MOMENT_MS)
    return fetch(`http://127.0.0.1:${this.#apps[index]?.port}${path}`, {
      method: 'POST',
      headers: { cookie },
      signal,
    })
  }
}
