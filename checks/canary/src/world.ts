import { randomBytes } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import {
  createZohoAuth,
  type DataCenter,
  EVENT_NAMES,
  memoryConnectionStore,
  memoryTokenStore,
  type TokenStore,
  type ZohoAuth,
  type ZohoAuthOptions,
} from '@zoho-auth/core'
import { type Emulator, type Fault, type LoggedRequest, startEmulator } from '@zoho-auth/emulator'
import type { Scans } from './scans.js'
import { Canaries } from './secrets.js'
import type { EngineName } from './situations.js'

/** One customer, with a grant of its own. */
export interface Tenant {
  readonly id: string
  readonly refreshToken: string
  readonly dataCenter: DataCenter
  /** Of its accounts server and its APIs. */
  readonly origin: string
  readonly clientSecret: string
  readonly zoho: ZohoAuth
  readonly engine: EngineName
}

/** Each has a client secret of its own. */
export const HOMES = ['us', 'eu', 'in'] as const

/** A client secret in no shape, with everything that is escaped somewhere: what is masked is masked by value. */
const oddSecret = (): string =>
  `${randomBytes(9).toString('hex')}/+ &=%"\\'<${randomBytes(9).toString('hex')}`

type Home = (typeof HOMES)[number]
type Secrets = Readonly<Record<Home, string>>

const secretsOfHomes = (): Secrets => ({ us: oddSecret(), eu: oddSecret(), in: oddSecret() })

/** A token store of the app's own that gives leases, fails at everything else, and says with what. */
function storeThatPrints(): TokenStore {
  const inner = memoryTokenStore()
  const failing = ['commit', 'release', 'invalidate', 'inspect'].map((name) => [
    name,
    async (...args: unknown[]) => {
      throw new Error(`ERR ${name} ${JSON.stringify(args)}`)
    },
  ])
  return {
    acquire: (key, request) => inner.acquire(key, request),
    ...Object.fromEntries(failing),
  } as TokenStore
}

/** An emulator with many tenants, engines of all kinds, and everything that they say to the outside. */
export class World {
  readonly canaries: Canaries
  readonly emulator: Emulator
  readonly foreign: string
  readonly #server: Server
  readonly #secrets: Secrets
  readonly #wrong: Secrets
  readonly #stores = new Map<EngineName, ReturnType<typeof memoryConnectionStore>>()
  readonly #engines = new Map<EngineName, ZohoAuth>()
  readonly #closed: ZohoAuth[] = []
  readonly #rows = new Map<string, string>()
  readonly #asked = new Set<string>()
  #said: { readonly sink: string; readonly text: string; readonly owner: string | undefined }[] = []
  #tenants = 0
  #keys = 10

  private constructor(
    canaries: Canaries,
    emulator: Emulator,
    server: Server,
    secrets: Secrets,
    wrong: Secrets,
  ) {
    this.canaries = canaries
    this.emulator = emulator
    this.foreign = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    this.#server = server
    this.#secrets = secrets
    this.#wrong = wrong
    for (const name of EVENT_NAMES) subscribe(`zoho-auth:${name}`, this.#onChannel)
  }

  static async start(canaries: Canaries): Promise<World> {
    const [clientSecrets, wrong] = [secretsOfHomes(), secretsOfHomes()]
    for (const secret of [...Object.values(clientSecrets), ...Object.values(wrong)])
      canaries.add('client secret', secret, undefined)
    const emulator = await startEmulator({
      dataCenters: HOMES,
      clientSecret: clientSecrets.us,
      clientSecrets,
    })
    const server = createServer(({ url }, response) => {
      if (url === '/hang') return
      response.writeHead(url === '/404' ? 404 : 200).end('foreign')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new World(canaries, emulator, server, clientSecrets, wrong)
  }

  /** A new tenant of an engine. @param home Its data centre. Default: each in turn. */
  async tenant(name: EngineName = 'patient', home?: Home): Promise<Tenant> {
    const dataCenter = home ?? HOMES[this.#tenants % HOMES.length] ?? 'us'
    this.#tenants += 1
    const id = `tenant-${this.#tenants}`
    const { refreshToken } = this.emulator.createGrant({ user: id, dataCenter })
    this.canaries.add('refresh token', refreshToken, id)
    this.#rows.set(id, refreshToken)
    const zoho = this.engine(name)
    const [createdAt, updatedAt] = [0, 0]
    await this.#store(name).put({
      id,
      refreshToken,
      dataCenter,
      state: 'active',
      version: 0,
      createdAt,
      updatedAt,
    })
    const origin = this.emulator.accountsUrls[dataCenter] ?? ''
    return {
      id,
      refreshToken,
      dataCenter,
      origin,
      clientSecret: this.#secrets[dataCenter],
      zoho,
      engine: name,
    }
  }

  /** A new client secret that is looked for. */
  secret(): string {
    const secret = oddSecret()
    this.canaries.add('client secret', secret, undefined)
    return secret
  }

  /** A new encryption key that is looked for. */
  key(): string {
    const bytes = randomBytes(32)
    for (const text of [bytes.toString('base64'), bytes.toString('hex')])
      this.canaries.add('encryption key', text, undefined)
    return `key${this.#keys++}:${bytes.toString('base64')}`
  }

  /** What every engine of this world is made with. */
  options(own: ZohoAuthOptions = {}): ZohoAuthOptions {
    const { clientId, accountsUrls } = this.emulator
    return {
      clientId,
      clientSecret: this.#secrets,
      accountsUrl: accountsUrls,
      logger: {
        warn: (line) => this.say('logger.warn', line),
        debug: (line) => this.say('logger.debug', line),
      },
      ...own,
    }
  }

  /** The engine of a name, which its tenants share; `closed` is another one each time. */
  engine(name: EngineName): ZohoAuth {
    const existing = this.#engines.get(name)
    if (existing !== undefined && name !== 'closed') return existing
    const made = this.listened(
      createZohoAuth(this.options({ connections: this.#store(name), ...this.#own(name) })),
    )
    if (name === 'closed') this.#closed.push(made)
    else this.#engines.set(name, made)
    return made
  }

  #own(name: EngineName): ZohoAuthOptions {
    switch (name) {
      case 'failing':
        return { maxWaitMs: 5_000 }
      case 'hasty':
        return { timeoutMs: 300 }
      case 'closed':
        return { timeoutMs: 2_000 }
      case 'wrong secret':
        return { clientSecret: this.#wrong }
      case 'store that prints':
        return { tokens: storeThatPrints() }
      case 'lookup that prints':
        return {
          connections: async (id) => {
            // Only what an engine has seen once can be known to it.
            const row = this.#asked.has(id) ? undefined : await this.#store(name).get(id)
            this.#asked.add(id)
            if (row !== undefined) return row
            throw new Error(`duplicate key: (${id}, ${this.#rows.get(id)}, ${this.#secrets.us})`)
          },
        }
      default:
        // Longer than a busy machine takes.
        return { timeoutMs: 50_000, maxWaitMs: 55_000 }
    }
  }

  #store(name: EngineName): ReturnType<typeof memoryConnectionStore> {
    const store = this.#stores.get(name) ?? memoryConnectionStore()
    this.#stores.set(name, store)
    return store
  }

  /** Writes down every event of an engine. */
  listened(zoho: ZohoAuth): ZohoAuth {
    for (const name of EVENT_NAMES)
      zoho.on(name, (event) => {
        const owner = 'connection' in event ? event.connection : undefined
        this.say(
          'an event',
          `${name} ${JSON.stringify(event)} ${inspect(event, { depth: 10, showHidden: true })}`,
          owner,
        )
      })
    return zoho
  }

  readonly #onChannel = (message: unknown, name: string | symbol): void => {
    this.say(
      'a diagnostics channel',
      `${String(name)} ${JSON.stringify(message)}`,
      (message as { connection?: string }).connection,
    )
  }

  /** Keeps what was said to the outside until it is looked at. */
  say(sink: string, text: string, owner?: string): void {
    this.#said.push({ sink, text, owner })
  }

  /** Looks at everything that was said since the last time. */
  heard(scans: Scans): void {
    this.learn()
    for (const { sink, text, owner } of this.#said.splice(0)) scans.text(`said: ${sink}`, sink, text, owner)
  }

  /** Remembers every token that was made since. Called before anything is looked at. */
  learn(): void {
    const { emulator, canaries } = this
    for (const { accessToken, user } of [...emulator.liveTokens(), ...emulator.endedTokens])
      canaries.add('access token', accessToken, user)
    for (const { refreshToken, user } of emulator.grants) canaries.add('refresh token', refreshToken, user)
  }

  /** Lets something happen at Zoho, to one tenant alone. */
  fault(fault: Fault, { refreshToken, clientSecret, origin }: Tenant): void {
    const values = { $SECRETS: `${refreshToken} ${clientSecret}`, $FOREIGN: this.foreign, $OWN: origin }
    const filled = Object.entries(fault).map(([key, value]: [string, unknown]) => {
      if (typeof value !== 'string') return [key, value]
      const isJson = value.startsWith('{')
      const text = Object.entries(values).reduce(
        (all, [name, one]) => all.replaceAll(name, () => (isJson ? JSON.stringify(one).slice(1, -1) : one)),
        value,
      )
      return [key, text]
    })
    this.emulator.fault({ ...(Object.fromEntries(filled) as Fault), refreshToken } as Fault)
  }

  /** Resolves when a request of a tenant has arrived. Called before it is sent. */
  arrival({ refreshToken }: Tenant, at: LoggedRequest['kind']): Promise<void> {
    const masked = `****${refreshToken.slice(-4)}`
    return new Promise((resolve) => {
      const off = this.emulator.onRequest((request) => {
        if (request.kind !== at || request.refreshToken !== masked) return
        off()
        resolve()
      })
    })
  }

  async close(): Promise<void> {
    for (const name of EVENT_NAMES) unsubscribe(`zoho-auth:${name}`, this.#onChannel)
    this.#server.closeAllConnections()
    this.#server.close()
    await this.emulator.close()
    await Promise.all([...this.#engines.values(), ...this.#closed].map((zoho) => zoho.close()))
  }
}
