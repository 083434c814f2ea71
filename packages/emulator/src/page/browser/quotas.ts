/** Zoho's quotas as gauges, per refresh token and per user. */
export const QUOTAS_SCRIPT = `
import { byId, duration, keep, make, say, shownOf } from './dom.js'

export function showQuotas({ rules, grants, users }, command) {
  say(byId('window'), duration(rules.tokenWindowMs))
  say(byId('grant-window'), duration(rules.grantWindowMs))
  say(byId('grant-summary'), shownOf(grants.list.length, grants.total))
  say(byId('user-summary'), shownOf(users.list.length, users.total))
  keep(
    byId('grant-list'),
    grants.list,
    ({ id }) => id,
    (grant) => grantRow(grant, rules, command),
    ({ cells }, grant) => {
      fill(cells[3], grant.usedInWindow)
      fill(cells[4], grant.liveTokens)
      sayRefused(cells[5], grant.blockedForMs)
    },
  )
  keep(
    byId('user-list'),
    users.list,
    ({ user, dataCenter }) => dataCenter + '/' + user,
    ({ user, dataCenter }) =>
      make(
        'tr',
        {},
        make('td', { textContent: user + ' · ' + dataCenter }),
        gauge('Refresh tokens of ' + user, rules.refreshTokensPerUser),
        gauge('New refresh tokens of ' + user, rules.grantsPerWindow),
        make('td', { className: 'number' }),
      ),
    ({ cells }, user) => {
      fill(cells[1], user.refreshTokens)
      fill(cells[2], user.newInWindow)
      sayRefused(cells[3], user.blockedForMs)
    },
  )
}

function grantRow(grant, rules, command) {
  const revoke = make('button', { type: 'button', textContent: 'Revoke' })
  revoke.setAttribute('aria-label', 'Revoke refresh token ' + grant.refreshToken)
  revoke.addEventListener('click', () => command('POST', 'revoke-grant', { id: grant.id }))
  const environment = grant.environment === 'production' ? '' : ', ' + grant.environment
  return make(
    'tr',
    {},
    make('td', {}, make('code', { textContent: grant.refreshToken })),
    make('td', { textContent: grant.user + ' · ' + grant.dataCenter }),
    make('td', { textContent: grant.organization.name + environment }),
    gauge('New access tokens of ' + grant.refreshToken, rules.tokensPerWindow),
    gauge('Live access tokens of ' + grant.refreshToken, rules.liveTokens),
    make('td', { className: 'number' }),
    make('td', {}, revoke),
  )
}

function gauge(name, max) {
  const meter = make('meter', { min: 0, max, low: max * 0.6, high: max * 0.9, optimum: 0 })
  meter.setAttribute('aria-label', name)
  return make('td', { className: 'number' }, meter, make('span', {}))
}

function fill(cell, value) {
  const [meter, text] = cell.children
  meter.value = value
  say(text, value + ' of ' + meter.max)
}

function sayRefused(cell, ms) {
  say(cell, ms > 0 ? duration(ms) : '–')
  cell.classList.toggle('refused', ms > 0)
}
`
