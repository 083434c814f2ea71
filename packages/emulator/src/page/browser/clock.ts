/** The clock: what time it is, how fast it runs, and the buttons that turn it. */
export const CLOCK_SCRIPT = `
import { byId, duration, say } from './dom.js'

const MINUTE_MS = 60_000

let speed = 1
let frozen = false

export function setUpClock(command) {
  for (const button of document.querySelectorAll('[data-minutes]'))
    button.addEventListener('click', () =>
      command('POST', 'clock', { advanceMs: (Number(button.dataset.minutes) * MINUTE_MS) / speed }),
    )
  byId('freeze').addEventListener('click', () =>
    command('POST', 'clock', frozen ? { unfreeze: true } : { freeze: true }),
  )
}

export function showClock({ clock }) {
  ;({ speed, frozen } = clock)
  const text = new Date(clock.now).toISOString()
  byId('now').dateTime = text
  say(byId('now'), text.slice(0, 10) + ' ' + text.slice(11, 19))
  say(byId('speed'), 'UTC, ' + (speed === 1 ? 'at Zoho’s speed' : speed + ' times Zoho’s speed'))
  byId('frozen').hidden = !frozen
  say(byId('freeze'), frozen ? 'Let run' : 'Stop')
  say(byId('scaled'), speed === 1 ? '' : '; an hour takes ' + duration((60 * MINUTE_MS) / speed) + ' here')
}
`
