import { STORY_MS } from './disasters.js'
import type { SideNow, Standings } from './scoreboard.js'

const NAME_WIDTH = 23
const COLUMN_WIDTHS = [8, 8, 9, 7, 13]
const BAR_WIDTH = 30

/** The live table, as lines of at most 78 characters. */
export function tableOf({ elapsedMs, apps, ours, theirs, now }: Standings): string[] {
  const done = Math.min(1, elapsedMs / STORY_MS)
  const bar = '#'.repeat(Math.round(done * BAR_WIDTH)).padEnd(BAR_WIDTH, '.')
  return [
    row('', ['requests', 'failed', 'refreshes', 'waited', 'budget left']),
    ...apps.map(({ name, calls, failed }) => row(`  ${name}`, [count(calls), count(failed)])),
    sideRow(ours),
    sideRow(theirs),
    '',
    `[${bar}] ${seconds(elapsedMs)} of about ${seconds(STORY_MS)}`,
    `now: ${now}`,
  ]
}

/** The same in one line, for a log. */
export function lineOf({ elapsedMs, ours, theirs }: Standings): string {
  return `${seconds(elapsedMs).padStart(4)}  zoho-auth: ${inShort(ours)} | hand-written: ${inShort(theirs)}`
}

/** A number as people read it. */
export function count(value: number): string {
  return value.toLocaleString('en')
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`
}

function sideRow({ tally, refreshes, left, limit }: SideNow): string {
  const cells = [count(tally.calls), count(tally.failed), count(refreshes), count(tally.waited)]
  return row(tally.name, [...cells, `${left} of ${limit}`])
}

function row(name: string, cells: readonly string[]): string {
  const columns = cells.map((cell, index) => cell.padStart(COLUMN_WIDTHS[index] ?? 0))
  return `${name.padEnd(NAME_WIDTH)} ${columns.join(' ')}`
}

function inShort({ tally, refreshes, left, limit }: SideNow): string {
  const { calls, failed, waited } = tally
  return `${count(calls)} requests, ${failed} failed, ${refreshes} refreshes, ${waited} waited, budget ${left}/${limit}`
}
