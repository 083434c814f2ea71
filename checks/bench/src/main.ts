/**
 * Figures against the floor, side by side in one run. Ratios travel between machines; nanoseconds do not.
 *
 * `pnpm bench` prints them all in bounded form, `pnpm bench get-token heap` only those named; `--full` takes more samples
 * and 100 000 connections. `cold-start --svg FILE` draws its curve.
 */
import { parseArgs } from 'node:util'
import { coldStart } from './cold-start.js'
import { getToken } from './get-token.js'
import { heap } from './heap.js'
import { importing } from './importing.js'
import { many } from './many.js'
import { requests } from './requests.js'
import { stores } from './stores.js'

const BENCHES: Readonly<Record<string, (full: boolean, svg?: string) => Promise<void>>> = {
  'get-token': getToken,
  requests,
  heap,
  import: importing,
  stores,
  many,
  'cold-start': coldStart,
}

const { values, positionals: wanted } = parseArgs({
  options: { full: { type: 'boolean', default: false }, svg: { type: 'string' } },
  allowPositionals: true,
})
const unknown = wanted.filter((name) => !Object.hasOwn(BENCHES, name))
if (unknown.length > 0) {
  console.error(`unknown: ${unknown.join(', ')}; there are ${Object.keys(BENCHES).join(', ')}`)
  process.exit(1)
}
console.log(`Node ${process.version}, ${process.platform} ${process.arch}`)
for (const [name, bench] of Object.entries(BENCHES))
  if (wanted.length === 0 || wanted.includes(name)) await bench(values.full, values.svg)
