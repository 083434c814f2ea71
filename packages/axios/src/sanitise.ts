import type { AxiosAnswer, AxiosConfig } from './axios-like.js'
import { quietAgents } from './quiet-agents.js'
import { isWire, sentRequest } from './sent-request.js'

/** Most objects that are looked at in one error; adapters of others may hang anything on theirs. */
const MOST_OBJECTS = 5_000

/** Stands in for a token. */
const MASK = '[masked]'

type Fields = Record<PropertyKey, unknown>

/**
 * Takes the tokens of one request out of everything that is handed to the caller: its answer and its errors name the
 * caller's own config, which never held one, and a {@link sentRequest} in place of the request.
 */
export class Sanitiser {
  readonly #config: AxiosConfig
  readonly #sendings = new WeakSet<object>()
  readonly #secrets = new Set<string>()

  /** @param config What answers and errors name in place of what was sent. */
  constructor(config: AxiosConfig) {
    this.#config = config
  }

  /** Remembers what is about to be sent, and the header in it. */
  sending(config: AxiosConfig, header: string): void {
    this.#sendings.add(config).add(config.headers)
    this.#secrets.add(header.slice(header.indexOf(' ') + 1))
  }

  /** Cleans an answer in place. Its body is the server's own, and stays. */
  answer(answer: AxiosAnswer): AxiosAnswer {
    quietAgents(this.#config)
    answer.config = this.#config
    if (answer.request !== undefined) answer.request = this.#clean(answer.request, new Set())
    return answer
  }

  /** Cleans whatever an adapter threw, in place where that is possible. */
  error<T>(error: T): T {
    quietAgents(this.#config)
    return this.#clean(error, new Set()) as T
  }

  #clean(value: unknown, seen: Set<object>): unknown {
    if (typeof value === 'string') return this.#masked(value)
    if (typeof value !== 'object' || value === null) return value
    if (this.#isSending(value)) return this.#config
    if (isWire(value)) {
      this.#forget(value as Fields)
      return sentRequest(value)
    }
    const skip = value === this.#config || seen.has(value) || seen.size >= MOST_OBJECTS
    if (skip || ArrayBuffer.isView(value) || isEmitter(value)) return value
    seen.add(value)
    const fields = value as Fields
    const isAnswer = 'status' in fields && 'data' in fields
    for (const key of Reflect.ownKeys(value)) {
      if (isAnswer && key === 'data') continue
      // `stack` of an error is an accessor on some versions of Node.
      if (key !== 'stack' && !('value' in (Reflect.getOwnPropertyDescriptor(value, key) ?? {}))) continue
      const clean = this.#clean(fields[key], seen)
      if (clean !== fields[key]) Reflect.set(value, key, clean)
    }
    return value
  }

  #masked(text: string): string {
    let masked = text
    for (const secret of this.#secrets) if (masked.includes(secret)) masked = masked.replaceAll(secret, MASK)
    return masked
  }

  /** What was sent, or a copy that an adapter made of it. */
  #isSending(value: object): boolean {
    if (this.#sendings.has(value)) return true
    const { headers } = value as { headers?: unknown }
    return typeof headers === 'object' && headers !== null && this.#sendings.has(headers)
  }

  /**
   * A request that is over needs its header no more, and stays reachable through its socket and the caller's agent. The
   * places where Node and follow-redirects keep it.
   */
  #forget(request: Fields): void {
    const { _redirectable, _currentRequest, req } = request
    for (const one of [request, _redirectable, _currentRequest, req] as (Fields | undefined)[]) {
      if (typeof one !== 'object' || one === null) continue
      if (typeof one._header === 'string') one._header = this.#masked(one._header)
      const kept = Object.getOwnPropertySymbols(one).find((symbol) => symbol.description === 'kOutHeaders')
      const { headers } = (one._options ?? {}) as Fields
      for (const place of [kept && one[kept], headers, one.outputData])
        if (typeof place === 'object' && place !== null) this.#clean(place, new Set())
    }
  }
}

/** Sockets, streams, agents: not ours to change, and too much to walk. */
function isEmitter(value: object): boolean {
  const { on, emit } = value as Fields
  return typeof on === 'function' && typeof emit === 'function'
}
