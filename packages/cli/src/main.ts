import { CommanderError } from 'commander'
import { readEnvFile } from './env-file.js'
import { exitCodeOf, failureOf, masked, usage } from './failure.js'
import { INTERRUPTED_EXIT, Interrupted, listenForInterrupts } from './interrupts.js'
import { Screen } from './output/screen.js'
import { createProgram } from './program.js'

/** What is used from outside; other things in tests. */
export interface Surroundings {
  /** Shows a URL in the user's browser. Default: the one of the system. */
  readonly openUrl?: (url: string) => Promise<unknown>
}

/**
 * The whole program.
 *
 * @param argv What stands behind the program's name.
 * @returns The exit code: 0, 1, 2, or 130 after Ctrl-C.
 */
export async function main(argv: readonly string[], surroundings: Surroundings = {}): Promise<number> {
  const screen = new Screen(argv.includes('--json'))
  const interrupts = listenForInterrupts()
  // Whoever reads has read enough, as `head` does.
  process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
    if (code === 'EPIPE') process.exit(0)
  })
  try {
    let exitCode = 0
    const { signal } = interrupts
    const { openUrl = openInBrowser } = surroundings
    const program = createProgram(async (run, options) => {
      const fromEnvFile = readEnvFile()
      if (fromEnvFile !== undefined)
        screen.note(`.env is read: ${fromEnvFile} variables (the environment's own win)`)
      exitCode = await run(options, { screen, signal, openUrl, fromEnvFile })
    })
    if (argv.length === 0) program.outputHelp()
    else await program.parseAsync(argv, { from: 'user' })
    return interrupts.exitCode ?? exitCode
  } catch (error) {
    if (interrupts.exitCode !== undefined) return interrupts.exitCode
    return failed(error, screen)
  } finally {
    interrupts.stop()
  }
}

function failed(error: unknown, screen: Screen): number {
  if (error instanceof Interrupted) return INTERRUPTED_EXIT
  if (error instanceof CommanderError) return misused(error, screen)
  const failure = failureOf(error)
  if (failure !== undefined) {
    screen.failure(failure)
    return exitCodeOf(failure)
  }
  const { message, stack = message } = error instanceof Error ? error : new Error(String(error))
  screen.data({ error: { code: 'ERR_UNEXPECTED', message: masked(message), action: REPORT } })
  screen.tell(`This is a bug of zoho-auth. ${REPORT}\n${masked(stack)}`)
  return 1
}

const REPORT = 'Please report it: https://github.com/zoho-auth/zoho-auth/issues'

/** Help that was asked for is no failure; anything else that commander refuses is wrong use. */
function misused(error: CommanderError, screen: Screen): number {
  if (error.exitCode === 0) return 0
  const message = error.message.replace(/^error: /, '')
  const wrong =
    error.code === 'commander.help'
      ? usage('a command is missing', 'Choose one: zoho-auth --help lists them.')
      : usage(message, 'See zoho-auth --help, or --help behind the command.')
  const failure = failureOf(wrong)
  if (failure !== undefined) screen.failure(failure)
  return 2
}

/** Loaded where it is used: most commands need no browser. */
async function openInBrowser(url: string): Promise<unknown> {
  const { default: open } = await import('open')
  return open(url)
}
