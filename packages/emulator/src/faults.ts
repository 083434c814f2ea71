import { type DataCenter, isDataCenter } from './data-centers.js'
import { PRODUCTS, type Product } from './products/product.js'

/** Faults that wait to happen; one more is refused. */
const MAX_FAULTS = 1_000

/** Longest parameter of `long-parameter`: 16 MiB, far beyond any server's limit. */
const MAX_PARAMETER_BYTES = 16 * 1024 * 1024

/** Which endpoint misbehaves: both revoke paths count as one. */
export type FaultTarget = 'token' | 'revoke' | 'api' | 'auth'

interface Common {
  /** How many matching requests it takes; `Infinity` until cleared. Default 1. */
  readonly times?: number | undefined
  /** Only requests about this refresh token, or with one of its access tokens. */
  readonly refreshToken?: string | undefined
  /** Only requests that reach this data centre. */
  readonly dataCenter?: DataCenter | undefined
}

interface ApiOnly extends Common {
  readonly on: 'api'
  /** Only requests to this product. */
  readonly product?: Product | undefined
}

interface TokenOnly extends Common {
  readonly on: 'token'
}

interface AuthOnly extends Common {
  readonly on: 'auth'
}

type Server = (Common & { readonly on: 'token' | 'revoke' }) | ApiOnly

/** Faults of the network and of servers in general. */
type TransportFault = Server &
  (
    | {
        /** Holds the answer back for `ms` real milliseconds. May come together with one other fault. */
        readonly kind: 'latency'
        readonly ms: number
      }
    | {
        readonly kind:
          | 'hang' // takes the request and never answers, until the emulator closes
          | 'reset' // the connection is reset; nothing was done
          | 'reset-after' // the work is done (a token is made), then the connection is reset: the answer is lost
          | 'html' // 200 with a web page
          | 'truncated-json' // the work is done; the answer ends in the middle of its JSON
          | 'empty' // 200 without a body; nothing was done
      }
    | {
        /** Any error status, 400 to 599. */
        readonly kind: 'status'
        readonly status: number
        /** A `Retry-After` header: seconds, or an HTTP date. */
        readonly retryAfter?: number | string | undefined
        readonly body?: string | undefined
        readonly contentType?: string | undefined
      }
    | {
        /** Sends the client elsewhere, credentials and all. Default status 307, which repeats the body. */
        readonly kind: 'redirect'
        readonly url: string
        readonly status?: 301 | 302 | 303 | 307 | 308 | undefined
      }
  )

type AccountsFault = Common & { readonly on: 'token' | 'revoke' } & (
    | {
        readonly kind:
          | 'throttle' // `Access Denied`, as if too many tokens had been asked for
          | 'invalid-client'
      }
    | {
        /** 200 with `{"error": error}`. */
        readonly kind: 'error'
        readonly error: string
      }
  )

type TokenFault = TokenOnly &
  (
    | {
        readonly kind:
          | 'dead-grant' // the user withdraws the consent at this moment: the grant dies and `invalid_code` is answered
          | 'rotated-refresh-token' // the answer carries a new refresh token, and the old one is dead
          | 'wrong-unit' // `expires_in` in milliseconds beside `expires_in_sec`
          | 'no-expires-in'
          | 'no-access-token' // the work is done; the answer has everything but the access token
          | 'same-access-token' // the last access token of the grant once more, dead or alive, as if it were new
          | 'truncated-after-refresh-token' // the work is done; the answer ends behind its refresh token, or in the middle
          | 'byte-order-mark' // U+FEFF before the JSON
          | 'api-domain-trailing-slash'
      }
    | {
        /** `expires_in` becomes `value`, whatever it is. */
        readonly kind: 'absurd-expires-in'
        readonly value: number | string | null
      }
    | {
        /** `api_domain` becomes `value`: another world's, one without a scheme, an empty text, `null`. */
        readonly kind: 'foreign-api-domain'
        readonly value: string | null
      }
  )

type ApiFault = ApiOnly & {
  readonly kind:
    | 'dead-token' // the product's own words for a dead token; the token lives on
    | 'dead-token-variant' // its second words for one, where two are known (Mail: an array); otherwise the first
    | 'scope-mismatch'
    | 'no-permission'
    | 'missing-resource' // its words for what is not there: WorkDrive's are a 401, most are a blank 404
}

/** Callbacks that lie. Where the user refused, they change what is there. */
export type AuthFault = AuthOnly &
  (
    | {
        /** The callback names `value` as the accounts server. */
        readonly kind: 'foreign-accounts-server'
        readonly value: string
      }
    | {
        readonly kind:
          | 'accounts-server-look-alike' // the right host name with `.foreign.example` behind it
          | 'accounts-server-encoded' // encoded once more than a query needs
          | 'accounts-server-userinfo' // the right origin as the user info of `foreign.example`
          | 'accounts-server-port' // port 1 of the right host
          | 'accounts-server-path' // the right origin and a path
          | 'accounts-server-http' // a Zoho host without TLS
          | 'no-accounts-server'
          | 'doubled-accounts-server' // the right one, then a foreign one
          | 'no-location'
          | 'wrong-state' // a state the client never sent
          | 'no-state'
          | 'doubled-state' // the right one, then another
          | 'no-code'
          | 'doubled-code' // the right one, then another
          | 'html-error' // an error whose words are markup, in place of the answer
      }
    | {
        /** `location` becomes `value`. Default `mars`. */
        readonly kind: 'unknown-location'
        readonly value?: string | undefined
      }
    | {
        /** A parameter `name` of `bytes` bytes. Default `filler`, of 1 048 576 (one mebibyte). */
        readonly kind: 'long-parameter'
        readonly name?: string | undefined
        readonly bytes?: number | undefined
      }
  )

/** Something that goes wrong on request. */
export type Fault = TransportFault | AccountsFault | TokenFault | ApiFault | AuthFault

export type FaultKind = Fault['kind']

type Check = (value: unknown) => boolean

interface Field {
  readonly type: 'number' | 'text' | 'any'
  readonly check: Check
}

const TEXT: Field = { type: 'text', check: isText }

const SERVERS: readonly FaultTarget[] = ['token', 'revoke', 'api']
const ACCOUNTS: readonly FaultTarget[] = ['token', 'revoke']
const TOKEN: readonly FaultTarget[] = ['token']
const API: readonly FaultTarget[] = ['api']
const AUTH: readonly FaultTarget[] = ['auth']

/** Where each kind can happen, and the fields of its own. */
const KINDS: Readonly<Record<FaultKind, { on: readonly FaultTarget[]; fields?: Record<string, Field> }>> = {
  latency: { on: SERVERS, fields: { ms: { type: 'number', check: inRange(0, 2_147_483_647) } } },
  hang: { on: SERVERS },
  reset: { on: SERVERS },
  'reset-after': { on: SERVERS },
  status: {
    on: SERVERS,
    fields: {
      status: { type: 'number', check: wholeNumber(400, 599) },
      retryAfter: optional({ type: 'any', check: (value) => typeof value === 'number' || isText(value) }),
      body: optional({ type: 'text', check: (value) => typeof value === 'string' }),
      contentType: optional(TEXT),
    },
  },
  html: { on: SERVERS },
  'truncated-json': { on: SERVERS },
  empty: { on: SERVERS },
  redirect: {
    on: SERVERS,
    fields: {
      url: TEXT,
      status: optional({
        type: 'number',
        check: (value) => [301, 302, 303, 307, 308].includes(value as number),
      }),
    },
  },
  throttle: { on: ACCOUNTS },
  'invalid-client': { on: ACCOUNTS },
  error: { on: ACCOUNTS, fields: { error: TEXT } },
  'dead-grant': { on: TOKEN },
  'rotated-refresh-token': { on: TOKEN },
  'wrong-unit': { on: TOKEN },
  'no-expires-in': { on: TOKEN },
  'absurd-expires-in': {
    on: TOKEN,
    fields: {
      value: { type: 'any', check: (value) => value === null || ['number', 'string'].includes(typeof value) },
    },
  },
  'no-access-token': { on: TOKEN },
  'same-access-token': { on: TOKEN },
  'truncated-after-refresh-token': { on: TOKEN },
  'byte-order-mark': { on: TOKEN },
  'foreign-api-domain': {
    on: TOKEN,
    fields: { value: { type: 'text', check: (value) => value === null || typeof value === 'string' } },
  },
  'api-domain-trailing-slash': { on: TOKEN },
  'dead-token': { on: API },
  'dead-token-variant': { on: API },
  'scope-mismatch': { on: API },
  'no-permission': { on: API },
  'missing-resource': { on: API },
  'foreign-accounts-server': { on: AUTH, fields: { value: TEXT } },
  'accounts-server-look-alike': { on: AUTH },
  'accounts-server-encoded': { on: AUTH },
  'accounts-server-userinfo': { on: AUTH },
  'accounts-server-port': { on: AUTH },
  'accounts-server-path': { on: AUTH },
  'accounts-server-http': { on: AUTH },
  'no-accounts-server': { on: AUTH },
  'doubled-accounts-server': { on: AUTH },
  'unknown-location': { on: AUTH, fields: { value: optional(TEXT) } },
  'no-location': { on: AUTH },
  'wrong-state': { on: AUTH },
  'no-state': { on: AUTH },
  'doubled-state': { on: AUTH },
  'no-code': { on: AUTH },
  'doubled-code': { on: AUTH },
  'html-error': { on: AUTH },
  'long-parameter': {
    on: AUTH,
    fields: {
      name: optional(TEXT),
      bytes: optional({ type: 'number', check: wholeNumber(0, MAX_PARAMETER_BYTES) }),
    },
  },
}

const COMMON_FIELDS: Readonly<Record<string, Field>> = {
  times: optional({
    type: 'number',
    check: (value) => value === Number.POSITIVE_INFINITY || wholeNumber(1, 1_000_000_000)(value),
  }),
  refreshToken: optional(TEXT),
  dataCenter: optional({ type: 'text', check: isDataCenter }),
}

/** What a form needs to know to ask for a fault. */
export interface FaultForm {
  readonly kind: FaultKind
  readonly on: readonly FaultTarget[]
  /** The fields of the kind's own. `any`: a number or a text. */
  readonly fields: readonly {
    readonly name: string
    readonly type: 'number' | 'text' | 'any'
    readonly optional: boolean
  }[]
}

/** Every kind of fault, as the web page offers them. */
export const FAULT_FORMS: readonly FaultForm[] = Object.entries(KINDS).map(([kind, { on, fields = {} }]) => ({
  kind: kind as FaultKind,
  on,
  fields: Object.entries(fields).map(([name, { type, check }]) => ({
    name,
    type,
    optional: check(undefined),
  })),
}))

/** What a request is about, as far as a fault can tell requests apart. */
export interface FaultMatch {
  readonly refreshToken?: string | undefined
  readonly product?: Product | undefined
  readonly dataCenter: DataCenter
}

/** What is to happen to one request: a delay, and one thing that goes wrong. */
export interface Misfortune {
  readonly delayMs: number
  readonly fault?: Fault
}

const NONE: Misfortune = Object.freeze({ delayMs: 0 })

interface Waiting {
  readonly fault: Fault
  left: number
}

/** Faults in the order they were asked for. The first that matches a request happens to it, and is used up. */
export class Faults {
  #waiting: Waiting[] = []

  /** @throws {TypeError} for a fault that cannot happen. */
  add(fault: Fault): void {
    checkFault(fault)
    if (this.#waiting.length >= MAX_FAULTS)
      throw new TypeError(`at most ${MAX_FAULTS} faults can wait at a time`)
    this.#waiting.push({ fault: Object.freeze({ ...fault }), left: fault.times ?? 1 })
  }

  clear(): void {
    this.#waiting = []
  }

  /** The faults that still wait, with the number of times left. */
  list(): Fault[] {
    return this.#waiting.map(({ fault, left }) => ({ ...fault, times: left }))
  }

  /** Takes what is to happen to a request: every delay that matches, and the first other fault. */
  take(on: FaultTarget, match: FaultMatch): Misfortune {
    if (this.#waiting.length === 0) return NONE
    let delayMs = 0
    let taken: Fault | undefined
    for (const waiting of this.#waiting) {
      const { fault } = waiting
      if (fault.on !== on || !matches(fault, match)) continue
      if (fault.kind === 'latency') delayMs += fault.ms
      else if (taken === undefined) taken = fault
      else continue
      waiting.left -= 1
    }
    this.#waiting = this.#waiting.filter((waiting) => waiting.left > 0)
    return taken === undefined ? { delayMs } : { delayMs, fault: taken }
  }
}

function matches(fault: Fault, match: FaultMatch): boolean {
  if (fault.refreshToken !== undefined && fault.refreshToken !== match.refreshToken) return false
  if (fault.dataCenter !== undefined && fault.dataCenter !== match.dataCenter) return false
  return fault.on !== 'api' || fault.product === undefined || fault.product === match.product
}

function checkFault(fault: Fault): void {
  if (typeof fault !== 'object' || fault === null) throw new TypeError('a fault must be an object')
  if (!Object.hasOwn(KINDS, fault.kind))
    throw new TypeError(`kind must be one of ${Object.keys(KINDS).join(', ')}`)
  const { on, fields = {} } = KINDS[fault.kind]
  if (!on.includes(fault.on)) throw new TypeError(`on must be ${on.join(' or ')} for the kind ${fault.kind}`)
  const known: Record<string, Field> = { ...COMMON_FIELDS, ...fields }
  if (fault.on === 'api')
    known.product = optional({ type: 'text', check: (value) => PRODUCTS.includes(value as Product) })
  const values = fault as unknown as Readonly<Record<string, unknown>>
  for (const [name, { check }] of Object.entries(known))
    if (!check(values[name])) throw new TypeError(`${name} is missing or unusable for the kind ${fault.kind}`)
  for (const name of Object.keys(fault))
    if (name !== 'on' && name !== 'kind' && !Object.hasOwn(known, name))
      throw new TypeError(`${name} means nothing for the kind ${fault.kind} on ${fault.on}`)
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function inRange(lowest: number, highest: number): Check {
  return (value) => typeof value === 'number' && value >= lowest && value <= highest
}

function wholeNumber(lowest: number, highest: number): Check {
  return (value) => Number.isInteger(value) && inRange(lowest, highest)(value)
}

function optional({ type, check }: Field): Field {
  return { type, check: (value) => value === undefined || check(value) }
}
