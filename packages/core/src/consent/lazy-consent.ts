import type { ZohoConsent } from '../zoho-consent.js'

/** The calls of {@link ZohoConsent}, whose code is loaded at the first of them. */
export function lazyConsent(load: () => Promise<ZohoConsent>): ZohoConsent {
  return Object.freeze({
    start: async (request) => (await load()).start(request),
    finish: async (callbackUrl, state, options) => (await load()).finish(callbackUrl, state, options),
    exchange: async (code, options) => (await load()).exchange(code, options),
    clientCredentials: async (options) => (await load()).clientCredentials(options),
    undo: async (options) => (await load()).undo(options),
  } satisfies ZohoConsent)
}
