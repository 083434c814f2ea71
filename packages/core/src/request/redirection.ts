import type { Outgoing } from '../zoho-auth.js'

/** Redirects that one request follows (Fetch standard, HTTP-redirect fetch). */
const MAX_REDIRECTS = 20

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/** Headers that are about a body, and go with it. */
const BODY_HEADERS = [
  'content-encoding',
  'content-language',
  'content-location',
  'content-type',
  'content-length',
]

/** Headers that do not leave the origin they were meant for. */
const ORIGIN_HEADERS = ['authorization', 'proxy-authorization', 'cookie', 'host']

/**
 * One sending on its way through redirects, as `fetch` goes it (Fetch standard, sections 4.1, 4.4 and 4.5), with one
 * difference: the token goes along to hosts that may have it, also to other origins, and is taken off for good elsewhere.
 * A request with a body is not sent to a host off the list: then the redirect is the answer.
 */
export class Redirection {
  url: URL
  method: string
  hasToken = true
  readonly #authorization: string
  readonly #first: URL
  readonly #init: RequestInit
  readonly #isFollowing: boolean
  readonly #replayable: boolean
  readonly #integrity: string | undefined
  #headers: Headers
  #count = 0
  /** Another origin was on the way. */
  #isTainted = false

  /**
   * @param init Of this sending alone.
   * @param replayable Whether the body of `init` can be sent again.
   */
  constructor(
    first: URL,
    init: RequestInit & { headers: Headers; method: string },
    replayable: boolean,
    authorization: string,
  ) {
    this.url = first
    this.method = init.method
    this.#first = first
    this.#headers = init.headers
    this.#authorization = authorization
    this.#replayable = replayable
    this.#init = init
    this.#isFollowing = (init.redirect ?? 'follow') === 'follow'
    if (!this.#isFollowing) return
    init.redirect = 'manual'
    if (init.integrity === undefined) return
    this.#integrity = init.integrity
    init.integrity = ''
  }

  /** The URL as it can be fetched: a user in it goes no further than here, as in `fetch`. */
  get href(): string {
    const url = new URL(this.url)
    url.username = ''
    url.password = ''
    return url.href
  }

  /** For the next hop; called once for each. */
  init(): RequestInit {
    if (this.hasToken) this.#headers.set('authorization', this.#authorization)
    else this.#headers.delete('authorization')
    return { ...this.#init, method: this.method, headers: this.#headers }
  }

  /**
   * Goes on to where an answer leads.
   *
   * @returns Whether it leads anywhere; if not, it is the last one.
   * @throws TypeError if `fetch` has a network error.
   */
  follows(response: Response, outgoing: Outgoing): boolean {
    const { status } = response
    if (!this.#isFollowing || !REDIRECTS.has(status)) return false
    const location = response.headers.get('location')
    if (location === null) return false
    const target = this.#target(location)
    if (this.#count >= MAX_REDIRECTS) throw failed(`more than ${MAX_REDIRECTS} redirects`)
    const hasBody = this.#init.body !== undefined
    if (status !== 303 && hasBody && !this.#replayable)
      throw failed('a redirect asks for the body again, and it was a stream')
    const toGet =
      (status === 303 && this.method !== 'GET' && this.method !== 'HEAD') ||
      ((status === 301 || status === 302) && this.method === 'POST')
    if (hasBody && !toGet && !outgoing.allows(target)) return false
    const leavesFirst = !isSameOrigin(target, this.#first)
    if (leavesFirst && this.#init.mode === 'same-origin')
      throw failed('a redirect leads to another origin, and the mode is "same-origin"')

    // Those of the last hop stay what they were.
    this.#headers = new Headers(this.#headers)
    if (toGet) {
      this.method = 'GET'
      delete this.#init.body
      for (const name of BODY_HEADERS) this.#headers.delete(name)
    }
    if (!isSameOrigin(target, this.url)) for (const name of ORIGIN_HEADERS) this.#headers.delete(name)
    this.hasToken &&= outgoing.allows(target)
    this.#isTainted ||= leavesFirst
    this.#count += 1
    this.url = target
    return true
  }

  #target(location: string): URL {
    const text = decoded(location)
    if (!URL.canParse(text, this.url.href)) throw failed('a redirect leads to what is not a URL')
    const target = new URL(text, this.url)
    if (target.protocol !== 'https:' && target.protocol !== 'http:')
      throw failed('a redirect leads to neither http nor https')
    const hasUser = target.username !== '' || target.password !== ''
    if (hasUser && (this.#init.mode ?? 'cors') === 'cors')
      throw failed('a redirect leads to a URL with a user or a password in it')
    if (target.hash === '') target.hash = this.url.hash
    return target
  }

  /**
   * The last answer as `fetch` gives it.
   *
   * @throws TypeError if it is not what `integrity` says.
   */
  finished(response: Response): Response | Promise<Response> {
    if (this.#count === 0 && !this.#integrity) return response
    return this.#finished(response)
  }

  async #finished(response: Response): Promise<Response> {
    const isOpaque = this.#isTainted && this.#init.mode === 'no-cors'
    if (this.#integrity) await assertIntegrity(isOpaque ? Response.error() : response, this.#integrity)
    if (this.#count === 0) return response
    if (isOpaque) {
      response.body?.cancel().catch(() => {})
      return withFacts(Response.error(), { type: 'opaque' })
    }
    const { href, hash } = this.url
    const url = href.slice(0, href.length - hash.length)
    return withFacts(response, { redirected: true, url, ...(this.#isTainted && { type: 'cors' }) })
  }
}

/** Bytes above ASCII in a `Location` are UTF-8; a header gives each as a character of its own. */
function decoded(location: string): string {
  return Buffer.from(location, 'latin1').toString('utf8')
}

function isSameOrigin(a: URL, b: URL): boolean {
  return a.protocol === b.protocol && a.host === b.host
}

/** A response that says of itself what only `fetch` can make one say; its clones too. */
export function withFacts(
  response: Response,
  facts: Partial<Pick<Response, 'redirected' | 'url' | 'type' | 'headers'>>,
): Response {
  const clone = response.clone.bind(response)
  for (const [name, value] of Object.entries(facts))
    Object.defineProperty(response, name, { value, configurable: true })
  return Object.defineProperty(response, 'clone', {
    value: () => withFacts(clone(), facts),
    configurable: true,
  })
}

/** Has `fetch` itself compare: its rule is applied to the body as a URL of its own. */
async function assertIntegrity(response: Response, integrity: string): Promise<void> {
  if (response.body === null) throw failed('there is no body, and "integrity" asks for one')
  const url = URL.createObjectURL(await response.clone().blob())
  try {
    await globalThis.fetch(url, { integrity })
  } finally {
    URL.revokeObjectURL(url)
  }
}

/** As `fetch` reports a network error. Names nothing that a server said. */
function failed(why: string): TypeError {
  return new TypeError(`fetch failed: ${why}`)
}
