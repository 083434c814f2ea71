import { DATA_CENTERS, type DataCenter, isDataCenter } from './data-centers.js'

/** Whose documents are followed if they disagree: `recruit` 30, `crm` 15, `accounts` 10 live access tokens. */
export type Profile = 'recruit' | 'crm' | 'accounts'

/** Where the emulator reads the time. */
export interface EmulatorClock {
  /** Milliseconds since the epoch. */
  now(): number
}

/** What `startEmulator` accepts. Everything has a default. */
export interface EmulatorOptions {
  /**
   * Port of the first data centre; the others take the ports after it. Default 0: any free port for each.
   * Only 127.0.0.1 is listened on.
   */
  readonly port?: number | undefined
  /** How many access tokens of one refresh token live at once. Default `'recruit'`: 30. */
  readonly profile?: Profile | undefined
  /** How many times faster than Zoho: 600 makes an hour 6 s, and scales every quota window alike. Default 1. */
  readonly speed?: number | undefined
  /** Life of an access token in milliseconds, as it is: not divided by `speed`. Default one hour / `speed`. */
  readonly tokenLifeMs?: number | undefined
  /**
   * Life of every authorization code in milliseconds, as it is. Default 2 minutes / `speed` (Zoho's Accounts page), and
   * 3 minutes / `speed` for a code of a self client, whose console offers up to 10 (`lifeMs` of one code).
   * Pages of products differ: CRM v8 says 3 minutes, CRM v3 2 minutes, Sign 60 s.
   */
  readonly codeLifeMs?: number | undefined
  /** How long an answer of the token endpoint is held back, in real milliseconds. Default 0. */
  readonly latencyMs?: number | undefined
  /** How long an answer of a product API is held back, in real milliseconds. Default 0. */
  readonly apiLatencyMs?: number | undefined
  /** Time for lives, quotas and evictions. Default the real time. Latencies always take real time. */
  readonly clock?: EmulatorClock | undefined
  /** One listener each; the first is the client's home. Default `['us']`. */
  readonly dataCenters?: readonly DataCenter[] | undefined
  /** Data centres the client is enabled for; the others answer `invalid_client`. Default all of `dataCenters`. */
  readonly clientDataCenters?: readonly DataCenter[] | undefined
  /** What the consent page calls the client. Default `'Example application'`. */
  readonly clientName?: string | undefined
  /** Default a new one per emulator, in Zoho's shape. */
  readonly clientId?: string | undefined
  /** Default a new one per emulator, in Zoho's shape. */
  readonly clientSecret?: string | undefined
  /** Secrets that differ from `clientSecret`, by data centre. Default none: one secret everywhere. */
  readonly clientSecrets?: Partial<Readonly<Record<DataCenter, string>>> | undefined
  /** Status of a throttle answer; Zoho is reported to use either. Default 200. */
  readonly throttleStatus?: 200 | 400 | undefined
  /** Whether a request during a throttle starts the window again, as some users report. Default false. */
  readonly throttleProlongs?: boolean | undefined
  /** Registered redirect URIs, compared exactly. Loopback URIs are always accepted. Default none. */
  readonly redirectUris?: readonly string[] | undefined
}

/** The options with every default filled in. */
export interface Settings {
  readonly port: number
  readonly profile: Profile
  readonly speed: number
  readonly tokenLifeMs: number | undefined
  readonly codeLifeMs: number | undefined
  readonly latencyMs: number
  readonly apiLatencyMs: number
  readonly clock: EmulatorClock
  readonly dataCenters: readonly [DataCenter, ...DataCenter[]]
  readonly clientDataCenters: ReadonlySet<DataCenter>
  readonly clientName: string
  readonly clientId: string | undefined
  readonly clientSecret: string | undefined
  readonly clientSecrets: Partial<Readonly<Record<DataCenter, string>>>
  readonly throttleStatus: 200 | 400
  readonly throttleProlongs: boolean
  readonly redirectUris: ReadonlySet<string>
}

const PROFILES: readonly Profile[] = ['recruit', 'crm', 'accounts']
const HIGHEST_PORT = 65_535

/** Node's timers overflow above this, and fire at once. */
const MAX_LATENCY_MS = 2_147_483_647

const REAL_TIME: EmulatorClock = { now: () => Date.now() }

/** Fills in the defaults. @throws {TypeError} naming the option that cannot be used. */
export function settingsFrom(options: EmulatorOptions): Settings {
  const { port = 0, profile = 'recruit', speed = 1, clock = REAL_TIME } = options
  const { tokenLifeMs, codeLifeMs, clientName = 'Example application' } = options
  const { latencyMs = 0, apiLatencyMs = 0, throttleStatus = 200, throttleProlongs = false } = options
  const dataCenters = dataCenterList('dataCenters', options.dataCenters ?? ['us'])
  const [first, ...others] = dataCenters
  if (first === undefined) throw new TypeError('dataCenters must name at least one data centre')

  if (!Number.isInteger(port) || port < 0 || port > HIGHEST_PORT)
    throw new TypeError(`port must be a whole number from 0 to ${HIGHEST_PORT}`)
  if (port > 0 && port + others.length > HIGHEST_PORT)
    throw new TypeError(
      `port leaves no room for ${others.length} more data centres below ${HIGHEST_PORT + 1}`,
    )
  if (!PROFILES.includes(profile)) throw new TypeError(`profile must be one of ${PROFILES.join(', ')}`)
  if (!(Number.isFinite(speed) && speed > 0)) throw new TypeError('speed must be a finite number above 0')
  checkLife('tokenLifeMs', tokenLifeMs)
  checkLife('codeLifeMs', codeLifeMs)
  checkLatency('latencyMs', latencyMs)
  checkLatency('apiLatencyMs', apiLatencyMs)
  if (typeof clock?.now !== 'function') throw new TypeError('clock must have a now() method')
  if (throttleStatus !== 200 && throttleStatus !== 400)
    throw new TypeError('throttleStatus must be 200 or 400')
  if (typeof throttleProlongs !== 'boolean') throw new TypeError('throttleProlongs must be true or false')
  checkText('clientName', clientName)
  checkText('clientId', options.clientId)
  checkText('clientSecret', options.clientSecret)
  const clientSecrets = options.clientSecrets ?? {}
  for (const [dataCenter, secret] of Object.entries(clientSecrets)) {
    if (!isDataCenter(dataCenter)) throw unknownDataCenter('clientSecrets', dataCenter)
    checkText(`clientSecrets.${dataCenter}`, secret)
  }
  const clientDataCenters = dataCenterList('clientDataCenters', options.clientDataCenters ?? dataCenters)
  if (!clientDataCenters.includes(first))
    throw new TypeError(`clientDataCenters must include ${first}, the first of dataCenters`)

  return {
    port,
    profile,
    speed,
    tokenLifeMs,
    codeLifeMs,
    latencyMs,
    apiLatencyMs,
    clock,
    dataCenters: [first, ...others],
    clientDataCenters: new Set(clientDataCenters),
    clientName,
    clientId: options.clientId,
    clientSecret: options.clientSecret,
    clientSecrets: { ...clientSecrets },
    throttleStatus,
    throttleProlongs,
    redirectUris: new Set(redirectUriList(options.redirectUris ?? [])),
  }
}

function dataCenterList(option: string, names: readonly DataCenter[]): readonly DataCenter[] {
  if (!Array.isArray(names)) throw new TypeError(`${option} must be a list of data centres`)
  for (const name of names) if (!isDataCenter(name)) throw unknownDataCenter(option, name)
  if (new Set(names).size !== names.length) throw new TypeError(`${option} must not name a data centre twice`)
  return names
}

function redirectUriList(uris: readonly string[]): readonly string[] {
  if (!Array.isArray(uris)) throw new TypeError('redirectUris must be a list of URIs')
  for (const uri of uris)
    if (typeof uri !== 'string' || !URL.canParse(uri))
      throw new TypeError('redirectUris must hold absolute URIs')
  return uris
}

function unknownDataCenter(option: string, name: unknown): TypeError {
  return new TypeError(`${option}: unknown data centre ${String(name)}; known are ${DATA_CENTERS.join(', ')}`)
}

function checkLife(option: string, value: number | undefined): void {
  if (value !== undefined && !(Number.isFinite(value) && value > 0))
    throw new TypeError(`${option} must be a finite number of milliseconds above 0`)
}

function checkLatency(option: string, value: number): void {
  if (!(Number.isFinite(value) && value >= 0 && value <= MAX_LATENCY_MS))
    throw new TypeError(`${option} must be a number of milliseconds from 0 to ${MAX_LATENCY_MS}`)
}

function checkText(option: string, value: unknown): void {
  if (value !== undefined && (typeof value !== 'string' || value === ''))
    throw new TypeError(`${option} must be a string that is not empty`)
}
