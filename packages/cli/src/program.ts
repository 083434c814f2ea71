import { readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Command } from 'commander'
import { doctorCommand } from './commands/doctor.js'
import { emulatorCommand } from './commands/emulator.js'
import { loginCommand } from './commands/login.js'
import { refreshCommand } from './commands/refresh.js'
import { revokeCommand } from './commands/revoke.js'
import { rotateKeysCommand } from './commands/rotate-keys.js'
import { statusCommand } from './commands/status.js'
import type { Start } from './context.js'

/** Every command, its options and its help. Nothing is run, printed or ended by commander itself but help. */
export function createProgram(start: Start): Command {
  const program = new Command('zoho-auth')
    .description('Keeps Zoho OAuth tokens valid: connect Zoho users, look at their tokens, find faults.')
    .version(version())
    .addHelpText('after', EPILOGUE)
  const commands = [
    loginCommand(start),
    statusCommand(start),
    refreshCommand(start),
    revokeCommand(start),
    doctorCommand(start),
    rotateKeysCommand(start),
    emulatorCommand(start),
  ]
  for (const command of commands) program.addCommand(command)
  for (const command of [program, ...commands])
    command
      .option('--json', 'JSON on standard output, and nothing else there')
      .exitOverride()
      .configureOutput({ writeErr: () => {}, outputError: () => {} })
  return program
}

const EPILOGUE = `
Variables (ZOHO_CLIENT_ID, ZOHO_CLIENT_SECRET, ZOHO_AUTH_STORE, …) come from the environment, and from .env in the
working folder where the environment has none.

Exit codes: 0 all is well, 1 a fault was found or the command failed, 2 wrong use or configuration, 130 after Ctrl-C.

Example:
  $ zoho-auth login --scope ZohoRecruit.modules.ALL`

/** Of the package that the program's main file is in. */
function version(): string {
  try {
    const manifest = join(dirname(realpathSync(process.argv[1] ?? '')), '..', 'package.json')
    return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version
  } catch {
    return 'unknown'
  }
}
