import type { Environment, Organization } from '../people.js'

/** What the emulator saw of a request; every successful product answer carries it under `echo`. */
export interface Echo {
  /** The owner of the grant. */
  readonly user: string
  /** The organisation the grant was given for. */
  readonly organization: Organization
  readonly environment: Environment
  readonly dataCenter: string
  readonly method: string
  /** Without the query. */
  readonly path: string
  /** Without the question mark. */
  readonly query: string
  /** Bytes of the body received. */
  readonly bodyLength: number
  /** SHA-256 of the body received, in hex. */
  readonly bodySha256: string
  readonly contentType: string | null
  /** Every header but `Authorization`. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}
