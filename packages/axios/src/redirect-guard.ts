import type { Outgoing } from '@zoho-auth/core'
import type { AxiosConfig, RedirectOptions, Transport } from './axios-like.js'

/**
 * Watches the redirects of one sending: the header goes along to hosts that may have it, and nowhere else. Once it was
 * taken off it stays off, also if the next redirect leads back to Zoho: whoever sent us there chose that URL.
 */
export class RedirectGuard {
  readonly #outgoing: Outgoing
  readonly #header: string
  #stripped = false

  constructor(outgoing: Outgoing, header: string) {
    this.#outgoing = outgoing
    this.#header = header
  }

  /** Whether the answer came from a host that was sent no token. It says nothing about the token then. */
  get stripped(): boolean {
    return this.#stripped
  }

  /** Makes the sending ask here before each redirect; the caller's own `beforeRedirect` still runs, and runs first. */
  watch(sending: AxiosConfig): void {
    const { beforeRedirect, transport } = sending
    sending.beforeRedirect = (options, ...details) =>
      this.#redirect(options, () => beforeRedirect?.(options, ...details))
    if (transport) sending.transport = this.#watched(transport)
  }

  /** axios hands `beforeRedirect` to its own transports only. */
  #watched(transport: Transport): Transport {
    return Object.assign(Object.create(transport) as Transport, {
      request: (options: RedirectOptions, ...rest: unknown[]) => {
        const { beforeRedirect } = options
        options.beforeRedirect = (next, ...details) =>
          this.#redirect(next, () => beforeRedirect?.(next, ...details))
        return transport.request(options, ...rest)
      },
    })
  }

  #redirect(options: RedirectOptions, ask: () => void): void {
    const { href } = options
    const hop = hopOf(options)
    // axios drops the header on the way to another host, Zoho's included; follow-redirects in some versions.
    if (this.#allows(href) && namesOf(options).length === 0)
      options.headers = { ...options.headers, Authorization: this.#header }
    ask()
    const target = hopOf(options) === hop ? href : hopOf(options)
    if (this.#allows(target)) return
    this.#stripped = true
    for (const name of namesOf(options))
      if (options.headers?.[name] === this.#header) delete options.headers[name]
  }

  #allows(target: string | undefined): boolean {
    if (this.#stripped || target === undefined || !URL.canParse(target)) return false
    return this.#outgoing.allows(new URL(target))
  }
}

/** Where the connection goes, which the caller's hook can change; a proxy too. */
function hopOf({ protocol, hostname, host, port }: RedirectOptions): string {
  return `${protocol}//${hostname ?? host}${port ? `:${port}` : ''}`
}

function namesOf({ headers = {} }: RedirectOptions): string[] {
  return Object.keys(headers).filter((name) => name.toLowerCase() === 'authorization')
}
