import type { AxiosResponse, InternalAxiosRequestConfig } from 'axios'

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

/** A function that sends a config. */
export type AdapterFunction = (config: AxiosConfig) => Promise<AxiosAnswer>

/** A config as it reaches an adapter: complete. What axios passes on untouched may be anything. */
export type AxiosConfig = Omit<InternalAxiosRequestConfig, 'adapter' | 'transformRequest' | 'zoho'> & {
  adapter?: unknown
  transformRequest?: unknown
  zoho?: unknown
  fetchOptions?: { readonly redirect?: unknown; readonly dispatcher?: unknown }
}

/** What an adapter answers, before axios transforms it. */
export type AxiosAnswer = Omit<AxiosResponse, 'config'> & { config: unknown }

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

/** Whether a config goes to axios' fetch adapter. In Node axios takes the first of the names that is not `xhr`. */
export function usesFetch({ adapter }: AxiosConfig): boolean {
  return (Array.isArray(adapter) ? adapter.find((name) => name !== 'xhr') : adapter) === 'fetch'
}

/** The configs of newer versions inherit nothing, and have this. */
const BARE: object = Object.create(null, {
  hasOwnProperty: {
    value(this: object, key: PropertyKey) {
      return Object.hasOwn(this, key)
    },
  },
})

/** A copy that can be changed without the original. Four times quicker than `Object.assign` if nothing is inherited. */
export function copyOf<T extends object>(original: T): T {
  const copy = Object.create(Object.getPrototypeOf(original) ?? BARE) as T
  for (const key in original) copy[key] = original[key]
  for (const key of Object.getOwnPropertySymbols(original)) Reflect.set(copy, key, Reflect.get(original, key))
  return copy
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
