/** The request log, newest first. */
export const REQUESTS_SCRIPT = `
import { byId, clockTime, keep, make } from './dom.js'

export function showRequests({ requests }) {
  keep(
    byId('request-list'),
    requests.list.toReversed(),
    // with the time: a restarted emulator counts from 1 again
    ({ id, at }) => id + '/' + at,
    row,
    () => {},
  )
}

function row(request) {
  const { status, outcome, product } = request
  const target = request.method + ' ' + request.path + (request.query === '' ? '' : '?' + request.query)
  const failed = status === 0 || status >= 400 || /throttled|invalid|refused/.test(outcome)
  const cells = [
    clockTime(request.at),
    request.dataCenter + ' · ' + (product ?? request.kind),
    target,
    status === 0 ? 'none' : String(status),
    outcome,
    request.refreshToken ?? '',
  ].map((textContent) => make('td', { textContent }))
  cells[2].className = 'target'
  for (const at of [0, 1, 3, 4]) cells[at].className = 'number'
  return make('tr', { className: outcome.includes('fault:') ? 'faulty' : failed ? 'failed' : '' }, ...cells)
}
`
