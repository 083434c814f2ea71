import { systemClock } from './clock.js'
import type { DataCenter } from './data-centers.js'

/**
 * - `active`: tokens can be made.
 * - `consent-required`: Zoho refused the grant twice; a person has to consent again.
 * - `revoking`: a revocation was begun and has not reached Zoho yet.
 * - `revoked`: taken back on purpose.
 */
export type ConnectionState = 'active' | 'consent-required' | 'revoking' | 'revoked'

/** Which of Zoho's environments a grant belongs to. Zoho CRM binds a grant to one of them. */
export type Environment = 'production' | 'sandbox' | 'developer'

/** A grant that a newer consent replaced, and that is still to be revoked at Zoho. Holds a secret. */
export interface ReplacedGrant {
  readonly refreshToken: string
  readonly dataCenter: DataCenter
  /** When no process can hold a token of it any more, in milliseconds since the epoch. */
  readonly revokeAt: number
  readonly scopes?: readonly string[]
  readonly userId?: string
  readonly label?: string
}

/**
 * One Zoho user's or organisation's consent, under an id the app chooses. Holds a secret: never log it.
 *
 * Tokens are made from `refreshToken` or from `soid`, never from both. A grant that was revoked is not kept, so a revoked
 * connection may have neither.
 */
export type Connection = {
  /** 1 to 128 characters of `A-Z a-z 0-9 _ . @ : -`. Opaque to the library. */
  readonly id: string
  readonly dataCenter: DataCenter
  /** Default `production`. */
  readonly environment?: Environment
  readonly scopes?: readonly string[]
  /** Grows by one with each write; what compare-and-set compares. */
  readonly version: number
  /** Milliseconds since the epoch. */
  readonly createdAt: number
  /** Milliseconds since the epoch. */
  readonly updatedAt: number
  /** A name for people. */
  readonly label?: string
  /** Zoho's own id (ZUID) of the user who consented, if the scopes let it be read. */
  readonly userId?: string
  /** What newer consents replaced, and Zoho has not been told of yet. */
  readonly replaced?: readonly ReplacedGrant[]
} & (
  | {
      /** One Zoho user's consent (RFC 6749 section 1.5). Zoho's refresh tokens do not expire by time. */
      readonly refreshToken: string
      readonly soid?: undefined
      readonly state: ConnectionState
    }
  | {
      /** Client credentials (RFC 6749 section 4.4): service and organisation, such as `ZohoCRM.` and its number. */
      readonly soid: string
      readonly refreshToken?: undefined
      readonly state: ConnectionState
    }
  | { readonly refreshToken?: undefined; readonly soid?: undefined; readonly state: 'revoked' }
)

type Given = 'id' | 'dataCenter' | 'refreshToken' | 'soid'

/** What an app knows of a connection whose grant it keeps itself. */
type KnownConnection = Pick<Connection, 'id' | 'dataCenter'> &
  Partial<Omit<Connection, Given>> &
  (
    | { readonly refreshToken: string; readonly soid?: undefined }
    | { readonly soid: string; readonly refreshToken?: undefined }
  )

/**
 * A connection from what an app knows of it. What is left out is filled in: `active`, version 1, made now.
 *
 * @example
 * createZohoAuth({
 *   connections: async (id) => {
 *     const row = await db.findCustomer(id)
 *     return row && newConnection({ id, refreshToken: row.zohoToken, dataCenter: row.zohoDataCenter })
 *   },
 * })
 */
export function newConnection(known: KnownConnection): Connection {
  const now = Math.floor(systemClock().now())
  return { state: 'active', version: 1, createdAt: now, updatedAt: now, ...known }
}

const ID = /^[A-Za-z0-9_.@:-]{1,128}$/

/** Whether a string can be a connection id. The names of JavaScript's own object properties cannot. */
export function isConnectionId(id: unknown): id is string {
  return typeof id === 'string' && ID.test(id) && id !== '__proto__'
}

/**
 * Whether a row says how its tokens are made: by `refreshToken` or by `soid`, never by both, and by neither only if it is
 * revoked. What an app or another program wrote is believed after this.
 */
export function hasGrant(
  row: Readonly<Partial<Record<'refreshToken' | 'soid' | 'state', unknown>>>,
): boolean {
  const kinds = [row.refreshToken, row.soid].filter((value) => value !== undefined)
  if (kinds.length === 0) return row.state === 'revoked'
  return kinds.length === 1 && typeof kinds[0] === 'string' && kinds[0] !== ''
}

/** Whether two readings of a connection hold the same grant. */
export function isSameGrant(one: Connection, other: Connection): boolean {
  return one.refreshToken === other.refreshToken && one.soid === other.soid
}

/** Characters of the digest that are kept: 132 bits. */
const DIGEST_LENGTH = 22

/** What tells the grants of a connection apart, and is no secret: a digest. */
export function grantId({ refreshToken, soid, scopes = [] }: Connection): string {
  return process
    .getBuiltinModule('node:crypto')
    .createHash('sha256')
    .update(refreshToken ?? ['soid', soid, ...[...scopes].sort()].join(' '))
    .digest('base64url')
    .slice(0, DIGEST_LENGTH)
}

/** The id of the connection in single mode. */
export const DEFAULT_CONNECTION = 'default'
