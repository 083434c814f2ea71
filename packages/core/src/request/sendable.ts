import { raceSignal } from '../words/waits.js'
import type { ZohoFetchOptions } from '../zoho-auth.js'

type Init = RequestInit & Readonly<Record<string, unknown>>

/** What the caller of `fetch` wants to be sent, read at once: what happens to it afterwards no longer counts. */
export interface Sendable {
  readonly input: string | URL
  /** As `fetch` writes it: `get` is `GET`. */
  readonly method: string
  readonly headers: Headers
  readonly signal: AbortSignal | undefined
  readonly body: SendableBody
  /** All the rest that `fetch` takes. */
  readonly rest: RequestInit
  /** Brings along a dispatcher that nobody but its own `fetch` can read, as a `Request` does from undici 7 on. */
  readonly carrier: Request | undefined
}

/** A body that is sent once or several times. */
interface SendableBody {
  readonly isEmpty: boolean
  readonly replayable: boolean
  /** For the next sending. */
  next(signal: AbortSignal | undefined): SentBody | Promise<SentBody>
}

/** A body, and the headers that it brings along. */
export interface SentBody {
  readonly body: Body
  readonly headers?: Headers
}

type Body = NonNullable<RequestInit['body']> | undefined

/** What `fetch` reads of its `init`, be it a plain object, one with getters, or a `Request`. */
const MEMBERS = [
  'method',
  'headers',
  'body',
  'mode',
  'credentials',
  'cache',
  'redirect',
  'referrer',
  'referrerPolicy',
  'integrity',
  'keepalive',
  'signal',
  'duplex',
  'priority',
  'dispatcher',
  'window',
] as const

/** What `fetch` forgets of a `Request` as soon as `init` says anything. */
const FORGOTTEN: readonly string[] = ['referrer', 'referrerPolicy']

/** Methods that `fetch` writes in upper case. */
const NORMALIZED: ReadonlySet<string> = new Set(['DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT'])

/** @throws TypeError as `fetch`; for a body that was used already. */
export function sendableOf(input: string | URL | Request, given: ZohoFetchOptions | null): Sendable {
  const request = isRequest(input) ? input : undefined
  if (request === undefined && given === null) return plainGet(input as string | URL)
  const init = given === null ? {} : membersOf(given)
  const merged: RequestInit = request ? { ...carried(request, init), ...init } : init
  const { method: written, headers, body: own, signal, ...rest } = merged
  const method = normalized(written)
  const body = own ?? request?.body ?? undefined
  // Before anything of it is read.
  if (body !== undefined && (method === 'GET' || method === 'HEAD'))
    throw new TypeError('a request with the method GET or HEAD cannot have a body')
  return {
    input: request ? request.url : (input as string | URL),
    method,
    headers: new Headers(headers),
    signal: signal ?? undefined,
    body: request && body === request.body ? ofRequest(request) : ofBody(body),
    rest,
    carrier:
      request && init.dispatcher === undefined && dispatcherKey(request) === undefined ? request : undefined,
  }
}

/** A URL and nothing else. */
function plainGet(input: string | URL): Sendable {
  return {
    input,
    method: 'GET',
    headers: new Headers(),
    signal: undefined,
    body: NO_BODY,
    rest: {},
    carrier: undefined,
  }
}

function membersOf(given: ZohoFetchOptions): Init {
  const { connection: _, product: __, ...init }: Record<string, unknown> = { ...given }
  for (const name of MEMBERS) {
    const value = (given as Init)[name]
    if (value === undefined) delete init[name]
    else init[name] = value
  }
  return init
}

/** What a request brings along besides its URL and body. */
function carried(request: Request, init: Init): RequestInit {
  const isOverridden = MEMBERS.some((name) => init[name] !== undefined)
  const members: Record<string, unknown> & { dispatcher?: unknown } = {}
  for (const name of MEMBERS) {
    if (name === 'body' || (isOverridden && FORGOTTEN.includes(name))) continue
    const value = (request as unknown as Record<string, unknown>)[name]
    if (value !== undefined) members[name] = value
  }
  const key = dispatcherKey(request)
  const dispatcher = key && (request as unknown as Record<symbol, unknown>)[key]
  if (dispatcher !== undefined) members.dispatcher = dispatcher
  return members as RequestInit
}

/** Where undici keeps a request's dispatcher, up to its version 6. */
function dispatcherKey(request: Request): symbol | undefined {
  return Object.getOwnPropertySymbols(request).find(({ description }) => description === 'dispatcher')
}

function normalized(method = 'GET'): string {
  const upper = String(method).toUpperCase()
  return NORMALIZED.has(upper) ? upper : String(method)
}

/** A `Request` of this or of another undici: two copies do not know each other's classes. */
function isRequest(input: unknown): input is Request {
  const candidate = input as Partial<Request> | null
  return (
    typeof candidate === 'object' &&
    candidate !== null &&
    typeof candidate.url === 'string' &&
    typeof candidate.method === 'string' &&
    typeof candidate.clone === 'function'
  )
}

const NOTHING = { body: undefined }

const NO_BODY: SendableBody = { isEmpty: true, replayable: true, next: () => NOTHING }

/** A stream inside is handed on as it comes; anything else is read when it is first sent, because a copy of known length can go out again. */
function ofRequest(request: Request): SendableBody {
  if (request.body === null) return NO_BODY
  if (request.bodyUsed) throw usedBody()
  const whole = unstreamed(request)
  if (whole === undefined) return ofBody(request.body)
  let bytes: Promise<ArrayBuffer> | undefined
  return {
    isEmpty: false,
    replayable: true,
    async next(signal) {
      bytes ??= whole.arrayBuffer()
      return { body: await raceSignal(bytes, signal) }
    },
  }
}

/**
 * The request with a body that can be had again, or `undefined` and nothing done if it is a stream.
 *
 * A request cannot be asked. But a stream goes out in the modes `cors` and `same-origin` only, and the constructor says so
 * before it touches the body (Fetch standard, section 5.4).
 */
function unstreamed(request: Request): Request | undefined {
  try {
    return new (request.constructor as typeof Request)(request, { mode: 'no-cors', method: 'POST' })
  } catch {
    return undefined
  }
}

function ofBody(body: RequestInit['body']): SendableBody {
  if (body === undefined || body === null) return NO_BODY
  if (!isOneShot(body)) {
    const copy = copyOf(body)
    return { isEmpty: false, replayable: true, next: () => ({ body: copy }) }
  }
  assertUnused(body)
  return { isEmpty: false, replayable: false, next: () => streamed(body) }
}

/** Told by what they can do, because the classes of another undici are not ours. Streams called FormData are streams. */
function isOneShot(body: unknown): boolean {
  if (typeof body !== 'object' || body === null) return false
  const { pipe, getReader } = body as { pipe?: unknown; getReader?: unknown }
  return [pipe, getReader, (body as never)[Symbol.asyncIterator]].some((each) => typeof each === 'function')
}

/** `fetch` takes the bytes and entries of this moment. */
function copyOf(body: NonNullable<RequestInit['body']>): NonNullable<RequestInit['body']> {
  if (ArrayBuffer.isView(body))
    return new Uint8Array(
      body.buffer.slice(body.byteOffset, body.byteOffset + body.byteLength) as ArrayBuffer,
    )
  if (Object.prototype.toString.call(body) === '[object ArrayBuffer]') return (body as ArrayBuffer).slice(0)
  if (body instanceof URLSearchParams) return new URLSearchParams(body)
  if (!(body instanceof FormData)) return body
  const copy = new FormData()
  for (const [name, value] of body) copy.append(name, value as string)
  return copy
}

/** A stream as `fetch` takes it. The `form-data` package and other old streams would go out as "[object …]". */
function streamed(body: NonNullable<RequestInit['body']>): SentBody {
  const { pipe, getHeaders } = body as { pipe?: unknown; getHeaders?: () => Record<string, string> }
  const { PassThrough, Readable } = process.getBuiltinModule('node:stream')
  if (typeof pipe !== 'function' || (body as unknown) instanceof Readable) return { body }
  const through = new PassThrough()
  const old = body as unknown as NodeJS.ReadableStream
  old.on('error', (error) => through.destroy(error))
  return { body: old.pipe(through) as unknown as Body, headers: new Headers(getHeaders?.call(body) ?? {}) }
}

function assertUnused(body: unknown): void {
  const { readableEnded, destroyed, readableDidRead, locked, bodyUsed } = body as Record<string, unknown>
  if (readableEnded || destroyed || readableDidRead || locked || bodyUsed) throw usedBody()
}

function usedBody(): TypeError {
  return new TypeError('the body was read already, and would go out empty: give a new one')
}
