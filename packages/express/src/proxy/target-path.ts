/** How often a path may be encoded on top of itself. A path that is encoded deeper is hiding something. */
const MAX_LAYERS = 4

/** One slash, then visible ASCII; no `#`, at which a URL parser would cut. */
const VISIBLE = /^\/[!"$-~]*$/

/** A byte that is a control character, or the backslash that URL parsers take for a slash. */
const HIDDEN = /[^ -[\]-~\x80-\xff]/

/** A dot segment; servers that know path parameters see one in `..;a=b` too. */
const DOTS = /^\s*\.{1,2}\s*(;.*)?$/

/**
 * Whether a path, with its query, may be put behind a product's host and is read there as it is read here.
 *
 * Refused is what can name another host to some parser (`//host`, `/\host`, `http://host`, `host`), what can leave the
 * path it seems to be on (dot segments, empty segments), and what no URL holds (controls, spaces, `#`); in plain and
 * encoded up to four times over. The query is free, but for characters that no URL holds.
 */
export function isForwardable(target: string): boolean {
  if (!VISIBLE.test(target)) return false
  const [path = ''] = target.split('?', 1)
  if (path.includes('//')) return false
  const plain = decoded(path)
  if (plain === undefined || plain.startsWith('//') || HIDDEN.test(plain)) return false
  return !plain.split('/').some((segment) => DOTS.test(segment))
}

/** A path with every layer of encoding taken off, one character per byte; `undefined` if that cannot be done. */
function decoded(path: string): string | undefined {
  try {
    // Broken escapes, and bytes that are not UTF-8: some servers read dots and slashes in them.
    decodeURIComponent(path)
  } catch {
    return undefined
  }
  let plain = path
  for (let layer = 0; layer <= MAX_LAYERS; layer++) {
    const next = plain.replace(/%([\da-f]{2})/gi, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    )
    if (next === plain) return plain
    plain = next
  }
  return undefined
}
