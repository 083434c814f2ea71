/** Elements, lists and numbers. Texts go in as texts: nothing here reads markup. */
export const DOM_SCRIPT = `
export const byId = (id) => document.getElementById(id)

/** An element with properties and children; a text may stand for a child. */
export function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties)
  element.append(...children)
  return element
}

/** Writes a text only if it changes, so that selections and screen readers are left in peace. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text
}

/**
 * Brings a list into line with what the emulator said. Elements of the same key stay the same, so that a button keeps
 * its focus.
 */
export function keep(list, items, keyOf, create, update) {
  const wanted = new Map(items.map((item) => [String(keyOf(item)), item]))
  const old = new Map([...list.children].map((element) => [element.dataset.key, element]))
  for (const [key, element] of old) if (!wanted.has(key)) element.remove()
  let place = list.firstElementChild
  for (const [key, item] of wanted) {
    let element = old.get(key)
    if (element === undefined) {
      element = create(item)
      element.dataset.key = key
    }
    if (element === place) place = place.nextElementSibling
    else list.insertBefore(element, place)
    update(element, item)
  }
}

/** A duration in milliseconds as a person says it. */
export function duration(ms) {
  if (ms < 0) return '0 s'
  if (ms < 10_000) return Number((ms / 1000).toFixed(1)) + ' s'
  const seconds = Math.round(ms / 1000)
  if (seconds < 60) return seconds + ' s'
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return minutes + ' min' + (seconds % 60 ? ' ' + (seconds % 60) + ' s' : '')
  return Math.floor(minutes / 60) + ' h' + (minutes % 60 ? ' ' + (minutes % 60) + ' min' : '')
}

/** The time of day, with milliseconds. */
export function clockTime(at) {
  return new Date(at).toISOString().slice(11, 23)
}

export function shownOf(shown, total) {
  return shown < total ? '(' + shown + ' of ' + total + ' shown)' : ''
}
`
