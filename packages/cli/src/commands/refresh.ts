import { Command } from 'commander'
import type { Context, Start } from '../context.js'
import type { ExitCode } from '../exit-code.js'
import { duration } from '../output/bar.js'
import { chosen, freshToken, withSession } from '../session.js'

interface RefreshOptions {
  readonly connection?: string
  readonly showToken?: true
}

export function refreshCommand(start: Start): Command {
  return new Command('refresh')
    .description(
      'Makes a new access token now, and stores it. It is one of the ten that Zoho allows in ten minutes.',
    )
    .option('-c, --connection <id>', 'which connection; without it the only one')
    .option('--show-token', 'print the token, and nothing else, on standard output')
    .addHelpText(
      'after',
      `
Example:
  $ zoho-auth refresh --connection acme`,
    )
    .action((options: RefreshOptions) => start(refresh, options))
}

function refresh({ connection, showToken }: RefreshOptions, context: Context): Promise<ExitCode> {
  const { screen, signal } = context
  return withSession<ExitCode>(context, async (session) => {
    const id = await chosen(session, connection)
    const { token, durationMs } = await screen.step(`asking Zoho for a token of "${id}"`, () =>
      freshToken(session.zoho, id, signal),
    )
    const { dataCenter, expiresAt, scopes } = token
    const value = showToken ? { token: token.value } : {}
    screen.data({
      connection: id,
      dataCenter,
      expiresAt: Math.round(expiresAt),
      scopes,
      durationMs: durationMs && Math.round(durationMs),
      ...value,
    })
    const summary = `"${id}", data centre ${dataCenter}: a new token for ${duration(expiresAt - Date.now())}`
    if (showToken) {
      screen.note(summary)
      screen.line(token.value)
    } else screen.line(`${screen.paint('green', '✓')} ${summary}`)
    if (session.stores === undefined)
      screen.note('No store is set (ZOHO_AUTH_STORE): the token is forgotten with this process.')
    return 0
  })
}
