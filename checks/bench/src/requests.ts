import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { figure } from '../../support/figures.mjs'
import { line } from './sample.js'

type Results = Readonly<Record<string, { readonly best: number; readonly median: number }>>

/** What a request may cost: times axios alone, and µs on top of `fetch`. */
const MAX_RATIO = 1.35
const MAX_ADDED_US = 4

/** Requests with a fresh token, beside the same ones of axios alone and of a `fetch` that answers at once. */
export async function requests(): Promise<void> {
  console.log('\nrequests with a fresh token')
  line('', 'best µs', 'median µs', 'x alone (best)')
  const child = fileURLToPath(new URL('./requests-child.js', import.meta.url))
  const text = execFileSync(process.execPath, [child], { encoding: 'utf8', timeout: 300_000 })
  const results = JSON.parse(text) as Results
  const row = (name: string, key: string, alone: string): number => {
    const { best = Number.NaN, median = Number.NaN } = results[key] ?? {}
    const ratio = best / (results[alone]?.best ?? Number.NaN)
    line(name, (best / 1_000).toFixed(1), (median / 1_000).toFixed(1), ratio.toFixed(2))
    return ratio
  }
  row('axios alone, its adapter answers at once', 'alone', 'alone')
  const ratio = row('the same with installZohoAuth', 'ours', 'alone')
  row('axios alone, HTTP on loopback', 'aloneHttp', 'aloneHttp')
  row('the same with installZohoAuth', 'oursHttp', 'aloneHttp')
  const { fetch, stub } = results
  const added = ((fetch?.best ?? Number.NaN) - (stub?.best ?? Number.NaN)) / 1_000
  line('zoho.fetch, on top of a fetch that answers at once', added.toFixed(1))
  figure('axios with us ÷ axios alone', ratio <= MAX_RATIO, ratio.toFixed(2))
  figure('zoho.fetch, on top of fetch', added <= MAX_ADDED_US, `${added.toFixed(1)} µs`)
}
