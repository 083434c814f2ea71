/**
 * Starts the bundled program of a process, with what V8 made of its code before: `start.js BUNDLE CACHE`. A message `learn`
 * lets a process that is warm write that down.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Script } from 'node:vm'
import { LEARN } from './messages.js'

const [bundle = '', cache = ''] = process.argv.slice(2)
const script = new Script(`(require) => {${readFileSync(bundle, 'utf8')}\n}`, {
  filename: bundle,
  ...(existsSync(cache) ? { cachedData: readFileSync(cache) } : {}),
})
script.runInThisContext()(createRequire(import.meta.url))
process.on('message', (message) => {
  if (message !== LEARN) return
  writeFileSync(cache, script.createCachedData())
  process.send?.(LEARN)
})
