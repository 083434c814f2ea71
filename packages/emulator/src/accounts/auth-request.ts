import type { World } from '../world.js'
import type { AuthRequest } from './tickets.js'

/** `Service.scope.OPERATION`, or one of the three of OpenID Connect. */
const SCOPE = /^(?:\w+(?:\.\w+)+|openid|email|profile)$/

/** Zoho documents these two (Accounts, "PKCE"); a request without a method means `plain`. */
const CHALLENGE_METHODS: ReadonlySet<string | null> = new Set([null, 'S256', 'plain'])

/** What is wrong with the request, in the words of Zoho's pages; the last one is ours. */
export function mistakeIn(world: World, { dataCenter, query }: AuthRequest): string | undefined {
  const { settings } = world
  if (query.get('client_id') !== world.clientId || !settings.clientDataCenters.has(dataCenter))
    return 'Invalid Client'
  const redirectUri = query.get('redirect_uri') ?? ''
  if (!settings.redirectUris.has(redirectUri) && !isLoopbackUri(redirectUri)) return 'Invalid Redirect Uri'
  if (query.get('response_type') !== 'code') return 'Invalid response type'
  const scopes = scopesOf(query)
  if (scopes.length === 0 || !scopes.every((scope) => SCOPE.test(scope))) return 'Invalid OAuth Scope'
  if (!CHALLENGE_METHODS.has(query.get('code_challenge_method'))) return 'Invalid Code Challenge Method'
  return undefined
}

export function scopesOf(query: URLSearchParams): string[] {
  return (query.get('scope') ?? '').split(/[,\s]+/).filter(Boolean)
}

/** Whether the user has to choose an environment: Zoho asks where a scope of CRM is among the others. */
export function asksForEnvironment(query: URLSearchParams): boolean {
  return scopesOf(query).some((scope) => /^ZohoCRM\./i.test(scope))
}

function isLoopbackUri(uri: string): boolean {
  if (!URL.canParse(uri)) return false
  const { protocol, hostname } = new URL(uri)
  return /^https?:$/.test(protocol) && ['localhost', '127.0.0.1', '[::1]'].includes(hostname)
}
