import { type Answer, escaped } from '../answer.js'
import type { World } from '../world.js'
import { mistakeIn, scopesOf } from './auth-request.js'
import { callback } from './callback.js'
import { type Choice, choiceFrom } from './choice.js'
import { consentPage } from './consent-page.js'
import { notice, outcomeOf } from './html-page.js'
import type { AuthRequest } from './tickets.js'

/**
 * Answers `GET /oauth/v2/auth`.
 *
 * With `user` and `auto=accept` or `auto=refuse` the answer is the callback; `organization`, `environment` and
 * `dataCenter` say what a person would choose. Without them it is a page that asks. A mistake of the client is a page
 * in Zoho's words, never a redirect. Zoho documents the words, not the status: 400 here.
 */
export function answerAuth(world: World, request: AuthRequest): Answer {
  const mistake = mistakeIn(world, request)
  if (mistake !== undefined) return refusal(mistake)
  const { query } = request
  const auto = query.get('auto')
  if (query.get('user') === null || (auto !== 'accept' && auto !== 'refuse'))
    return consentPage(world, request, world.tickets.issue(request), { chosen: query })
  const choice = auto === 'accept' ? choiceFrom(world, request, query) : undefined
  return typeof choice === 'string' ? refusal(choice) : decided(world, request, choice, 302)
}

/**
 * Answers `POST /oauth/v2/auth/consent`: the form of the consent page.
 *
 * Its `ticket` is good for one decision. A choice that cannot be shows the page again and leaves the ticket good.
 */
export function answerConsent(world: World, form: URLSearchParams): Answer {
  const ticket = form.get('ticket') ?? ''
  const request = world.tickets.find(ticket)
  if (request === undefined)
    return notice(
      400,
      'This page was answered already',
      'consent-replayed',
      '<p>Or it is too old. Go back to the application, and start there again.</p>',
    )
  const chosen = chosenIn(form)
  const decision = form.get('decision')
  if (decision !== 'accept' && decision !== 'refuse')
    return consentPage(world, request, ticket, { chosen, problem: 'Invalid Decision' })
  const choice = decision === 'accept' ? choiceFrom(world, request, chosen) : undefined
  if (typeof choice === 'string') return consentPage(world, request, ticket, { chosen, problem: choice })
  world.tickets.spend(ticket)
  // 303: the browser goes on with GET, and does not repeat the form
  return decided(world, request, choice, 303)
}

/** @param choice Undefined if the user refused. */
function decided(world: World, request: AuthRequest, choice: Choice | undefined, status: number): Answer {
  const accepted = choice && { ...choice, code: codeFor(world, choice, request.query) }
  return callback(world, request, accepted, status)
}

/** The fields of the form as `choiceFrom` reads them: each user has a list of organisations of their own. */
function chosenIn(form: URLSearchParams): URLSearchParams {
  const user = form.get('user') || (form.get('otherUser') ?? '').trim()
  const chosen = new URLSearchParams({ user })
  const organization = form.get(`organization-${user}`)
  if (organization !== null) chosen.set('organization', organization)
  for (const name of ['environment', 'dataCenter']) {
    const value = form.get(name)
    if (value !== null) chosen.set(name, value)
  }
  return chosen
}

function codeFor(world: World, choice: Choice, query: URLSearchParams): string {
  // Zoho gives a refresh token with the first offline consent, and again only when asked with prompt=consent
  const offline =
    query.get('access_type') === 'offline' &&
    (query.get('prompt') === 'consent' || !world.grants.hasGrant(choice.user, choice.dataCenter))
  return world.codes.create({
    ...choice,
    scopes: scopesOf(query),
    offline,
    redirectUri: query.get('redirect_uri') ?? undefined,
    challenge: query.get('code_challenge') ?? undefined,
    challengeMethod: query.get('code_challenge_method') === 'S256' ? 'S256' : 'plain',
  })
}

function refusal(words: string): Answer {
  return notice(400, escaped(words), outcomeOf(words))
}
