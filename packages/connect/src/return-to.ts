/** The longest place to return to, in characters. */
const MAX_RETURN = 512

/** Any origin, to read a path against. */
const BASE = 'http://this.invalid'

/**
 * A place on the app's own origin, as path, query and fragment; `undefined` for anything else. Other origins, also those
 * that a browser would make out of `//host`, `/\host` or hidden control characters, are refused.
 */
export function ownPlace(text: unknown): string | undefined {
  if (typeof text !== 'string' || text.length > MAX_RETURN || !PATH.test(text)) return undefined
  if (!URL.canParse(text, BASE)) return undefined
  const { origin, pathname, search, hash } = new URL(text, BASE)
  // Dots can fold into a second slash.
  if (origin !== BASE || pathname.startsWith('//')) return undefined
  return pathname + search + hash
}

/** One slash, then nothing that a browser would take away or turn around. */
const PATH = /^\/(?![/\\])[^\\\s\p{Cc}]*$/u
