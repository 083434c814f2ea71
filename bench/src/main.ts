/**
 * Figures against the floor, side by side in one run. Ratios travel between machines; nanoseconds do not.
 *
 * `pnpm bench` prints them all; `pnpm bench get-token heap import` only those named.
 */
import { getToken } from './get-token.js'
import { heap } from './heap.js'
import { importing } from './importing.js'

const BENCHES = { 'get-token': getToken, heap, import: importing }

const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !Object.hasOwn(BENCHES, name))
if (unknown.length > 0) {
  console.error(`unknown: ${unknown.join(', ')}; there are ${Object.keys(BENCHES).join(', ')}`)
  process.exit(1)
}
console.log(`Node ${process.version}, ${process.platform} ${process.arch}`)
for (const [name, bench] of Object.entries(BENCHES))
  if (wanted.length === 0 || wanted.includes(name)) await bench()
