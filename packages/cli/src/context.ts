import type { ExitCode } from './exit-code.js'
import type { Screen } from './output/screen.js'

/** What every command works with. */
export interface Context {
  readonly screen: Screen
  /** Ends every wait; aborted by Ctrl-C. */
  readonly signal: AbortSignal
  /** Shows a URL in the user's browser. */
  readonly openUrl: (url: string) => Promise<unknown>
  /** How many variables came from `.env`; `undefined` if there is no such file. */
  readonly fromEnvFile: number | undefined
}

/** What commander hands to a command, and the command's way to its end. */
type Run<Options> = (options: Options, context: Context) => Promise<ExitCode>

/** Runs what a command line chose. */
export type Start = <Options>(run: Run<Options>, options: Options) => Promise<void>
