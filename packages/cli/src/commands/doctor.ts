import { Command } from 'commander'
import type { Context, Start } from '../context.js'
import { examine } from '../doctor/examine.js'
import type { Finding } from '../doctor/finding.js'
import type { ExitCode } from '../exit-code.js'
import type { Screen } from '../output/screen.js'

interface DoctorOptions {
  readonly connection?: string
  readonly scope?: string
  readonly live: boolean
}

export function doctorCommand(start: Start): Command {
  return new Command('doctor')
    .description('Looks at everything between an app and Zoho, and says what to do about what is wrong.')
    .option('-c, --connection <id>', 'one connection; without it the first five')
    .option('-s, --scope <scopes>', 'scopes that the app needs, with commas between')
    .option('--no-live', 'ask Zoho for no token')
    .addHelpText(
      'after',
      `
Looks at variables, key ring, store package, store (latency, compare-and-set), stored rows, forward proxy, accounts server, clock,
data centre, a new token and its scopes. The token is one of the ten that Zoho allows in ten minutes. Where Zoho refuses the data centre
of ZOHO_REFRESH_TOKEN, its other data centres are asked.

Exits with 0 where all is well, 1 for a fault, 2 for variables that are wrong.

Example:
  $ zoho-auth doctor --scope ZohoRecruit.modules.ALL`,
    )
    .action((options: DoctorOptions) => start(doctor, options))
}

async function doctor(options: DoctorOptions, context: Context): Promise<ExitCode> {
  const { screen } = context
  const findings: Finding[] = []
  const examination = {
    connection: options.connection,
    live: options.live,
    scopes: (options.scope ?? '').split(/[\s,]+/).filter(Boolean),
    fromEnvFile: context.fromEnvFile,
  }
  const usable = await examine(examination, context, (found) => {
    findings.push(...found)
    for (const finding of found) show(finding, screen)
  })
  const faults = findings.filter(({ state }) => state === 'fault').length
  screen.data({ ok: faults === 0, faults, checks: findings })
  screen.line('')
  screen.line(
    faults === 0 ? screen.paint('green', 'all is well') : screen.paint('red', `${faults} to put right`),
  )
  return faults === 0 ? 0 : usable ? 1 : 2
}

/** Columns that the name of a check takes. */
const NAME_WIDTH = 16

const SIGNS = Object.freeze({ ok: '✓', fault: '✗', skipped: '–' })
const STYLES = Object.freeze({ ok: 'green', fault: 'red', skipped: 'dim' } as const)

function show({ check, state, detail, fix, connection }: Finding, screen: Screen): void {
  const { paint } = screen
  const whose = connection === undefined ? '' : `"${connection}": `
  screen.line(`${paint(STYLES[state], SIGNS[state])} ${check.padEnd(NAME_WIDTH)} ${whose}${detail}`)
  if (fix !== undefined) screen.line(`  ${' '.repeat(NAME_WIDTH)} ${paint('bold', '→')} ${fix}`)
}
