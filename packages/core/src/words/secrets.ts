import { BoundedMap } from './bounded-map.js'

/** Most secrets that are remembered besides the fixed ones; beyond it the one used longest ago is forgotten. */
const MAX_RECENT = 1_000

/** Shorter texts are no secrets, and would mask ordinary words. */
const MIN_LENGTH = 6

const MASK = '[masked]'

/**
 * The secrets an engine works with, so that none of them stands in what others have to say: a server that echoes a request, a
 * driver that prints its arguments, a proxy that quotes a URL.
 *
 * By value, whatever they look like. Of grants and tokens those that were used last are known.
 */
export class Secrets {
  readonly #fixed: readonly string[]
  readonly #recent = new BoundedMap<string, true>(MAX_RECENT)

  /** @param fixed Client secrets and encryption keys. */
  constructor(fixed: readonly string[]) {
    this.#fixed = fixed.filter(isSecret)
  }

  /** Remembers what is about to be used: a refresh token, an access token, a code, a verifier. */
  add(...values: readonly (string | undefined)[]): void {
    for (const value of values) {
      if (value === undefined || !isSecret(value)) continue
      this.#recent.delete(value)
      this.#recent.set(value, true)
    }
  }

  /** A text without them, as they are and as they stand in a URL, and without the passwords of URLs. */
  readonly mask = (text: string): string => {
    let masked = text.replace(USER_INFO, `$1${MASK}@`)
    for (const secrets of [this.#fixed, this.#recent.keys()])
      for (const secret of secrets) {
        if (masked.includes(secret)) masked = masked.replaceAll(secret, MASK)
        const encoded = encodeURIComponent(secret)
        if (encoded !== secret && masked.includes(encoded)) masked = masked.replaceAll(encoded, MASK)
      }
    return masked
  }
}

/** User and password in a URL, such as that of a database or a proxy. */
const USER_INFO = /(:\/\/)[^\s/@"']+@/g

const isSecret = (value: string): boolean => value.length >= MIN_LENGTH
