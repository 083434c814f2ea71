/**
 * The few things of an axios instance that are used here. Described by structure: axios has two declaration files (ESM and
 * CommonJS), and an instance of one is no instance of the other.
 */
export interface AxiosLike {
  readonly interceptors: {
    readonly request: {
      use(
        // biome-ignore lint/suspicious/noExplicitAny: the config of either declaration file, whatever its version says
        onFulfilled: (config: any) => any,
        onRejected?: undefined,
        options?: { synchronous?: boolean },
      ): number
      eject(id: number): void
    }
  }
}

/** Headers as axios keeps them from 1.6.0 on. */
interface HeadersLike {
  get(name: string): unknown
  set(name: string, value: string): unknown
  delete(name: string): unknown
  /** A copy. */
  concat(): HeadersLike
}

/** `AbortSignal`, and what axios accepts in its place. */
interface SignalLike {
  readonly aborted: boolean
  readonly reason?: unknown
  addEventListener?(type: 'abort', listener: () => void): unknown
  removeEventListener?(type: 'abort', listener: () => void): unknown
}

/** axios' older way to cancel. */
interface CancelTokenLike {
  readonly reason?: unknown
  subscribe(listener: (reason: unknown) => void): void
  unsubscribe(listener: (reason: unknown) => void): void
}

/** A function that sends a config. */
export type AdapterFunction = (config: AxiosConfig) => Promise<AxiosAnswer>

/** The fields of a config that reached an adapter, as far as they are read or changed here. */
export interface AxiosConfig {
  url?: string | URL
  method?: string
  baseURL?: string
  allowAbsoluteUrls?: boolean
  params?: unknown
  data?: unknown
  headers: HeadersLike
  auth?: unknown
  adapter?: unknown
  transformRequest?: unknown
  transformResponse?: unknown
  timeout?: number | string
  timeoutErrorMessage?: string
  transitional?: { readonly clarifyTimeoutError?: boolean }
  signal?: SignalLike
  cancelToken?: CancelTokenLike
  beforeRedirect?: (options: RedirectOptions, ...details: unknown[]) => void
  transport?: Transport
  maxRedirects?: number
  proxy?: unknown
  fetchOptions?: { readonly redirect?: unknown; readonly dispatcher?: unknown }
  httpAgent?: unknown
  httpsAgent?: unknown
  zoho?: unknown
}

/** What an adapter answers, before axios transforms it. */
export interface AxiosAnswer {
  data: unknown
  readonly status: number
  readonly headers?: unknown
  config: unknown
  request?: unknown
  zohoHint?: string
}

/** What follow-redirects is about to send. */
export interface RedirectOptions {
  readonly href?: string
  readonly protocol?: string
  readonly hostname?: string
  readonly host?: string
  readonly port?: string | number
  readonly path?: string
  headers?: Record<string, unknown>
  beforeRedirect?: (options: RedirectOptions, ...details: unknown[]) => void
}

/** A replacement for `node:http`, as axios accepts it. */
export interface Transport {
  request(options: RedirectOptions, ...rest: unknown[]): unknown
}

/** Whether a config goes to axios' fetch adapter. In Node axios takes the first of the names that is not `xhr`. */
export function usesFetch({ adapter }: AxiosConfig): boolean {
  return [adapter].flat().find((name) => name !== 'xhr') === 'fetch'
}

/** A copy that can be changed without the original. Keeps what axios hides on its configs. */
export function copyOf(config: AxiosConfig): AxiosConfig {
  return Object.create(Object.getPrototypeOf(config), Object.getOwnPropertyDescriptors(config)) as AxiosConfig
}
