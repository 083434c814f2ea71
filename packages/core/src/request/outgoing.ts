import type { Runtime } from '../runtime.js'
import type { SourcedToken } from '../token/cache.js'
import type { TokenSource } from '../token/source.js'
import type { DataCenter } from '../words/data-centers.js'
import { ZohoAuthError } from '../words/errors.js'
import type { HostPolicy } from '../words/hosts.js'
import { assertProduct } from '../words/products.js'
import type { Token } from '../words/token.js'
import { raceSignal } from '../words/waits.js'
import type { ApiAnswer, Outgoing, OutgoingOptions } from '../zoho-auth.js'
import { judgeApiAnswer, mayRefuseToken } from './api-refusal.js'
import { apiUrl, dataCenterOf } from './api-url.js'
import type { RefusedAt } from './refusals.js'

/** Replays of one request: one with a token that was known already, one with a token made for its refusal. */
const MAX_REPLAYS = 2

/** Most hints of which it is remembered that they were printed. */
const MAX_HINTS = 1_000

/** See {@link Outgoing}. */
export class OutgoingRequest implements Outgoing {
  readonly #runtime: Runtime
  readonly #source: TokenSource
  readonly #connectionOf: () => string | Promise<string>
  readonly #options: OutgoingOptions
  #connection: string | undefined
  #dataCenter: DataCenter | undefined
  /** The URL that was judged last, and may have the token. */
  #allowed: URL | undefined
  #sent: Token | undefined
  /** When it was first sent, in milliseconds since the epoch. */
  #sentAt = 0
  #replays = 0
  /** The token it was sent with last was made for its refusal. */
  #made = false
  /** What its waits for tokens have taken, in milliseconds: first sending and replays together. */
  #waitedMs = 0
  hint: string | undefined

  /** @param connectionOf The connection this request is for, asked at most once. */
  constructor(
    runtime: Runtime,
    source: TokenSource,
    connectionOf: () => string | Promise<string>,
    options: OutgoingOptions,
  ) {
    if (options.product !== undefined) assertProduct(options.product)
    this.#runtime = runtime
    this.#source = source
    this.#connectionOf = connectionOf
    this.#options = options
  }

  async url(url: string | URL): Promise<URL> {
    const whole = parsed(url)
    if (whole !== undefined) return whole
    const { product } = this.#options
    if (product === undefined)
      throw new TypeError(
        'a relative URL needs a product, such as { product: "recruit" }: its host depends on the connection',
      )
    const base = await raceSignal(
      apiUrl(this.#runtime, this.#source, await this.#whose(), product),
      this.#options.signal,
    )
    if (!URL.canParse(url as string, base.href)) throw new TypeError('not a URL')
    return new URL(url, base)
  }

  knows(url: URL): boolean {
    return this.#runtime.hosts.knows(url)
  }

  async authorization(url: URL): Promise<string | undefined> {
    const { hosts, cache, clock } = this.#runtime
    if (!hosts.knows(url)) {
      this.#leaveAlone(url)
      return undefined
    }
    const which = this.#connection ?? this.#connectionOf()
    const now = clock.now()
    const cached = typeof which === 'string' ? cache.fresh(which, now) : undefined
    if (cached === undefined || this.#options.signal?.aborted) return this.#waitFor(url, which)
    const { token } = cached
    if (!hosts.allows(url, token.dataCenter)) return this.#waitFor(url, which)
    this.#connection = which as string
    this.#dataCenter = token.dataCenter
    this.#allowed = url
    return this.#headerOf(token, now)
  }

  async #waitFor(url: URL, which: string | Promise<string>): Promise<string> {
    const { hosts } = this.#runtime
    const connection = await raceSignal(Promise.resolve(which), this.#options.signal)
    this.#connection = connection
    const { token } = await this.#waiting(async (wait) => {
      this.#dataCenter = await raceSignal(dataCenterOf(this.#runtime, connection), wait.signal)
      if (!hosts.allows(url, this.#dataCenter)) throw hostDenied(url, hosts, connection, this.#dataCenter)
      return this.#source.get(connection, wait)
    })
    return this.#headerOf(token, this.#runtime.clock.now())
  }

  #headerOf(token: Token, now: number): string {
    this.#sent = token
    this.#sentAt = now
    return `${this.#runtime.scheme} ${token.value}`
  }

  /** Nobody's of Zoho. One that looks like it is worth a line, for whoever wonders where the token is. */
  #leaveAlone({ protocol, host, port }: URL): void {
    if (!LIKE_ZOHO.test(host)) return
    const why =
      protocol !== 'https:'
        ? 'it is not https'
        : port !== ''
          ? 'it has a port of its own'
          : 'it is not on the list of hosts'
    this.#sayOnce(`${protocol}//${host} gets no token: ${why}`, 'debug')
  }

  #sayOnce(line: string, level: 'warn' | 'debug'): void {
    const { logger, hinted } = this.#runtime
    if (hinted.has(line) || hinted.size >= MAX_HINTS) return
    hinted.add(line)
    logger[level]?.(line)
  }

  /** Why this URL gets no token. */
  denied(url: URL): ZohoAuthError {
    return hostDenied(url, this.#runtime.hosts)
  }

  allows(url: URL): boolean {
    return this.#dataCenter !== undefined && this.#runtime.hosts.allows(url, this.#dataCenter)
  }

  async answered(answer: ApiAnswer): Promise<string | undefined> {
    const { cache, events, refusals, hosts } = this.#runtime
    const { url, status, method = 'GET' } = answer
    const sent = this.#sent
    const connection = this.#connection
    // A redirect may have led to a host that got no token: what it says is not about one.
    if (sent === undefined || connection === undefined) return undefined
    if (url !== this.#allowed && !this.allows(url)) return undefined
    const { origin, endpoint, product: owner } = refusals.endpoint(method, url, hosts)
    const product = this.#options.product ?? owner
    const at = { connection, origin, endpoint, generation: sent.generation }
    const verdict = mayRefuseToken(product, status)
      ? judgeApiAnswer(product, { status, body: await answer.body(), challenge: answer.challenge })
      : 'fine'
    if (verdict === 'certain' || verdict === 'ambiguous')
      return this.#refused(answer, at, sent.value, verdict === 'ambiguous')
    if (verdict === 'scope') events.emit('scope.missing', { connection, origin, status })
    // An error may come from before the token was looked at; a success cannot.
    if (verdict === 'fine' && status < 400) {
      cache.accept(connection, sent.value)
      refusals.accepted(at)
    }
    return undefined
  }

  /** The header of a replay, or `undefined` with a hint. */
  async #refused(
    answer: ApiAnswer,
    at: RefusedAt,
    sent: string,
    ambiguous: boolean,
  ): Promise<string | undefined> {
    const { cache, clock, refusals, scheme, events } = this.#runtime
    const { connection, origin } = at
    if (this.#wasInVain(at, sent, ambiguous)) {
      refusals.inVain(at, ambiguous)
      return this.#handOn(at, this.#vainHint(ambiguous))
    }
    if (refusals.isLeftAlone(at, ambiguous)) return this.#handOn(at, this.#vainHint(ambiguous))
    // A newer token that is here already costs nothing.
    const free = answer.replayable && cache.hasOther(connection, sent, clock.now())
    if (!free && !(await refusals.mayTry(at, ambiguous))) return this.#handOn(at, this.#vainHint(ambiguous))
    if (!answer.replayable) {
      // The next request gets another token; should that be refused as well, this one was refused for something else.
      refusals.notSentAgain(at)
      cache.reject(connection, sent)
      return this.#handOn(at, STREAM_HINT)
    }
    events.emit('token.rejected', { connection, origin, outcome: 'replay' })
    const next = await this.#waiting((wait) =>
      this.#source.replacement(connection, sent, this.#replays > 0, wait),
    )
    if (next.from === 'refresh' && next.token.value === sent) {
      // Zoho insists: there is no other one.
      refusals.inVain({ ...at, generation: next.token.generation }, ambiguous)
      return this.#handOn(at, this.#vainHint(ambiguous))
    }
    this.#replays += 1
    this.#made = next.from === 'refresh'
    this.#sent = next.token
    return `${scheme} ${next.token.value}`
  }

  /** Whether the token that was refused just now had been made because of such a refusal. */
  #wasInVain(at: RefusedAt, sent: string, ambiguous: boolean): boolean {
    const { cache, refusals } = this.#runtime
    if (this.#made || this.#replays >= MAX_REPLAYS || refusals.wasRefusedBefore(at)) return true
    // One that another process made since the request was first sent is as good as one made for it.
    const madeAt = ambiguous && this.#replays > 0 ? cache.madeAt(at.connection, sent) : undefined
    return madeAt !== undefined && madeAt > this.#sentAt
  }

  #vainHint(ambiguous: boolean): string {
    return ambiguous
      ? 'a token made for it is refused as well: the grant may lack a scope, or the Zoho user the right, for this endpoint'
      : `a token made just now is refused as well: wrong host or data centre? The connection is in "${this.#dataCenter}"`
  }

  /** The refusal goes to the caller as it is. */
  #handOn({ connection, origin }: RefusedAt, hint: string): undefined {
    const { events } = this.#runtime
    this.hint = hint
    events.emit('token.rejected', { connection, origin, outcome: 'passed-on', hint })
    this.#sayOnce(`${origin} refused a token, and the answer was handed on: ${hint}`, 'warn')
  }

  /** One wait for a token, with what is left of this request's patience. */
  async #waiting(
    work: (wait: { signal: AbortSignal | undefined; until: number }) => Promise<SourcedToken>,
  ): Promise<SourcedToken> {
    const { clock, maxWaitMs } = this.#runtime
    const startedAt = clock.now()
    try {
      return await work({
        signal: this.#options.signal,
        until: startedAt + Math.max(0, maxWaitMs - this.#waitedMs),
      })
    } finally {
      this.#waitedMs += clock.now() - startedAt
    }
  }

  async #whose(): Promise<string> {
    this.#connection ??= await raceSignal(Promise.resolve(this.#connectionOf()), this.#options.signal)
    return this.#connection
  }
}

function parsed(url: string | URL): URL | undefined {
  try {
    return new URL(url)
  } catch {
    return undefined
  }
}

/** Hosts that somebody may take for Zoho's. */
const LIKE_ZOHO = /zoho|site24x7|manageengine/

const STREAM_HINT =
  'the body was a stream and cannot be sent again: send the request again, or give a string, Buffer, FormData or Blob'

/** No token goes to this URL. Names the host, never the rest of the URL, which may hold something secret. */
export function hostDenied(
  url: URL,
  hosts: HostPolicy,
  connection?: string,
  dataCenter?: DataCenter,
): ZohoAuthError {
  const whose = dataCenter === undefined ? 'of any data centre' : `of data centre "${dataCenter}"`
  const why = hosts.ownServers
    ? `is neither the accounts server (accountsUrl) ${whose} nor in allowedOrigins`
    : `is not a Zoho host ${whose}`
  return new ZohoAuthError('ERR_ZOHO_HOST_DENIED', {
    connection,
    message: `${url.protocol}//${url.host} ${why}, so no token is sent there`,
  })
}
