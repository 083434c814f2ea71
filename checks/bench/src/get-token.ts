import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { figure } from '../../support/figures.mjs'
import { line } from './sample.js'

/** The most that each call may cost, in times of its floor. */
const LIMITS = Object.freeze({ getToken: 1.3, getAccessToken: 1.5, named: 1.5, handle: 2, peekToken: 1.8 })

interface Measured {
  readonly results: Readonly<Record<string, { readonly best: number; readonly median: number }>>
  readonly operations?: { readonly before: number; readonly during: number }
}

/** A fresh token, beside a plain `Map.get` and `Date.now`. */
export async function getToken(): Promise<void> {
  console.log('\na fresh token')
  line('', 'best ns', 'median ns', 'x floor (best)')
  const { results, operations } = measure('plain')
  const row = (name: string, key: string, floor: string, from = results): number => {
    const { best = Number.NaN, median = Number.NaN } = from[key] ?? {}
    const ratio = best / (from[floor]?.best ?? Number.NaN)
    line(name, best.toFixed(0), median.toFixed(0), ratio.toFixed(2))
    return ratio
  }
  row('floor, async: Map.get and Date.now', 'floor', 'floor')
  const ratios = {
    getToken: row('getToken()', 'getToken', 'floor'),
    getAccessToken: row('getAccessToken()', 'getAccessToken', 'floor'),
    named: row('getToken({ connection })', 'named', 'floor'),
    handle: row('handle.getAccessToken()', 'handle', 'floor'),
  }
  row('floor, sync: Map.get and Date.now', 'floorSync', 'floorSync')
  const all = { ...ratios, peekToken: row('peekToken()', 'peekToken', 'floorSync') }

  const { results: scoped } = measure('scoped')
  row('floor, before the first withConnection', 'before', 'before', scoped)
  row('the same promise afterwards, outside', 'floor', 'before', scoped)
  row('the same promise inside a scope of the app', 'floorScoped', 'before', scoped)
  row('getToken() inside withConnection', 'scoped', 'floorScoped', scoped)

  const { before = 0, during = Number.NaN } = operations ?? {}
  line('operations of the stores meanwhile', String(during))
  figure('round trips for a fresh token', before > 0 && during === 0, `${during} in 10 000 calls`)
  for (const [name, limit] of Object.entries(LIMITS)) {
    const ratio = all[name as keyof typeof LIMITS]
    figure(`a fresh token, ${name}`, ratio <= limit, `${ratio.toFixed(2)} x its floor, at most ${limit}`)
  }
}

function measure(group: 'plain' | 'scoped'): Measured {
  const child = fileURLToPath(new URL('./get-token-child.js', import.meta.url))
  return JSON.parse(execFileSync(process.execPath, [child, group], { encoding: 'utf8', timeout: 300_000 }))
}
