/** Access tokens as bars on a time line: one token life back, one to come. */
export const TOKENS_SCRIPT = `
import { byId, duration, keep, make, say, shownOf } from './dom.js'

export function showTokens({ clock, rules, tokens, endedTokens }, command) {
  const { now } = clock
  const span = rules.tokenLifeMs
  const start = now - span
  say(byId('axis-start'), '− ' + duration(span))
  say(byId('axis-end'), '+ ' + duration(span))
  const shown = [...tokens.list, ...endedTokens.list]
  say(
    byId('token-summary'),
    tokens.total + ' live, ' + endedTokens.total + ' ended in the last ' + duration(span) + ' ' +
      shownOf(shown.length, tokens.total + endedTokens.total),
  )
  const percent = (at) => Math.min(100, Math.max(0, ((at - start) / (2 * span)) * 100)) + '%'
  keep(
    byId('token-list'),
    shown.sort((one, other) => other.issuedAt - one.issuedAt || (one.id < other.id ? -1 : 1)),
    ({ id }) => id,
    (token) => row(token, command),
    (element, token) => {
      const isLive = token.reason === undefined
      element.className = isLive ? 'live' : token.reason
      const bar = element.querySelector('.bar').style
      const end = isLive ? token.expiresAt : token.endedAt
      bar.setProperty('--from', percent(token.issuedAt))
      bar.setProperty('--to', percent(end))
      // where "now" is inside the bar
      const length = end - Math.max(start, token.issuedAt)
      bar.setProperty('--now', ((now - Math.max(start, token.issuedAt)) / length) * 100 + '%')
      say(
        element.querySelector('.story'),
        isLive ? duration(token.expiresAt - now) + ' left' : token.reason + ' ' + duration(now - end) + ' ago',
      )
      element.querySelector('button').hidden = !isLive
    },
  )
}

function row(token, command) {
  const kill = make('button', { type: 'button', textContent: 'Kill' })
  kill.setAttribute('aria-label', 'Kill token ' + token.accessToken)
  kill.addEventListener('click', () => command('POST', 'kill-token', { id: token.id }))
  const track = make('div', { className: 'track' }, make('div', { className: 'bar' }))
  track.setAttribute('aria-hidden', 'true')
  return make(
    'li',
    {},
    make('span', {}, make('code', { textContent: token.accessToken }), ' ' + token.user + ' · ' + token.dataCenter),
    track,
    make('span', { className: 'what' }, make('span', { className: 'story' }), kill),
  )
}
`
