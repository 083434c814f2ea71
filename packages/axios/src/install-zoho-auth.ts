import type { Product, ZohoAuth } from '@zoho-auth/core'
import { assertProduct, engineFrom } from '@zoho-auth/core/adapter'
import { type AxiosAnswer, type AxiosConfig, type AxiosLike } from './axios-like.js'
import { CacheKeys } from './cache-keys.js'
import { UrlCache } from './final-url.js'
import type { SendParts } from './request-options.js'
import { sendWithToken } from './send-with-token.js'
import { Sibling } from './sibling.js'
import { hideAgents } from './stand-ins.js'

/** What {@link installZohoAuth} takes. */
export interface InstallOptions {
  /** Default: `defaultZohoAuth()`, made from `ZOHO_*` variables when this is called. */
  readonly auth?: ZohoAuth | undefined
  /** Whose token, if a request does not say. Default: the surrounding `withConnection`, else the only connection. */
  readonly connection?: string | undefined
  /** Whose host relative URLs without `baseURL` are meant for, where a request does not say. Default: none. */
  readonly product?: Product | undefined
}

/** Undoes an install. */
export interface ZohoAuthInstall {
  /** Requests made from now on are left alone; those under way finish. Idempotent. */
  eject(): void
}

interface Installed {
  readonly options: InstallOptions
  readonly handle: ZohoAuthInstall
}

const installs = new WeakMap<AxiosLike, Installed>()

/** On functions of ours: what they stand for. A config that is sent again brings along the one it was sent with. */
const ORIGINAL = Symbol('original')

/** On while an instance of our own is made. An app that patches `create` to install on every instance then comes back here. */
let making = false

/**
 * Gives every request of an axios instance that goes to Zoho a valid token, and sends it again if the token is refused.
 *
 * Requests to other hosts, requests with an `Authorization` of their own, and requests with `zoho: false` go out untouched.
 * Instances made from this one with `create` are not covered. A second install on one instance gives the first handle.
 *
 * @param client `axios`, `axios.create()`, or `httpService.axiosRef` of Nest.
 * @throws ZohoAuthError `ERR_ZOHO_CONFIG` if there is no `auth` and the variables are not complete.
 * @throws TypeError for something that is not an axios instance, and for a `product` that is none of Zoho's.
 */
export function installZohoAuth(client: AxiosLike, options: InstallOptions = {}): ZohoAuthInstall {
  const installed = installs.get(client)
  if (installed !== undefined) {
    warnOfOthers(installed.options, options)
    return installed.handle
  }
  if (making) return { eject: () => {} }
  const sibling = siblingOf(client)
  if (options.product !== undefined) assertProduct(options.product)
  const { connection, product } = options
  const { auth } = engineFrom({ auth: options.auth })
  const parts = { auth, sibling, connection, product, urls: new UrlCache() }
  const keys = new CacheKeys(client, parts)
  const { request } = client.interceptors
  const when = {
    // An instance whose interceptors all are synchronous stays so.
    synchronous: true,
    // axios asks this before any interceptor runs.
    runWhen: (config: AxiosConfig) => {
      keys.begin(config)
      return true
    },
  }
  const id = request.use((config: AxiosConfig) => withOurAdapter(config, parts, keys), undefined, when)
  const handle = {
    eject: () => {
      request.eject(id)
      keys.eject()
      if (installs.get(client)?.handle === handle) installs.delete(client)
    },
  }
  installs.set(client, { options, handle })
  return handle
}

function siblingOf(client: AxiosLike): Sibling {
  making = true
  try {
    return new Sibling(client)
  } finally {
    making = false
  }
}

/**
 * Puts our adapter around the request's own: an adapter runs after every interceptor and transform, when the URL is final.
 */
function withOurAdapter(config: AxiosConfig, parts: SendParts, keys: CacheKeys): AxiosConfig {
  const original = isOurs(config.adapter) ? config.adapter[ORIGINAL] : config.adapter
  let kept: { readonly data: unknown } | undefined
  // Runs even if a cache put an adapter of its own in the place of ours.
  function keep(this: AxiosConfig | undefined, data: unknown): unknown {
    const sent = this ?? config
    try {
      keys.assertKeyed(sent)
    } catch (error) {
      void keys.failed(sent, error)
      throw error
    }
    kept = { data }
    return data
  }
  function ours(final: AxiosConfig): Promise<AxiosAnswer> {
    // The caller gets this config back, and may send it again.
    final.adapter = original
    final.transformRequest = transformsOf(final)
    return sendWithToken(final, kept, parts, keys)
  }
  config.adapter = Object.assign(ours, { [ORIGINAL]: original })
  config.transformRequest = [Object.assign(keep, { [ORIGINAL]: undefined }), ...transformsOf(config)]
  // An error may name this config before our adapter has run, and an agent leads to all requests on it.
  hideAgents(config)
  return config
}

/** The transforms of a config, without those that were added here. */
function transformsOf({ transformRequest }: AxiosConfig): unknown[] {
  const all: unknown[] = Array.isArray(transformRequest) ? transformRequest : [transformRequest ?? []].flat()
  return all.filter((transform) => !isOurs(transform))
}

function isOurs(made: unknown): made is { [ORIGINAL]: unknown } {
  return typeof made === 'function' && ORIGINAL in made
}

function warnOfOthers(first: InstallOptions, second: InstallOptions): void {
  const names = ['auth', 'connection', 'product'] as const
  const differing = names.filter((name) => second[name] !== undefined && second[name] !== first[name])
  if (differing.length > 0)
    process.emitWarning(
      `installZohoAuth was called again on one axios instance with another ${differing.join(' and ')}: the first install stays. Eject it first`,
      { type: 'ZohoAuthWarning', code: 'ZOHO_AUTH_AXIOS_INSTALLED' },
    )
}
