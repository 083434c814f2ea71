import {
  type AdapterFunction,
  type AxiosAnswer,
  type AxiosConfig,
  type AxiosLike,
  copyOf,
  type RedirectOptions,
  usesFetch,
} from './axios-like.js'
import { isForwarded } from './redirect-guard.js'

/** An axios instance with nothing between `request` and the adapter. */
interface Instance {
  readonly interceptors: Record<'request' | 'response', { clear?(): void }> & AxiosLike['interceptors']
  request(config: object): Promise<AxiosAnswer>
}

/** An adapter name that axios does not know. */
const NO_ADAPTER = 'zoho-auth'

/**
 * Sends configs below the interceptors of the client, through an instance of the same axios that has none.
 *
 * axios tells nobody but itself which adapter `['xhr', 'http', 'fetch']` stands for, and needs no import this way.
 */
export class Sibling {
  readonly #instance: Instance
  #errorClass: Promise<ErrorClass> | undefined

  /** @throws TypeError for something that is not an axios instance. */
  constructor(client: AxiosLike) {
    this.#instance = newInstance(client)
    const { request, response } = this.#instance.interceptors
    // Some apps patch `create` so that every instance gets their interceptors.
    request.clear?.()
    response.clear?.()
    // `request` merges a config with defaults, field by field. A function passes through untouched, and so does what it holds.
    request.use((merged: { exactly(): AxiosConfig }) => merged.exactly(), undefined, { synchronous: true })
  }

  /** Gives a config to its adapter. Its data is transformed by its own `transformRequest`, its answer by nothing. */
  send(config: AxiosConfig): Promise<AxiosAnswer> {
    if (typeof config.adapter === 'function' && !hasWork(config.transformRequest))
      return Promise.resolve((config.adapter as AdapterFunction)(config))
    config.transformResponse = []
    return this.#instance.request({ exactly: () => config })
  }

  /** The same for a config that was transformed already; the config itself is what the answer names. */
  async forward(config: AxiosConfig): Promise<AxiosAnswer> {
    if (typeof config.adapter === 'function') return (config.adapter as AdapterFunction)(config)
    const copy = copyOf(config)
    copy.transformRequest = []
    try {
      return backTo(config, copy, await this.send(copy))
    } catch (error) {
      throw backTo(config, copy, error)
    }
  }

  /**
   * Whether this axios hands a request to a forward proxy in clear text. From 1.16.1 on it opens a tunnel for https; before,
   * the proxy, from `proxy` or from the environment, gets the request itself. Asks axios' http adapter, and sends nothing.
   */
  async forwards(config: AxiosConfig, url: URL): Promise<boolean> {
    if (url.protocol !== 'https:' || usesFetch(config) || !mayBeProxied(config)) return false
    const { proxy, httpsAgent } = config
    let forwards = false
    const request = (options: RedirectOptions): never => {
      forwards = isForwarded(options)
      throw new Error('asked for its proxy only')
    }
    const asking = { adapter: 'http', method: 'get', headers: {}, url: url.href, proxy, httpsAgent }
    await this.#instance.request({ exactly: () => ({ ...asking, transport: { request } }) }).catch(() => {})
    return forwards
  }

  /** An error of axios' own class, so that `instanceof` and `axios.isAxiosError` know it. */
  async error(message: string, code: string, config: AxiosConfig): Promise<Error> {
    this.#errorClass ??= this.#findErrorClass()
    return new (await this.#errorClass)(message, code, config)
  }

  async #findErrorClass(): Promise<ErrorClass> {
    const thrown = await this.#instance
      .request({ exactly: () => ({ adapter: NO_ADAPTER, headers: {}, method: 'get' }) })
      .catch((error: unknown) => error)
    const error = thrown as { readonly isAxiosError?: unknown; readonly constructor: ErrorClass }
    return error.isAxiosError === true ? error.constructor : PlainError
  }
}

type ErrorClass = new (message: string, code: string, config: unknown) => Error

/** For an axios that keeps its error class to itself; `axios.isAxiosError` knows it all the same. */
class PlainError extends Error {
  override readonly name = 'AxiosError'
  readonly isAxiosError = true
  readonly code: string
  readonly config: unknown

  constructor(message: string, code: string, config: unknown) {
    super(message)
    this.code = code
    this.config = config
  }
}

/** Variables that name a proxy for https, as axios' `proxy-from-env` reads them; in capitals too. */
const PROXY_VARIABLES = ['https_proxy', 'all_proxy', 'npm_config_https_proxy', 'npm_config_proxy']

function mayBeProxied({ proxy }: AxiosConfig): boolean {
  if (proxy === false) return false
  return (
    Boolean(proxy) || PROXY_VARIABLES.some((name) => process.env[name] || process.env[name.toUpperCase()])
  )
}

function newInstance(client: AxiosLike): Instance {
  const maker = client as unknown as {
    readonly Axios?: new (defaults: object) => Instance
    create?(): Instance
    readonly constructor: new (defaults: object) => Instance
  }
  // Apps patch `create`: not used where the class itself is at hand.
  const Class = maker.Axios ?? (typeof maker.create === 'function' ? undefined : maker.constructor)
  const instance = Class === undefined ? maker.create?.() : new Class({})
  if (typeof instance?.request === 'function' && typeof instance.interceptors?.request?.use === 'function')
    return instance
  throw new TypeError('installZohoAuth needs an axios instance: axios itself, axios.create() or new Axios()')
}

function hasWork(transforms: unknown): boolean {
  return typeof transforms === 'function' || (Array.isArray(transforms) && transforms.length > 0)
}

/** Puts the caller's config in the place of the copy that was sent. */
function backTo<T>(config: AxiosConfig, copy: AxiosConfig, outcome: T): T {
  const holder = outcome as { config?: unknown; response?: { config?: unknown } } | undefined
  if (holder?.config === copy) holder.config = config
  if (holder?.response?.config === copy) holder.response.config = config
  return outcome
}
