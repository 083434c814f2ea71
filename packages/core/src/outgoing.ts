import { judgeApiAnswer, mayRefuseToken, productOf } from './rules/api-refusal.js'
import type { HostPolicy } from './rules/hosts.js'
import type { TokenProvider } from './token-provider.js'
import type { Provided } from './token-provider-parts.js'
import { abortable } from './words/abortable.js'
import type { DataCenter, Product } from './words/data-centers.js'
import { ZohoAuthError } from './words/errors.js'
import type { Events } from './words/events.js'
import type { Logger } from './words/logger.js'
import type { ApiAnswer, Outgoing, OutgoingOptions } from './zoho-auth.js'

/** Replays of one request: one with a token that was known already, one with a token made for its refusal. */
const MOST_REPLAYS = 2

/** Most connections and hosts whose refusals, and most hints whose printing, are remembered. */
const MOST_REMEMBERED = 10_000

/**
 * Hosts that refuse tokens made just for them: a wrong host or data centre looks exactly like a dead token, and would
 * cost one token per request. The same token refused there again is passed on for a while.
 */
export class HopelessHosts {
  readonly #entries = new Map<string, { readonly token: string; readonly untilAt: number }>()
  readonly #said = new Set<string>()

  remember(connection: string, origin: string, token: string, untilAt: number): void {
    if (this.#entries.size >= MOST_REMEMBERED) this.#entries.clear()
    this.#entries.set(`${connection} ${origin}`, { token, untilAt })
  }

  has(connection: string, origin: string, token: string, now: number): boolean {
    const entry = this.#entries.get(`${connection} ${origin}`)
    return entry !== undefined && entry.token === token && now < entry.untilAt
  }

  /** A token was accepted there. */
  clear(connection: string, origin: string): void {
    if (this.#entries.size > 0) this.#entries.delete(`${connection} ${origin}`)
  }

  /** Whether a hint is said for the first time. */
  firstTime(hint: string): boolean {
    if (this.#said.has(hint) || this.#said.size >= MOST_REMEMBERED) return false
    this.#said.add(hint)
    return true
  }
}

/** What one outgoing request needs of its engine. */
export interface OutgoingParts {
  readonly hosts: HostPolicy
  readonly provider: TokenProvider
  readonly events: Events
  readonly logger: Logger
  readonly scheme: string
  /** The connection this request is for, asked at most once. */
  connectionOf(): string | Promise<string>
  dataCenterOf(connection: string): Promise<DataCenter>
  apiUrl(connection: string, product: Product): Promise<URL>
  readonly hopeless: HopelessHosts
  /** How long a hopeless host is left alone, in milliseconds: the window of the budget. */
  readonly hopelessMs: number
  /** How long one request waits for tokens in all, in milliseconds. */
  readonly maxWaitMs: number
  readonly now: () => number
}

/** See {@link Outgoing}. */
export class OutgoingRequest implements Outgoing {
  readonly #parts: OutgoingParts
  readonly #options: OutgoingOptions
  #connection: string | undefined
  #dataCenter: DataCenter | undefined
  #sent: string | undefined
  #replays = 0
  #made = false
  /** What its waits for tokens have taken, in milliseconds: first sending and replays together. */
  #waitedMs = 0
  hint: string | undefined

  constructor(parts: OutgoingParts, options: OutgoingOptions) {
    this.#parts = parts
    this.#options = options
  }

  async url(url: string | URL): Promise<URL> {
    if (URL.canParse(url as string)) return new URL(url)
    const { product } = this.#options
    if (product === undefined)
      throw new TypeError(
        'a relative URL needs a product, such as { product: "recruit" }: its host depends on the connection',
      )
    const base = await abortable(this.#parts.apiUrl(await this.#whose(), product), this.#options.signal)
    if (!URL.canParse(url as string, base.href)) throw new TypeError('not a URL')
    return new URL(url, base)
  }

  async authorization(url: URL): Promise<string | undefined> {
    const { hosts, provider, scheme } = this.#parts
    if (!hosts.knows(url)) return undefined
    const connection = await this.#whose()
    const { token } = await this.#waiting(async (wait) => {
      this.#dataCenter = await abortable(this.#parts.dataCenterOf(connection), wait.signal)
      if (!hosts.allows(url, this.#dataCenter)) throw hostDenied(url, connection, this.#dataCenter)
      return provider.provide(connection, wait)
    })
    this.#sent = token.value
    return `${scheme} ${token.value}`
  }

  allows(url: URL): boolean {
    return this.#dataCenter !== undefined && this.#parts.hosts.allows(url, this.#dataCenter)
  }

  async answered(answer: ApiAnswer): Promise<string | undefined> {
    const { provider, events, logger, scheme, hopeless } = this.#parts
    const sent = this.#sent
    const connection = this.#connection
    // A redirect may have led to a host that got no token: what it says is not about one.
    if (sent === undefined || connection === undefined || !this.allows(answer.url)) return undefined
    const body = mayRefuseToken(answer.status) ? await answer.body() : ''
    const product = this.#options.product ?? productOf(answer.url)
    const { origin } = answer.url
    if (judgeApiAnswer(product, answer.status, body) !== 'dead') {
      // An error may come from before the token was looked at; a success cannot.
      if (answer.status < 400) {
        provider.accepted(connection, sent)
        hopeless.clear(connection, origin)
      }
      return undefined
    }
    this.hint = this.#whyNot(answer, connection, sent)
    if (this.hint !== undefined) {
      events.emit('token.refused', { connection, origin, outcome: 'passed-on', hint: this.hint })
      if (hopeless.firstTime(`${origin} ${this.hint}`))
        logger.warn(`${origin} refused a token, and the answer was handed on: ${this.hint}`)
      return undefined
    }
    events.emit('token.refused', { connection, origin, outcome: 'replay' })
    const next = await this.#waiting((wait) =>
      provider.replacement(connection, sent, this.#replays > 0, wait),
    )
    this.#replays += 1
    this.#made = next.how === 'made'
    this.#sent = next.token.value
    return `${scheme} ${next.token.value}`
  }

  /** Why a refused request is not sent again; `undefined` where it is. */
  #whyNot(answer: ApiAnswer, connection: string, sent: string): string | undefined {
    const { hopeless, hopelessMs, provider, now } = this.#parts
    const { origin } = answer.url
    if (this.#made || this.#replays >= MOST_REPLAYS)
      hopeless.remember(connection, origin, sent, now() + hopelessMs)
    if (hopeless.has(connection, origin, sent, now()))
      return `a token made just now is refused as well: wrong host or data centre? The connection is in "${this.#dataCenter}"`
    if (answer.replayable) return undefined
    // The token is dead all the same: the next request gets another one.
    provider.refuse(connection, sent)
    return 'the body was a stream and cannot be sent again: send the request again, or give a string, Buffer, FormData or Blob'
  }

  /** One wait for a token, with what is left of this request's patience. */
  async #waiting(
    work: (wait: { signal: AbortSignal | undefined; until: number }) => Promise<Provided>,
  ): Promise<Provided> {
    const { now, maxWaitMs } = this.#parts
    const startedAt = now()
    try {
      return await work({
        signal: this.#options.signal,
        until: startedAt + Math.max(0, maxWaitMs - this.#waitedMs),
      })
    } finally {
      this.#waitedMs += now() - startedAt
    }
  }

  async #whose(): Promise<string> {
    this.#connection ??= await abortable(Promise.resolve(this.#parts.connectionOf()), this.#options.signal)
    return this.#connection
  }
}

/** No token goes to this URL. Names the host, never the rest of the URL, which may hold something secret. */
export function hostDenied(url: URL, connection?: string, dataCenter?: DataCenter): ZohoAuthError {
  const whose = dataCenter === undefined ? 'of any data centre' : `of data centre "${dataCenter}"`
  return new ZohoAuthError('ERR_ZOHO_HOST_DENIED', {
    connection,
    message: `${url.protocol}//${url.host} is not a Zoho host ${whose}, so no token is sent there`,
  })
}
