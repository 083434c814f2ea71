import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { figure } from '../../support/figures.mjs'
import type { Delay } from './delay.js'
import { line } from './sample.js'
import { withRedis } from './servers.js'

/** Connections in one process. */
const CONNECTIONS = { bounded: 2_000, full: 100_000 }
/** Longest time for all of it, in milliseconds. */
const LIMIT_MS = { bounded: 300_000, full: 1_800_000 }

/** Most heap of one connection, in bytes. */
const MAX_HEAP_BYTES = 1_000
/** Most lateness of the event loop while tokens are handed out, at p99, in milliseconds. */
const MAX_LATE_MS = 20

/** What `many-child.ts` measures. Bytes are those of one connection. */
export interface Many {
  readonly heapBytes: number
  readonly rssBytes: number
  readonly redisTokenBytes: number
  readonly redisConnectionBytes: number
  readonly fillsPerSecond: number
  readonly filling: Delay
  readonly getsPerSecond: number
  readonly refreshesPerSecond: number
  readonly serving: Delay
}

/**
 * Very many connections in one process, with tokens and connections in Redis: first each gets its token through the real
 * engine, from a stub of the accounts server; then random ones are asked for as fast as it goes, while as many go stale
 * and are refreshed in the background as with 100 000.
 */
export async function many(full: boolean): Promise<void> {
  const size = full ? 'full' : 'bounded'
  const connections = CONNECTIONS[size]
  const count = connections.toLocaleString('en').replaceAll(',', ' ')
  console.log(`\n${count} connections in one process, on Redis; tokens from a stub of the accounts server`)
  await withRedis('many', async (url) => {
    const child = fileURLToPath(new URL('./many-child.js', import.meta.url))
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--expose-gc', child, String(connections), url],
      { timeout: LIMIT_MS[size] },
    )
    const seen = JSON.parse(stdout) as Many
    const bytes = (value: number) => `${value.toFixed(0)} B`
    const delay = ({ p50, p99 }: Delay) => `${p50.toFixed(1)} / ${p99.toFixed(1)} ms`
    const second = (value: number) => `${value.toFixed(0)}/s`
    line('heap per connection', bytes(seen.heapBytes))
    line('resident memory per connection', bytes(seen.rssBytes))
    line('memory of Redis per token', bytes(seen.redisTokenBytes))
    line('memory of Redis per connection', bytes(seen.redisConnectionBytes))
    line('tokens made, 64 at once', second(seen.fillsPerSecond))
    line('  event loop late, p50 / p99', delay(seen.filling))
    line('tokens handed out', second(seen.getsPerSecond))
    line('  refreshes in the background', second(seen.refreshesPerSecond))
    line('  event loop late, p50 / p99', delay(seen.serving))
    figure(
      `${count} connections, memory`,
      seen.heapBytes <= MAX_HEAP_BYTES,
      `heap ${bytes(seen.heapBytes)}, resident ${bytes(seen.rssBytes)}, Redis ${bytes(seen.redisTokenBytes)} + ${bytes(seen.redisConnectionBytes)} each`,
    )
    figure(
      `${count} connections, event loop`,
      seen.serving.p99 <= MAX_LATE_MS,
      `p99 ${seen.serving.p99.toFixed(1)} ms late at ${second(seen.getsPerSecond)} gets and ${second(seen.refreshesPerSecond)} refreshes; filling ${seen.filling.p99.toFixed(1)} ms`,
    )
  })
}
