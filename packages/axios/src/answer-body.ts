import { PassThrough, pipeline, type Readable } from 'node:stream'
import { peekStream, readBeginning } from '@zoho-auth/core/adapter'

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
  /** As text; of a stream only the beginning, see `readBeginning`. */
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
  #head: readonly Uint8Array[] = []

  constructor(source: Readable, onError: (error: unknown) => void) {
    this.#source = source
    source.on('error', onError)
  }

  async text(): Promise<string> {
    this.#head = await readBeginning(this.#source)
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

class WebBody implements AnswerBody {
  #stream: ReadableStream<Uint8Array>

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#stream = stream
  }

  async text(): Promise<string> {
    const { chunks, whole } = await peekStream(this.#stream)
    this.#stream = whole
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
