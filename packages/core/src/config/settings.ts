import { DEFAULT_BUDGET } from '../stores/budget.js'
import { namedStores } from '../stores/named.js'
import type { BudgetPolicy, ConnectionStore, OpenedStores, TokenStore } from '../stores/ports.js'
import { createSealer, parseKey, type Sealer } from '../stores/sealer.js'
import { systemClock } from '../words/clock.js'
import type { Connection } from '../words/connection.js'
import {
  accountsOrigin,
  DATA_CENTERS,
  type DataCenter,
  dataCenterOfServer,
  isDataCenter,
} from '../words/data-centers.js'
import { EngineClock } from '../words/engine-clock.js'
import { configError, ZohoAuthError } from '../words/errors.js'
import { DEFAULT_EXPIRY_POLICY, type ExpiryPolicy } from '../words/expiry.js'
import { type NamedServer, serverOrigin } from '../words/hosts.js'
import { type Logger, warningLogger } from '../words/logger.js'
import { platformFetch } from '../words/platform.js'
import { productOrigin } from '../words/products.js'
import { environment, perDataCenter } from './env.js'
import { type ConnectionLookup, OPTION_NAMES, type PerDataCenter, type ZohoAuthOptions } from './options.js'

/** Default limit of one request to the accounts server, in milliseconds (eight seconds). */
export const DEFAULT_TIMEOUT_MS = 8_000

/** The longest limit that can be set, in milliseconds (two minutes). */
const MAX_TIMEOUT_MS = 120_000

/** Default of how long a caller without a usable token waits in all, in milliseconds (ten seconds). */
const DEFAULT_MAX_WAIT_MS = 10_000

/** The longest wait that can be set, in milliseconds (two minutes). */
const MAX_WAIT_MS = 120_000

/** Default number of requests to the accounts servers that one process has under way at once (one hundred). */
const DEFAULT_MAX_CONCURRENT_REFRESHES = 100

/** The most requests at once that can be set. Each is a socket, and a process has about a thousand by default. */
const MAX_CONCURRENCY = 10_000

/** Default number of processes where tokens are shared. */
export const DEFAULT_INSTANCES = 10

/** How long `close` lets work under way finish, in milliseconds (five seconds). */
export const CLOSE_GRACE_MS = 5_000

/** Path of the OAuth endpoints below an accounts server. */
const OAUTH_PATH = '/oauth/v2'

/** Options and variables, checked, with defaults filled in. */
export interface Settings {
  readonly clientId: string
  /** `undefined`: no secret is known for that data centre. */
  secretOf(dataCenter: DataCenter): string | undefined
  /** Where consent starts, and where the single refresh token belongs. */
  readonly defaultDataCenter: DataCenter
  readonly single: { readonly refreshToken: string; readonly dataCenter: DataCenter } | undefined
  readonly connections: ConnectionStore | ConnectionLookup | undefined
  /** Whether there is one connection that need not be named: nothing but variables says where connections are. */
  readonly one: boolean
  readonly tokens: TokenStore | undefined
  /** The stores that `ZOHO_AUTH_STORE` named, to be closed with the engine. */
  readonly opened: OpenedStores | undefined
  /** Seals what durable stores keep. */
  readonly sealer: Sealer | undefined
  /** Client secrets and keys, which must stand in nobody's words. */
  readonly fixedSecrets: readonly string[]
  readonly plaintext: boolean
  readonly scheme: string
  readonly allowedOrigins: readonly string[]
  /** The accounts servers that the app named, by data centre. */
  readonly servers: Readonly<Partial<Record<DataCenter, NamedServer>>> | undefined
  /** Base of the OAuth endpoints; throws for a data centre that has none. */
  endpointOf(dataCenter: DataCenter): string
  readonly revocationPath: string | undefined
  /** What to assume if Zoho's answer names no `api_domain`. */
  apiDomainOf(connection: Pick<Connection, 'dataCenter' | 'environment'>): string
  readonly expiry: ExpiryPolicy
  readonly budget: BudgetPolicy
  readonly timeoutMs: number
  readonly maxWaitMs: number
  readonly maxConcurrentRefreshes: number
  readonly expectedInstances: number | undefined
  readonly ambient: boolean
  readonly clock: EngineClock
  readonly fetch: typeof globalThis.fetch
  readonly logger: Logger
}

/**
 * Reads options and variables.
 *
 * @throws ZohoAuthError `ERR_ZOHO_CONFIG`, one for all faults, each named with the option and the fix. No message holds a
 *   value that could be secret.
 */
export function readSettings(options: ZohoAuthOptions, env: NodeJS.ProcessEnv): Settings {
  const faults: string[] = []
  const read = environment(env, faults)
  for (const name of Object.keys(options))
    if (!(OPTION_NAMES as readonly string[]).includes(name))
      faults.push(`${name} is not an option; ${nearest(name)}`)

  const text = (name: keyof ZohoAuthOptions, variable: string): string | undefined => {
    const value = options[name] === undefined ? read(variable) : options[name]
    if (value === undefined) return undefined
    if (typeof value === 'string' && value.trim() !== '') return value
    faults.push(`${name} must be a string that is not empty`)
    return undefined
  }

  const clientId = text('clientId', 'ZOHO_CLIENT_ID')
  if (clientId === undefined && options.clientId === undefined && !isFaulty('ZOHO_CLIENT_ID', faults))
    faults.push('clientId is missing: set ZOHO_CLIENT_ID, or pass { clientId }')
  const secrets = spread(
    'clientSecret',
    options.clientSecret ?? perDataCenter('ZOHO_CLIENT_SECRET', read),
    faults,
  )
  if (secrets === undefined && !isFaulty('ZOHO_CLIENT_SECRET', faults))
    faults.push('clientSecret is missing: set ZOHO_CLIENT_SECRET, or pass { clientSecret }')

  const opened = readNamedStores(options, read, faults)
  const accounts = spread(
    'accountsUrl',
    options.accountsUrl ?? perDataCenter('ZOHO_ACCOUNTS_URL', read),
    faults,
  )
  const defaultDataCenter = readHome(options, text, accounts, faults)
  const single = readSingle(options, opened, defaultDataCenter, text, secrets, faults)
  const endpoints = accounts && readEndpoints(accounts, faults)
  if (single && accounts && (accounts.default ?? accounts[single.dataCenter]) === undefined)
    faults.push(`accountsUrl names no server for data centre "${single.dataCenter}"`)

  const scheme = options.scheme ?? 'Zoho-oauthtoken'
  if (scheme !== 'Zoho-oauthtoken' && scheme !== 'Bearer')
    faults.push('scheme must be "Zoho-oauthtoken" or "Bearer"')
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS
  if (!(timeoutMs > 0 && timeoutMs <= MAX_TIMEOUT_MS))
    faults.push(`timeoutMs must be a number of milliseconds above 0 and at most ${MAX_TIMEOUT_MS}`)
  const maxWaitMs = options.maxWaitMs ?? DEFAULT_MAX_WAIT_MS
  if (!(maxWaitMs > 0 && maxWaitMs <= MAX_WAIT_MS))
    faults.push(`maxWaitMs must be a number of milliseconds above 0 and at most ${MAX_WAIT_MS}`)
  const maxConcurrentRefreshes = options.maxConcurrentRefreshes ?? DEFAULT_MAX_CONCURRENT_REFRESHES
  if (
    !Number.isInteger(maxConcurrentRefreshes) ||
    maxConcurrentRefreshes < 1 ||
    maxConcurrentRefreshes > MAX_CONCURRENCY
  )
    faults.push(`maxConcurrentRefreshes must be a whole number from 1 to ${MAX_CONCURRENCY}`)
  const { expectedInstances } = options
  if (expectedInstances !== undefined && !(Number.isInteger(expectedInstances) && expectedInstances > 0))
    faults.push('expectedInstances must be a whole number above 0')
  if (options.ambient !== undefined && typeof options.ambient !== 'boolean')
    faults.push('ambient must be true or false')
  if (options.fetch !== undefined && typeof options.fetch !== 'function')
    faults.push('fetch must be a function')
  for (const [name, methods] of PARTS) {
    const part = options[name] as Record<string, unknown> | undefined
    if (part !== undefined && !methods.every((method) => typeof part?.[method] === 'function'))
      faults.push(`${name} must have the methods ${methods.join(', ')}`)
  }

  const keys = readKeys(options.encryptionKeys ?? read('ZOHO_AUTH_KEYS')?.split(','), faults)
  const plaintext = options.plaintext ?? false
  if (typeof plaintext !== 'boolean') faults.push('plaintext must be true or false')
  const tokens = options.tokens ?? opened?.tokens
  const connections = readConnections(options, faults) ?? (single ? undefined : opened?.connections)
  for (const [name, store] of Object.entries({ tokens, connections }))
    if (store && 'durable' in store && store.durable && keys.length === 0 && !plaintext)
      faults.push(
        `${name}: a store that outlives the process wants encryptionKeys (ZOHO_AUTH_KEYS), or plaintext: true`,
      )
  const sealer = keys.some((key) => parseKey(key) !== undefined) ? createSealer(keys) : undefined

  const servers = endpoints && mapValues(endpoints, serverOf)

  const settings: Settings = {
    clientId: clientId ?? '',
    secretOf: (dataCenter) => secrets?.[dataCenter] ?? secrets?.default,
    defaultDataCenter: defaultDataCenter ?? 'us',
    single,
    connections,
    one: single !== undefined || (options.connections === undefined && connections !== undefined),
    tokens,
    opened,
    sealer,
    fixedSecrets: [
      ...Object.values(secrets ?? {}).filter((secret) => typeof secret === 'string'),
      ...keys.map((key) => key.slice(key.indexOf(':') + 1)),
    ],
    plaintext,
    scheme,
    allowedOrigins: readOrigins(options.allowedOrigins ?? [], faults),
    servers,
    apiDomainOf({ dataCenter, environment }) {
      const server = servers?.[dataCenter]
      return server && !server.ofZoho ? server.origin : productOrigin('crm', dataCenter, environment)
    },
    endpointOf(dataCenter) {
      if (!endpoints) return accountsOrigin(dataCenter) + OAUTH_PATH
      const own = endpoints[dataCenter]
      if (own !== undefined) return own
      throw new ZohoAuthError('ERR_ZOHO_CONFIG', {
        message: `accountsUrl names no server for data centre "${dataCenter}"`,
      })
    },
    revocationPath: readPath(options.revocationPath, faults),
    expiry: readExpiry(options.expiry ?? {}, faults),
    budget: readBudget(options.budget ?? {}, faults),
    timeoutMs,
    maxWaitMs,
    maxConcurrentRefreshes,
    expectedInstances,
    ambient: options.ambient ?? true,
    clock: new EngineClock(options.clock ?? systemClock()),
    fetch: options.fetch ?? platformFetch,
    logger: options.logger ?? warningLogger,
  }
  if (faults.length === 0) return settings
  throw configError(faults)
}

/** Whether a variable is there, and something else is wrong with it than that it is missing. */
function isFaulty(variable: string, faults: readonly string[]): boolean {
  return faults.some((fault) => fault.startsWith(variable))
}

/** Options that are described by the methods we call. */
const PARTS: readonly (readonly [name: 'tokens' | 'clock' | 'logger', methods: readonly string[]])[] = [
  ['tokens', ['acquire', 'commit', 'release', 'invalidate', 'inspect']],
  ['clock', ['now', 'sleep']],
  ['logger', ['warn']],
]

/** The longest wrong data centre that a message shows, in characters. A secret that was put in its place is longer. */
const MAX_SHOWN = 12

/** The data centre that options or variables name, be it by an accounts server of Zoho's. `undefined`: a fault. */
function readHome(
  options: ZohoAuthOptions,
  text: (name: keyof ZohoAuthOptions, variable: string) => string | undefined,
  accounts: Partial<Record<DataCenter | 'default', string>> | undefined,
  faults: string[],
): DataCenter | undefined {
  const server = accounts?.default
  const ofServer = typeof server === 'string' && URL.canParse(server) && dataCenterOfServer(new URL(server))
  const named = text('dataCenter', 'ZOHO_DATA_CENTER')
  // Zoho writes them in capitals, and so does who types a variable.
  const dataCenter = (options.dataCenter === undefined ? named?.toLowerCase() : named) ?? (ofServer || 'us')
  if (isDataCenter(dataCenter)) return dataCenter
  const origin = options.dataCenter === undefined ? 'ZOHO_DATA_CENTER' : 'dataCenter'
  const shown = dataCenter.length > MAX_SHOWN ? 'something that long' : JSON.stringify(dataCenter)
  faults.push(`${origin} must be one of ${DATA_CENTERS.join(' ')}, not ${shown}`)
  return undefined
}

function readSingle(
  options: ZohoAuthOptions,
  opened: OpenedStores | undefined,
  dataCenter: DataCenter | undefined,
  text: (name: keyof ZohoAuthOptions, variable: string) => string | undefined,
  secrets: Partial<Record<DataCenter | 'default', string>> | undefined,
  faults: string[],
): Settings['single'] {
  const { connections } = options
  if (connections !== undefined) {
    if (options.refreshToken !== undefined)
      faults.push(
        'refreshToken and connections exclude each other: one is a single connection, the other is many',
      )
    return undefined
  }
  if (dataCenter === undefined) return undefined
  const secretsNamed = secrets && Object.keys(secrets).length > 0
  if (secretsNamed && secrets.default === undefined && secrets[dataCenter] === undefined)
    faults.push(`clientSecret has no entry for data centre "${dataCenter}"`)
  const refreshToken = text('refreshToken', 'ZOHO_REFRESH_TOKEN')
  if (refreshToken !== undefined) return { refreshToken, dataCenter }
  const named =
    opened !== undefined || ['ZOHO_AUTH_STORE', 'ZOHO_REFRESH_TOKEN'].some((name) => isFaulty(name, faults))
  if (options.refreshToken === undefined && !named)
    faults.push(
      'refreshToken is missing: set ZOHO_REFRESH_TOKEN, or pass { refreshToken } or { connections }',
    )
  return undefined
}

function readConnections(options: ZohoAuthOptions, faults: string[]): Settings['connections'] {
  const { connections } = options
  if (connections === undefined || typeof connections === 'function') return connections
  const methods = ['get', 'put', 'delete', 'list']
  const complete = methods.every((method) => typeof (connections as never)?.[method] === 'function')
  if (!complete) faults.push(`connections must be a function, or have the methods ${methods.join(', ')}`)
  return connections
}

/** The stores of `ZOHO_AUTH_STORE`, if an option does not make it pointless. */
function readNamedStores(
  options: ZohoAuthOptions,
  read: (name: string) => string | undefined,
  faults: string[],
): OpenedStores | undefined {
  const url = read('ZOHO_AUTH_STORE')
  if (url === undefined || url === 'memory:' || options.tokens !== undefined) return undefined
  const stores = namedStores(url)
  if (typeof stores !== 'string') return stores
  faults.push(stores)
  return undefined
}

/** One value for all data centres, or one each, as one record. */
function spread(
  name: string,
  value: PerDataCenter | Partial<Record<DataCenter | 'default', string>> | undefined,
  faults: string[],
): Partial<Record<DataCenter | 'default', string>> | undefined {
  if (value === undefined) return undefined
  const record = typeof value === 'string' ? { default: value } : value
  if (typeof record !== 'object' || record === null || Object.keys(record).length === 0) {
    faults.push(`${name} must be a string, or one string per data centre`)
    return {}
  }
  for (const [key, entry] of Object.entries(record)) {
    if (key !== 'default' && !isDataCenter(key))
      faults.push(`${name}: ${JSON.stringify(key)} is not a data centre; they are ${DATA_CENTERS.join(' ')}`)
    if (typeof entry !== 'string' || entry.trim() === '')
      faults.push(`${name}${key === 'default' ? '' : `.${key}`} must be a string that is not empty`)
  }
  return record
}

function readEndpoints(
  accounts: Partial<Record<DataCenter | 'default', string>>,
  faults: string[],
): Partial<Record<DataCenter, string>> {
  const endpoints: Partial<Record<DataCenter, string>> = {}
  const checked = new Map<string, string | undefined>()
  for (const dataCenter of DATA_CENTERS) {
    const text = accounts[dataCenter] ?? accounts.default
    if (text === undefined) continue
    if (!checked.has(text)) {
      const url = typeof text === 'string' ? serverOrigin(text) : undefined
      if (url === undefined)
        faults.push(
          'accountsUrl (ZOHO_ACCOUNTS_URL) must be an https URL without user, query or fragment; http only on loopback',
        )
      // Zoho's documents name the token endpoint; its folder is what is wanted here.
      const path = url?.pathname.replace(/\/+$/, '').replace(/\/token$/, '')
      checked.set(text, url && url.origin + (path || OAUTH_PATH))
    }
    const endpoint = checked.get(text)
    if (endpoint !== undefined) endpoints[dataCenter] = endpoint
  }
  return endpoints
}

function serverOf(endpoint: string): NamedServer {
  const url = new URL(endpoint)
  return { origin: url.origin, ofZoho: dataCenterOfServer(url) !== undefined }
}

function readOrigins(origins: readonly string[], faults: string[]): string[] {
  if (!Array.isArray(origins)) {
    faults.push('allowedOrigins must be a list of origins')
    return []
  }
  return origins.flatMap((text: unknown, index) => {
    const url = typeof text === 'string' ? serverOrigin(text) : undefined
    if (url !== undefined && url.pathname === '/') return [url.origin]
    faults.push(
      `allowedOrigins[${index}] must be an origin such as "https://api.example.com"; http only on loopback`,
    )
    return []
  })
}

function readPath(path: string | undefined, faults: string[]): string | undefined {
  if (path !== undefined && !/^\/[A-Za-z0-9/_.-]{1,200}$/.test(path))
    faults.push('revocationPath must be a path such as "/oauth/v2/token/revoke"')
  return path
}

function readExpiry(given: Partial<ExpiryPolicy>, faults: string[]): ExpiryPolicy {
  const policy = { ...DEFAULT_EXPIRY_POLICY, ...given }
  for (const [name, value] of Object.entries(policy)) {
    if (!Object.hasOwn(DEFAULT_EXPIRY_POLICY, name)) faults.push(`expiry.${name} is not an option`)
    else if (!(value >= 0 && value < 3_600_000))
      faults.push(`expiry.${name} must be a number of milliseconds from 0 to below one hour`)
  }
  if (!(policy.refreshAheadMs >= policy.safetyMarginMs))
    faults.push('expiry.refreshAheadMs must not be below expiry.safetyMarginMs')
  if (policy.refreshAheadMs + policy.refreshJitterMs >= 3_600_000)
    faults.push(
      "expiry.refreshAheadMs and expiry.refreshJitterMs together must stay below one hour, Zoho's token life",
    )
  return policy
}

function readBudget(given: Partial<BudgetPolicy>, faults: string[]): BudgetPolicy {
  const budget = { ...DEFAULT_BUDGET, ...given }
  for (const name of Object.keys(budget))
    if (!Object.hasOwn(DEFAULT_BUDGET, name)) faults.push(`budget.${name} is not an option`)
  if (!(Number.isInteger(budget.limit) && budget.limit >= 1 && budget.limit <= 10))
    faults.push('budget.limit must be a whole number from 1 to 10: Zoho gives 10 new tokens per window')
  if (!(budget.windowMs > 0 && budget.windowMs <= 86_400_000))
    faults.push('budget.windowMs must be a number of milliseconds above 0 and at most one day')
  return budget
}

function readKeys(keys: readonly string[] = [], faults: string[]): string[] {
  const ids = new Set<string>()
  return keys.map((text, index) => {
    const key = typeof text === 'string' ? parseKey(text) : undefined
    if (key === undefined)
      faults.push(`encryptionKeys[${index}] (ZOHO_AUTH_KEYS) must be "id:base64" of 32 bytes`)
    else if (ids.has(key.id))
      faults.push(`encryptionKeys[${index}] (ZOHO_AUTH_KEYS): two keys have the id "${key.id}"`)
    else ids.add(key.id)
    return String(text)
  })
}

function nearest(name: string): string {
  const same = OPTION_NAMES.find(
    (option) => option.toLowerCase() === name.toLowerCase().replaceAll(/[_-]/g, ''),
  )
  return same ? `did you mean ${same}?` : `the options are ${OPTION_NAMES.join(', ')}`
}

function mapValues<K extends string, V, W>(
  record: Partial<Record<K, V>>,
  map: (value: V) => W,
): Partial<Record<K, W>> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value as V)])) as Partial<
    Record<K, W>
  >
}
