import type { IncomingMessage } from 'node:http'
import { systemClock } from '@zoho-auth/core'
import { EngineClock } from '@zoho-auth/core/adapter'

/** The longest form that is read, in bytes (4 KiB). Ours are below one. */
const MAX_FORM = 4_096

/** How long a form may take to arrive, in milliseconds (ten seconds). */
const FORM_TIMEOUT_MS = 10_000

/** One visit of a browser, as far as the flow looks at it. */
export interface Visit {
  readonly method: string
  /** Below where the flow is mounted, such as `/callback`. */
  readonly path: string
  /** What was asked for below the mount, with its query. */
  readonly url: URL
  /** Where the flow is mounted, such as `/zoho`; empty for the root. */
  readonly mount: string
  readonly req: IncomingMessage
  /** Whether browser and app are on one machine. */
  readonly local: boolean
}

/** What frameworks add to a request. */
type Request = IncomingMessage & { readonly originalUrl?: string; readonly body?: unknown }

/**
 * Reads a request.
 *
 * @param mount Where the flow is mounted. Default: what Express took off the URL before it came here.
 */
export function visitOf(req: Request, mount?: string): Visit | undefined {
  const whole = req.originalUrl ?? req.url ?? '/'
  const base = mount ?? prefixOf(whole, req.url ?? '/')
  if (!URL.canParse(whole, 'http://visit.invalid') || !whole.startsWith('/') || whole.startsWith('//'))
    return undefined
  const url = new URL(whole, 'http://visit.invalid')
  if (url.pathname !== base && !url.pathname.startsWith(`${base}/`)) return undefined
  const path = url.pathname.slice(base.length).replace(/\/+$/, '')
  return { method: req.method ?? 'GET', path, url, mount: base, req, local: isLocal(req) }
}

/** What stands before `rest` in `whole`, without its slash. */
function prefixOf(whole: string, rest: string): string {
  const path = whole.split('?', 1)[0] ?? ''
  const tail = rest.split('?', 1)[0] ?? ''
  const prefix = path.endsWith(tail) ? path.slice(0, path.length - tail.length) : path
  return prefix.replace(/\/+$/, '')
}

/**
 * Whether browser and app are on one machine, in development: the connection comes from it, the address in the browser names
 * it, and no proxy is in between. A proxy on the same machine can hide all of that, so nothing is local in production.
 */
function isLocal({ socket, headers }: IncomingMessage): boolean {
  return (
    LOOPBACK.test(socket.remoteAddress ?? '') &&
    /^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(:\d{1,5})?$/i.test(headers.host ?? '') &&
    process.env.NODE_ENV !== 'production' &&
    PROXY_HEADERS.every((name) => headers[name] === undefined)
  )
}

const PROXY_HEADERS = [
  'forwarded',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
]

const LOOPBACK = /^(127\.\d{1,3}\.\d{1,3}\.\d{1,3}|::1|::ffff:127\.\d{1,3}\.\d{1,3}\.\d{1,3})$/

/**
 * Whether a form was sent by a page of this app: by what the browser says of it, and by its origin if it says nothing.
 * What is no browser sends neither.
 */
export function isOwnForm({ headers }: IncomingMessage): boolean {
  const site = headers['sec-fetch-site']
  if (site !== undefined) return site === 'same-origin'
  const { origin, host } = headers
  if (origin === undefined) return true
  return URL.canParse(origin) && host !== undefined && new URL(origin).host === host.toLowerCase()
}

/** The fields of a small form, whether or not somebody read the body before. Anything else is an empty form. */
export async function formOf(req: Request): Promise<URLSearchParams> {
  const { body } = req
  if (typeof body === 'object' && body !== null && !Buffer.isBuffer(body)) {
    const fields = Object.entries(body).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    )
    return new URLSearchParams(fields)
  }
  if (typeof body === 'string' || Buffer.isBuffer(body))
    return new URLSearchParams(String(body).slice(0, MAX_FORM))
  if (req.readableEnded) return new URLSearchParams()
  const late = () => {
    req.destroy()
    return new Error('the form did not arrive in time')
  }
  return new EngineClock(systemClock()).withTimeout(read(req), FORM_TIMEOUT_MS, late)
}

async function read(req: AsyncIterable<Buffer>): Promise<URLSearchParams> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of req) {
    length += chunk.length
    if (length > MAX_FORM) return new URLSearchParams()
    chunks.push(chunk)
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'))
}
