import type { Readable } from 'node:stream'
import { platformFetch } from '../words/platform.js'
import type { ZohoFetchOptions } from '../zoho-auth.js'
import { peekStream, readBeginning } from './answer-beginning.js'
import type { OutgoingRequest } from './outgoing.js'
import { Redirection, withFacts } from './redirection.js'
import { type Sendable, sendableOf } from './sendable.js'

type Fetch = typeof globalThis.fetch

/**
 * Sends one request with a token, and again where the API says that the token is dead.
 *
 * A request that has an `Authorization` of its own is none of ours, wherever it goes: it is left to `fetch`.
 *
 * @param outgoingFor Called at once, with the signal that ends the caller's waits for tokens.
 * @throws TypeError as `fetch`; for a body that was used already: it would go out empty.
 */
export async function fetchWithToken(
  fetch: Fetch,
  input: string | URL | Request,
  init: ZohoFetchOptions | null | undefined,
  outgoingFor: (signal: AbortSignal | undefined) => OutgoingRequest,
): Promise<Response> {
  const { signal: own, ...sendable } = sendableOf(input, init ?? null)
  const ear = earFor(own)
  try {
    const response = await fetchSendable(fetch, sendable, outgoingFor(ear.signal), ear.signal)
    EARS.register(response, ear.close)
    return response
  } catch (error) {
    ear.close()
    throw error
  }
}

async function fetchSendable(
  fetch: Fetch,
  sendable: Omit<Sendable, 'signal'>,
  outgoing: OutgoingRequest,
  signal: AbortSignal | undefined,
): Promise<Response> {
  const url = await outgoing.url(sendable.input)
  if (sendable.headers.has('authorization')) return fetchAsItIs(fetch, sendable, url, signal)
  const authorization = await outgoing.authorization(url)
  if (authorization === undefined) throw outgoing.denied(url)
  let header = authorization
  for (;;) {
    const { response: sent, redirection } = await send(fetch, outgoing, sendable, url, header, signal)
    let response = sent
    const answer = {
      url: redirection.url,
      method: redirection.method,
      status: response.status,
      challenge: response.headers.get('www-authenticate') ?? undefined,
      replayable: sendable.body.replayable,
      async body() {
        const { text, response: whole } = await peeked(response)
        response = whole
        return text
      },
    }
    // What is said about a request that lost its token on the way is not about one.
    const replay = redirection.hasToken ? await outgoing.answered(answer) : undefined
    if (replay === undefined) return redirection.finished(response)
    discard(response)
    header = replay
  }
}

async function fetchAsItIs(
  fetch: Fetch,
  sendable: Omit<Sendable, 'signal'>,
  url: URL,
  signal: AbortSignal | undefined,
): Promise<Response> {
  // `fetch` would say so too, with the password in its words.
  if (url.username !== '' || url.password !== '')
    throw new TypeError('a URL with a user or a password in it cannot be fetched')
  return fetch(...(await argumentsOf(fetch, sendable, url, signal)))
}

/** One sending, with redirects followed by us: the token goes along only to hosts that may have it. */
async function send(
  fetch: Fetch,
  outgoing: OutgoingRequest,
  sendable: Omit<Sendable, 'signal'>,
  first: URL,
  authorization: string,
  signal: AbortSignal | undefined,
): Promise<{ readonly response: Response; readonly redirection: Redirection }> {
  const [target, init] = await argumentsOf(fetch, sendable, first, signal)
  const redirection = new Redirection(first, init, sendable.body.replayable, authorization)
  let response = await fetch(target, redirection.init())
  while (redirection.follows(response, outgoing)) {
    discard(response)
    response = await fetch(redirection.href, redirection.init())
  }
  return { response, redirection }
}

/** What `fetch` is called with for the first URL. */
async function argumentsOf(
  fetch: Fetch,
  { method, headers: given, body: source, rest, carrier }: Omit<Sendable, 'signal'>,
  url: URL,
  signal: AbortSignal | undefined,
): Promise<[input: string | Request, init: RequestInit & { headers: Headers; method: string }]> {
  const { body, headers: brought } = await source.next(signal)
  const headers = new Headers(given)
  for (const [name, value] of brought ?? []) if (!headers.has(name)) headers.set(name, value)
  // `null`: a carrier's own signal may have been replaced.
  const init = { ...rest, method, headers, signal: signal ?? null, ...(body !== undefined && { body }) }
  if (!source.replayable) Object.assign(init, { duplex: 'half' })
  // Only Node's own `fetch` surely knows Node's own Request.
  return [fetch === platformFetch && carrier instanceof Request ? carrier : url.href, init]
}

/** The beginning of a body, and the response to hand on in its stead: all of the body is in it. */
async function peeked(response: Response): Promise<{ readonly text: string; readonly response: Response }> {
  const { body, status, statusText, url, redirected, type, headers } = response
  if (body === null) return { text: '', response }
  if (typeof body.getReader !== 'function') {
    const { body: copy } = response.clone()
    const node = copy as unknown as Readable
    const text = textOf(await readBeginning(node))
    // The other half would wait for it.
    node.destroy()
    return { text, response }
  }
  const { chunks, whole } = await peekStream(body)
  const init = { status, statusText, headers }
  const again = new (response.constructor as typeof Response)(whole, init)
  return { text: textOf(chunks), response: withFacts(again, { url, redirected, type, headers }) }
}

function textOf(chunks: readonly Uint8Array[]): string {
  return Buffer.concat(chunks).toString('utf8')
}

/** For an answer that nobody will read: its connection is free again. The body can be a Node stream in a `fetch` of the app's. */
function discard({ body }: Response): void {
  const { cancel, destroy } = (body ?? {}) as { cancel?: () => Promise<void>; destroy?: () => void }
  if (typeof cancel === 'function') cancel.call(body).catch(() => {})
  else destroy?.call(body)
}

/** A signal that all of ours, and every `fetch`, understands. One of another realm is followed until `close`. */
function earFor(signal: AbortSignal | undefined): {
  readonly signal: AbortSignal | undefined
  readonly close: () => void
} {
  if (signal === undefined || signal instanceof AbortSignal) return { signal, close: () => {} }
  const followed: AbortSignal = signal
  const controller = new AbortController()
  const onAbort = (): void => controller.abort(followed.reason)
  followed.addEventListener('abort', onAbort)
  if (followed.aborted) onAbort()
  return {
    signal: controller.signal,
    close: () => followed.removeEventListener('abort', onAbort),
  }
}

/** A followed signal ends bodies too, for as long as somebody has the response. */
const EARS = new FinalizationRegistry<() => void>((close) => close())
