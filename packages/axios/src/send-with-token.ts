import { ZohoAuthError } from '@zoho-auth/core'
import type { Outgoing } from '@zoho-auth/core/adapter'
import { type AnswerBody, answerBody } from './answer-body.js'
import { type AxiosAnswer, type AxiosConfig, copyOf, isObject } from './axios-like.js'
import type { CacheKeys } from './cache-keys.js'
import { finalUrl, pinUrl } from './final-url.js'
import { MAX_REDIRECTS, RedirectGuard } from './redirect-guard.js'
import { assertUnused, isReplayable } from './replayable.js'
import { isAuthorized, optionsOf, type SendParts } from './request-options.js'
import { Sanitiser } from './sanitise.js'
import type { Sibling } from './sibling.js'
import { answeredUrl, hideAgents, isWire, showAgents } from './stand-ins.js'
import { timeoutWords, Wait } from './wait.js'

const TOO_MANY = `Maximum number of redirects exceeded: ${MAX_REDIRECTS}`

/** What a body was before axios transformed it. */
interface Untransformed {
  readonly data: unknown
}

/** One request that gets a token, from its first sending to its last. */
interface TokenRequest {
  /** The caller's: as axios gives it to an adapter, complete, and with its body transformed. */
  readonly config: AxiosConfig
  /** The body as it was before that, if it is known. */
  readonly before: Untransformed | undefined
  /** The body can be sent again as it is. */
  readonly isReplayable: boolean
  readonly url: URL
  readonly outgoing: Outgoing
  readonly sibling: Sibling
  readonly wait: Wait
  readonly sanitiser: Sanitiser
}

/**
 * The last step of a request: gives it to its adapter with a token, and again if core says so.
 *
 * @throws ZohoAuthError as it comes from core; `ERR_ZOHO_CONFIG` if a proxy would see the token; axios' own errors, cleaned
 * of tokens; TypeError for a used stream, and for a connection that its cache key does not count on.
 */
export async function sendWithToken(
  config: AxiosConfig,
  before: Untransformed | undefined,
  parts: SendParts,
  keys: CacheKeys,
): Promise<AxiosAnswer> {
  const { auth, sibling, urls } = parts
  showAgents(config)
  try {
    keys.assertKeyed(config)
    const options = optionsOf(config, parts, keys.surrounding(config))
    if (options === undefined || isAuthorized(config)) return await leaveAlone(config, sibling)
    const wait = new Wait(config, sibling, options)
    const outgoing = auth.outgoing(wait)
    const found = finalUrl(config, outgoing, options.product !== undefined, urls)
    const url = typeof found === 'function' ? await wait.for(found) : found
    if (url === undefined) return await leaveAlone(config, sibling)
    // Nobody waits for a token that is there already.
    const authorization = (): Promise<string | undefined> => outgoing.authorization(url)
    const header = await (auth.peekToken(options) ? authorization() : wait.for(authorization))
    if (header === undefined) return await leaveAlone(config, sibling)
    if (sibling.mayForward(url) && (await sibling.forwards(config, url))) throw forwardedInClear(url)
    const replayable = isReplayable(config.data)
    if (!replayable) for (const body of [config.data, before?.data]) assertUnused(body)
    const sanitiser = new Sanitiser(config)
    const request = { config, before, isReplayable: replayable, url, outgoing, sibling, wait, sanitiser }
    return await sendUntilAnswered(request, header)
  } catch (error) {
    await keys.failed(config, error)
    throw error
  } finally {
    // Whatever the way out: answers and errors name this config, those that axios makes later too.
    hideAgents(config)
  }
}

async function sendUntilAnswered(request: TokenRequest, first: string): Promise<AxiosAnswer> {
  const { config, outgoing, sibling, sanitiser } = request
  let header = first
  let guard = new RedirectGuard(outgoing, header)
  let sending = guard.watched(prepared(request, header, false))
  for (;;) {
    sanitiser.sending(sending, header)
    let answer: AxiosAnswer | undefined
    let failure: { readonly error: unknown } | undefined
    try {
      answer = await sibling.send(sending)
    } catch (error) {
      failure = { error }
      // What it answered counts, whether the caller's `validateStatus` likes it or not.
      const { response } = (error ?? {}) as { response?: AxiosAnswer }
      if (typeof response?.status === 'number') answer = response
    }
    if (answer === undefined) throw sanitiser.outcome(failure?.error)
    const body = answerBody(answer.data, (error) => sanitiser.outcome(error))
    const next = guard.next(sending, answer)
    // Core allows two replays at most.
    const replay = next === undefined && !guard.stripped ? await judged(request, answer, body) : undefined
    if (next === undefined && replay === undefined) {
      answer.data = body.whole()
      if (outgoing.hint !== undefined) answer.zohoHint = outgoing.hint
      sanitiser.answer(answer)
      if (failure) throw sanitiser.outcome(failure.error)
      return answer
    }
    body.discard()
    if (guard.hops > MAX_REDIRECTS) throw await sibling.error(TOO_MANY, 'ERR_FR_TOO_MANY_REDIRECTS', config)
    if (replay !== undefined) {
      header = replay
      guard = new RedirectGuard(outgoing, header)
    }
    sending = next ?? guard.watched(prepared(request, header, true))
    if (next !== undefined) limit(request, next)
  }
}

/** What goes out in the place of the caller's config. */
function prepared(request: TokenRequest, header: string, isAgain: boolean): AxiosConfig {
  const { config, before, url } = request
  const sending = copyOf(config)
  sending.headers = withHeader(config.headers, header)
  // The same bytes again; if axios made a stream of a plain value, a new one is made of it.
  if (isAgain && before && !request.isReplayable) sending.data = before.data
  else sending.transformRequest = []
  // An adapter of the app's own sees the config it is used to, if that can mean nothing else than what was judged.
  const isOwn = typeof sending.adapter === 'function'
  pinUrl(sending, url, isOwn)
  if (!isOwn) limit(request, sending)
  return sending
}

/** A copy of headers that has ours, and none that the app left empty: quicker than `concat` and `set`. */
function withHeader(headers: AxiosConfig['headers'], header: string): AxiosConfig['headers'] {
  const copy = Object.create(Object.getPrototypeOf(headers)) as typeof headers
  for (const name in headers) if (name.toLowerCase() !== 'authorization') copy[name] = headers[name]
  copy.Authorization = header
  return copy
}

/** Leaves a sending what is left of the `timeout`. */
function limit({ wait, config }: TokenRequest, sending: AxiosConfig): void {
  const leftMs = wait.leftMs()
  if (leftMs === undefined) return
  sending.timeoutErrorMessage = timeoutWords(config).message
  sending.timeout = leftMs
}

/** The header of a replay, or `undefined` if the answer is the caller's. */
function judged(request: TokenRequest, answer: AxiosAnswer, body: AnswerBody): Promise<string | undefined> {
  const { config, before, url, outgoing, wait } = request
  const from = answeredUrl(answer.request)
  let mayRefuse = false
  const replay = outgoing.answered({
    url: from === undefined || from === url.href ? url : new URL(from),
    method: config.method ?? 'GET',
    status: answer.status,
    challenge: answer.status < 400 ? undefined : challengeOf(answer.headers),
    replayable: request.isReplayable || (before !== undefined && isReplayable(before.data)),
    // Called at once, or never.
    body() {
      mayRefuse = true
      return body.text()
    },
  })
  if (!mayRefuse) return replay
  return wait
    .for(() => replay)
    .catch((error: unknown) => {
      body.discard()
      throw error
    })
}

/** `WWW-Authenticate`, as axios or an adapter of the app's own gives headers. */
function challengeOf(headers: object | undefined): string | undefined {
  const entries = Object.entries(headers ?? {})
  const value: unknown = entries.find(([name]) => name.toLowerCase() === 'www-authenticate')?.[1]
  return Array.isArray(value) ? value.join(', ') : typeof value === 'string' ? value : undefined
}

/** A request without a token of ours goes out as it is. What comes back leads to no token of another request. */
async function leaveAlone(config: AxiosConfig, sibling: Sibling): Promise<AxiosAnswer> {
  const sanitiser = new Sanitiser(config)
  const free = (answer: AxiosAnswer | undefined): void => {
    if (isObject(answer?.data) && isWire(answer.data) && 'pipe' in answer.data)
      answer.data = answerBody(answer.data, (error) => sanitiser.outcome(error)).whole()
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
