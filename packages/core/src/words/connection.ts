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

/** One Zoho user's consent, under an id the app chooses. Holds a secret: never log it. */
export interface Connection {
  /** 1 to 128 characters of `A-Z a-z 0-9 _ . @ : -`. Opaque to the library. */
  readonly id: string
  /** The grant (RFC 6749 section 1.5). Zoho's refresh tokens do not expire by time. */
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
}

const ID = /^[A-Za-z0-9_.@:-]{1,128}$/

/** Whether a string can be a connection id. The names of JavaScript's own object properties cannot. */
export function isConnectionId(id: unknown): id is string {
  return typeof id === 'string' && ID.test(id) && id !== '__proto__'
}
