import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { isZohoAuthError, type Product, ZohoAuthError, type ZohoHandle } from '@zoho-auth/core'
import { isReadable, setAnswerHeaders } from './answer-headers.js'
import { CLIENT_LEFT, Patience } from './patience.js'
import { hasBody, RequestBody } from './request-body.js'
import { requestHeaders } from './request-headers.js'

/** What one request is forwarded with. */
export interface ExchangeParts {
  /** Decides about tokens, and whose they are. */
  readonly zoho: ZohoHandle
  readonly product: Product
  /** Checked by `isForwardable`. */
  readonly path: string
  /** The path under which this app forwards paths as they are; `undefined` if they are rewritten. */
  readonly mount: string | undefined
  /** Names of further request headers that stay here, in lower case. */
  readonly dropped: ReadonlySet<string>
  readonly timeoutMs: number
}

/**
 * Sends one request to Zoho and its answer to the client. Ends silently if the client goes away.
 *
 * @throws ZohoAuthError if there is no answer to hand on, and where one breaks off: then `res` is destroyed.
 */
export async function exchange(
  req: IncomingMessage,
  res: ServerResponse,
  parts: ExchangeParts,
): Promise<void> {
  // Gone already while the app made up its mind.
  if (res.destroyed) return
  const patience = new Patience(parts.timeoutMs)
  const onClose = (): void => patience.end(CLIENT_LEFT)
  res.once('close', onClose)
  const body = hasBody(req) ? new RequestBody(req, patience) : undefined
  try {
    patience.renew()
    const url = await targetUrl(parts, patience.signal)
    const answer = await send(url, req, await body?.content(), parts, patience.signal)
    patience.renew()
    if (!isReadable(answer)) throw unreadable()
    res.statusCode = answer.status
    setAnswerHeaders(res, answer, { url, mount: parts.mount, token: parts.zoho.peekToken()?.value })
    if (req.method !== 'HEAD') await pour(answer, res, patience)
    res.end()
  } catch (error) {
    const fault: unknown = patience.signal.aborted ? patience.signal.reason : error
    if (fault === CLIENT_LEFT) return
    // The client must not take half an answer for a whole one.
    if (res.headersSent) res.destroy()
    throw fault
  } finally {
    res.off('close', onClose)
    patience.end()
    body?.release()
  }
}

/** Only path and query are taken from the request: what they hold cannot name another host. */
async function targetUrl({ zoho, product, path }: ExchangeParts, signal: AbortSignal): Promise<URL> {
  const url = await zoho.outgoing({ product, signal }).url('/')
  const mark = path.indexOf('?')
  url.pathname = mark < 0 ? path : path.slice(0, mark)
  url.search = mark < 0 ? '' : path.slice(mark)
  return url
}

/**
 * What `fetch` needs to be told of a request that it will never send again: otherwise it copies the body to be able to,
 * and holds all of it in memory (Fetch standard, "HTTP-network-or-cache fetch"; seen on Node 20, 22, 24 and 26). The price:
 * an answer that is a redirect is a failure.
 */
const SENT_ONCE = Object.freeze({ redirect: 'error', window: null })

async function send(
  url: URL,
  req: IncomingMessage,
  content: Uint8Array | AsyncIterable<Uint8Array> | undefined,
  { zoho, product, dropped }: ExchangeParts,
  signal: AbortSignal,
): Promise<Response> {
  const { method = 'GET', headers } = req
  const kept = requestHeaders(headers, dropped)
  const isStream = content !== undefined && !ArrayBuffer.isView(content)
  // Zoho learns the length of a stream as the client told it; that of bytes is known to `fetch`.
  const length = headers['content-length']
  if (isStream && length !== undefined) kept.set('content-length', length)
  const init = {
    product,
    method,
    headers: kept,
    // Else `fetch` tells Zoho to ignore If-None-Match and its like.
    cache: 'no-cache',
    signal,
    ...(content === undefined ? {} : { body: content }),
    ...(isStream ? SENT_ONCE : { redirect: 'manual' }),
  }
  try {
    return await zoho.fetch(url, init as RequestInit)
  } catch (error) {
    throw isZohoAuthError(error) ? error : unreachable(error, isStream ? HUNG_UP : BROKE_OFF)
  }
}

/** As fast as the client takes it. */
async function pour({ body }: Response, res: ServerResponse, patience: Patience): Promise<void> {
  const { signal } = patience
  try {
    for await (const chunk of body ?? []) {
      patience.renew()
      if (!res.write(chunk)) await once(res, 'drain', { signal })
    }
  } catch (error) {
    throw unreachable(error, BROKE_OFF)
  }
}

const BROKE_OFF = "The connection to Zoho's API failed or broke off. Send the request again. See cause."

/** Where the body was streamed: an answer can be lost that Zoho gave in the moment of a write. */
const HUNG_UP = `${BROKE_OFF} Zoho also hangs up on a body that is too large for it.`

function unreachable(cause: unknown, action: string): ZohoAuthError {
  return new ZohoAuthError('ERR_ZOHO_UNAVAILABLE', { action, cause })
}

function unreadable(): ZohoAuthError {
  const action =
    'Zoho answered in an encoding that nobody asked for and fetch does not decode: see Content-Encoding of the answer.'
  return new ZohoAuthError('ERR_ZOHO_BAD_RESPONSE', { action })
}
