import type { Environment } from '@zoho-auth/core'
import { DATA_CENTERS, type DataCenter } from '@zoho-auth/core'
import type { ConnectionAnswer } from '@zoho-auth/core/adapter'
import { configError, environment, isDataCenter } from '@zoho-auth/core/adapter'
import { ownPlace } from './return-to.js'

/** What a flow for browsers takes, whatever the framework. */
export interface ConnectOptions<R> {
  /** What users are asked for, such as `['ZohoRecruit.modules.ALL']`; with `AaaServer.profile.READ` they see their name. */
  readonly scopes: readonly string[]
  /**
   * Where Zoho sends the browser back to: the public URL of `callback`, as registered in Zoho's API console. Default: the
   * variable `ZOHO_REDIRECT_URI`; without it only a browser on the machine itself can connect, if `NODE_ENV` is not `production`.
   */
  readonly redirectUri?: string | undefined
  /**
   * Whose connection the signed-in user may make and end, such as `(req) => req.user?.org`. Default: the surrounding
   * connection, else the only configured one.
   */
  readonly connection?: ((req: R) => ConnectionAnswer | Promise<ConnectionAnswer>) | undefined
  /**
   * Whether this user may connect and disconnect at all. Without it and without `connection`, only a browser on the machine
   * itself may: otherwise any visitor could put an account of theirs in place of the app's.
   */
  readonly authorize?: ((req: R) => boolean | Promise<boolean>) | undefined
  /** Where the client is registered. Default: the option `dataCenter` of the engine, else `us`. */
  readonly dataCenter?: DataCenter | undefined
  /** Which environment of Zoho CRM the grant is for. Default `production`. */
  readonly environment?: Environment | undefined
  /** Where users go afterwards, if the link does not say: a path of this app. Default `/`. */
  readonly returnTo?: string | undefined
}

/** The names of its options. */
const CONNECT_OPTIONS: readonly (keyof ConnectOptions<never>)[] = Object.freeze([
  'scopes',
  'redirectUri',
  'connection',
  'authorize',
  'dataCenter',
  'environment',
  'returnTo',
])

/** What is wrong with options, as far as it shows before the first visitor; with what the variable says. */
export function connectFaults<R>(options: ConnectOptions<R>): readonly string[] {
  const faults: string[] = []
  const { scopes, connection, authorize, dataCenter, returnTo } = options ?? {}
  const redirectUri = redirectUriOf(options, faults)
  if (!Array.isArray(scopes) || scopes.length === 0)
    faults.push('scopes is missing: what users are asked for, such as ["ZohoRecruit.modules.ALL"]')
  for (const name of Object.keys(options ?? {}))
    if (!(CONNECT_OPTIONS as readonly string[]).includes(name)) faults.push(`${name} is not an option`)
  if (redirectUri !== undefined && !URL.canParse(redirectUri))
    faults.push(
      'redirectUri (ZOHO_REDIRECT_URI) must be the whole URL of the callback, such as "https://app.example.com/zoho/callback"',
    )
  for (const [name, value] of Object.entries({ connection, authorize }))
    if (value !== undefined && typeof value !== 'function')
      faults.push(`${name} must be a function of the request`)
  if (dataCenter !== undefined && !isDataCenter(dataCenter))
    faults.push(`dataCenter must be one of ${DATA_CENTERS.join(' ')}`)
  if (returnTo !== undefined && ownPlace(returnTo) === undefined)
    faults.push('returnTo must be a path of this app, such as "/settings"')
  return faults
}

/** Where Zoho sends browsers back to, by option or variable. */
export function redirectUriOf<R>(options: ConnectOptions<R>, faults: string[] = []): string | undefined {
  return options?.redirectUri ?? environment(process.env, faults)('ZOHO_REDIRECT_URI')
}

/** @throws ZohoAuthError `ERR_ZOHO_CONFIG`, one for all faults. */
export function assertConnectOptions<R>(options: ConnectOptions<R>): void {
  const faults = connectFaults(options)
  if (faults.length > 0) throw configError(faults)
}
