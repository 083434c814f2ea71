/** Most values inside a body that are looked at; a larger one counts as not replayable. */
const MAX_VALUES = 100_000

/** Bodies that have an iterator and can be read again all the same. */
const REPLAYABLE = /^\[object (ArrayBuffer|SharedArrayBuffer|URLSearchParams|FormData|Blob|File)\]$/

/**
 * Whether a body can be sent more than once: none, text, bytes, URLSearchParams, FormData of the platform, Blob, and plain
 * values made of these. Anything with `pipe`, a reader or an iterator is read once and then gone.
 *
 * Told by shape and tag, because classes of another copy are not ours.
 */
export function isReplayable(body: unknown): boolean {
  return body === undefined || typeof body === 'string' || readOnceIn(body) === undefined
}

/**
 * Refuses a stream that was read before, alone or inside an object.
 *
 * axios would send it as an empty body, and the API might well accept that.
 *
 * @throws TypeError
 */
export function assertUnused(body: unknown): void {
  readOnceIn(body, (stream) => {
    if (!USED.some((name) => (stream as Record<string, unknown>)[name] === true)) return false
    throw new TypeError(
      'the body is a stream that was read already, and would go out empty: give a new one for each request',
    )
  })
}

/** The first value in a body that can be read only once, and that `matches`. */
function readOnceIn(body: unknown, matches: (value: object) => boolean = () => true): unknown {
  const waiting: unknown[] = [body]
  const seen = new Set<unknown>()
  while (waiting.length > 0) {
    const value = waiting.pop()
    if (typeof value === 'function' && matches(value)) return value
    if (typeof value !== 'object' || value === null || seen.has(value)) continue
    if (seen.size >= MAX_VALUES) return value
    seen.add(value)
    if (ArrayBuffer.isView(value)) continue
    const isPlatforms = REPLAYABLE.test(Object.prototype.toString.call(value))
    if (!isReadOnce(value, isPlatforms)) {
      if (!isPlatforms) for (const part of Object.values(value)) waiting.push(part)
    } else if (matches(value)) return value
  }
  return undefined
}

function isReadOnce(value: object, isPlatforms: boolean): boolean {
  const { pipe, getReader, next } = value as Record<string, unknown>
  if ([pipe, getReader, next].some((method) => typeof method === 'function')) return true
  if (Symbol.asyncIterator in value) return true
  return Symbol.iterator in value && !Array.isArray(value) && !isPlatforms
}

/** The `form-data` package makes streams of the old kind, which know only that they were released. */
const USED = ['readableEnded', 'readableDidRead', 'destroyed', 'locked', 'bodyUsed', '_released']
