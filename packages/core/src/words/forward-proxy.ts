import { ZohoAuthError } from './errors.js'

/** A forward proxy that the environment names. */
export interface ForwardProxy {
  /** The variable that names it. Its value may hold a password, and is shown nowhere. */
  readonly variable: string
  /** What to do if Node's own `fetch` does not use it, without a full stop; `undefined` if it does. */
  readonly advice: string | undefined
}

/** The variables that Node reads for https, if it reads any; the first that is set. */
const VARIABLES = ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY'] as const

/**
 * The forward proxy of this process, as Node's documentation of the command line has it: `NODE_USE_ENV_PROXY=1` is known to
 * Node 22.21 and 24, `--use-env-proxy` to 22.21 and 24.5; Node 20 has neither. Both count at the start of the process.
 *
 * Says nothing about a `fetch` of the app's own, or a dispatcher that it set for all.
 *
 * @returns `undefined` if no variable is set.
 */
export function forwardProxy(env: NodeJS.ProcessEnv = process.env): ForwardProxy | undefined {
  const variable = VARIABLES.find((name) => env[name])
  if (variable === undefined) return undefined
  const { node } = process.versions
  const [major = 0, minor = 0] = node.split('.').map(Number)
  const canUse = major >= 24 || (major === 22 && minor >= 21)
  const flags = [...process.execArgv, ...(env.NODE_OPTIONS ?? '').split(/\s+/)]
  if (canUse && (env.NODE_USE_ENV_PROXY === '1' || flags.includes('--use-env-proxy')))
    return { variable, advice: undefined }
  const start = canUse ? 'Start it' : 'Start Node 22.21, 24 or newer'
  const advice = `${variable} is set, and the fetch of Node ${node} does not use it by itself. ${start} with NODE_USE_ENV_PROXY=1, or pass createZohoAuth a fetch that does (README, "Behind a proxy")`
  return { variable, advice }
}

/** `action` if the accounts server was not reached in time, or at all: with advice if a proxy is named and not used. */
export function unreachedAction(code: 'ERR_ZOHO_UNAVAILABLE' | 'ERR_ZOHO_TIMEOUT'): string {
  const { action } = new ZohoAuthError(code)
  const advice = forwardProxy()?.advice
  return advice === undefined ? action : `${action} ${advice}.`
}
