import type { Readable } from 'node:stream'
import { platformFetch } from '../words/platform.js'
import type { ZohoFetchOptions } from '../zoho-auth.js'
import { peekStream, readBeginning } from './answer-beginning.js'
import type { OutgoingRequest } from './outgoing.js'
import { Redirection, withFacts } from './redirection.js'
import { type Sendable, type SentBody, sendableOf } from './sendable.js'

type Fetch = typeof globalThis.fetch

/**
 * Sends one request with a token, and again if the API says that the token is dead.
 *
 * A request that has an `Authorization` of its own is none of ours, wherever it goes: it is left to `fetch`.
 *
 * @param outgoingFor Called at once, with the signal that ends the caller's waits for tokens.
 * @throws TypeError as `fetch`; for a body that was used already: it would go out empty.
 */
export function fetchWithToken(
  fetch: Fetch,
  input: string | URL | Request,
  init: ZohoFetchOptions | null | undefined,
  outgoingFor: (signal: AbortSignal | undefined) => OutgoingRequest,
): Promise<Response> {
  const sendable = sendableOf(input, init ?? null)
  const { signal } = sendable
  if (signal === undefined || signal instanceof AbortSignal)
    return fetchSendable(fetch, sendable, outgoingFor(signal), signal)
  return fetchFollowing(signal, (followed) => fetchSendable(fetch, sendable, outgoingFor(followed), followed))
}

async function fetchSendable(
  fetch: Fetch,
  sendable: Sendable,
  outgoing: OutgoingRequest,
  signal: AbortSignal | undefined,
): Promise<Response> {
  const url = await outgoing.url(sendable.input)
  if (sendable.headers.has('authorization')) return fetchAsItIs(fetch, sendable, url, signal)
  let header = await outgoing.authorization(url)
  if (header === undefined) throw outgoing.denied(url)
  const { replayable } = sendable.body
  for (let sending = sendable; ; ) {
    const [target, init] = argumentsOf(fetch, sending, url, signal, await sending.body.next(signal))
    // Redirects are followed by us: the token goes along only to hosts that may have it.
    const redirection = new Redirection(url, init, replayable, header)
    let response = await fetch(target, redirection.init())
    while (redirection.follows(response, outgoing)) {
      discard(response)
      response = await fetch(redirection.href, redirection.init())
    }
    // What is said about a request that lost its token on the way is not about one.
    if (!redirection.hasToken) return redirection.finished(response)
    header = await outgoing.answered({
      url: redirection.url,
      method: redirection.method,
      status: response.status,
      challenge: response.status < 400 ? undefined : (response.headers.get('www-authenticate') ?? undefined),
      replayable,
      async body() {
        const { text, response: whole } = await peeked(response)
        response = whole
        return text
      },
    })
    if (header === undefined) return redirection.finished(response)
    discard(response)
    // What was sent stays what it was.
    sending = { ...sending, headers: new Headers(sending.headers) }
  }
}

async function fetchAsItIs(
  fetch: Fetch,
  sendable: Sendable,
  url: URL,
  signal: AbortSignal | undefined,
): Promise<Response> {
  // `fetch` would say so too, with the password in its words.
  if (url.username !== '' || url.password !== '')
    throw new TypeError('a URL with a user or a password in it cannot be fetched')
  return fetch(...argumentsOf(fetch, sendable, url, signal, await sendable.body.next(signal)))
}

/** What `fetch` is called with for the first URL. */
function argumentsOf(
  fetch: Fetch,
  { method, headers: given, body: source, rest, carrier }: Sendable,
  url: URL,
  signal: AbortSignal | undefined,
  { body, headers: brought }: SentBody,
): [input: string | Request, init: RequestInit & { headers: Headers; method: string }] {
  const headers = brought === undefined ? given : new Headers(given)
  for (const [name, value] of brought ?? []) if (!headers.has(name)) headers.set(name, value)
  // `null`: a carrier's own signal may have been replaced.
  const init: RequestInit & { headers: Headers; method: string } = {
    ...rest,
    method,
    headers,
    signal: signal ?? null,
  }
  if (body !== undefined) init.body = body
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

/** Runs `work` with a signal that all of ours, and every `fetch`, understands in place of one of another realm. */
async function fetchFollowing(
  signal: AbortSignal,
  work: (followed: AbortSignal) => Promise<Response>,
): Promise<Response> {
  const controller = new AbortController()
  const onAbort = (): void => controller.abort(signal.reason)
  const close = (): void => signal.removeEventListener('abort', onAbort)
  signal.addEventListener('abort', onAbort)
  if (signal.aborted) onAbort()
  try {
    const response = await work(controller.signal)
    FOLLOWED.register(response, close)
    return response
  } catch (error) {
    close()
    throw error
  }
}

/** A followed signal ends bodies too, for as long as somebody has the response. */
const FOLLOWED = new FinalizationRegistry<() => void>((close) => close())
