import type { Screen } from './output/screen.js'

/** What every command works with. */
export interface Context {
  readonly screen: Screen
  /** Ends every wait; aborted by Ctrl-C. */
  readonly signal: AbortSignal
  /** Shows a URL in the user's browser. */
  readonly openUrl: (url: string) => Promise<unknown>
  /** How many variables came from `.env`; `undefined` where there is no such file. */
  readonly fromEnvFile: number | undefined
}

/**
 * - 0: done, and nothing is wrong.
 * - 1: a fault was found, or the command failed.
 * - 2: wrong use, or a wrong configuration.
 */
export type ExitCode = 0 | 1 | 2

/** What commander hands to a command, and the command's way to its end. */
export type Run<Options> = (options: Options, context: Context) => Promise<ExitCode>
