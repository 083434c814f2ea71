import type { Standings } from './scoreboard.js'
import { lineOf, tableOf } from './table.js'

/** How often the live table is drawn, and how often a line is printed if there is no terminal, in milliseconds. */
const DRAW_EVERY_MS = 250
const PRINT_EVERY_MS = 1_000

/** Used if a terminal does not say how wide it is. */
const USUAL_COLUMNS = 80

/** Shows how the run goes. */
export interface Screen {
  readonly everyMs: number
  show(standings: Standings): void
  /** Something else begins to happen. */
  readonly announce: (words: string) => void
}

const ESCAPE = '\u001b['

/** A table that is redrawn in place on a terminal, lines everywhere else. */
export function openScreen(out: NodeJS.WriteStream = process.stdout): Screen {
  return out.isTTY && process.env.TERM !== 'dumb' ? liveTable(out) : plainLines(out)
}

/** Whether colours are welcome: https://no-color.org */
export function hasColours(out: NodeJS.WriteStream = process.stdout): boolean {
  return out.isTTY && process.env.TERM !== 'dumb' && !process.env.NO_COLOR
}

function liveTable(out: NodeJS.WriteStream): Screen {
  let drawn = 0
  return {
    everyMs: DRAW_EVERY_MS,
    show(standings) {
      // A line that wraps would be two, and the way back up would be wrong.
      const lines = tableOf(standings).map((line) => line.slice(0, (out.columns || USUAL_COLUMNS) - 1))
      const up = drawn === 0 ? '' : `${ESCAPE}${drawn}A`
      out.write(`${up}${lines.map((line) => `${ESCAPE}2K${line}\n`).join('')}`)
      drawn = lines.length
    },
    // The table has a line for it.
    announce: () => {},
  }
}

function plainLines(out: NodeJS.WriteStream): Screen {
  return {
    everyMs: PRINT_EVERY_MS,
    show(standings) {
      out.write(`${lineOf(standings)}\n`)
    },
    announce: (words) => {
      out.write(`      now: ${words}\n`)
    },
  }
}
