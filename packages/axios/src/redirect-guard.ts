import type { Outgoing } from '@zoho-auth/core/adapter'
import { type AxiosAnswer, type AxiosConfig, copyOf, type RedirectOptions, usesFetch } from './axios-like.js'
import { isReplayable } from './replayable.js'

/** Redirects that are followed for axios' fetch adapter; as many as `fetch` itself follows. */
export const MAX_REDIRECTS = 20

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/** Headers that go with a body. */
const ABOUT_BODY = [
  'content-type',
  'content-length',
  'content-encoding',
  'content-language',
  'content-location',
]

/** Headers that go to one origin only, as `fetch` has it. The token is judged by itself. */
const OF_ORIGIN = ['cookie', 'host', 'proxy-authorization']

/**
 * Watches the redirects of one sending: the header goes along to hosts that may have it, and nowhere else. Once it was
 * taken off it stays off, also if the next redirect leads back to Zoho: whoever sent us there chose that URL.
 */
export class RedirectGuard {
  readonly #outgoing: Outgoing
  readonly #header: string
  /** Whether the answer came from a host that was sent no token. It says nothing about the token then. */
  stripped = false
  /** Redirects that {@link next} has led on. */
  hops = 0
  /** Redirects of axios' fetch adapter are to be followed: by default, and unless the app says otherwise. */
  #follows = false

  constructor(outgoing: Outgoing, header: string) {
    this.#outgoing = outgoing
    this.#header = header
  }

  /** Makes the sending ask here before each redirect; the caller's own `beforeRedirect` still runs, and runs first. */
  watched(sending: AxiosConfig): AxiosConfig {
    const { beforeRedirect, transport } = sending
    sending.beforeRedirect = (options: RedirectOptions, ...details) =>
      this.#redirect(options, () => beforeRedirect?.(options, ...details))
    const { redirect = 'follow' } = sending.fetchOptions ?? {}
    this.#follows = usesFetch(sending) && redirect === 'follow' && sending.maxRedirects !== 0
    if (this.#follows) sending.fetchOptions = { ...sending.fetchOptions, redirect: 'manual' }
    if (!transport) return sending
    // axios hands `beforeRedirect` to its own transports only.
    const request = (options: RedirectOptions, ...rest: unknown[]): unknown => {
      const { beforeRedirect: axiosOwn } = options
      options.beforeRedirect = (next, ...details) => {
        // It takes the header off on the way to another host.
        axiosOwn?.(next, ...details)
        this.#redirect(next)
      }
      return transport.request(options, ...rest)
    }
    sending.transport = Object.assign(Object.create(transport), { request })
    return sending
  }

  /**
   * The next sending if axios' fetch adapter answered with a redirect; `undefined` if there is none to follow. `fetch`
   * itself takes the header off on the way to every other origin, Zoho's included.
   */
  next(sending: AxiosConfig, { status, headers }: AxiosAnswer): AxiosConfig | undefined {
    if (!this.#follows || !REDIRECTS.has(status)) return undefined
    const from = String(sending.url)
    const location: unknown = headers?.location
    if (typeof location !== 'string' || !URL.canParse(location, from)) return undefined
    const target = new URL(location, from)
    if (!/^https?:$/.test(target.protocol)) return undefined
    const method = (sending.method ?? 'get').toLowerCase()
    // RFC 9110 section 15.4: 303 always, and by custom 301 and 302 of a POST, go on as GET without a body.
    const toGet = (status === 303 && method !== 'head') || (status < 303 && method === 'post')
    if (!toGet && !isReplayable(sending.data)) return undefined
    const next = copyOf(sending)
    next.headers = copyOf(sending.headers)
    if (toGet) Object.assign(next, { method: 'get', data: undefined })
    this.stripped ||= !this.#allows(target.href)
    const dropped = [
      ...(toGet ? ABOUT_BODY : []),
      ...(this.stripped ? ['authorization'] : []),
      ...(target.origin !== new URL(from).origin ? OF_ORIGIN : []),
    ]
    for (const name of dropped) next.headers.delete(name)
    this.hops += 1
    return Object.assign(next, { url: target.href, params: undefined })
  }

  #redirect(options: RedirectOptions, ask = (): void => {}): void {
    const { href } = options
    const hop = hopOf(options)
    // axios drops the header on the way to another host, Zoho's included; follow-redirects in some versions.
    if (this.#allows(href) && namesOf(options).length === 0)
      options.headers = { ...options.headers, Authorization: this.#header }
    ask()
    const target = hopOf(options) === hop ? href : hopOf(options)
    if (this.#allows(target) && !isForwarded(options)) return
    this.stripped = true
    for (const name of namesOf(options))
      if (options.headers?.[name] === this.#header) delete options.headers[name]
  }

  #allows(target: string | undefined): boolean {
    if (this.stripped || target === undefined || !URL.canParse(target)) return false
    return this.#outgoing.allows(new URL(target))
  }
}

/** Where the connection goes, which the caller's hook can change; a proxy too. */
function hopOf({ protocol, hostname, host, port }: RedirectOptions): string {
  return `${protocol}//${hostname ?? host}${port ? `:${port}` : ''}`
}

/** Whether a proxy gets the request itself, and can read it, instead of opening a tunnel. RFC 9112 section 3.2.2. */
export function isForwarded({ path }: RedirectOptions): boolean {
  return path !== undefined && /^https:/i.test(path)
}

function namesOf({ headers = {} }: RedirectOptions): string[] {
  return Object.keys(headers).filter((name) => name.toLowerCase() === 'authorization')
}
