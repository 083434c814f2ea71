import { setTimeout as sleep } from 'node:timers/promises'
import { Command } from 'commander'
import type { Context, Start } from '../context.js'
import type { ExitCode } from '../exit-code.js'
import { positive } from '../options.js'
import { bar, duration } from '../output/bar.js'
import { LiveLines } from '../output/live.js'
import type { Paint } from '../output/paint.js'
import { table } from '../output/table.js'
import { chosen, listed, MAX_LISTED, type Session, withSession } from '../session.js'
import { type Report, reportOn } from '../status-report.js'

interface StatusOptions {
  readonly connection?: string
  readonly watch?: true
  readonly interval: number
}

/** How often `--watch` looks, in seconds. */
const INTERVAL_SECONDS = 2

export function statusCommand(start: Start): Command {
  return new Command('status')
    .description(
      'Shows connections: state, life of the token, what is left of the budget. Sends nothing to Zoho.',
    )
    .option('-c, --connection <id>', `one connection; without it all, ${MAX_LISTED} at most`)
    .option('-w, --watch', 'look again and again, until Ctrl-C')
    .option('--interval <seconds>', 'how often', positive, INTERVAL_SECONDS)
    .addHelpText(
      'after',
      `
Exits with 1 where a connection needs a new consent.

Example:
  $ zoho-auth status --watch`,
    )
    .action((options: StatusOptions) => start(status, options))
}

function status(options: StatusOptions, context: Context): Promise<ExitCode> {
  return withSession(context, (session) =>
    options.watch ? watch(session, options, context) : once(session, options, context),
  )
}

interface Look {
  readonly reports: readonly Report[]
  readonly more: boolean
}

async function look(session: Session, { connection }: StatusOptions): Promise<Look> {
  const listing = connection === undefined ? await listed(session) : undefined
  const ids = listing?.connections.map(({ id }) => id) ?? [await chosen(session, connection)]
  const reports: Report[] = []
  // One after the other: what the store was seen to hold belongs to the last question.
  for (const id of ids) reports.push(await reportOn(session, id))
  return { reports, more: listing?.more ?? false }
}

async function once(session: Session, options: StatusOptions, { screen }: Context): Promise<ExitCode> {
  const { reports, more } = await look(session, options)
  screen.data({ store: session.location.name, connections: reports, more })
  for (const line of linesOf(reports, screen.paint)) screen.line(line)
  if (reports.length === 0) screen.note('Connect one: zoho-auth login')
  if (more) screen.note(`… and more; name one with --connection. Only ${MAX_LISTED} are shown.`)
  return reports.some(({ state }) => state === 'consent-required') ? 1 : 0
}

/** A live table on a terminal. Under a pipe a line for each connection, and again when it changes. */
async function watch(session: Session, options: StatusOptions, context: Context): Promise<ExitCode> {
  const { screen, signal } = context
  const live = new LiveLines(process.stdout)
  const told = new Map<string, string>()
  for (;;) {
    const { reports, more } = await look(session, options)
    screen.data({ at: Date.now(), store: session.location.name, connections: reports, more })
    if (screen.isLive) {
      const shown = linesOf(reports, screen.paint)
      live.show([...shown, screen.paint('dim', `every ${options.interval} s; Ctrl-C ends it`)])
    } else {
      for (const report of reports) {
        const shown = shownOf(report)
        if (told.get(report.connection) !== shown) screen.line(`${new Date().toISOString()} ${plain(report)}`)
        told.set(report.connection, shown)
      }
    }
    await sleep(options.interval * 1000, undefined, { signal })
  }
}

const HEADINGS = Object.freeze(['CONNECTION', 'DATA CENTRE', 'STATE', 'TOKEN', 'BUDGET', 'LAST REFRESH', ''])

function linesOf(reports: readonly Report[], paint: Paint): string[] {
  if (reports.length === 0) return ['no connections']
  const rows = reports.map((report) => [
    report.connection,
    report.dataCenter,
    stateOf(report, paint),
    lifeOf(report, paint),
    `${bar(report.budgetLeft / report.budget)} ${report.budgetLeft}/${report.budget}`,
    agoOf(report),
    paint('dim', remarkOf(report)),
  ])
  const [headings = '', ...lines] = table(HEADINGS, rows)
  return [paint('bold', headings), ...lines]
}

function plain(report: Report): string {
  const { connection, dataCenter, state, budget, budgetLeft, expiresAt } = report
  const token = expiresAt === undefined ? 'no token' : `token until ${new Date(expiresAt).toISOString()}`
  return [connection, dataCenter, state, token, `budget ${budgetLeft}/${budget}`, remarkOf(report)]
    .filter(Boolean)
    .join(', ')
}

/** What makes a line under a pipe worth saying again; a life that runs down does not. */
function shownOf({ state, refreshedAt, expiresAt, budgetLeft, cooldown }: Report): string {
  const token = refreshedAt ?? (expiresAt === undefined ? 'none' : 'one')
  return [state, token, budgetLeft, cooldown?.reason].join(' ')
}

function stateOf({ state }: Report, paint: Paint): string {
  return paint(state === 'active' ? 'green' : state === 'revoked' ? 'dim' : 'red', state)
}

function lifeOf({ lifeLeftMs, lifeMs }: Report, paint: Paint): string {
  if (lifeLeftMs === undefined) return paint('dim', 'none')
  if (lifeMs === undefined) return duration(lifeLeftMs)
  return `${bar(lifeLeftMs / lifeMs)} ${duration(lifeLeftMs)}`
}

function agoOf({ refreshedAt }: Report): string {
  return refreshedAt === undefined ? '–' : `${duration(Date.now() - refreshedAt)} ago`
}

function remarkOf({ cooldown, label }: Report): string {
  const parts = [label]
  if (cooldown !== undefined)
    parts.push(`nothing is sent until ${new Date(cooldown.untilAt).toISOString()} (${cooldown.reason})`)
  return parts.filter(Boolean).join('; ')
}
