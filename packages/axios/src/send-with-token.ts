import type { Outgoing, Product, ZohoAuth } from '@zoho-auth/core'
import { type AnswerBody, answerBody } from './answer-body.js'
import { type AxiosAnswer, type AxiosConfig, copyOf } from './axios-like.js'
import { combined, finalUrl, lacksHost } from './final-url.js'
import { RedirectGuard } from './redirect-guard.js'
import { assertUnused, isReplayable } from './replayable.js'
import type { ZohoRequestOptions } from './request-options.js'
import { Sanitiser } from './sanitise.js'
import { answeredUrl } from './sent-request.js'
import type { Sibling } from './sibling.js'
import { timeoutWords, Wait, WaitEnded } from './wait.js'

/** One request as it was before axios transformed its body. */
export interface Untransformed {
  readonly data: unknown
  readonly transformRequest: unknown
}

/** What a request is sent with. */
export interface SendParts {
  readonly auth: ZohoAuth
  readonly sibling: Sibling
  readonly connection: string | undefined
  readonly product: Product | undefined
}

/**
 * The last step of a request: gives it to its adapter with a token, and again where core says so.
 *
 * @param config As axios gives it to an adapter: complete, and with its body transformed.
 * @param before The body before that, where it is known.
 * @throws ZohoAuthError as it comes from core; axios' own errors, cleaned of tokens; TypeError for a used stream.
 */
export async function sendWithToken(
  config: AxiosConfig,
  before: Untransformed | undefined,
  { auth, sibling, ...defaults }: SendParts,
): Promise<AxiosAnswer> {
  const options = optionsOf(config.zoho, defaults)
  if (options === undefined || isAuthorized(config)) return sibling.forward(config)
  const wait = new Wait(config)
  try {
    const outgoing = auth.outgoing({ ...options, signal: wait.signal })
    const url = await wait.for(finalUrl(config, outgoing, options.product !== undefined))
    const header = url && (await wait.for(outgoing.authorization(url)))
    if (url === undefined || header === undefined) return await sibling.forward(config)
    if (!isReplayable(config.data)) for (const body of [config.data, before?.data]) assertUnused(body)
    return await new Sending(config, before, url, outgoing, sibling, wait).run(header)
  } catch (error) {
    if (!(error instanceof WaitEnded) || error.end === 'canceled') throw error
    const { message, code } = timeoutWords(config)
    throw await sibling.error(message, code, config)
  } finally {
    wait.close()
  }
}

/** What the request says about Zoho; `undefined` where it wants to be left alone. */
function optionsOf(
  choice: unknown,
  defaults: ZohoRequestOptions,
): Pick<SendParts, 'connection' | 'product'> | undefined {
  if (choice === false) return undefined
  if (choice !== undefined && choice !== null && typeof choice !== 'object')
    throw new TypeError('"zoho" in an axios config is an object such as { connection: "acme" }, or false')
  const { connection, product } = (choice ?? {}) as ZohoRequestOptions
  return { connection: connection ?? defaults.connection, product: product ?? defaults.product }
}

/** Whether the caller set the header, or forbade it with `false`. axios makes it from `auth` too. */
function isAuthorized(config: AxiosConfig): boolean {
  const own = config.headers.get('authorization')
  return (own !== undefined && own !== null) || Boolean(config.auth)
}

/** One request with a token, from its first sending to its last. */
class Sending {
  readonly #config: AxiosConfig
  readonly #before: Untransformed | undefined
  readonly #url: URL
  readonly #outgoing: Outgoing
  readonly #sibling: Sibling
  readonly #wait: Wait
  readonly #sanitiser: Sanitiser

  constructor(
    config: AxiosConfig,
    before: Untransformed | undefined,
    url: URL,
    outgoing: Outgoing,
    sibling: Sibling,
    wait: Wait,
  ) {
    this.#config = config
    this.#before = before
    this.#url = url
    this.#outgoing = outgoing
    this.#sibling = sibling
    this.#wait = wait
    this.#sanitiser = new Sanitiser(config)
  }

  async run(first: string): Promise<AxiosAnswer> {
    let header = first
    for (let again = false; ; again = true) {
      const guard = new RedirectGuard(this.#outgoing, header)
      const outcome = await this.#send(header, guard, again)
      const { answer } = outcome
      if (answer === undefined) throw this.#sanitiser.error(outcome.error)
      const body = answerBody(answer.data, (error) => this.#sanitiser.error(error))
      // Core allows two replays at most.
      const replay = guard.stripped ? undefined : await this.#replay(answer, body)
      if (replay !== undefined) {
        body.discard()
        header = replay
        continue
      }
      answer.data = body.whole()
      if (this.#outgoing.hint !== undefined) answer.zohoHint = this.#outgoing.hint
      this.#sanitiser.answer(answer)
      if ('error' in outcome) throw this.#sanitiser.error(outcome.error)
      return answer
    }
  }

  /** One sending. What it answered counts, whether the caller's `validateStatus` likes it or not. */
  async #send(
    header: string,
    guard: RedirectGuard,
    again: boolean,
  ): Promise<{ readonly answer: AxiosAnswer | undefined; readonly error?: unknown }> {
    const sending = this.#prepare(header, again)
    guard.watch(sending)
    this.#sanitiser.sending(sending, header)
    try {
      return { answer: await this.#sibling.send(sending) }
    } catch (error) {
      const { response } = (error ?? {}) as { response?: AxiosAnswer }
      return { answer: typeof response?.status === 'number' ? response : undefined, error }
    }
  }

  #prepare(header: string, again: boolean): AxiosConfig {
    const sending = copyOf(this.#config)
    sending.headers = this.#config.headers.concat()
    sending.headers.set('Authorization', header)
    sending.transformRequest = []
    // The same bytes again; where axios made a stream of a plain value, a new one is made of it.
    if (again && !isReplayable(sending.data) && this.#before !== undefined)
      Object.assign(sending, this.#before)
    if (typeof sending.adapter === 'function') {
      // An adapter of the app's own sees the config it is used to; only a product's host is new to it.
      if (lacksHost(sending)) sending.baseURL = combined(this.#url.origin, sending.baseURL ?? '')
      return sending
    }
    // What was judged is what is sent, however this axios combines and parses URLs.
    sending.url = this.#url.href
    delete sending.baseURL
    sending.allowAbsoluteUrls = true
    const leftMs = this.#wait.leftMs()
    if (leftMs !== undefined) {
      sending.timeoutErrorMessage = timeoutWords(this.#config).message
      sending.timeout = leftMs
    }
    return sending
  }

  async #replay(answer: AxiosAnswer, body: AnswerBody): Promise<string | undefined> {
    const { data } = this.#config
    const before = this.#before
    try {
      return await this.#wait.for(
        this.#outgoing.answered({
          url: new URL(answeredUrl(answer.request) ?? this.#url),
          method: this.#config.method ?? 'GET',
          status: answer.status,
          challenge: challengeOf(answer.headers),
          body: () => body.text(),
          // Only asked for where it matters: a large body takes a moment to look through.
          get replayable() {
            return isReplayable(data) || (before !== undefined && isReplayable(before.data))
          },
        }),
      )
    } catch (error) {
      body.discard()
      throw error
    }
  }
}

/** `WWW-Authenticate`, as axios or an adapter of the app's own gives headers. */
function challengeOf(headers: unknown): string | undefined {
  const entries = Object.entries((headers ?? {}) as Record<string, unknown>)
  const value = entries.find(([name]) => name.toLowerCase() === 'www-authenticate')?.[1]
  return Array.isArray(value) ? value.join(', ') : typeof value === 'string' ? value : undefined
}
