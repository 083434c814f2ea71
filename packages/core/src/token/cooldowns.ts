import { BoundedMap } from '../words/bounded-map.js'
import type { CooldownReason, ProcessCooldownReason } from '../words/cooldown.js'
import type { ZohoAuthErrorCode } from '../words/errors.js'

/** What a shared store said about cooldown is believed for this long without asking again, in milliseconds. */
export const COOLDOWN_REMEMBERED_MS = 5_000

/** Most keys of which something is remembered; beyond it the oldest is forgotten. */
const MAX_KEYS = 100_000

/** A time in which this process asks nobody. */
export interface RememberedCooldown {
  readonly untilAt: number
  readonly reason: CooldownReason | ProcessCooldownReason
  /** The error that callers get, without its retry time. */
  readonly code: ZohoAuthErrorCode
  readonly action?: string | undefined
  readonly cause?: unknown
}

/** What is believed to its end: what this process knows of itself, and a throttle, which nothing ends but time. */
const KEPT: ReadonlySet<string> = new Set(['client', 'unreachable', 'store', 'throttled'])

/** What failed under a key since its last token, as this process saw it. */
export interface KeyFailures {
  /** A dead answer came once; or twice, and it cannot be written down. */
  readonly dead?: 'once' | 'for-good'
  /** Failures in a row of reaching the accounts server at all. */
  readonly unreachable?: number
}

/** Remembers cooldowns and failures in this process, by key, so that a thousand callers cost no thousand questions. */
export class CooldownCache {
  readonly #entries = new BoundedMap<
    string,
    { readonly cooldown: RememberedCooldown; readonly askAgainAt: number }
  >(MAX_KEYS)
  readonly #failures = new BoundedMap<string, KeyFailures>(MAX_KEYS)

  /** Remembers until the cooldown ends; what else a shared store said is asked again after {@link COOLDOWN_REMEMBERED_MS}. */
  set(key: string, cooldown: RememberedCooldown, now: number): void {
    const askAgainAt = KEPT.has(cooldown.reason)
      ? cooldown.untilAt
      : Math.min(cooldown.untilAt, now + COOLDOWN_REMEMBERED_MS)
    this.#entries.set(key, { cooldown, askAgainAt })
  }

  get(key: string, now: number): RememberedCooldown | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    if (entry.askAgainAt > now) return entry.cooldown
    this.#entries.delete(key)
    return undefined
  }

  failuresOf(key: string): Readonly<KeyFailures> {
    return this.#failures.get(key) ?? NO_FAILURES
  }

  failed(key: string, failures: KeyFailures): void {
    this.#failures.set(key, { ...this.#failures.get(key), ...failures })
  }

  /** A refresh went well, whoever made it: what failed here before says nothing any more. */
  recovered(key: string): void {
    this.#failures.delete(key)
  }

  /** Forgets all that is known of a key. */
  forget(key: string): void {
    this.#entries.delete(key)
    this.#failures.delete(key)
  }
}

const NO_FAILURES: Readonly<KeyFailures> = Object.freeze({})

/** The codes that callers get for each reason of cooldown. */
export const CODE_OF_COOLDOWN: Readonly<Record<CooldownReason, ZohoAuthErrorCode>> = Object.freeze({
  dead: 'ERR_ZOHO_CONSENT_REQUIRED',
  revoked: 'ERR_ZOHO_REVOKED',
  throttled: 'ERR_ZOHO_THROTTLED',
  budget: 'ERR_ZOHO_THROTTLED',
  backoff: 'ERR_ZOHO_UNAVAILABLE',
})
