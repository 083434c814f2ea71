import type { QuietReason } from '../stores/ports.js'
import type { ZohoAuthErrorCode } from '../words/errors.js'

/** What a shared store said about quiet is believed for this long without asking again, in milliseconds. */
export const QUIET_REMEMBERED_MS = 5_000

/** Most keys whose quiet is remembered. */
const MOST_REMEMBERED = 100_000

/** A time in which this process asks nobody. */
export interface RememberedQuiet {
  readonly untilAt: number
  /** `client`, `unreachable` and `store` say something about this process alone; they never go into a shared store. */
  readonly reason: QuietReason | 'client' | 'unreachable' | 'store'
  /** The error that callers get, without its retry time. */
  readonly code: ZohoAuthErrorCode
  readonly action?: string | undefined
  readonly cause?: unknown
}

/** What is believed to its end: what this process knows of itself, and a throttle, which nothing ends but time. */
const KEPT: ReadonlySet<string> = new Set(['client', 'unreachable', 'store', 'throttled'])

/** Remembers quiet in this process, by key, so that a thousand callers cost no thousand questions. */
export class QuietMemory {
  readonly #entries = new Map<string, { readonly quiet: RememberedQuiet; readonly askAgainAt: number }>()

  /** Remembers until the quiet ends; what else a shared store said is asked again after {@link QUIET_REMEMBERED_MS}. */
  set(key: string, quiet: RememberedQuiet, now: number): void {
    if (this.#entries.size >= MOST_REMEMBERED) this.#entries.clear()
    const askAgainAt = KEPT.has(quiet.reason)
      ? quiet.untilAt
      : Math.min(quiet.untilAt, now + QUIET_REMEMBERED_MS)
    this.#entries.set(key, { quiet, askAgainAt })
  }

  get(key: string, now: number): RememberedQuiet | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    if (entry.askAgainAt > now) return entry.quiet
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

/** The codes that callers get for each reason of quiet. */
export const CODE_OF_QUIET: Readonly<Record<QuietReason, ZohoAuthErrorCode>> = Object.freeze({
  dead: 'ERR_ZOHO_CONSENT_REQUIRED',
  revoked: 'ERR_ZOHO_REVOKED',
  throttled: 'ERR_ZOHO_THROTTLED',
  budget: 'ERR_ZOHO_THROTTLED',
  backoff: 'ERR_ZOHO_UNAVAILABLE',
})
