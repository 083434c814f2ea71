import { PassThrough, pipeline, type Readable } from 'node:stream'

/** Most of a streamed answer that is read to judge it, in bytes (64 KiB). A refusal is short. */
const PEEK_BYTES = 65_536

/** Longest wait for the beginning of a streamed answer, in milliseconds (two seconds). */
const PEEK_MS = 2_000

/** What a stream of an HTTP answer tells besides its bytes; apps and form-data read it there. */
const FACTS = [
  'headers',
  'rawHeaders',
  'statusCode',
  'statusMessage',
  'httpVersion',
  'httpVersionMajor',
  'httpVersionMinor',
  'responseUrl',
] as const

/** The body of an answer, as far as it is worth judging; a stream stays whole for the caller. */
export interface AnswerBody {
  /** The beginning as text. At most {@link PEEK_BYTES} of a stream. */
  text(): Promise<string>
  /** What to give to the caller: the body itself, or a stream of all of it that leads back to no request. */
  whole(): unknown
  /** For an answer that nobody will read. Never throws. */
  discard(): void
}

/** @param onError Sees every error of a stream before its reader does. */
export function answerBody(data: unknown, onError: (error: unknown) => void): AnswerBody {
  if (isNodeStream(data)) return new NodeBody(data, onError)
  if (isWebStream(data)) return new WebBody(data)
  return { text: () => textOf(data), whole: () => data, discard: () => {} }
}

async function textOf(data: unknown): Promise<string> {
  if (typeof data === 'string') return data
  if (data instanceof ArrayBuffer || Object.prototype.toString.call(data) === '[object ArrayBuffer]')
    return Buffer.from(data as ArrayBuffer).toString('utf8')
  if (ArrayBuffer.isView(data))
    return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('utf8')
  if (typeof data !== 'object' || data === null) return ''
  // A Blob; or a Response, which can be read only once.
  const { text, clone } = data as {
    text?: () => Promise<string>
    clone?: () => { text(): Promise<string> }
  }
  if (typeof clone === 'function' && typeof text === 'function') return clone.call(data).text()
  if (typeof text === 'function') return text.call(data)
  try {
    // A mocked adapter answers with an object that was never text.
    return JSON.stringify(data) ?? ''
  } catch {
    return ''
  }
}

class NodeBody implements AnswerBody {
  readonly #source: Readable
  #head: Buffer[] = []

  constructor(source: Readable, onError: (error: unknown) => void) {
    this.#source = source
    source.on('error', onError)
  }

  async text(): Promise<string> {
    this.#head = await beginning(this.#source)
    return Buffer.concat(this.#head).toString('utf8')
  }

  whole(): unknown {
    const source = this.#source
    const facts = source as unknown as Record<string, unknown>
    const whole = new PassThrough()
    for (const name of FACTS) if (facts[name] !== undefined) Object.assign(whole, { [name]: facts[name] })
    for (const chunk of this.#head) whole.write(chunk)
    if (source.readableEnded) whole.end()
    else pipeline(source, whole, () => {})
    return whole
  }

  discard(): void {
    this.#source.destroy()
  }
}

/** Reads until there is enough, the end, an error, or {@link PEEK_MS} have passed. */
function beginning(source: Readable): Promise<Buffer[]> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let length = 0
    const done = (): void => {
      clearTimeout(timer)
      source.off('readable', read).off('end', done).off('error', done).off('close', done)
      resolve(chunks)
    }
    const read = (): void => {
      while (length < PEEK_BYTES) {
        const chunk: unknown = source.read()
        if (chunk === null) return
        const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : (chunk as Buffer)
        chunks.push(bytes)
        length += bytes.length
      }
      done()
    }
    const timer = setTimeout(done, PEEK_MS)
    if (source.readableEnded || source.destroyed) done()
    else source.on('readable', read).on('end', done).on('error', done).on('close', done)
  })
}

class WebBody implements AnswerBody {
  #stream: ReadableStream<Uint8Array>

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#stream = stream
  }

  async text(): Promise<string> {
    const [mine, theirs] = this.#stream.tee()
    this.#stream = theirs
    const reader = mine.getReader()
    const late = setTimeout(() => void reader.cancel().catch(() => {}), PEEK_MS)
    const chunks: Uint8Array[] = []
    try {
      for (let length = 0; length < PEEK_BYTES; ) {
        const { done, value } = await reader.read()
        if (done) break
        chunks.push(value)
        length += value.byteLength
      }
    } catch {
      // The caller's half of the stream fails in the same way.
    } finally {
      clearTimeout(late)
      // Not awaited: a teed branch settles only when the other one is read or cancelled too.
      reader.cancel().catch(() => {})
    }
    return Buffer.concat(chunks).toString('utf8')
  }

  whole(): unknown {
    return this.#stream
  }

  discard(): void {
    this.#stream.cancel().catch(() => {})
  }
}

function isNodeStream(data: unknown): data is Readable {
  const { pipe, read } = (data ?? {}) as Record<string, unknown>
  return typeof pipe === 'function' && typeof read === 'function'
}

function isWebStream(data: unknown): data is ReadableStream<Uint8Array> {
  return typeof (data as { getReader?: unknown } | null | undefined)?.getReader === 'function'
}
