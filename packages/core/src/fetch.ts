import type { OutgoingRequest } from './outgoing.js'
import { LONGEST_REFUSAL } from './rules/api-refusal.js'
import type { Outgoing } from './zoho-auth.js'

/** Redirects that one request follows. */
const MOST_REDIRECTS = 5

type Fetch = typeof globalThis.fetch

/** One thing that can be sent, perhaps several times. */
interface Sendable {
  readonly replayable: boolean
  /** What to give to `fetch` for the next sending. */
  next(): RequestInit & { duplex?: 'half' }
}

/**
 * Sends one request with a token, and again where the API says that the token is dead.
 *
 * @throws TypeError for a body that was used already: it would go out empty.
 */
export async function fetchWithToken(
  fetch: Fetch,
  outgoing: OutgoingRequest,
  input: string | URL | Request,
  init: RequestInit = {},
): Promise<Response> {
  const request = isRequest(input) ? input : undefined
  const url = await outgoing.url(request ? request.url : (input as string | URL))
  const sendable = request ? await ofRequest(request, init) : ofBody(init)
  const authorization = await outgoing.authorization(url)
  if (authorization === undefined) throw outgoing.denied(url)
  let header = authorization
  for (;;) {
    const { response, at } = await send(fetch, outgoing, url, sendable, header)
    const answer = {
      url: at,
      method: sendable.next().method ?? 'GET',
      status: response.status,
      challenge: response.headers.get('www-authenticate') ?? undefined,
      replayable: sendable.replayable,
      body: () => peekBody(response),
    }
    const replay = await outgoing.answered(answer)
    if (replay === undefined) return response
    // The refused answer is read to its end or dropped, so that its connection is free again.
    await response.body?.cancel().catch(() => {})
    header = replay
  }
}

/**
 * One sending, with redirects followed by us: the token goes along only to hosts that may have it.
 *
 * @returns The answer, and the URL that gave it.
 */
async function send(
  fetch: Fetch,
  outgoing: Outgoing,
  first: URL,
  sendable: Sendable,
  authorization: string,
): Promise<{ readonly response: Response; readonly at: URL }> {
  let url = first
  const init = sendable.next()
  const mode = init.redirect ?? 'follow'
  const headers = new Headers(init.headers)
  headers.set('authorization', authorization)
  let { method = 'GET', body, ...rest } = init
  for (let hops = 0; ; hops++) {
    const options: RequestInit & { duplex?: 'half' } = {
      ...rest,
      method,
      headers,
      redirect: mode === 'follow' ? 'manual' : mode,
    }
    if (body !== undefined && body !== null) options.body = body
    const response = await fetch(url.href, options)
    const target = mode === 'follow' ? redirectTarget(response, url) : undefined
    if (target === undefined) return { response, at: url }
    if (hops >= MOST_REDIRECTS) throw new TypeError(`more than ${MOST_REDIRECTS} redirects`)
    // RFC 9110 section 15.4: 303 always, and by custom 301 and 302 of a POST, go on as GET without a body.
    const { status } = response
    const toGet =
      (status === 303 && method !== 'HEAD') || ((status === 301 || status === 302) && method === 'POST')
    if (toGet) {
      method = 'GET'
      body = undefined
      delete rest.duplex
      for (const name of ['content-type', 'content-length', 'content-encoding', 'content-language'])
        headers.delete(name)
    } else if (body !== undefined && body !== null) {
      // A body goes to no host that gets no token, and a stream that was sent is gone.
      if (!sendable.replayable || !outgoing.allows(target)) return { response, at: url }
      body = sendable.next().body
    }
    await response.body?.cancel().catch(() => {})
    if (!outgoing.allows(target))
      for (const name of ['authorization', 'cookie', 'proxy-authorization']) headers.delete(name)
    url = target
  }
}

function redirectTarget(response: Response, from: URL): URL | undefined {
  if (![301, 302, 303, 307, 308].includes(response.status)) return undefined
  const location = response.headers.get('location')
  if (location === null || !URL.canParse(location, from.href)) return undefined
  const target = new URL(location, from)
  return target.protocol === 'https:' || target.protocol === 'http:' ? target : undefined
}

/** The beginning of a body, without taking it from the caller. */
async function peekBody(response: Response): Promise<string> {
  const { body } = response.clone()
  if (body === null) return ''
  const reader = body.getReader()
  const chunks: Uint8Array[] = []
  let length = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    chunks.push(value)
    length += value.byteLength
    if (length < LONGEST_REFUSAL) continue
    // Not awaited: a teed branch settles only when the other one is read or cancelled too.
    reader.cancel().catch(() => {})
    break
  }
  return Buffer.concat(chunks).toString('utf8')
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

async function ofRequest(request: Request, init: RequestInit): Promise<Sendable> {
  if (init.body !== undefined && init.body !== null) return ofBody({ ...carried(request), ...init })
  if (request.bodyUsed) throw usedBody()
  // Read once: a copy of known length goes out each time, also for a `Request` of another undici.
  const body = request.body === null ? undefined : new Uint8Array(await request.clone().arrayBuffer())
  return ofBody({ ...carried(request), ...init, ...(body === undefined ? {} : { body }) })
}

/** What a request brings along besides its URL and body. */
function carried({ method, headers, redirect, signal }: Request): RequestInit {
  return { method, headers: [...headers], redirect, signal }
}

function ofBody(init: RequestInit): Sendable {
  const { body, ...rest } = init
  if (body === undefined || body === null) return { replayable: true, next: () => rest }
  if (isReplayable(body)) return { replayable: true, next: () => init }
  assertUnused(body)
  return { replayable: false, next: () => ({ ...rest, ...streamed(body, rest), duplex: 'half' }) }
}

/** Told by their tags, because the classes of another undici are not ours. Streams called FormData are streams. */
function isReplayable(body: unknown): boolean {
  if (typeof body === 'string' || ArrayBuffer.isView(body)) return true
  if (typeof (body as { pipe?: unknown }).pipe === 'function') return false
  return REPLAYABLE.has(Object.prototype.toString.call(body))
}

const REPLAYABLE: ReadonlySet<string> = new Set(
  ['ArrayBuffer', 'SharedArrayBuffer', 'URLSearchParams', 'FormData', 'Blob', 'File'].map(
    (tag) => `[object ${tag}]`,
  ),
)

/** A stream as `fetch` takes it. The `form-data` package and other old streams would go out as "[object …]". */
function streamed(body: unknown, init: RequestInit): RequestInit {
  const { pipe, getHeaders } = body as { pipe?: unknown; getHeaders?: () => Record<string, string> }
  const { PassThrough, Readable } = process.getBuiltinModule('node:stream')
  if (typeof pipe !== 'function' || body instanceof Readable)
    return { body: body as NonNullable<RequestInit['body']> }
  const headers = new Headers(init.headers)
  for (const [name, value] of Object.entries(getHeaders?.call(body) ?? {}))
    if (!headers.has(name)) headers.set(name, value)
  const through = new PassThrough()
  const old = body as NodeJS.ReadableStream
  old.on('error', (error) => through.destroy(error))
  return { headers, body: Readable.toWeb(old.pipe(through)) as ReadableStream }
}

function assertUnused(body: unknown): void {
  const { readableEnded, destroyed, readableDidRead, locked, bodyUsed } = body as Record<string, unknown>
  if (readableEnded || destroyed || readableDidRead || locked || bodyUsed) throw usedBody()
}

function usedBody(): TypeError {
  return new TypeError('the body was read already, and would go out empty: give a new one')
}
