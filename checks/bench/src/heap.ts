import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { figure } from '../../support/figures.mjs'
import { line } from './sample.js'

/** Most heap of one connection, in bytes. */
const MAX_BYTES = 750

/** Heap per connection at 10 000, in processes of their own, beside a bare `Map` of token and expiry. */
export async function heap(): Promise<void> {
  console.log('\nheap per connection at 10 000 connections')
  line('', 'bytes', 'x floor')
  const measure = (what: string): number => {
    const child = fileURLToPath(new URL('./heap-child.js', import.meta.url))
    return Number(
      execFileSync(process.execPath, ['--expose-gc', child, what], { encoding: 'utf8', timeout: 120_000 }),
    )
  }
  const floor = measure('floor')
  line('floor: Map of token and expiry', floor.toFixed(0), '1.00')
  const engine = measure('engine')
  line('engine, its own memory and memoryTokenStore', engine.toFixed(0), (engine / floor).toFixed(2))
  figure(
    'heap of a connection at 10 000',
    engine <= MAX_BYTES,
    `${engine.toFixed(0)} B, ${(engine / floor).toFixed(1)} x a Map of token and expiry`,
  )
}
