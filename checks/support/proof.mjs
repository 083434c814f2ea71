// What `docs/proof.md` holds of the last whole run of each suite.

/** How sure the bound is. */
const CONFIDENCE = 0.95

/** Halvings that bring the bound to more digits than are shown. */
const HALVINGS = 60

/**
 * The greatest share of failures with which so few of so many would still be seen once in twenty runs (Clopper and Pearson,
 * one-sided): what a count of failures proves, also of none.
 */
export function upperBound(failures, trials) {
  let [low, high] = [0, 1]
  for (let halving = 0; halving < HALVINGS; halving++) {
    const share = (low + high) / 2
    if (atMost(failures, trials, share) > 1 - CONFIDENCE) low = share
    else high = share
  }
  return high
}

/** The chance of at most so many failures, if each trial fails with this chance. */
function atMost(failures, trials, share) {
  let term = trials * Math.log1p(-share)
  let sum = Math.exp(term)
  for (let count = 1; count <= failures; count++) {
    term += Math.log((trials - count + 1) / count) + Math.log(share) - Math.log1p(-share)
    sum += Math.exp(term)
  }
  return sum
}

/** One suite's part of the page. */
export function section(suite, figures, circumstances) {
  const rows = figures.map(({ name, trials, failures = 0, seed, measured }) => [
    name,
    grouped(trials),
    grouped(failures),
    trials > 0 ? `${(100 * upperBound(failures, trials)).toPrecision(2)} %` : 'none',
    seed === undefined ? '' : String(seed),
    measured,
  ])
  const lines = [HEAD, HEAD.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`)
  return `## ${suite}\n\n${circumstances}.\n\n${lines.join('\n')}\n`
}

const HEAD = ['what', 'N', 'failures', '95 % bound', 'seed', 'seen']

/** The page with a section put in the place of the last one of its suite, or at the end. */
export function withSection(page, suite, text) {
  const parts = page.split(/^(?=## )/m)
  const others = parts.map((part) => (part.startsWith(`## ${suite}\n`) ? `${text}\n` : part))
  const known = parts.some((part) => part.startsWith(`## ${suite}\n`))
  return `${[...others, ...(known ? [] : ['\n', text])].join('').trimEnd()}\n`
}

function grouped(count) {
  return count.toLocaleString('en').replaceAll(',', ' ')
}
