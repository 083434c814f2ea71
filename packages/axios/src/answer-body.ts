import { PassThrough, pipeline, type Readable } from 'node:stream'
import { peekStream, readBeginning } from '@zoho-auth/core/adapter'
import { isObject } from './axios-like.js'

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
  text(): string | Promise<string>
  /** What to give to the caller: the body itself, or a stream of all of it that leads back to no request. */
  whole(): unknown
  /** For an answer that nobody will read. Never throws. */
  discard(): void
}

/** @param onError Sees every error of a stream before its reader does. */
export function answerBody(data: unknown, onError: (error: unknown) => void = () => {}): AnswerBody {
  const { pipe, read, getReader } = (isObject(data) ? data : {}) as Record<string, unknown>
  if (typeof pipe === 'function' && typeof read === 'function') return nodeBody(data as Readable, onError)
  if (typeof getReader === 'function') return webBody(data as ReadableStream<Uint8Array>)
  return { text: () => textOf(data), whole: () => data, discard: () => {} }
}

function textOf(data: unknown): string | Promise<string> {
  if (typeof data === 'string') return data
  if (Object.prototype.toString.call(data) === '[object ArrayBuffer]')
    return Buffer.from(data as ArrayBuffer).toString('utf8')
  if (ArrayBuffer.isView(data))
    return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('utf8')
  if (!isObject(data)) return ''
  // A Blob; or a Response, which can be read only once.
  const { text, clone } = data as { text?: unknown; clone?: () => Blob }
  if (typeof text === 'function')
    return (typeof clone === 'function' ? clone.call(data) : (data as Blob)).text()
  try {
    // A mocked adapter answers with an object that was never text.
    return JSON.stringify(data) ?? ''
  } catch {
    return ''
  }
}

function nodeBody(source: Readable, onError: (error: unknown) => void): AnswerBody {
  let beginning: readonly Uint8Array[] = []
  source.on('error', onError)
  return {
    async text() {
      beginning = await readBeginning(source)
      return Buffer.concat(beginning).toString('utf8')
    },
    whole() {
      const whole = new PassThrough()
      for (const name of FACTS) {
        const fact: unknown = Reflect.get(source, name)
        if (fact !== undefined) Reflect.set(whole, name, fact)
      }
      for (const chunk of beginning) whole.write(chunk)
      if (source.readableEnded) whole.end()
      else pipeline(source, whole, () => {})
      return whole
    },
    discard: () => void source.destroy(),
  }
}

function webBody(stream: ReadableStream<Uint8Array>): AnswerBody {
  let whole = stream
  return {
    async text() {
      const peeked = await peekStream(whole)
      whole = peeked.whole
      return Buffer.concat(peeked.chunks).toString('utf8')
    },
    whole: () => whole,
    discard: () => void whole.cancel().catch(() => {}),
  }
}
