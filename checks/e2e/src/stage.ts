import { randomBytes } from 'node:crypto'
import {
  type Connection,
  type ConnectionStore,
  type DataCenter,
  sealedConnectionStore,
} from '@zoho-auth/core'
import type { OpenedStores } from '@zoho-auth/core/store'
import type { EmulatorOptions } from '@zoho-auth/emulator'
import type { Report, Row } from '../../support/report.mjs'
import { until } from '../../support/within.mjs'
import { times } from './bounded.js'
import { type RemoteEmulator, type Seen, startRemoteEmulator } from './emulator.js'
import { type Fleet, START_PARALLEL, Worker } from './fleet.js'
import type { EngineStores, Gets, WorkerConfig } from './messages.js'
import { openStoresAt } from './open-stores.js'
import { PLACES, type Place, type PlaceName, type Places } from './places.js'

/** New tokens that the library takes per refresh token and ten minutes, of Zoho's ten. */
const MAX_TOKENS = 8
/** How long stores may take to answer for the first time, in milliseconds. */
const OPEN_MS = 60_000
/** Control requests at once. */
const ASK_PARALLEL = 8

/** The connection whose token every process takes over when it comes up. */
export const WARM = 'warm'

/** Workers whose output is printed after a failure, and how much of it. */
const MAX_QUOTED = 3
const QUOTED_CHARACTERS = 2_000

/** A token or code as Zoho makes them, whether it was learned of or not. */
const TOKEN_SHAPE = /\b1000\.[0-9a-f]{32}\.[0-9a-f]{32}\b/g

/** A process that is ended with its scenario, and whose output is searched. */
export interface Watched {
  readonly output: string
  /** How it ended, if nobody asked it to. */
  readonly endedByItself: string | undefined
  kill(): Promise<void>
}

/** A connection whose grant the emulator knows. */
export interface Customer {
  readonly connection: string
  readonly refreshToken: string
}

/** What a scenario is played on: an emulator of its own, places, processes, and what must hold after it. */
export class Stage {
  readonly full: boolean
  readonly emulator: RemoteEmulator
  readonly #name: string
  readonly #report: Report
  readonly #places: Places
  /** Refresh tokens that were used here. */
  readonly #grants = new Set<string>()
  readonly #workers: Watched[] = []
  /** Where this process itself writes and reads connections, by URL. */
  readonly #opened = new Map<string, Promise<OpenedStores>>()
  readonly #secrets = new Set<string>()
  readonly #key = `e2e:${randomBytes(32).toString('base64')}`

  constructor(name: string, full: boolean, report: Report, places: Places, emulator: RemoteEmulator) {
    this.#name = name
    this.full = full
    this.#report = report
    this.#places = places
    this.emulator = emulator
    this.#secrets.add(emulator.clientSecret)
    this.#secrets.add(this.#key.slice('e2e:'.length))
  }

  /** The places among those wanted whose servers are installed; the others are reported as skipped. */
  async places(wanted: readonly PlaceName[] = PLACES): Promise<readonly Place[]> {
    const found: Place[] = []
    for (const name of wanted) {
      const place = await this.#places.get(name)
      if (place) found.push(place)
      else this.#report.skip(`${this.#name}, ${name}`, `${name} is not installed`)
    }
    return found
  }

  /** Takes one figure. Where it is not as it should be, the last words of some workers are printed with it. */
  row(name: string, measure: () => Promise<Row>): Promise<void> {
    return this.#report.row(name, async () => {
      const row = await measure().catch(
        (error: unknown): Row => ({ ok: false, figure: 'did not finish', seen: error }),
      )
      return row.ok ? row : { ...row, seen: { seen: row.seen, output: this.#lastWords() } }
    })
  }

  /** A grant at the emulator, and its connection in a place. */
  async customer(
    place: Pick<Place, 'url'>,
    connection: string,
    dataCenter: DataCenter = 'us',
    scopes?: readonly string[],
  ): Promise<Customer> {
    const refreshToken = await this.emulator.grant(dataCenter, scopes)
    this.#use(refreshToken)
    const now = Date.now()
    const connections = await this.#connections(place)
    await connections.put({
      id: connection,
      refreshToken,
      dataCenter,
      state: 'active',
      version: 0,
      createdAt: now,
      updatedAt: now,
    })
    return { connection, refreshToken }
  }

  /** A connection as it is stored. Its grants are remembered, to be checked with the others. */
  async connection(place: Pick<Place, 'url'>, id: string): Promise<Connection | undefined> {
    const connection = await (await this.#connections(place)).get(id)
    if (connection?.refreshToken) this.#use(connection.refreshToken)
    for (const { refreshToken } of connection?.replaced ?? []) this.#use(refreshToken)
    return connection
  }

  #use(refreshToken: string): void {
    this.#grants.add(refreshToken)
    this.hide(refreshToken)
  }

  async #connections({ url }: Pick<Place, 'url'>): Promise<ConnectionStore> {
    let opened = this.#opened.get(url)
    if (opened === undefined) {
      opened = openUntilUp(url)
      this.#opened.set(url, opened)
    }
    return sealedConnectionStore((await opened).connections, { encryptionKeys: [this.#key] })
  }

  /** How a process is started, with an engine for each place, called by its name. */
  worker(
    places: readonly Place[],
    options: Partial<WorkerConfig['options']> & { readonly connections?: string } = {},
  ): () => Worker {
    const { connections, ...rest } = options
    const { clientId, clientSecret, url } = this.emulator
    const engines = Object.fromEntries(
      places.map((place): [string, EngineStores] => [
        place.name,
        { tokens: place.url, connections: connections ?? place.url },
      ]),
    )
    const config: WorkerConfig = {
      options: { clientId, clientSecret, accountsUrl: url, encryptionKeys: [this.#key], ...rest },
      engines,
    }
    return () => {
      const worker = new Worker(config)
      this.#workers.push(worker)
      return worker
    }
  }

  /** What a program that is no worker is told of this stage: client, accounts servers and keys. */
  variables(): Readonly<Record<string, string>> {
    const { clientId, clientSecret, accountsUrls } = this.emulator
    const urls = Object.entries(accountsUrls).map(([name, url]) => [
      `ZOHO_ACCOUNTS_URL_${name.toUpperCase()}`,
      url,
    ])
    return {
      ZOHO_CLIENT_ID: clientId,
      ZOHO_CLIENT_SECRET: clientSecret,
      ZOHO_AUTH_KEYS: this.#key,
      ...Object.fromEntries(urls),
    }
  }

  /** Ends a process with the others, and searches its output. */
  watch(process: Watched): void {
    this.#workers.push(process)
  }

  /** Loads the code of each process, a few at a time, and connects it: by taking over a token that is there. */
  async warmUp(fleet: Fleet, place: Place): Promise<void> {
    const { connection } = await this.customer(place, WARM)
    const get = { do: 'get', engine: place.name, connection, callers: 1 } as const
    await times(fleet.workers.length, START_PARALLEL, async (index) => fleet.workers[index]?.ask(get))
  }

  /** So many callers in each process ask for a token at the same moment. */
  async stampede(fleet: Fleet, engine: string, customer: Customer, callers: number): Promise<Stampede> {
    const { refreshToken, connection } = customer
    const before = await this.emulator.seen(refreshToken)
    const gets = await fleet.ask({ do: 'get', engine, connection, callers, at: fleet.soon() })
    const after = await this.emulator.seen(refreshToken)
    this.learn(gets)
    return { gets, requests: after.counters.tokenRequests - before.counters.tokenRequests, after }
  }

  /** Remembers the tokens that were handed out: they must not turn up anywhere. */
  learn(gets: readonly Gets[]): void {
    for (const { tokens } of gets) for (const token of tokens) this.hide(token)
  }

  /** The same for any other secret. */
  hide(secret: string): void {
    this.#secrets.add(secret)
  }

  /** Ends all processes, and checks what must hold after every scenario. */
  async finish(): Promise<void> {
    await this.row(`afterwards, ${this.#name}`, async () => {
      await Promise.all(this.#workers.map((worker) => worker.kill()))
      const grants = [...this.#grants]
      const seen = await times(grants.length, ASK_PARALLEL, (index) =>
        this.emulator.seen(grants[index] ?? ''),
      )
      const most = Math.max(0, ...seen.map(({ maxTokensInWindow }) => maxTokensInWindow))
      const ended = this.#workers.flatMap(({ endedByItself }) => endedByItself ?? [])
      const records = await this.#places.dump()
      const output = this.#workers.map((worker) => worker.output)
      const found = this.leaks(output).length + this.leaks(records).length
      const size = Math.round(output.join('').length / 1_000)
      return {
        ok: most <= MAX_TOKENS && ended.length === 0 && found === 0,
        figure: `≤ ${most} tokens in 10 min, ${found} secrets in ${size} kB output, ${records.length} records`,
        seen: { ended, leaks: [...this.leaks(output), ...this.leaks(records)].map(masked) },
      }
    })
    await Promise.all(this.#workers.map((worker) => worker.kill()))
    await Promise.allSettled([...this.#opened.values()].map(async (opened) => (await opened).close()))
    await this.emulator.close()
  }

  #lastWords(): string[][] {
    return this.#workers
      .filter(({ output }) => /ERR_ZOHO|Error/.test(output))
      .slice(-MAX_QUOTED)
      .map(({ output }) => {
        let text = output.slice(-QUOTED_CHARACTERS)
        for (const secret of this.#secrets) text = text.replaceAll(secret, masked(secret))
        return text.split('\n')
      })
  }

  /** Secrets of this stage that stand in texts, and whatever looks like a token of Zoho. */
  leaks(texts: readonly string[]): string[] {
    const all = texts.join('\n')
    const known = [...this.#secrets].filter((secret) => all.includes(secret))
    return [...new Set([...known, ...(all.match(TOKEN_SHAPE) ?? [])])]
  }
}

/** What came of many callers at the same moment. */
export interface Stampede {
  readonly gets: readonly Gets[]
  /** Token requests that they led to. */
  readonly requests: number
  readonly after: Seen
}

/** Sets a stage. */
export async function setStage(
  name: string,
  full: boolean,
  report: Report,
  places: Places,
  options: EmulatorOptions,
): Promise<Stage> {
  return new Stage(name, full, report, places, await startRemoteEmulator(options))
}

/** Opens stores, and waits until they answer: that this process is slow to connect says nothing about the workers. */
async function openUntilUp(url: string): Promise<OpenedStores> {
  const opened = await openStoresAt(url)
  const answers = () =>
    opened.connections.get('nobody').then(
      () => true,
      () => false,
    )
  await until(OPEN_MS, 'an answer of a store', answers)
  return opened
}

function masked(secret: string): string {
  return `${secret.slice(0, 8)}…`
}
