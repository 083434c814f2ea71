import {
  type AdapterFunction,
  type AxiosAnswer,
  type AxiosConfig,
  type AxiosLike,
  type RedirectOptions,
  usesFetch,
} from './axios-like.js'
import { isForwarded } from './redirect-guard.js'

/** An axios instance with nothing between `request` and the adapter. */
interface Instance {
  readonly interceptors: Record<'request' | 'response', { clear?(): void }> & AxiosLike['interceptors']
  request(config: object): Promise<AxiosAnswer>
}

type ErrorClass = new (message: string, code: string, config: AxiosConfig) => Error

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
  /** Whether this axios opens a tunnel through a forward proxy; `undefined` until it was asked. */
  #tunnels: boolean | undefined

  /** @throws TypeError for something that is not an axios instance. */
  constructor(client: AxiosLike) {
    this.#instance = newInstance(client)
    const { request, response } = this.#instance.interceptors
    // Some apps patch `create` so that every instance gets their interceptors.
    request.clear?.()
    response.clear?.()
    // `request` merges a config with defaults, field by field. A function passes through untouched, and so does what it holds.
    request.use((merged: { exactly(): object }) => merged.exactly(), undefined, { synchronous: true })
  }

  /** Gives a config to its adapter. Its data is transformed by its own `transformRequest`, its answer by nothing. */
  send(config: AxiosConfig): Promise<AxiosAnswer> {
    if (typeof config.adapter === 'function' && !hasWork(config.transformRequest))
      return (config.adapter as AdapterFunction)(config)
    config.transformResponse = []
    return this.#exactly(config)
  }

  /** The same for a config that was transformed already, and goes back to the caller. */
  async forward(config: AxiosConfig): Promise<AxiosAnswer> {
    const { adapter, transformRequest, transformResponse } = config
    if (typeof adapter === 'function') return (adapter as AdapterFunction)(config)
    config.transformRequest = []
    try {
      return await this.send(config)
    } finally {
      Object.assign(config, { transformRequest, transformResponse })
    }
  }

  /** Whether a request has to be asked about its forward proxy before it is sent: see {@link forwards}. */
  mayForward({ protocol }: URL): boolean {
    return protocol === 'https:' && this.#tunnels !== true
  }

  /**
   * Whether this axios hands a request to a forward proxy in clear text. From 1.16.1 on it opens a tunnel for https; before,
   * the proxy, from `proxy` or from the environment, gets the request itself. Asks axios' http adapter, and sends nothing.
   */
  async forwards(config: AxiosConfig, { href: url }: URL): Promise<boolean> {
    if (usesFetch(config)) return false
    const any = { protocol: 'http', host: '127.0.0.1', port: 9 }
    this.#tunnels ??= !(await this.#isForwarded({ url, proxy: any }))
    return !this.#tunnels && this.#isForwarded({ url, proxy: config.proxy, httpsAgent: config.httpsAgent })
  }

  async #isForwarded(asked: object): Promise<boolean> {
    let answer = false
    const request = (options: RedirectOptions): never => {
      answer = isForwarded(options)
      throw new Error('asked for its proxy only')
    }
    const config = { adapter: 'http', method: 'get', headers: {}, transport: { request }, ...asked }
    await this.#exactly(config).catch(() => {})
    return answer
  }

  /** An error of axios' own class, so that `instanceof` and `axios.isAxiosError` know it. */
  async error(message: string, code: string, config: AxiosConfig): Promise<Error> {
    this.#errorClass ??= this.#exactly({ adapter: NO_ADAPTER, headers: {}, method: 'get' }).then(
      () => Error,
      (unknownAdapter: { readonly constructor: ErrorClass }) => unknownAdapter.constructor,
    )
    return new (await this.#errorClass)(message, code, config)
  }

  #exactly(config: object): Promise<AxiosAnswer> {
    return this.#instance.request({ exactly: () => config })
  }
}

function newInstance(client: AxiosLike): Instance {
  const maker = client as unknown as {
    readonly Axios?: new (defaults: object) => Instance
    create?(): Instance
    readonly constructor: new (defaults: object) => Instance
  }
  // Apps patch `create`: not used if the class itself is at hand.
  const Class = maker.Axios ?? (typeof maker.create === 'function' ? undefined : maker.constructor)
  const instance = Class === undefined ? maker.create?.() : new Class({})
  if (typeof instance?.request === 'function' && typeof instance.interceptors?.request?.use === 'function')
    return instance
  throw new TypeError('installZohoAuth needs an axios instance: axios itself, axios.create() or new Axios()')
}

function hasWork(transforms: unknown): boolean {
  return typeof transforms === 'function' || (Array.isArray(transforms) && transforms.length > 0)
}
