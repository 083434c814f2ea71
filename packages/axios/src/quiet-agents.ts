import type { AxiosConfig } from './axios-like.js'

const agents = new WeakMap<object, object>()
const quieted = new WeakMap<object, object>()

const FIELDS = ['httpAgent', 'httpsAgent'] as const

/**
 * Puts something that works like the agent, but prints as nothing, in the place of each agent of a config.
 *
 * An agent holds the sockets of everybody's requests, and those the headers they were sent with: an answer or an error
 * that names its config would print the tokens of requests under way.
 */
export function quietAgents(config: AxiosConfig): void {
  for (const field of FIELDS) {
    const agent = config[field]
    if (typeof agent === 'object' && agent !== null) config[field] = quiet(agent)
  }
}

/** Puts the agents themselves back into a config that comes round again. */
export function loudAgents(config: AxiosConfig): void {
  for (const field of FIELDS) {
    const agent = agents.get(config[field] as object)
    if (agent !== undefined) config[field] = agent
  }
}

function quiet(agent: object): object {
  if (agents.has(agent)) return agent
  let stand = quieted.get(agent)
  if (stand === undefined) {
    stand = new Proxy(
      {},
      {
        get: (_, key) => {
          const value: unknown = Reflect.get(agent, key)
          return typeof value === 'function' ? value.bind(agent) : value
        },
        set: (_, key, value) => Reflect.set(agent, key, value),
        has: (_, key) => key in agent,
        getPrototypeOf: () => Reflect.getPrototypeOf(agent),
      },
    )
    agents.set(stand, agent)
    quieted.set(agent, stand)
  }
  return stand
}
