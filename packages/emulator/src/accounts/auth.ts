import { type Answer, escaped, html, redirect } from '../answer.js'
import type { CodeChallengeMethod } from '../codes.js'
import { type DataCenter, isDataCenter } from '../data-centers.js'
import { originOf, type World } from '../world.js'

/** Who can consent on the page; any other name works with `?user=`. */
const USERS = ['ada', 'grace', 'alan'] as const

const LONGEST_USER = 200

/** `Service.scope.OPERATION`, or one of the three of OpenID Connect. */
const SCOPE = /^(?:\w+(?:\.\w+)+|openid|email|profile)$/

/**
 * Answers `GET /oauth/v2/auth`.
 *
 * With `user` and `auto=accept` or `auto=refuse` the answer is the callback; without them it is a page that asks.
 * `dataCenter` says where the user lives, by default here. A mistake of the client is a page in Zoho's words, never
 * a redirect. Zoho documents the words, not the status: 400 here.
 */
export function answerAuth(world: World, dataCenter: DataCenter, query: URLSearchParams): Answer {
  const mistake = mistakeIn(world, dataCenter, query)
  if (mistake !== undefined) return html(400, mistake, mistake.toLowerCase().replaceAll(' ', '-'))
  const user = query.get('user')
  const auto = query.get('auto')
  if (user === null || (auto !== 'accept' && auto !== 'refuse')) return consentPage(world, dataCenter, query)

  const home = query.get('dataCenter') ?? dataCenter
  if (!isDataCenter(home) || !world.origins.has(home) || !world.settings.clientDataCenters.has(home))
    return html(400, 'Invalid Client', 'invalid-client')
  if (user === '' || user.length > LONGEST_USER) return html(400, 'Invalid User', 'invalid-user')
  const { fault } = world.faults.take('auth', { dataCenter })
  const callback = new URL(query.get('redirect_uri') ?? '')
  const answer = callback.searchParams
  if (auto === 'accept') {
    answer.set('code', codeFor(world, home, user, query))
    answer.set('location', home)
    answer.set(
      'accounts-server',
      fault?.kind === 'foreign-accounts-server' ? fault.value : originOf(world, home),
    )
  } else answer.set('error', 'access_denied')
  const state = fault?.kind === 'wrong-state' ? 'a-state-nobody-sent' : query.get('state')
  if (state !== null) answer.set('state', state)
  return redirect(callback.href, auto === 'accept' ? 'accepted' : 'access_denied')
}

function mistakeIn(world: World, dataCenter: DataCenter, query: URLSearchParams): string | undefined {
  const { settings } = world
  if (query.get('client_id') !== world.clientId || !settings.clientDataCenters.has(dataCenter))
    return 'Invalid Client'
  const redirectUri = query.get('redirect_uri') ?? ''
  if (!settings.redirectUris.has(redirectUri) && !isLoopbackUri(redirectUri)) return 'Invalid Redirect Uri'
  if (query.get('response_type') !== 'code') return 'Invalid response type'
  const scopes = scopesOf(query)
  if (scopes.length === 0 || !scopes.every((scope) => SCOPE.test(scope))) return 'Invalid OAuth Scope'
  return undefined
}

function codeFor(world: World, dataCenter: DataCenter, user: string, query: URLSearchParams): string {
  // Zoho gives a refresh token with the first offline consent, and again only when asked with prompt=consent
  const offline =
    query.get('access_type') === 'offline' &&
    (query.get('prompt') === 'consent' || !world.grants.hasGrant(user, dataCenter))
  const method: CodeChallengeMethod = query.get('code_challenge_method') === 'S256' ? 'S256' : 'plain'
  return world.codes.create({
    user,
    dataCenter,
    scopes: scopesOf(query),
    offline,
    redirectUri: query.get('redirect_uri') ?? undefined,
    challenge: query.get('code_challenge') ?? undefined,
    challengeMethod: method,
  })
}

function scopesOf(query: URLSearchParams): string[] {
  return (query.get('scope') ?? '').split(/[,\s]+/).filter(Boolean)
}

function isLoopbackUri(uri: string): boolean {
  if (!URL.canParse(uri)) return false
  const { protocol, hostname } = new URL(uri)
  return /^https?:$/.test(protocol) && ['localhost', '127.0.0.1', '[::1]'].includes(hostname)
}

function consentPage(world: World, dataCenter: DataCenter, query: URLSearchParams): Answer {
  const kept = [...query].filter(([name]) => !['user', 'auto', 'dataCenter'].includes(name))
  const hidden = kept.map(
    ([name, value]) => `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`,
  )
  const users = USERS.map(
    (user, at) =>
      `<label><input type="radio" name="user" value="${user}"${at === 0 ? ' checked' : ''}> ${user}</label>`,
  )
  const homes = [...world.origins.keys()].map(
    (name) => `<option${name === dataCenter ? ' selected' : ''}>${name}</option>`,
  )
  const scopes = scopesOf(query).map((scope) => `<li>${escaped(scope)}</li>`)
  return html(
    200,
    'Consent',
    'consent-page',
    `
<p>An application asks for access to:</p><ul>${scopes.join('')}</ul>
<form method="get">${hidden.join('')}
<p>${users.join(' ')}</p>
<p><label>Data centre <select name="dataCenter">${homes.join('')}</select></label></p>
<button name="auto" value="accept">Accept</button> <button name="auto" value="refuse">Refuse</button>
</form>`,
  )
}
