import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'
import { createZohoAuth, DEFAULT_BUDGET, EVENT_NAMES, isZohoAuthError, type ZohoAuth } from '@zoho-auth/core'
import type { OpenedStores } from '@zoho-auth/core/store'
import { ApiLoop } from './api-loop.js'
import type { Command, Gets, Outcome, Results, WorkerConfig } from './messages.js'
import { openStoresAt } from './open-stores.js'
import { Tally } from './tally.js'

/** Longer than a scenario lasts: who has a turn keeps it. In milliseconds. */
const LEASE_MS = 60_000

/** What is consented to: the API that `call` and `use` call, and whose grant it is. */
const SCOPES = ['ZohoCRM.modules.ALL', 'AaaServer.profile.READ']
/** Nobody listens there: the parent plays the browser, and reads where it is sent. */
const REDIRECT_URI = 'http://127.0.0.1:9/zoho/callback'

interface Engine {
  readonly zoho: ZohoAuth
  readonly stores: OpenedStores
}

/**
 * How long callers wait, in milliseconds (one minute): sixty processes that begin at once wait for this machine more than for
 * Zoho, and nobody is to fail for that.
 */
const PATIENCE_MS = 60_000

/** What a worker can do. */
export class WorkerEngines {
  readonly #config: WorkerConfig
  readonly #engines = new Map<string, Promise<Engine>>()
  readonly #opened = new Map<string, Promise<OpenedStores>>()
  #rest: (() => Promise<Results['rest']>) | undefined
  #loop: ApiLoop | undefined

  constructor(config: WorkerConfig) {
    this.#config = config
  }

  async obey(command: Command): Promise<Results[keyof Results]> {
    switch (command.do) {
      case 'get':
        return this.#get(command)
      case 'renew':
        return this.#renew(command)
      case 'call':
        return this.#call(command)
      case 'status':
        return (await this.#engine(command.engine)).zoho.status(command.connection)
      case 'load':
        return this.#load(command)
      case 'rest':
        return (await this.#rest?.()) ?? {}
      case 'start-consent':
        return this.#startConsent(command)
      case 'finish-consent':
        return this.#finishConsent(command)
      case 'revoke':
        return this.#revoke(command)
      case 'use':
        this.#loop = new ApiLoop((await this.#engine(command.engine)).zoho, command)
        return {}
      case 'uses':
        if (command.end) await this.#loop?.end()
        return this.#loop?.uses() ?? {}
      case 'close':
        return this.#closeOne(command.engine)
      case 'acquire':
        return this.#begin(command)
    }
  }

  /** What an app does at the end: first the engines, then what they stand on. */
  async close(): Promise<void> {
    await Promise.all([...this.#engines.keys()].map((name) => this.#closeOne(name)))
    await Promise.all([...this.#opened.values()].map(async (opened) => (await opened).close()))
  }

  async #closeOne(name: string): Promise<Results['close']> {
    const engine = this.#engines.get(name)
    this.#engines.delete(name)
    await (await engine)?.zoho.close()
    return {}
  }

  async #get({ engine, connection, callers, at }: Extract<Command, { do: 'get' }>): Promise<Gets> {
    const { zoho } = await this.#engine(engine)
    await until(at)
    const tally = new Tally()
    await Promise.all(Array.from({ length: callers }, () => tally.count(() => zoho.getToken({ connection }))))
    return tally.result()
  }

  async #renew({ engine, connection }: Extract<Command, { do: 'renew' }>): Promise<Gets> {
    const { zoho } = await this.#engine(engine)
    const tally = new Tally()
    await tally.count(async () => {
      const { value } = await zoho.getToken({ connection })
      return zoho.getToken({ connection, rejectedToken: value })
    })
    return tally.result()
  }

  async #call({
    engine,
    connection,
    path = '/crm/v2/Leads',
  }: Extract<Command, { do: 'call' }>): Promise<Results['call']> {
    const { zoho } = await this.#engine(engine)
    const response = await zoho.fetch(path, { connection, product: 'crm' })
    await response.arrayBuffer()
    return { status: response.status }
  }

  async #load(command: Extract<Command, { do: 'load' }>): Promise<Results['load']> {
    const { zoho } = await this.#engine(command.engine)
    const tallies = new Map(command.connections.map((connection) => [connection, new Tally()]))
    const calls = new Set<Promise<void>>()
    const timer = setInterval(() => {
      for (const [connection, tally] of tallies) {
        const call = tally.count(() => zoho.getToken({ connection })).finally(() => calls.delete(call))
        calls.add(call)
      }
    }, command.everyMs)
    this.#rest = async () => {
      clearInterval(timer)
      await Promise.all(calls)
      return Object.fromEntries([...tallies].map(([connection, tally]) => [connection, tally.result()]))
    }
    return {}
  }

  async #startConsent(command: Extract<Command, { do: 'start-consent' }>): Promise<Results['start-consent']> {
    const { zoho } = await this.#engine(command.engine)
    const { connection } = command
    return refusable(() => zoho.consent.start({ connection, scopes: SCOPES, redirectUri: REDIRECT_URI }))
  }

  async #finishConsent({
    engine,
    callback,
    state,
  }: Extract<Command, { do: 'finish-consent' }>): Promise<Outcome> {
    const { zoho } = await this.#engine(engine)
    return refusable(async () => {
      const { id, state: now, version } = await zoho.consent.finish(callback, state)
      console.log('connected', id, now, version)
      return {}
    })
  }

  async #revoke({ engine, connection }: Extract<Command, { do: 'revoke' }>): Promise<Outcome> {
    const { zoho } = await this.#engine(engine)
    return refusable(async () => {
      await zoho.revoke({ connection })
      return {}
    })
  }

  async #begin({ engine, keys, at }: Extract<Command, { do: 'acquire' }>): Promise<readonly string[]> {
    const { tokens } = (await this.#engine(engine)).stores
    await until(at)
    const turns = await Promise.all(
      keys.map((key) =>
        tokens.acquire(key, {
          holder: randomUUID(),
          minGeneration: 0,
          leaseMs: LEASE_MS,
          budget: DEFAULT_BUDGET,
        }),
      ),
    )
    return turns.map(({ kind }) => kind)
  }

  #engine(name: string): Promise<Engine> {
    let engine = this.#engines.get(name)
    if (engine === undefined) {
      engine = this.#open(name)
      this.#engines.set(name, engine)
    }
    return engine
  }

  async #open(name: string): Promise<Engine> {
    const urls = this.#config.engines[name]
    if (urls === undefined) throw new Error(`there is no engine ${name}`)
    const stores = await this.#stores(urls.tokens)
    const { connections } = await this.#stores(urls.connections)
    const zoho = createZohoAuth({
      ...this.#config.options,
      tokens: stores.tokens,
      connections,
      fetch: noted,
      maxWaitMs: PATIENCE_MS,
    })
    for (const event of EVENT_NAMES)
      zoho.on(event, (payload) => console.log(event, inspect(payload, { depth: 10, showHidden: true })))
    zoho.on('token.refreshed', ({ connection }) => {
      const token = zoho.peekToken({ connection })
      console.log(token, JSON.stringify(token), inspect(zoho, { depth: 10, showHidden: true }))
    })
    return { zoho, stores }
  }

  #stores(url: string): Promise<OpenedStores> {
    let stores = this.#opened.get(url)
    if (stores === undefined) {
      stores = openStoresAt(url)
      this.#opened.set(url, stores)
    }
    return stores
  }
}

/** Prints which path of the accounts server is asked, for whoever waits for that moment. */
const noted: typeof fetch = (input, init) => {
  const { pathname } = new URL(input instanceof Request ? input.url : input)
  if (pathname.startsWith('/oauth/')) console.log('asks', pathname)
  return fetch(input, init)
}

/** Turns an error of the library into its code. Any other is a fault. */
async function refusable<T extends object>(work: () => Promise<T>): Promise<T & Outcome> {
  try {
    return await work()
  } catch (error) {
    if (!isZohoAuthError(error)) throw error
    // What an app would do with it; the output is searched for secrets.
    console.error(error)
    const { code, retryAfterMs } = error
    return { code, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) } as T & Outcome
  }
}

async function until(at = 0): Promise<void> {
  const left = at - Date.now()
  if (left > 0) await sleep(left)
}
