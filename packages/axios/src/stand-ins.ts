import type { AxiosConfig } from './axios-like.js'
import { isShared, isWire } from './sent-request.js'

/** Stand-ins, and what they stand for. */
const originals = new WeakMap<object, object>()
const standIns = new WeakMap<object, object>()

const FIELDS = ['httpAgent', 'httpsAgent'] as const

/**
 * Puts something that works like the agent, but prints as nothing, in the place of each agent of a config, and of the
 * dispatcher that axios' fetch adapter takes.
 *
 * An agent holds the sockets of everybody's requests, and those the headers they were sent with: an answer or an error
 * that names its config would print the tokens of requests under way.
 */
export function quietAgents(config: AxiosConfig): void {
  swapAgents(config, (agent) => quiet(agent))
}

/** Puts the agents themselves back into a config that comes round again. */
export function loudAgents(config: AxiosConfig): void {
  swapAgents(config, (agent) => originals.get(agent) ?? agent)
}

function swapAgents(config: AxiosConfig, swapped: (agent: object) => object): void {
  for (const field of FIELDS) if (isObject(config[field])) config[field] = swapped(config[field])
  const { fetchOptions } = config
  // The options may be the app's own object.
  if (isObject(fetchOptions?.dispatcher))
    config.fetchOptions = { ...fetchOptions, dispatcher: swapped(fetchOptions.dispatcher) }
}

/**
 * Something that works like `original`, and so does what it leads to, but prints as `shown`.
 *
 * @param shown Holds nothing that is not for everybody's eyes.
 */
export function quiet(original: object, shown: object = {}): object {
  if (originals.has(original)) return original
  let standIn = standIns.get(original)
  if (standIn === undefined) {
    standIn = new Proxy(shown, {
      get: (_, key) => {
        const value: unknown = Reflect.get(original, key)
        if (typeof value === 'function') return value.bind(original)
        return isObject(value) && (isShared(value) || isWire(value)) ? quiet(value) : value
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

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
