import type { BrowserContext, ConsoleMessage, Page, Request, Response } from 'playwright-core'

/** Where something was seen. */
export type Place = 'url' | 'header' | 'referer' | 'cookie' | 'body' | 'set-cookie' | 'page' | 'console'

/** Something that a script, a log, a neighbour on the wire or a person could have read. */
export interface Sight {
  readonly place: Place
  /** Of which URL. */
  readonly of: string
  readonly text: string
}

/** Called by the listener below, in every page. */
const BINDING = 'tellOfViolation'

/** Chromium says this of every page that has such a status; the checks look at the status themselves. */
const REFUSED_PAGE = /^Failed to load resource: the server responded with a status of [45]\d\d/

/** Writes down all that a browser sends, gets and says, redirects included. */
export class Watch {
  readonly sights: Sight[] = []
  /** Errors and warnings of the console, errors of scripts, and violations of a page's policy. */
  readonly complaints: string[] = []
  /** Every request of a page itself, in order, as method and URL. */
  readonly navigations: string[] = []
  readonly #documents = new Set<string>()
  readonly #pending = new Set<Promise<void>>()

  static async of(context: BrowserContext): Promise<Watch> {
    const watch = new Watch()
    await context.exposeFunction(BINDING, (text: string) => watch.complaints.push(text))
    await context.addInitScript((binding) => {
      window.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
        const tell = (window as never as Record<string, (text: string) => void>)[binding]
        tell?.(`policy: ${violatedDirective} stopped ${blockedURI}`)
      })
    }, BINDING)
    context.on('request', (request) => watch.#later(watch.#request(request)))
    context.on('response', (response) => watch.#later(watch.#response(response)))
    context.on('console', (message) => watch.#console(message))
    context.on('weberror', (error) => watch.complaints.push(String(error.error())))
    return watch
  }

  /** What a person and a script see of a page now. */
  async look(page: Page): Promise<void> {
    this.sights.push({ place: 'page', of: page.url(), text: await page.content() })
    const cookies = await page.evaluate('document.cookie')
    this.sights.push({ place: 'page', of: page.url(), text: String(cookies) })
  }

  /** Waits until all that happened is written down. */
  async settle(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending)
  }

  async #request(request: Request): Promise<void> {
    const of = request.url()
    this.sights.push({ place: 'url', of, text: of })
    if (request.isNavigationRequest()) {
      this.#documents.add(of)
      this.navigations.push(`${request.method()} ${of}`)
    }
    const body = request.postData()
    if (body !== null) this.sights.push({ place: 'body', of, text: body })
    for (const { name, value } of await request.headersArray()) {
      const known = name.toLowerCase()
      const place = known === 'referer' || known === 'cookie' ? known : 'header'
      this.sights.push({ place, of, text: value })
    }
  }

  async #response(response: Response): Promise<void> {
    const of = response.url()
    for (const { name, value } of await response.headersArray()) {
      const known = name.toLowerCase()
      const place = known === 'set-cookie' ? 'set-cookie' : known === 'location' ? 'url' : 'header'
      this.sights.push({ place, of, text: value })
    }
    // A redirect has no text to read; of an answer without a body Chromium gives its own page of errors.
    const redirect = response.status() >= 300 && response.status() < 400
    if (!redirect && response.headers()['content-type'] !== undefined)
      this.sights.push({ place: 'page', of, text: await response.text() })
  }

  #console(message: ConsoleMessage): void {
    const text = message.text()
    this.sights.push({ place: 'console', of: message.location().url, text })
    if (message.type() !== 'error' && message.type() !== 'warning') return
    if (REFUSED_PAGE.test(text) && this.#documents.has(message.location().url)) return
    this.complaints.push(`${message.type()} of ${message.location().url}: ${text}`)
  }

  /** A page that was closed or left meanwhile has nothing more to tell. */
  #later(work: Promise<void>): void {
    const done = work.catch(() => {}).finally(() => this.#pending.delete(done))
    this.#pending.add(done)
  }
}
