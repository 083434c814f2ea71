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
  /** The answer, where one came. */
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

/** Whether something is a request or an answer of Node, of follow-redirects, of HTTP/2, or of fetch. */
export function isWire(value: object): boolean {
  const { setHeader, rawHeaders, _currentRequest, sentHeaders } = value as Fields
  const tag = Object.prototype.toString.call(value)
  return (
    typeof setHeader === 'function' ||
    rawHeaders !== undefined ||
    _currentRequest !== undefined ||
    sentHeaders !== undefined ||
    tag === '[object Request]' ||
    tag === '[object Response]'
  )
}

/**
 * Whether something is an agent, a dispatcher of undici, a socket, or an HTTP/2 session: through it the requests of everybody
 * who shares it can be reached.
 */
export function isShared(value: object): boolean {
  const { addRequest, setKeepAlive, goaway, dispatch, destroy } = value as Fields
  const isDispatcher = typeof dispatch === 'function' && typeof destroy === 'function'
  return isDispatcher || [addRequest, setKeepAlive, goaway].some((method) => typeof method === 'function')
}

/** The URL that answered, where the adapter tells. */
export function answeredUrl(request: unknown): string | undefined {
  const fields = request as Fields | undefined
  const isFetched = Object.prototype.toString.call(request) === '[object Request]'
  const url = isFetched ? fields?.url : (fields?.res as Fields | undefined)?.responseUrl
  return typeof url === 'string' ? url : undefined
}

/** What may be told of a request. */
export function sentRequest(request: object): SentRequest {
  const { _options, res } = request as Fields
  const told: Fields = picked(OWN, request as Fields, _options as Fields | undefined)
  if (typeof res === 'object' && res !== null) told.res = picked(ANSWER, res as Fields)
  return told as SentRequest
}

function picked(names: readonly string[], ...sources: readonly (Fields | undefined)[]): Fields {
  const result: Fields = {}
  for (const name of names) {
    const value = sources.map((source) => source?.[name]).find((candidate) => candidate !== undefined)
    if (value !== undefined) result[name] = value
  }
  return result
}
