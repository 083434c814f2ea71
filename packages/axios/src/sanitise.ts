import { type AxiosAnswer, type AxiosConfig, isObject } from './axios-like.js'
import { isShared, isWire, sentRequest, standInFor } from './stand-ins.js'

/** Most objects that are looked at in one error; adapters of others may hang anything on theirs. */
const MAX_OBJECTS = 5_000

/** Stands in for a token. */
const MASK = '[masked]'

type Fields = Record<PropertyKey, unknown>

/**
 * Headers that are sent, with the caller's config in a field that nobody else sees: a `WeakMap` of as many short-lived keys
 * would keep the garbage collector busy. Adapters may answer one request with the answer to another.
 */
class SentHeaders extends class {
  constructor(headers: object) {
    // biome-ignore lint/correctness/noConstructorReturn: the field below is put on what is given
    return headers
  }
} {
  readonly #caller: AxiosConfig

  constructor(headers: object, caller: AxiosConfig) {
    super(headers)
    this.#caller = caller
  }

  static callerOf(headers: object): AxiosConfig | undefined {
    return #caller in headers ? headers.#caller : undefined
  }
}

/**
 * Takes tokens out of everything that is handed to the caller: answers and errors name the caller's own config, which never
 * held one, and what may be told of the request in its place. Of a request that was sent no token of ours the request
 * stays usable; agents and sockets, which lead to the tokens of other requests, stay so everywhere, and print as nothing.
 */
export class Sanitiser {
  readonly #config: AxiosConfig
  readonly #secrets: string[] = []

  /** @param config What answers and errors name in place of what was sent. */
  constructor(config: AxiosConfig) {
    this.#config = config
  }

  /** Remembers what is about to be sent, and the header in it. */
  sending({ headers }: AxiosConfig, header: string): void {
    new SentHeaders(headers, this.#config)
    this.#secrets.push(header.slice(header.indexOf(' ') + 1))
  }

  /** Cleans an answer to a request with a token of ours in place. Its body is the server's own, and stays. */
  answer(answer: AxiosAnswer): AxiosAnswer {
    answer.config = this.#named(answer.config)
    if (isObject(answer.request)) answer.request = this.#clean(answer.request)
    return answer
  }

  /** Cleans whatever an adapter answered or threw, in place where that is possible. */
  outcome<T>(outcome: T): T {
    return this.#clean(outcome) as T
  }

  #clean(value: unknown, seen: Set<object> = new Set()): unknown {
    if (typeof value === 'string') return this.#masked(value)
    if (!isObject(value)) return value
    const caller = this.#callerOf(value)
    if (caller !== undefined) return caller
    if (isShared(value)) return standInFor(value)
    if (isWire(value)) return this.#told(value as Fields)
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
    return this.#secrets.reduce((masked, secret) => masked.replaceAll(secret, MASK), text)
  }

  /** The config that an answer names. That of another request, or of a mock, stays what it is. */
  #named(config: unknown): unknown {
    if (!isObject(config)) return this.#config
    const caller = this.#callerOf(config)
    if (caller !== undefined) return caller
    // An adapter may have sent a deep copy.
    const headers = Object.values((config as Fields).headers ?? {}).map(String)
    return headers.some((value) => this.#masked(value) !== value) ? this.#config : config
  }

  /** Whose config stands in for what was sent, and for a copy that an adapter made of it. */
  #callerOf({ headers }: { headers?: unknown }): AxiosConfig | undefined {
    if (!isObject(headers)) return undefined
    return headers === this.#config.headers ? this.#config : SentHeaders.callerOf(headers)
  }

  /**
   * What is handed on of a request. One that was sent a token and is over needs its header no more, and stays reachable
   * through its socket and the caller's agent: it is taken out if Node and follow-redirects keep it.
   */
  #told(request: Fields): object {
    if (this.#secrets.length === 0) return standInFor(request, sentRequest(request))
    const { _redirectable, _currentRequest, req } = request
    for (const one of [request, _redirectable, _currentRequest, req])
      if (isObject(one)) this.#forget(one as Fields)
    return sentRequest(request)
  }

  #forget(request: Fields): void {
    const { _header, _options, outputData } = request
    if (typeof _header === 'string') request._header = this.#masked(_header)
    const kept = Object.getOwnPropertySymbols(request).find(
      ({ description }) => description === 'kOutHeaders',
    )
    for (const headers of [kept && request[kept], (_options as Fields | undefined)?.headers])
      for (const name in headers as Fields | undefined)
        if (name.toLowerCase() === 'authorization')
          (headers as Fields)[name] = this.#clean((headers as Fields)[name])
    if (Array.isArray(outputData) && outputData.length > 0) this.#clean(outputData)
  }
}

/** Sockets, streams, agents: not ours to change, and too much to walk. */
function isEmitter(value: object): boolean {
  const { on, emit } = value as Fields
  return typeof on === 'function' && typeof emit === 'function'
}
