import type { CooldownReason } from '../stores/ports.js'
import type { ZohoAuthErrorCode } from '../words/errors.js'

/** What a shared store said about cooldown is believed for this long without asking again, in milliseconds. */
export const COOLDOWN_REMEMBERED_MS = 5_000

/** Most keys whose cooldown is remembered. */
const MOST_REMEMBERED = 100_000

/** A time in which this process asks nobody. */
export interface RememberedCooldown {
  readonly untilAt: number
  /** `client`, `unreachable` and `store` say something about this process alone; they never go into a shared store. */
  readonly reason: CooldownReason | 'client' | 'unreachable' | 'store'
  /** The error that callers get, without its retry time. */
  readonly code: ZohoAuthErrorCode
  readonly action?: string | undefined
  readonly cause?: unknown
}

/** What is believed to its end: what this process knows of itself, and a throttle, which nothing ends but time. */
const KEPT: ReadonlySet<string> = new Set(['client', 'unreachable', 'store', 'throttled'])

/** Remembers cooldowns in this process, by key, so that a thousand callers cost no thousand questions. */
export class CooldownCache {
  readonly #entries = new Map<
    string,
    { readonly cooldown: RememberedCooldown; readonly askAgainAt: number }
  >()

  /** Remembers until the cooldown ends; what else a shared store said is asked again after {@link COOLDOWN_REMEMBERED_MS}. */
  set(key: string, cooldown: RememberedCooldown, now: number): void {
    if (this.#entries.size >= MOST_REMEMBERED) this.#entries.clear()
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

  delete(key: string): void {
    this.#entries.delete(key)
  }

  clear(): void {
    this.#entries.clear()
  }
}

/** The codes that callers get for each reason of cooldown. */
export const CODE_OF_COOLDOWN: Readonly<Record<CooldownReason, ZohoAuthErrorCode>> = Object.freeze({
  dead: 'ERR_ZOHO_CONSENT_REQUIRED',
  revoked: 'ERR_ZOHO_REVOKED',
  throttled: 'ERR_ZOHO_THROTTLED',
  budget: 'ERR_ZOHO_THROTTLED',
  backoff: 'ERR_ZOHO_UNAVAILABLE',
})
