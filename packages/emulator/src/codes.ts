import { createHash } from 'node:crypto'
import type { DataCenter } from './data-centers.js'
import type { EmulatorClock } from './options.js'
import type { Environment, Organization } from './people.js'
import { newToken } from './secrets.js'

/** Codes that may wait to be exchanged; one more drops the oldest. */
const MAX_CODES = 10_000

/** How a code challenge was made from its verifier (RFC 7636). Zoho's default is `plain`. */
export type CodeChallengeMethod = 'S256' | 'plain'

/** What a code stands for until it is exchanged. */
export interface Code {
  readonly user: string
  readonly organization: Organization
  readonly environment: Environment
  readonly dataCenter: DataCenter
  readonly scopes: readonly string[]
  /** Whether the exchange gives a refresh token. */
  readonly offline: boolean
  /** The exchange must name the same one. A self-client code has none. */
  readonly redirectUri: string | undefined
  readonly challenge: string | undefined
  readonly challengeMethod: CodeChallengeMethod
  readonly expiresAt: number
}

/** Authorization codes: short-lived, and good for one exchange. */
export class Codes {
  readonly #clock: EmulatorClock
  readonly #lifeMs: number
  readonly #codes = new Map<string, Code>()

  constructor(clock: EmulatorClock, lifeMs: number) {
    this.#clock = clock
    this.#lifeMs = lifeMs
  }

  /** @param lifeMs Default that of a code from the consent page. */
  create(code: Omit<Code, 'expiresAt'>, lifeMs: number = this.#lifeMs): string {
    const now = this.#clock.now()
    for (const [value, { expiresAt }] of this.#codes) {
      if (expiresAt > now && this.#codes.size < MAX_CODES) break
      this.#codes.delete(value)
    }
    const value = newToken()
    this.#codes.set(value, { ...code, expiresAt: now + lifeMs })
    return value
  }

  /** A code that can still be exchanged. */
  find(value: string): Code | undefined {
    const code = this.#codes.get(value)
    return code !== undefined && this.#clock.now() < code.expiresAt ? code : undefined
  }

  spend(value: string): void {
    this.#codes.delete(value)
  }
}

/** Whether the verifier is the one the challenge was made from. A code without a challenge asks for none. */
export function verifies(code: Code, verifier: string | null): boolean {
  if (code.challenge === undefined) return true
  if (verifier === null) return false
  const made =
    code.challengeMethod === 'S256' ? createHash('sha256').update(verifier).digest('base64url') : verifier
  return made === code.challenge
}
