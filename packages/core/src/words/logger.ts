/** The two calls we make of a logger; `console`, pino and Nest's `Logger` fit. Nothing passed to it holds a secret. */
export interface Logger {
  /**
   * Something an operator should look at. A failure is said once per connection, code and cause, with what to do and when
   * it is tried again, however many callers meet it, and again where it comes back after a token; everything else once per
   * process.
   */
  warn(message: string): void
  /** What happened, for someone who is looking for it: each refresh, refused token, replay, pause and repeated failure. Optional. */
  debug?(message: string): void
}

/** The default: Node's own warnings, on standard error, so that nothing is printed in the middle of an app's output. */
export const warningLogger: Logger = Object.freeze({
  warn(message: string) {
    process.emitWarning(message, 'ZohoAuthWarning')
  },
})
