/** Asks the emulator once a second while somebody looks, and hands the answer round. */
export const MAIN_SCRIPT = `
import { byId, keep, make, say } from './dom.js'
import { setUpClock, showClock } from './clock.js'
import { showTokens } from './tokens.js'
import { showQuotas } from './quotas.js'
import { setUpFaults, showFaults } from './faults.js'
import { showRequests } from './requests.js'

const EVERY_MS = 1000

/** What was wrong with the last command; stays until one works. */
let problem = ''

/** Sends a command. Tells what was wrong with it, and shows what it did at once. */
async function command(method, path, body) {
  try {
    const response = await fetch(path, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(method === 'GET' ? {} : { body: JSON.stringify(body ?? {}) }),
    })
    const answer = await response.json()
    if (!response.ok) throw new Error(answer.error)
    problem = ''
    if (method !== 'GET') await show()
    return answer
  } catch (error) {
    problem = error.message
    tell(problem)
    return undefined
  }
}

function tell(text) {
  say(byId('status'), text)
  byId('status').classList.toggle('problem', text !== '')
}

async function show() {
  let now
  try {
    const response = await fetch('overview', { headers: { accept: 'application/json' } })
    if (!response.ok) throw new Error('status ' + response.status)
    now = await response.json()
  } catch {
    return tell('The emulator does not answer.')
  }
  tell(problem)
  showPlace(now)
  showClock(now)
  showCounters(now.counters)
  showTokens(now, command)
  showQuotas(now, command)
  showFaults(now, command)
  showRequests(now)
}

function showPlace({ dataCenters }) {
  say(byId('place'), Object.entries(dataCenters).map(([name, url]) => name + ' ' + url).join(', '))
}

function showCounters(counters) {
  keep(
    byId('counter-list'),
    Object.entries(counters),
    ([name]) => name,
    ([name]) => make('div', {}, make('dt', { textContent: words(name) }), make('dd', {})),
    (row, [, count]) => say(row.lastElementChild, String(count)),
  )
}

/** tokensIssued: tokens issued */
function words(name) {
  return name.replace(/[A-Z]/g, (letter) => ' ' + letter.toLowerCase())
}

let timer
async function turn() {
  clearTimeout(timer)
  if (document.visibilityState === 'visible') await show()
  clearTimeout(timer)
  timer = setTimeout(turn, EVERY_MS)
}

byId('reset').addEventListener('click', () => command('POST', 'reset'))
setUpClock(command)
setUpFaults(command)
document.addEventListener('visibilitychange', turn)
turn()
`
