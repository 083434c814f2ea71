/** Node's own `fetch`, the one that there is at the time of the call. */
export const platformFetch: typeof globalThis.fetch = (input, init) => globalThis.fetch(input, init)
