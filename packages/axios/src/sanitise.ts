import type { AxiosAnswer, AxiosConfig } from './axios-like.js'
import { quiet } from './quiet-agents.js'
import { isShared, isWire, sentRequest } from './sent-request.js'

/** Most objects that are looked at in one error; adapters of others may hang anything on theirs. */
const MAX_OBJECTS = 5_000

/** Stands in for a token. */
const MASK = '[masked]'

type Fields = Record<PropertyKey, unknown>

/**
 * The caller's config of whatever was sent, by what was sent and by its headers. Adapters may answer one request with the
 * answer to another.
 */
const callers = new WeakMap<object, AxiosConfig>()

/**
 * Takes tokens out of everything that is handed to the caller: answers and errors name the caller's own config, which never
 * held one, and a {@link sentRequest} in place of the request. Of a request that was sent no token of ours the request
 * stays usable; agents and sockets, which lead to the tokens of other requests, stay so everywhere, and print as nothing.
 */
export class Sanitiser {
  readonly #config: AxiosConfig
  readonly #secrets = new Set<string>()

  /** @param config What answers and errors name in place of what was sent. */
  constructor(config: AxiosConfig) {
    this.#config = config
  }

  /** Remembers what is about to be sent, and the header in it. */
  sending(config: AxiosConfig, header: string): void {
    callers.set(config, this.#config).set(config.headers, this.#config)
    this.#secrets.add(header.slice(header.indexOf(' ') + 1))
  }

  /** Cleans an answer to a request with a token of ours in place. Its body is the server's own, and stays. */
  answer(answer: AxiosAnswer): AxiosAnswer {
    answer.config = this.#named(answer.config)
    if (answer.request !== undefined) answer.request = this.#clean(answer.request, new Set())
    return answer
  }

  /** Cleans whatever an adapter answered or threw, in place where that is possible. */
  outcome<T>(outcome: T): T {
    return this.#clean(outcome, new Set()) as T
  }

  #clean(value: unknown, seen: Set<object>): unknown {
    if (typeof value === 'string') return this.#masked(value)
    if (typeof value !== 'object' || value === null) return value
    const caller = this.#callerOf(value)
    if (caller !== undefined) return caller
    if (isShared(value)) return quiet(value)
    if (isWire(value)) {
      if (this.#secrets.size === 0) return quiet(value, sentRequest(value))
      this.#forget(value as Fields)
      return sentRequest(value)
    }
    const skip = value === this.#config || seen.has(value) || seen.size >= MAX_OBJECTS
    if (skip || ArrayBuffer.isView(value) || isEmitter(value)) return value
    seen.add(value)
    const fields = value as Fields
    const isAnswer = 'status' in fields && 'data' in fields
    for (const key of Reflect.ownKeys(value)) {
      if (isAnswer && key === 'data') continue
      // `stack` of an error is an accessor on some versions of Node.
      if (key !== 'stack' && !('value' in (Reflect.getOwnPropertyDescriptor(value, key) ?? {}))) continue
      const clean = isAnswer && key === 'config' ? this.#named(fields[key]) : this.#clean(fields[key], seen)
      if (clean !== fields[key]) Reflect.set(value, key, clean)
    }
    return value
  }

  #masked(text: string): string {
    let masked = text
    for (const secret of this.#secrets) if (masked.includes(secret)) masked = masked.replaceAll(secret, MASK)
    return masked
  }

  /** The config that an answer names. That of another request, or of a mock, stays what it is. */
  #named(config: unknown): unknown {
    if (typeof config !== 'object' || config === null) return this.#config
    const caller = this.#callerOf(config)
    if (caller !== undefined) return caller
    // An adapter may have sent a deep copy.
    const headers = Object.values((config as Fields).headers ?? {})
    return headers.some((value) => this.#masked(String(value)) !== String(value)) ? this.#config : config
  }

  /** Whose config stands in for what was sent, and for a copy that an adapter made of it. */
  #callerOf(value: object): AxiosConfig | undefined {
    const { headers } = value as { headers?: unknown }
    if (typeof headers !== 'object' || headers === null) return callers.get(value)
    return headers === this.#config.headers ? this.#config : (callers.get(value) ?? callers.get(headers))
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
