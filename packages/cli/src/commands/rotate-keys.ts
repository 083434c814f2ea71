import { Command } from 'commander'
import type { Context, Start } from '../context.js'
import type { ExitCode } from '../exit-code.js'
import { listed, withSession } from '../session.js'

interface RotateOptions {
  readonly fromPlaintext?: true
}

/** Connections that are counted for the progress; with more, the bar grows as they come. */
const MAX_COUNTED = 100_000

export function rotateKeysCommand(start: Start): Command {
  return new Command('rotate-keys')
    .description('Seals every stored connection with the first key of ZOHO_AUTH_KEYS.')
    .option('--from-plaintext', 'seal what is stored in the clear, too')
    .addHelpText(
      'after',
      `
Put the new key first in ZOHO_AUTH_KEYS of all processes, and leave the old one behind it; run this; then remove the old one.
It is safe while the app works, and goes on where it was broken off.

Example:
  $ ZOHO_AUTH_KEYS=k2:…,k1:… zoho-auth rotate-keys`,
    )
    .action((options: RotateOptions) => start(rotateKeys, options))
}

function rotateKeys({ fromPlaintext }: RotateOptions, context: Context): Promise<ExitCode> {
  const { screen, signal } = context
  return withSession(
    context,
    async (session) => {
      const total = (await listed(session, MAX_COUNTED))?.connections.length ?? 0
      const progress = screen.progress('sealing', total)
      const { seen, rotated, failed } = await session.zoho.rotateKeys({
        signal,
        onProgress: (report) =>
          progress.at(report.seen, report.failed.length > 0 ? `${report.failed.length} failed` : undefined),
      })
      progress.end()
      screen.data({ seen, rotated, failed })
      screen.line(
        `${rotated} of ${seen} sealed anew, ${seen - rotated - failed.length} had the first key already`,
      )
      for (const { connection, code } of failed)
        screen.line(`${screen.paint('red', '✗')} ${connection} ${code}`)
      if (failed.length > 0) screen.note('Keep the old key: zoho-auth doctor says what is wrong with these.')
      return failed.length > 0 ? 1 : 0
    },
    fromPlaintext ? { plaintext: true } : {},
  )
}
