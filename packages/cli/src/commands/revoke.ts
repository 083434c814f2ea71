import { Command } from 'commander'
import type { Context, Start } from '../context.js'
import type { ExitCode } from '../exit-code.js'
import { usage } from '../failure.js'
import { chosen, listed, type Session, withSession } from '../session.js'

interface RevokeOptions {
  readonly connection?: string
  readonly all?: true
  readonly yes?: true
}

/** Connections that are counted for the progress of `--all`; with more, the bar grows as they come. */
const MAX_COUNTED = 100_000

export function revokeCommand(start: Start): Command {
  return new Command('revoke')
    .description('Takes a consent back at Zoho, with all its tokens, for every process.')
    .option('-c, --connection <id>', 'which connection; without it the only one')
    .option('--all', 'every connection of the store')
    .option('-y, --yes', 'do not ask')
    .addHelpText(
      'after',
      `
It cannot be undone: the Zoho user has to consent again.

Example:
  $ zoho-auth revoke --connection acme --yes`,
    )
    .action((options: RevokeOptions) => start(revoke, options))
}

function revoke(options: RevokeOptions, context: Context): Promise<ExitCode> {
  if (options.all && options.connection !== undefined)
    throw usage('--all and --connection exclude each other', 'Give one of the two.')
  return withSession(context, async (session) =>
    options.all && !session.location.single
      ? revokeAll(session, options, context)
      : revokeOne(session, options, context),
  )
}

async function revokeOne(session: Session, options: RevokeOptions, context: Context): Promise<ExitCode> {
  const { screen } = context
  const id = await chosen(session, options.connection)
  // An id that is nobody's is said before anyone is asked.
  const { dataCenter } = await session.zoho.status(id)
  if (
    !(await agreed(`Take back the consent of "${id}" (${dataCenter}), for every process?`, options, context))
  )
    return declined(context)
  await screen.step(`taking back the consent of "${id}"`, () => session.zoho.revoke({ connection: id }))
  screen.data({ revoked: [id], failed: [] })
  screen.line(`${screen.paint('green', '✓')} "${id}" is revoked`)
  if (session.location.single) screen.note('Remove ZOHO_REFRESH_TOKEN: Zoho does not accept it any more.')
  return 0
}

async function revokeAll(session: Session, options: RevokeOptions, context: Context): Promise<ExitCode> {
  const { screen, signal } = context
  const total = (await listed(session, MAX_COUNTED))?.connections.length ?? 0
  if (total === 0) {
    screen.data({ seen: 0, revoked: 0, failed: [] })
    screen.line('no connections')
    return 0
  }
  const { name } = session.location
  if (!(await agreed(`Take back all ${total} consents in ${name}, for every process?`, options, context)))
    return declined(context)
  const progress = screen.progress('revoking', total)
  const report = await session.zoho.revokeAll({
    where: () => true,
    signal,
    onProgress: ({ seen, failed }) =>
      progress.at(seen, failed.length > 0 ? `${failed.length} failed` : undefined),
  })
  progress.end()
  const { seen, revoked, failed } = report
  screen.data({ seen, revoked, failed })
  screen.line(`${revoked} of ${seen} are revoked`)
  for (const { connection, code } of failed) screen.line(`${screen.paint('red', '✗')} ${connection} ${code}`)
  if (failed.length > 0) screen.note('Run it again: it goes on where it failed.')
  return failed.length > 0 ? 1 : 0
}

/** @throws ZohoAuthError `ERR_ZOHO_CONFIG` if nobody can be asked. */
async function agreed(
  question: string,
  { yes }: RevokeOptions,
  { screen, signal }: Context,
): Promise<boolean> {
  if (yes) return true
  if (!screen.canAsk) throw usage('revoking cannot be undone, and nobody can be asked here', 'Give --yes.')
  return screen.confirm(question, signal)
}

function declined({ screen }: Context): ExitCode {
  screen.note('nothing was done')
  return 1
}
