import { type Channel, channel } from 'node:diagnostics_channel'
import type { CooldownReason } from './cooldown.js'
import type { DataCenter } from './data-centers.js'
import type { ZohoAuthErrorCode } from './errors.js'

/** What happened, by name. Payloads hold names and numbers, never a token or a secret. */
export interface ZohoAuthEvents {
  'token.refreshed': {
    readonly connection: string
    readonly dataCenter: DataCenter
    readonly generation: number
    readonly expiresAt: number
    /** From sending the request to having the answer, in milliseconds. */
    readonly durationMs: number
    /** Tokens counted in the current window of the budget, this one included; absent while the store is down. */
    readonly used?: number | undefined
    /** Zoho named this as `api_domain`, and it is not on the list of hosts: it is not used. */
    readonly ignoredApiDomain?: string | undefined
  }
  'token.refresh_failed': {
    readonly connection: string
    readonly dataCenter: DataCenter
    readonly code: ZohoAuthErrorCode
    /** What came, in words. */
    readonly detail: string
    /** What the operator should do. */
    readonly action: string
    /** Nothing is sent before, in milliseconds from now. */
    readonly retryAfterMs: number
  }
  /** An API refused a token. */
  'token.rejected': {
    readonly connection: string
    readonly origin: string
    /** What is done about it; `passed-on` goes with a hint. */
    readonly outcome: 'replay' | 'passed-on'
    readonly hint?: string
  }
  /** An API refused a request because the grant lacks a scope, which no new token has either. */
  'scope.missing': { readonly connection: string; readonly origin: string; readonly status: number }
  /** A refresh has to wait: this process has as many requests to the accounts servers under way as it may. */
  'refresh.queued': {
    readonly connection: string
    /** How many go before it. */
    readonly before: number
    readonly underWay: number
  }
  'refresh.throttled': {
    readonly connection: string
    /** `throttled`: by Zoho. `budget`: our own share is spent. */
    readonly reason: Extract<CooldownReason, 'throttled' | 'budget'>
    readonly retryAfterMs: number
  }
  /** A new grant was stored. `refreshTokens` is how many this library knows of for the same Zoho user, if it knows. */
  'connection.created': {
    readonly connection: string
    readonly dataCenter: DataCenter
    readonly refreshTokens?: number
  }
  'connection.consent_required': { readonly connection: string; readonly dataCenter: DataCenter }
  'connection.revoked': { readonly connection: string; readonly dataCenter: DataCenter }
  /** Once, when the token store stops answering. */
  'store.degraded': { readonly detail: string }
  /** Once, when it answers again. */
  'store.recovered': { readonly downMs: number }
  'budget.low': { readonly connection: string; readonly used: number; readonly limit: number }
}

export type ZohoAuthEventName = keyof ZohoAuthEvents

const NAMES: Readonly<Record<ZohoAuthEventName, true>> = {
  'token.refreshed': true,
  'token.refresh_failed': true,
  'token.rejected': true,
  'scope.missing': true,
  'refresh.queued': true,
  'refresh.throttled': true,
  'connection.created': true,
  'connection.consent_required': true,
  'connection.revoked': true,
  'store.degraded': true,
  'store.recovered': true,
  'budget.low': true,
}

/** The names of all events, for whoever listens to every one. */
export const EVENT_NAMES: readonly ZohoAuthEventName[] = Object.freeze(
  Object.keys(NAMES) as ZohoAuthEventName[],
)

export type ZohoAuthListener<Name extends ZohoAuthEventName> = (event: ZohoAuthEvents[Name]) => void

/**
 * Typed events. Each is also published on the `diagnostics_channel` called `zoho-auth:<name>`.
 *
 * A listener that throws does not disturb the others, nor the work that is being reported.
 */
export class Events {
  readonly #listeners = new Map<ZohoAuthEventName, Set<(event: never) => void>>()
  /** Node forgets a channel that nobody holds, and makes it anew each time. */
  readonly #channels = new Map<ZohoAuthEventName, Channel>()

  on<Name extends ZohoAuthEventName>(name: Name, listener: ZohoAuthListener<Name>): () => void {
    const listeners = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, listeners)
    // A function of its own, so that the same listener added twice is called twice and undone one by one.
    const own = (event: never) => listener(event)
    listeners.add(own)
    return () => {
      listeners.delete(own)
    }
  }

  emit<Name extends ZohoAuthEventName>(name: Name, event: ZohoAuthEvents[Name]): void {
    for (const listener of this.#listeners.get(name) ?? []) {
      try {
        listener(event as never)
      } catch (error) {
        process.emitWarning(`a listener of "${name}" threw: ${String(error)}`, 'ZohoAuthWarning')
      }
    }
    let published = this.#channels.get(name)
    if (published === undefined) {
      published = channel(`zoho-auth:${name}`)
      this.#channels.set(name, published)
    }
    if (published.hasSubscribers) published.publish(event)
  }

  clear(): void {
    this.#listeners.clear()
  }
}
