import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isZohoAuthError, ZohoAuthError } from '@zoho-auth/core'
import { usage } from '../failure.js'
import { duration } from '../output/bar.js'

/** Port of the callback, fixed because Zoho compares the registered redirect URI character by character. */
export const CALLBACK_PORT = 8585

/** Path of the callback. */
const CALLBACK_PATH = '/callback'

/** How long a consent is waited for, in milliseconds (five minutes). */
export const CONSENT_WAIT_MS = 300_000

/** Only this machine reaches it. */
const LOOPBACK = '127.0.0.1'

/** For a page that holds nothing, runs nothing, and tells nobody where it was. */
const HEADERS = Object.freeze({
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'",
  'x-content-type-options': 'nosniff',
  connection: 'close',
})

/** Takes the callback to its end; what it throws is shown to the user, and ends the login. */
export type Finish<T> = (callbackUrl: string) => Promise<T>

/**
 * The server that the browser comes back to (RFC 8252 section 7.3). Takes one callback, and answers every other one with a
 * refusal. A request whose `Host` is not this machine's is refused: it came by a name that somebody else's page made up.
 */
export class Loopback {
  readonly #server: Server
  readonly #hosts: ReadonlySet<string>
  #take: ((callbackUrl: string) => Promise<Page>) | undefined

  private constructor(server: Server, port: number) {
    this.#server = server
    this.#hosts = new Set([`localhost:${port}`, `${LOOPBACK}:${port}`])
    // `localhost` and not the number: it is what Zoho's API console is known to accept.
    this.redirectUri = `http://localhost:${port}${CALLBACK_PATH}`
    server.on('request', (request, response) => void this.#answer(request, response))
  }

  readonly redirectUri: string

  /** @throws ZohoAuthError `ERR_ZOHO_CONFIG` if the port is taken. */
  static async listen(port: number): Promise<Loopback> {
    const server = createServer()
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) =>
        reject(
          usage(
            `port ${port} cannot be listened on (${error.code ?? 'unknown fault'})`,
            'Free it, or choose another with --port, and register its redirect URI in Zoho’s API console.',
          ),
        ),
      )
      server.listen(port, LOOPBACK, resolve)
    })
    return new Loopback(server, (server.address() as AddressInfo).port)
  }

  /**
   * Waits for the one callback, and for what `finish` makes of it. From the callback on nothing is cut off.
   *
   * @throws what `finish` throws; the signal's reason; ZohoAuthError `ERR_ZOHO_TIMEOUT` after `waitMs`.
   */
  received<T>(finish: Finish<T>, waitMs: number, signal: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', aborted)
      }
      const aborted = (): void => {
        settle()
        this.#take = undefined
        reject(signal.reason)
      }
      const timer = setTimeout(() => {
        settle()
        this.#take = undefined
        reject(
          new ZohoAuthError('ERR_ZOHO_TIMEOUT', {
            message: `nobody came back from Zoho within ${duration(waitMs)}`,
            action: 'Start again, and consent in the browser; --wait gives more time.',
          }),
        )
      }, waitMs)
      this.#take = async (callbackUrl) => {
        this.#take = undefined
        settle()
        try {
          const answer = await finish(callbackUrl)
          resolve(answer)
          return { status: 200, title: 'Zoho is connected', text: 'You can close this window.' }
        } catch (error) {
          reject(error)
          return refusal(error)
        }
      }
      if (signal.aborted) aborted()
      else signal.addEventListener('abort', aborted)
    })
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeIdleConnections()
      // The answer to the callback is short, and on its way; a browser that keeps others open is not waited for.
      setTimeout(() => this.#server.closeAllConnections(), FAREWELL_MS).unref()
    })
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const page = await this.#pageFor(request)
    response.writeHead(page.status, HEADERS).end(htmlOf(page))
  }

  async #pageFor({ method, headers, url = '' }: IncomingMessage): Promise<Page> {
    if (!this.#hosts.has(headers.host ?? '')) return FOREIGN_HOST
    if (url.split('?', 1)[0] !== CALLBACK_PATH) return NOT_FOUND
    if (method !== 'GET') return NOT_ALLOWED
    return this.#take === undefined ? USED : this.#take(new URL(url, this.redirectUri).href)
  }
}

/** How long an answer may take to leave, in milliseconds. */
const FAREWELL_MS = 500

interface Page {
  readonly status: number
  readonly title: string
  readonly text: string
}

const FOREIGN_HOST: Page = { status: 421, title: 'Not here', text: 'This server answers to localhost only.' }
const NOT_FOUND: Page = { status: 404, title: 'Nothing here', text: 'Go back to the terminal.' }
const NOT_ALLOWED: Page = { status: 405, title: 'Not like this', text: 'Go back to the terminal.' }
const USED: Page = {
  status: 410,
  title: 'This link was used already',
  text: 'You can close this window. If Zoho is not connected, start again in the terminal.',
}

function refusal(error: unknown): Page {
  const text = isZohoAuthError(error) ? `${error.message} (${error.code}).` : 'Something went wrong.'
  return {
    status: 400,
    title: 'Zoho is not connected',
    text: `${text} Go back to the terminal; you can close this window.`,
  }
}

function htmlOf({ title, text }: Page): string {
  const [safeTitle, safeText] = [title, text].map((one) =>
    one.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
  )
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${safeTitle}</title><h1>${safeTitle}</h1><p>${safeText}</p></html>\n`
}
