import type { Readable } from 'node:stream'
import { systemClock } from '../words/clock.js'
import { MAX_REFUSAL } from './api-refusal.js'

/** Longest wait for the beginning of an answer, in milliseconds (two seconds). */
const PEEK_MS = 2_000

/** What was read of a web stream, and a stream of all of it in its stead. */
export interface PeekedStream {
  readonly chunks: readonly Uint8Array[]
  readonly whole: ReadableStream<Uint8Array>
}

/**
 * Reads a web stream until it can be judged: there is a whole JSON value, or there will be none; the end, a fault, 65 536
 * bytes (64 KiB), or two seconds. For adapters of HTTP clients. Never throws: what breaks off is judged as far as it came.
 *
 * Not a tee: undici ends the half that it knows with an unhandled rejection if the request is aborted after the other was
 * given up.
 */
export async function peekStream(body: ReadableStream<Uint8Array>): Promise<PeekedStream> {
  const beginning = new Beginning()
  const reader = body.getReader()
  const peeked = new AbortController()
  const late = tooLate(peeked.signal)
  let next = reader.read()
  try {
    while (!beginning.isEnough) {
      const read = await Promise.race([next, late])
      if (read === undefined || read.done) break
      beginning.add(read.value)
      next = reader.read()
    }
  } catch {
    // Whoever reads the whole meets the same fault.
  } finally {
    peeked.abort()
  }
  return { chunks: beginning.chunks, whole: wholeOf(beginning.chunks, next, reader) }
}

/** Fulfilled after {@link PEEK_MS} of real time: a server takes no other. */
function tooLate(signal: AbortSignal): Promise<undefined> {
  return systemClock()
    .sleep(PEEK_MS, signal)
    .then(
      () => undefined,
      () => undefined,
    )
}

/** @param next The read that is under way. */
function wholeOf(
  chunks: readonly Uint8Array[],
  next: ReturnType<typeof reader.read>,
  reader: ReadableStreamDefaultReader<Uint8Array>,
): ReadableStream<Uint8Array> {
  const left = [...chunks]
  let reading: typeof next | undefined = next
  next.catch(() => {})
  return new ReadableStream({
    type: 'bytes',
    async pull(controller) {
      const chunk = left.shift()
      // A copy: what a byte stream is given is its own from then on.
      if (chunk !== undefined) return controller.enqueue(new Uint8Array(chunk))
      const { done, value } = await (reading ?? reader.read())
      reading = undefined
      if (!done) return controller.enqueue(value as Uint8Array<ArrayBuffer>)
      controller.close()
      controller.byobRequest?.respond(0)
    },
    cancel: (reason) => reader.cancel(reason),
  })
}

/** Reads a Node stream in the same way. What was read belongs in front of the rest. */
export async function readBeginning(body: Readable): Promise<readonly Uint8Array[]> {
  const beginning = new Beginning()
  const peeked = new AbortController()
  let leave = (): void => {}
  const filled = new Promise<void>((resolve) => {
    const read = (): void => {
      while (!beginning.isEnough) {
        const chunk: unknown = body.read()
        if (chunk === null) return
        beginning.add(typeof chunk === 'string' ? Buffer.from(chunk) : (chunk as Buffer))
      }
      resolve()
    }
    const end = (): void => resolve()
    leave = () => void body.off('readable', read).off('end', end).off('error', end).off('close', end)
    if (body.readableEnded || body.destroyed) resolve()
    else body.on('readable', read).on('end', end).on('error', end).on('close', end)
  })
  await Promise.race([filled, tooLate(peeked.signal)])
  peeked.abort()
  leave()
  return beginning.chunks
}

/** What has come of an answer, and whether more could change how it is judged. */
class Beginning {
  readonly chunks: Uint8Array[] = []
  isEnough = false
  #length = 0
  /** Objects and lists that are open. */
  #depth = 0
  #quoted = false
  #escaped = false

  add(chunk: Uint8Array): void {
    this.chunks.push(chunk)
    this.#length += chunk.byteLength
    this.isEnough = this.#length >= MAX_REFUSAL || this.#isDecided(chunk)
  }

  /** Whether the JSON ends in this chunk, or turns out to be neither an object nor a list. */
  #isDecided(chunk: Uint8Array): boolean {
    for (const byte of chunk) {
      if (this.#escaped) this.#escaped = false
      else if (this.#quoted) {
        if (byte === BACKSLASH) this.#escaped = true
        else if (byte === QUOTE) this.#quoted = false
      } else if (OPENING.has(byte)) this.#depth += 1
      else if (this.#depth === 0) {
        if (!BEFORE_JSON.has(byte)) return true
      } else if (byte === QUOTE) this.#quoted = true
      else if (CLOSING.has(byte)) {
        this.#depth -= 1
        if (this.#depth === 0) return true
      }
    }
    return false
  }
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPENING: ReadonlySet<number> = new Set(Buffer.from('{['))
const CLOSING: ReadonlySet<number> = new Set(Buffer.from('}]'))
/** White space, and a byte order mark. */
const BEFORE_JSON: ReadonlySet<number> = new Set(Buffer.from(' \t\r\n\uFEFF'))
