import type { DataCenter } from './data-centers.js'

/** Node's own symbol for custom inspection (`util.inspect.custom`). */
const INSPECT = Symbol.for('nodejs.util.inspect.custom')

/** What a token is made of. */
export interface TokenFields {
  readonly value: string
  readonly expiresAt: number
  readonly apiDomain: string
  readonly dataCenter: DataCenter
  readonly scopes: readonly string[]
  readonly generation: number
}

/** One access token. Prints, logs and serialises masked; only `value` gives the secret. */
export class Token {
  /** When it expires, in milliseconds since the epoch by the clock of the engine that handed it out. */
  readonly expiresAt: number
  /** Origin that Zoho's answer named for API calls, without a trailing slash. Not every product lives there. */
  readonly apiDomain: string
  readonly dataCenter: DataCenter
  /** The scopes Zoho's answer named; empty if it named none. */
  readonly scopes: readonly string[]
  /** The number of this token; a later token of the same connection has a greater one. */
  readonly generation: number
  readonly #value: string

  constructor(fields: TokenFields) {
    this.expiresAt = fields.expiresAt
    this.apiDomain = fields.apiDomain
    this.dataCenter = fields.dataCenter
    this.scopes = fields.scopes
    this.generation = fields.generation
    this.#value = fields.value
  }

  /** The secret itself. */
  get value(): string {
    return this.#value
  }

  toString(): string {
    return MASKED
  }

  [Symbol.toPrimitive](): string {
    return MASKED
  }

  toJSON(): Record<string, unknown> {
    const { expiresAt, apiDomain, dataCenter, scopes, generation } = this
    return { value: MASKED, expiresAt, apiDomain, dataCenter, scopes, generation }
  }

  static {
    Object.defineProperty(Token.prototype, INSPECT, {
      value(this: Token): string {
        return `Token { value: ${MASKED}, dataCenter: '${this.dataCenter}', expiresAt: ${this.expiresAt} }`
      },
    })
  }
}

const MASKED = '[masked]'
