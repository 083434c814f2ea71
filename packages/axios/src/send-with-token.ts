import { type Product, type ZohoAuth, ZohoAuthError } from '@zoho-auth/core'
import type { Outgoing } from '@zoho-auth/core/adapter'
import { type AnswerBody, answerBody } from './answer-body.js'
import { type AxiosAnswer, type AxiosConfig, copyOf, usesFetch } from './axios-like.js'
import { finalUrl, pinUrl } from './final-url.js'
import { quietAgents } from './quiet-agents.js'
import { RedirectGuard } from './redirect-guard.js'
import { assertUnused, isReplayable } from './replayable.js'
import type { ZohoRequestOptions } from './request-options.js'
import { Sanitiser } from './sanitise.js'
import { answeredUrl, isWire } from './sent-request.js'
import type { Sibling } from './sibling.js'
import { timeoutWords, Wait, WaitEnded } from './wait.js'

/** One request as it was before axios transformed its body. */
export interface Untransformed {
  readonly data: unknown
  readonly transformRequest: unknown
}

/** Redirects that are followed for axios' fetch adapter; as many as `fetch` itself follows. */
const MAX_REDIRECTS = 20

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
 * @throws ZohoAuthError as it comes from core; `ERR_ZOHO_CONFIG` where a proxy would see the token; axios' own errors, cleaned
 * of tokens; TypeError for a used stream.
 */
export async function sendWithToken(
  config: AxiosConfig,
  before: Untransformed | undefined,
  parts: SendParts,
): Promise<AxiosAnswer> {
  try {
    return await send(config, before, parts)
  } finally {
    // Whatever the way out: answers and errors name this config, those that axios makes later too.
    quietAgents(config)
  }
}

async function send(
  config: AxiosConfig,
  before: Untransformed | undefined,
  { auth, sibling, ...defaults }: SendParts,
): Promise<AxiosAnswer> {
  const options = optionsOf(config.zoho, defaults)
  if (options === undefined || isAuthorized(config)) return leaveAlone(config, sibling)
  const wait = new Wait(config)
  try {
    const outgoing = auth.outgoing({ ...options, signal: wait.signal })
    const url = await wait.for(finalUrl(config, outgoing, options.product !== undefined))
    const header = url && (await wait.for(outgoing.authorization(url)))
    if (url === undefined || header === undefined) return await leaveAlone(config, sibling)
    if (await sibling.forwards(config, url)) throw forwardedInClear(url)
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

/** A request without a token of ours goes out as it is. What comes back leads to no token of another request. */
async function leaveAlone(config: AxiosConfig, sibling: Sibling): Promise<AxiosAnswer> {
  const sanitiser = new Sanitiser(config)
  const free = (answer: AxiosAnswer | undefined): void => {
    const { data } = answer ?? {}
    if (answer && typeof data === 'object' && data !== null && isWire(data) && 'pipe' in data)
      answer.data = answerBody(data, (error) => sanitiser.outcome(error)).whole()
  }
  try {
    const answer = await sibling.forward(config)
    free(answer)
    return sanitiser.outcome(answer)
  } catch (error) {
    free((error as { response?: AxiosAnswer } | undefined)?.response)
    throw sanitiser.outcome(error)
  }
}

function forwardedInClear({ host }: URL): ZohoAuthError {
  return new ZohoAuthError('ERR_ZOHO_CONFIG', {
    message: `this version of axios hands requests to a forward proxy in clear text, so no token is sent to ${host}`,
    action:
      'Update axios to 1.16.1 or newer, which opens a tunnel; or give an https-proxy-agent as httpsAgent together with proxy: false.',
  })
}

/** What the request says about Zoho; `undefined` where it wants to be left alone. */
export function optionsOf(
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
export function isAuthorized(config: AxiosConfig): boolean {
  const own = config.headers.get('authorization')
  return (own !== undefined && own !== null) || Boolean(config.auth)
}

/** What one sending came to. */
interface Outcome {
  readonly answer: AxiosAnswer | undefined
  readonly error?: unknown
}

/** Whether redirects are to be followed for axios' fetch adapter: by default, and unless the app says otherwise. */
function followsFetch(sending: AxiosConfig): boolean {
  const { redirect = 'follow' } = sending.fetchOptions ?? {}
  return usesFetch(sending) && redirect === 'follow' && sending.maxRedirects !== 0
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
      if (answer === undefined) throw this.#sanitiser.outcome(outcome.error)
      const body = answerBody(answer.data, (error) => this.#sanitiser.outcome(error))
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
      if ('error' in outcome) throw this.#sanitiser.outcome(outcome.error)
      return answer
    }
  }

  /** One sending. What it answered counts, whether the caller's `validateStatus` likes it or not. */
  async #send(header: string, guard: RedirectGuard, again: boolean): Promise<Outcome> {
    let sending = this.#prepare(header, again)
    guard.watch(sending)
    const follows = followsFetch(sending)
    if (follows) sending.fetchOptions = { ...sending.fetchOptions, redirect: 'manual' }
    for (let hops = 0; ; hops++) {
      this.#sanitiser.sending(sending, header)
      const outcome = await this.#give(sending)
      const { answer } = outcome
      const next = follows && answer ? guard.next(sending, answer) : undefined
      if (next === undefined) return outcome
      answerBody(answer?.data, () => {}).discard()
      if (hops >= MAX_REDIRECTS) return { answer: undefined, error: await this.#tooManyRedirects() }
      this.#limit(next)
      sending = next
    }
  }

  async #give(sending: AxiosConfig): Promise<Outcome> {
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
    // An adapter of the app's own sees the config it is used to, where that can mean nothing else than what was judged.
    const isOwn = typeof sending.adapter === 'function'
    pinUrl(sending, this.#url, isOwn)
    if (!isOwn) this.#limit(sending)
    return sending
  }

  /** Leaves a sending what is left of the `timeout`. */
  #limit(sending: AxiosConfig): void {
    const leftMs = this.#wait.leftMs()
    if (leftMs === undefined) return
    sending.timeoutErrorMessage = timeoutWords(this.#config).message
    sending.timeout = leftMs
  }

  #tooManyRedirects(): Promise<Error> {
    const message = `Maximum number of redirects exceeded: ${MAX_REDIRECTS}`
    return this.#sibling.error(message, 'ERR_FR_TOO_MANY_REDIRECTS', this.#config)
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
