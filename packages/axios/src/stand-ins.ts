import { type AxiosConfig, isObject } from './axios-like.js'

type Fields = Record<PropertyKey, unknown>

/**
 * What is left of a request after it was sent: enough to tell which one it was, and nothing that leads to its headers, its
 * socket, or other requests of the same agent. Stands in for `request` on answers and errors.
 */
export interface SentRequest {
  readonly method?: string
  readonly protocol?: string
  readonly host?: string
  readonly path?: string
  readonly url?: string
  /** The answer, if one came. */
  readonly res?: {
    readonly statusCode?: number
    readonly statusMessage?: string
    readonly headers?: unknown
    /** The URL that answered, after redirects. */
    readonly responseUrl?: string
  }
}

const OWN = ['method', 'protocol', 'host', 'path', 'url'] as const
const ANSWER = ['statusCode', 'statusMessage', 'headers', 'responseUrl'] as const

/** What may be told of a request. */
export function sentRequest(request: object): SentRequest {
  const { _options, res } = request as Fields
  const told = picked(OWN, request, _options)
  if (isObject(res)) told.res = picked(ANSWER, res)
  return told
}

function picked(names: readonly string[], first: object, second?: unknown): Fields {
  const result: Fields = {}
  for (const name of names) {
    const value = (first as Fields)[name] ?? (second as Fields | undefined)?.[name]
    if (value !== undefined) result[name] = value
  }
  return result
}

/** The URL that answered, if the adapter tells. */
export function answeredUrl(request: unknown): string | undefined {
  if (!isObject(request)) return undefined
  const { url, res } = request as Fields
  const told = tagOf(request) === '[object Request]' ? url : (res as Fields | undefined)?.responseUrl
  return typeof told === 'string' ? told : undefined
}

/** Whether something is a request or an answer of Node, of follow-redirects, of HTTP/2, or of fetch. */
export function isWire(value: object): boolean {
  const { setHeader, rawHeaders, _currentRequest, sentHeaders } = value as Fields
  return (
    typeof setHeader === 'function' ||
    (rawHeaders ?? _currentRequest ?? sentHeaders) !== undefined ||
    /^\[object Re(quest|sponse)\]$/.test(tagOf(value))
  )
}

/**
 * Whether something is an agent, a dispatcher of undici, a socket, or an HTTP/2 session: through it the requests of everybody
 * who shares it can be reached.
 */
export function isShared(value: object): boolean {
  const { addRequest, setKeepAlive, goaway, dispatch, destroy } = value as Fields
  const isFunction = (method: unknown): boolean => typeof method === 'function'
  return [addRequest, setKeepAlive, goaway].some(isFunction) || [dispatch, destroy].every(isFunction)
}

/** Stand-ins, and what they stand for. */
const originals = new WeakMap<object, object>()
const standIns = new WeakMap<object, object>()

/**
 * Something that works like `original`, and so does what it leads to, but prints as `shown`.
 *
 * @param shown Holds nothing that is not for everybody's eyes.
 */
export function standInFor(original: object, shown: object = {}): object {
  if (originals.has(original)) return original
  let standIn = standIns.get(original)
  if (standIn === undefined) {
    standIn = new Proxy(shown, {
      get: (_, key) => {
        const value: unknown = Reflect.get(original, key)
        if (typeof value === 'function') return value.bind(original)
        return isObject(value) && (isShared(value) || isWire(value)) ? standInFor(value) : value
      },
      set: (_, key, value) => Reflect.set(original, key, value),
      has: (_, key) => key in original,
      getPrototypeOf: () => Reflect.getPrototypeOf(original),
    })
    originals.set(standIn, original)
    standIns.set(original, standIn)
  }
  return standIn
}

/**
 * Puts stand-ins in the place of the agents of a config, of the dispatcher that axios' fetch adapter takes, and of a body that
 * leads to an agent through the request it was piped into.
 *
 * An agent holds the sockets of everybody's requests, and those the headers they were sent with: an answer or an error
 * that names its config would print the tokens of requests under way.
 */
export function hideAgents(config: AxiosConfig): void {
  swapAgents(config, standInFor)
}

/** Puts the agents themselves back into a config that comes round again. */
export function showAgents(config: AxiosConfig): void {
  swapAgents(config, (agent) => originals.get(agent) ?? agent)
}

function swapAgents(config: AxiosConfig, swapped: (agent: object) => object): void {
  const { httpAgent, httpsAgent, fetchOptions, data } = config
  if (isObject(httpAgent)) config.httpAgent = swapped(httpAgent)
  if (isObject(httpsAgent)) config.httpsAgent = swapped(httpsAgent)
  // The options may be the app's own object.
  if (isObject(fetchOptions?.dispatcher))
    config.fetchOptions = { ...fetchOptions, dispatcher: swapped(fetchOptions.dispatcher) }
  if (isObject(data) && isPiped(data)) config.data = swapped(data)
}

/** Whether a stream is piped into something, and so into a request. follow-redirects never ends that pipe. */
function isPiped(stream: object): boolean {
  const { pipes } = ((stream as Fields)._readableState ?? {}) as { pipes?: unknown }
  return [pipes].flat().some(isObject)
}

function tagOf(value: object): string {
  return Object.prototype.toString.call(value)
}
