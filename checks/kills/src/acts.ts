import {
  type Connection,
  createZohoAuth,
  isZohoAuthError,
  sealedConnectionStore,
  type ZohoAuth,
} from '@zoho-auth/core'
import type { OpenedStores } from '@zoho-auth/core/store'
import { migrate } from '@zoho-auth/store-postgres'
import { openStoresAt } from 'e2e/open-stores'
import pg from 'pg'
import type { Act, Outcome, Setup, Space } from './messages.js'
import { stepOnDisk, stepOnSockets } from './step-points.js'
import { type Steps, steppedFetch, steppedStore } from './steps.js'

/** What is consented to: the API that is called, and whose grant it is. */
export const SCOPES: readonly string[] = ['ZohoCRM.modules.ALL', 'AaaServer.profile.READ']
/** Nobody listens there: the parent plays the browser, and reads where it is sent. */
const REDIRECT_URI = 'http://127.0.0.1:9/zoho/callback'
/** How long callers wait, in milliseconds (one minute): nobody is to fail because this machine is busy. */
const PATIENCE_MS = 60_000
/** Just below the longest life of a token: every token is stale at once. */
const AHEAD = { refreshAheadMs: 3_599_999, refreshJitterMs: 0 }
/** How often is looked whether a request was sent, in milliseconds. */
const LOOK_MS = 1

interface Engine {
  readonly zoho: ZohoAuth
  readonly stores: OpenedStores
}

/** What one process does, on engines that are made at their first use. */
export class Acts {
  readonly #setup: Setup
  readonly #steps: Steps
  readonly #engines = new Map<string, Promise<Engine>>()
  readonly #fetch: typeof fetch
  #asked = 0
  #stepping = false

  constructor(setup: Setup, steps: Steps) {
    this.#setup = setup
    this.#steps = steps
    const stepped = steppedFetch(steps)
    this.#fetch = (input, init) => {
      this.#asked += 1
      return stepped(input, init)
    }
  }

  async do(act: Act, space: Space): Promise<Outcome> {
    if (act.do === 'leave') return this.#leave(space)
    if (act.do === 'migrate') return migrated(space)
    if (act.do === 'first start') await migrated(space)
    const engine = await this.#engine(space)
    try {
      return await this.#carryOut(act, engine, space)
    } catch (error) {
      if (!isZohoAuthError(error)) throw error
      console.error(error)
      return { code: error.code }
    }
  }

  async #carryOut(
    act: Exclude<Act, { do: 'leave' | 'migrate' }>,
    engine: Engine,
    space: Space,
  ): Promise<Outcome> {
    const { zoho } = engine
    switch (act.do) {
      case 'get': {
        const calls = Array.from({ length: act.callers ?? 1 }, () => zoho.getToken(act))
        const failed = (await Promise.allSettled(calls)).filter(({ status }) => status === 'rejected').length
        await calls[0]
        return { failed }
      }
      case 'get ahead': {
        const refreshed = new Promise((resolve) => zoho.on('token.refreshed', resolve))
        await zoho.getToken(act)
        await refreshed
        return {}
      }
      case 'renew': {
        const { value } = await zoho.getToken(act)
        await zoho.getToken({ ...act, rejectedToken: value })
        return {}
      }
      case 'call': {
        const response = await zoho.fetch('/crm/v2/Leads', { connection: act.connection, product: 'crm' })
        await response.arrayBuffer()
        return { status: response.status }
      }
      case 'start consent':
        return zoho.consent.start({ connection: act.connection, scopes: SCOPES, redirectUri: REDIRECT_URI })
      case 'finish consent':
        await zoho.consent.finish(act.callback, act.state)
        return {}
      case 'finish and close':
        return this.#finishAndClose(zoho, act.callback, act.state)
      case 'exchange':
        await zoho.consent.exchange(act.code, { connection: act.connection })
        return {}
      case 'undo':
        await zoho.consent.undo(act)
        return {}
      case 'revoke':
        await zoho.revoke(act)
        return {}
      case 'revoke all': {
        const { failed } = await zoho.revokeAll({ where: ({ id }) => id.startsWith(act.prefix) })
        return { failed: failed.length }
      }
      case 'rotate keys': {
        const { failed } = await zoho.rotateKeys()
        return { failed: failed.length }
      }
      case 'put':
        await put(act.connection, engine, space)
        return {}
      case 'first start': {
        const store = sealed(engine, space)
        if ((await store.get(act.connection.id)) === undefined) await put(act.connection, engine, space)
        await zoho.getToken({ connection: act.connection.id })
        return {}
      }
    }
  }

  async #finishAndClose(zoho: ZohoAuth, callback: string, state: string): Promise<Outcome> {
    const before = this.#asked
    let ended = false
    const finishing = zoho.consent.finish(callback, state).finally(() => {
      ended = true
    })
    finishing.catch(() => {})
    while (this.#asked === before && !ended) await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    await zoho.close()
    await finishing
    return {}
  }

  #engine(space: Space): Promise<Engine> {
    const name = JSON.stringify(space)
    let engine = this.#engines.get(name)
    if (engine === undefined) {
      engine = this.#open(space)
      this.#engines.set(name, engine)
    }
    return engine
  }

  async #open({ url, keys, ahead = false }: Space): Promise<Engine> {
    const opened = await openStoresAt(url)
    this.#step(url)
    const steps = this.#steps
    const stores = {
      ...opened,
      tokens: steppedStore('tokens', opened.tokens, steps),
      connections: steppedStore('connections', opened.connections, steps),
    }
    const { tokens, connections } = stores
    const zoho = createZohoAuth({
      ...this.#setup,
      tokens,
      connections,
      encryptionKeys: keys,
      fetch: this.#fetch,
      maxWaitMs: PATIENCE_MS,
      ...(ahead ? { expiry: AHEAD } : {}),
    })
    return { zoho, stores }
  }

  /** Puts steps where the store of this process meets the system; once, as all its spaces are of one kind. */
  #step(url: string): void {
    if (this.#stepping) return
    this.#stepping = true
    const { protocol, port } = new URL(url)
    if (protocol === 'file:') stepOnDisk(this.#steps)
    else stepOnSockets(Number(port), this.#steps)
  }

  async #leave({ url }: Space): Promise<Outcome> {
    for (const [name, engine] of this.#engines) {
      if ((JSON.parse(name) as Space).url !== url) continue
      this.#engines.delete(name)
      const { zoho, stores } = await engine
      await zoho.close()
      await stores.close()
    }
    return {}
  }
}

function sealed({ stores }: Engine, { keys }: Space): ReturnType<typeof sealedConnectionStore> {
  return sealedConnectionStore(stores.connections, { encryptionKeys: keys })
}

async function put(connection: Connection, engine: Engine, space: Space): Promise<void> {
  await sealed(engine, space).put(connection)
}

/** Makes the tables of a space in PostgreSQL. */
async function migrated({ url }: Space): Promise<Outcome> {
  const { protocol, searchParams } = new URL(url)
  if (protocol !== 'postgres:') return {}
  const pool = new pg.Pool({ connectionString: url.split('?')[0], max: 1 })
  const schema = searchParams.get('schema')
  try {
    await migrate(pool, schema === null ? {} : { schema })
  } finally {
    await pool.end()
  }
  return {}
}
