import { type Answer, escaped } from '../answer.js'
import type { DataCenter } from '../data-centers.js'
import { ENVIRONMENTS, KNOWN_USERS, personOf } from '../people.js'
import type { World } from '../world.js'
import { asksForEnvironment, scopesOf } from './auth-request.js'
import type { ChoiceProblem } from './choice.js'
import { htmlPage, outcomeOf } from './html-page.js'
import { scopeInWords } from './scope-words.js'
import type { AuthRequest } from './tickets.js'

/** How the page is filled in when it is shown. */
export interface Filled {
  /** `user`, `organization`, `environment`, `dataCenter`; each may be missing. */
  readonly chosen: URLSearchParams
  /** Why the page is shown again. */
  readonly problem?: ChoiceProblem | 'Invalid Decision'
}

const PROBLEMS: Readonly<Record<NonNullable<Filled['problem']>, string>> = {
  'Invalid User': 'Say who signs in: a name of 1 to 200 characters.',
  'Invalid Organisation': 'This user does not belong to that organisation.',
  'Invalid Environment': 'There is no such environment.',
  'Invalid Client': 'Invalid Client: the application is not enabled in that data centre.',
  'Invalid Decision': 'Accept, or refuse.',
}

/**
 * The page that asks a person: who they are, for which organisation, and whether the client may.
 *
 * One form, no script. The organisations of the users who are not chosen are hidden by the style; a browser that
 * cannot do that shows them all, and those of the chosen user count.
 */
export function consentPage(
  world: World,
  request: AuthRequest,
  ticket: string,
  { chosen, problem }: Filled,
): Answer {
  const { query } = request
  const user = chosen.get('user') ?? KNOWN_USERS[0]
  const main = `${problem === undefined ? '' : `<p class="problem" role="alert">${escaped(PROBLEMS[problem])}</p>`}
<h1>${escaped(world.settings.clientName)} asks for access to your Zoho data</h1>
<p><small>Client <code id="client-id">${escaped(world.clientId)}</code></small></p>
<h2 class="notice" id="scopes-title">It wants to</h2>
<ul id="scopes" aria-labelledby="scopes-title">
${scopesOf(query).map(scopeItem).join('\n')}
</ul>
<p>${query.get('access_type') === 'offline' ? 'Also while you are away, until you withdraw it.' : 'For one hour.'}</p>
<form method="post" action="/oauth/v2/auth/consent" autocomplete="off">
<input type="hidden" name="ticket" value="${escaped(ticket)}">
${userList(user)}
${KNOWN_USERS.map((name) => organizationList(name, chosen.get('organization'))).join('\n')}
${homeList(world, (chosen.get('dataCenter') ?? request.dataCenter) as DataCenter)}
${asksForEnvironment(query) ? environmentList(chosen.get('environment')) : ''}
<p class="notice">Either way you go back to <span id="redirect-uri">${escaped(query.get('redirect_uri') ?? '')}</span>.</p>
<div class="buttons">
<button type="submit" name="decision" value="accept" id="accept">Accept</button>
<button type="submit" name="decision" value="refuse" id="refuse">Refuse</button>
</div>
</form>`
  if (problem === undefined) return htmlPage(200, 'Consent', 'consent-page', main)
  return htmlPage(400, 'Consent', outcomeOf(problem), main)
}

function scopeItem(scope: string): string {
  return `<li>${escaped(scopeInWords(scope))} <code>${escaped(scope)}</code></li>`
}

function userList(chosen: string): string {
  const other = !(KNOWN_USERS as readonly string[]).includes(chosen)
  const known = KNOWN_USERS.map((name) => {
    const { firstName, lastName, email } = personOf(name)
    const label = `${escaped(`${firstName} ${lastName}`)} <small>${escaped(email)}</small>`
    return radio(`user-${name}`, 'user', name, name === chosen, label)
  })
  return `<fieldset><legend>Sign in as</legend>
${known.join('\n')}
${radio('user-other', 'user', '', other, 'Somebody else')}
<label class="of-user of-other" for="other-user">Name of the user
<input type="text" id="other-user" name="otherUser" maxlength="200" spellcheck="false" value="${other ? escaped(chosen) : ''}"></label>
</fieldset>`
}

function organizationList(user: string, chosen: string | null): string {
  const { organizations, firstName } = personOf(user)
  const picked = organizations.some(({ id }) => id === chosen) ? chosen : organizations[0].id
  const items = organizations.map(({ id, name }) =>
    radio(`organization-${id}`, `organization-${user}`, id, id === picked, escaped(name)),
  )
  return `<fieldset class="of-user of-${user}"><legend>Organisation of ${escaped(firstName)}</legend>
${items.join('\n')}
</fieldset>`
}

function homeList(world: World, chosen: DataCenter): string {
  const options = [...world.origins.keys()].map((name) => option(name, name, name === chosen))
  return `<label class="field" for="data-center">Data centre where you live
<select id="data-center" name="dataCenter">${options.join('')}</select></label>`
}

function environmentList(chosen: string | null): string {
  const options = ENVIRONMENTS.map((name) =>
    option(name, `${name.charAt(0).toUpperCase()}${name.slice(1)}`, name === chosen),
  )
  return `<label class="field" for="environment">Environment of Zoho CRM
<select id="environment" name="environment">${options.join('')}</select></label>`
}

/** @param label Escaped already. */
function radio(id: string, name: string, value: string, checked: boolean, label: string): string {
  return `<label for="${id}"><input type="radio" id="${id}" name="${name}" value="${escaped(value)}"${checked ? ' checked' : ''}> ${label}</label>`
}

function option(value: string, label: string, selected: boolean): string {
  return `<option value="${value}"${selected ? ' selected' : ''}>${label}</option>`
}
