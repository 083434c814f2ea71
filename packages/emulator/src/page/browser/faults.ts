/** Fault switches: a form for every kind, the faults that wait, and the throttle. */
export const FAULTS_SCRIPT = `
import { byId, duration, keep, make, say } from './dom.js'

const PLACES = { token: 'Token endpoint', revoke: 'Revoke endpoints', api: 'Product APIs', auth: 'Consent callback' }

let throttled = false

export async function setUpFaults(command) {
  byId('clear-faults').addEventListener('click', () => command('DELETE', 'faults'))
  byId('throttle').addEventListener('click', () => command('POST', 'throttle', throttled ? { off: true } : {}))
  const answer = await command('GET', 'fault-kinds')
  if (answer === undefined) return
  const { faultKinds } = answer
  const [on, kind, fields] = [byId('fault-on'), byId('fault-kind'), byId('fault-fields')]
  const chosen = () => faultKinds.find((one) => one.kind === kind.value)
  const offerFields = () => fields.replaceChildren(...chosen().fields.map(fieldFor))
  const offerKinds = () => {
    kind.replaceChildren(
      ...faultKinds
        .filter((one) => one.on.includes(on.value))
        .map((one) => make('option', { value: one.kind, textContent: one.kind })),
    )
    offerFields()
  }
  on.replaceChildren(
    ...Object.entries(PLACES).map(([value, textContent]) => make('option', { value, textContent })),
  )
  on.addEventListener('change', offerKinds)
  kind.addEventListener('change', offerFields)
  byId('fault-forever').addEventListener('change', ({ target }) => {
    byId('fault-times').disabled = target.checked
  })
  byId('fault-form').addEventListener('submit', (event) => {
    event.preventDefault()
    const fault = { on: on.value, kind: kind.value }
    fault.times = byId('fault-forever').checked ? 'forever' : Number(byId('fault-times').value)
    for (const input of fields.querySelectorAll('input'))
      if (input.value !== '') fault[input.name] = valueOf(input)
    command('POST', 'faults', fault)
  })
  offerKinds()
}

function fieldFor({ name, type, optional }) {
  const input = make('input', {
    id: 'fault-field-' + name,
    name,
    type: type === 'number' ? 'number' : 'text',
    required: !optional,
    autocomplete: 'off',
  })
  input.dataset.type = type
  const label = make('label', { htmlFor: input.id }, name + (optional ? ' (optional)' : ''), input)
  return label
}

/** A field of either type is a number if it looks like one. */
function valueOf({ value, dataset }) {
  const asNumber = dataset.type === 'number' || (dataset.type === 'any' && Number.isFinite(Number(value)))
  return asNumber ? Number(value) : value
}

export function showFaults({ faults, throttledForMs }) {
  keep(
    byId('fault-list'),
    faults.map((fault, place) => ({ place, fault })),
    ({ place }) => place,
    () => make('li', {}),
    (item, { fault }) => say(item, inWords(fault)),
  )
  throttled = throttledForMs > 0
  say(byId('throttle'), throttled ? 'End the throttle' : 'Throttle every token request')
  say(byId('throttled'), throttled ? 'Access Denied for ' + duration(throttledForMs) : '')
}

function inWords({ on, kind, times, ...fields }) {
  const details = Object.entries(fields).map(([name, value]) => name + ' ' + value)
  const count = times === 'forever' ? 'until cleared' : times === 1 ? 'once' : times + ' times'
  return [PLACES[on] + ': ' + kind, ...details, count].join(', ')
}
`
