/** The two calls we make of a logger; `console`, pino and Nest's `Logger` fit. Nothing passed to it holds a secret. */
export interface Logger {
  /** Something an operator should look at; each kind is said once per process or per state change. */
  warn(message: string): void
  /** What happened, for someone who is looking for it. Optional. */
  debug?(message: string): void
}

/** The default: Node's own warnings, on standard error, so that nothing is printed in the middle of an app's output. */
export const warningLogger: Logger = Object.freeze({
  warn(message: string) {
    process.emitWarning(message, 'ZohoAuthWarning')
  },
})
