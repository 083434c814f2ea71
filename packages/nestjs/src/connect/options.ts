import { type ConnectOptions, connectFaults as faultsOfConnect } from '@zoho-auth/connect'

/** What the option `connect` of `ZohoAuthModule` takes. */
// biome-ignore lint/suspicious/noExplicitAny: the request of Express or Fastify, as in Nest's own getRequest<T = any>()
export interface ZohoConnectOptions extends ConnectOptions<any> {
  /**
   * Where the routes are, such as `/zoho`: from the root of the server, whatever `setGlobalPrefix` and versioning say of
   * controllers. Segments of letters, digits and `-._~`.
   */
  readonly path: string
}

/** Segments that mean the same in a URL, a pattern of Express and a pattern of Fastify. */
const PATH = /^\/$|^(\/(?!\.{1,2}(\/|$))[\w.~-]+)+\/?$/

/** What is wrong with the option `connect`. */
export function connectFaults(connect: ZohoConnectOptions): readonly string[] {
  const { path, ...options } = connect ?? {}
  const faults: string[] = []
  if (typeof path !== 'string' || !PATH.test(path))
    faults.push('path must begin with "/" and have plain segments, such as "/zoho"')
  faults.push(...faultsOfConnect(options as ConnectOptions<unknown>))
  return faults.map((fault) => `connect: ${fault}`)
}

/** A path without a slash at its end; empty for the root. */
export function mountOf(path: string): string {
  return String(path).replace(/\/$/, '')
}
