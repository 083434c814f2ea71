import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { figure } from '../../support/figures.mjs'
import { line } from './sample.js'

/** How long the accounts server takes to answer, in milliseconds. */
const LATENCY_MS = 200
/** Requests of one process at once, by default. */
const MAX_CONCURRENT = 100
/** What a caller waits at most by default, in milliseconds; and how late a busy machine may be with saying so. */
const MAX_WAIT_MS = 10_000
const LATE_MS = 250
/** Most memory of a process that asks for 4 000 connections at once, in megabytes. */
const MAX_MEMORY_MB = 300
/** Connections of one process with tokens that end. */
const MANY = 100_000
/** Tokens that are asked for in a second: of each of so many connections every 50 seconds. */
const GETS_PER_SECOND = 2_000
/** Longest time of one run, in milliseconds. */
const LIMIT_MS = 1_200_000

/** Connections asked for in one moment, of an engine without a token. */
export interface AtOnce {
  readonly kind: 'at-once'
  readonly connections: number
  readonly latencyMs: number
}

/** Connections with a token each, which end within `spreadMs`, and are asked for in turn. */
export interface Expiry {
  readonly kind: 'expiry'
  readonly connections: number
  readonly latencyMs: number
  readonly spreadMs: number
  readonly perSecond: number
  readonly limitMs: number
}

/** One connection without a token, asked for while the accounts server is down. */
export interface Outage {
  readonly kind: 'outage'
  readonly perSecond: number
  readonly seconds: number
  readonly latencyMs: number | 'never'
  readonly status?: number
}

export type Run = AtOnce | Expiry | Outage

/** What `cold-start-child.ts` measures. */
export interface Served {
  readonly served: number
  /** Errors by code. */
  readonly failed: Readonly<Record<string, number>>
  /** Errors that do not say when to come back. */
  readonly withoutRetry: number
  /** Calls that were not answered at once, and the longest of them. */
  readonly waited: number
  readonly longestMs: number
  readonly mostWaiting: number
  readonly requests: number
  readonly mostUnderWay: number
  readonly mostSockets: number
  readonly ms: number
  /** How late the event loop was, at the 99th percentile. */
  readonly lateMs: number
  /** The whole process at its largest. */
  readonly memoryMb: number
  readonly refreshed?: number
  /** Milliseconds since they were asked for, callers with a token, callers told to come back. */
  readonly curve?: readonly (readonly [number, number, number])[]
}

/**
 * A deploy, a Monday morning, a queue that wakes up: thousands of connections in one moment, in one process without a
 * token; then a warm fleet whose tokens end; then an accounts server that is down.
 */
export async function coldStart(full: boolean, svg?: string): Promise<void> {
  await atOnce(full, svg)
  await expiries(full)
  await outages(full)
}

async function atOnce(full: boolean, svg: string | undefined): Promise<void> {
  console.log(
    `\nconnections asked for at once, without a token; answers of the accounts server take ${LATENCY_MS} ms`,
  )
  line('', 'served', 'told to return', 'requests', 'at once', 'sockets', 'seconds', 'loop p99', 'memory')
  const curves: { readonly connections: number; readonly curve: NonNullable<Served['curve']> }[] = []
  for (const connections of full || svg !== undefined ? [1_000, 4_000, 20_000] : [1_000]) {
    const seen = await measure({ kind: 'at-once', connections, latencyMs: LATENCY_MS })
    const turnedAway = sum(seen.failed)
    line(
      grouped(connections),
      grouped(seen.served),
      grouped(turnedAway),
      grouped(seen.requests),
      String(seen.mostUnderWay),
      String(seen.mostSockets),
      (seen.ms / 1000).toFixed(1),
      `${seen.lateMs.toFixed(0)} ms`,
      `${seen.memoryMb.toFixed(0)} MB`,
    )
    const bounded = seen.mostUnderWay <= MAX_CONCURRENT && seen.mostSockets <= MAX_CONCURRENT
    const small = connections > 4_000 || (turnedAway === 0 && seen.memoryMb <= MAX_MEMORY_MB)
    figure(
      `${grouped(connections)} connections at once`,
      bounded && small && seen.withoutRetry === 0 && seen.requests === seen.served,
      `${grouped(seen.served)} tokens, ${grouped(turnedAway)} told to return, ${grouped(seen.requests)} requests, ${seen.mostUnderWay} at once on ${seen.mostSockets} sockets, ${seen.memoryMb.toFixed(0)} MB, ${(seen.ms / 1000).toFixed(1)} s`,
    )
    curves.push({ connections, curve: seen.curve ?? [] })
  }
  if (svg === undefined) return
  const { draw } = await import('./cold-start-picture.js')
  await writeFile(svg, draw(curves))
  console.log(`  the curve is in ${svg}`)
}

async function expiries(full: boolean): Promise<void> {
  const connections = full ? MANY : 5_000
  const toScale = full ? '' : `; times to the scale of ${grouped(MANY)}`
  console.log(
    `\n${grouped(connections)} connections with a token each, asked for in turn; answers take ${LATENCY_MS} ms${toScale}`,
  )
  line(
    'their tokens end',
    'calls',
    'failed',
    'waited',
    'refreshes',
    'at once',
    'seconds',
    'loop p99',
    'memory',
  )
  // With fewer connections in as much less time, as much is to be done in a second.
  const scale = connections / MANY
  for (const [what, spreadMs, limitMs] of [
    ['evenly, within an hour', 3_600_000 * scale, full ? 60_000 : 5_000],
    ['all within one minute', 60_000 * scale, full ? 300_000 : 30_000],
  ] as const) {
    const seen = await measure({
      ...{
        kind: 'expiry',
        connections,
        latencyMs: LATENCY_MS,
        spreadMs,
        perSecond: GETS_PER_SECOND,
        limitMs,
      },
    })
    const failed = sum(seen.failed)
    line(
      what,
      grouped(seen.served + failed),
      grouped(failed),
      grouped(seen.waited),
      grouped(seen.refreshed ?? 0),
      String(seen.mostUnderWay),
      (seen.ms / 1000).toFixed(1),
      `${seen.lateMs.toFixed(0)} ms`,
      `${seen.memoryMb.toFixed(0)} MB`,
    )
    figure(
      `${grouped(connections)} connections, tokens end ${what}`,
      failed === 0 && seen.mostUnderWay <= MAX_CONCURRENT && seen.requests >= (seen.refreshed ?? 0),
      `${failed} of ${grouped(seen.served + failed)} calls failed, ${seen.waited} waited, ${grouped(seen.refreshed ?? 0)} refreshes in ${(seen.ms / 1000).toFixed(0)} s, loop p99 ${seen.lateMs.toFixed(0)} ms`,
    )
  }
}

async function outages(full: boolean): Promise<void> {
  const perSecond = 50
  const seconds = full ? 60 : 12
  console.log(
    `\nthe accounts server is down for ${seconds} s, one connection without a token, ${perSecond} calls a second`,
  )
  line('', 'calls', 'waiting at once', 'longest wait', 'requests', 'errors')
  const manners = [
    ['never answers', { latencyMs: 'never' }],
    ['answers 503', { latencyMs: 0, status: 503 }],
  ] as const
  // Side by side: nearly all of it is waiting.
  const outcomes = await Promise.all(
    manners.map(async ([what, manner]) => ({
      what,
      seen: await measure({ kind: 'outage', perSecond, seconds, ...manner }),
    })),
  )
  for (const { what, seen } of outcomes) {
    const errors = Object.entries(seen.failed).map(([code, count]) => `${count} ${code}`)
    line(
      what,
      grouped(seen.served + sum(seen.failed)),
      String(seen.mostWaiting),
      `${(seen.longestMs / 1000).toFixed(2)} s`,
      String(seen.requests),
      `  ${errors.join(', ')}`,
    )
    // One comes in the millisecond in which one goes.
    const mostWaiting = (perSecond * MAX_WAIT_MS) / 1000 + 1
    figure(
      `accounts server down: ${what}`,
      seen.withoutRetry === 0 && seen.mostWaiting <= mostWaiting && seen.longestMs <= MAX_WAIT_MS + LATE_MS,
      `${seen.mostWaiting} waiting at once, longest ${(seen.longestMs / 1000).toFixed(2)} s, ${seen.requests} requests in ${seconds} s`,
    )
  }
}

async function measure(run: Run): Promise<Served> {
  const child = fileURLToPath(new URL('./cold-start-child.js', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [child, JSON.stringify(run)], {
    timeout: LIMIT_MS,
  })
  return JSON.parse(stdout) as Served
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0)
}

function grouped(count: number): string {
  return count.toLocaleString('en').replaceAll(',', ' ')
}
