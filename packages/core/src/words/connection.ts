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

/** One Zoho user's consent, under an id the app chooses. Holds a secret: never log it. */
export interface Connection {
  /** 1 to 128 characters of `A-Z a-z 0-9 _ . @ : -`. Opaque to the library. */
  readonly id: string
  /**
   * The grant (RFC 6749 section 1.5). Zoho's refresh tokens do not expire by time. Empty for a connection with `soid`, and
   * once it is revoked.
   */
  readonly refreshToken: string
  readonly dataCenter: DataCenter
  /** Default `production`. */
  readonly environment?: Environment
  readonly scopes?: readonly string[]
  readonly state: ConnectionState
  /** Grows by one with each write; what compare-and-set compares. */
  readonly version: number
  /** Milliseconds since the epoch. */
  readonly createdAt: number
  /** Milliseconds since the epoch. */
  readonly updatedAt: number
  /** A name for people. */
  readonly label?: string
  /** Client credentials: service and organisation, such as `ZohoCRM.` and its number. Tokens are made without a grant. */
  readonly soid?: string
  /** Zoho's own id (ZUID) of the user who consented, where the scopes let it be read. */
  readonly userId?: string
  /** What newer consents replaced, and Zoho has not been told of yet. */
  readonly replaced?: readonly ReplacedGrant[]
}

const ID = /^[A-Za-z0-9_.@:-]{1,128}$/

/** Whether a string can be a connection id. The names of JavaScript's own object properties cannot. */
export function isConnectionId(id: unknown): id is string {
  return typeof id === 'string' && ID.test(id) && id !== '__proto__'
}

/** The id of the connection in single mode. */
export const DEFAULT_CONNECTION = 'default'
