/** Exit code after Ctrl-C. */
export const INTERRUPTED_EXIT = 130

/** Signals that end a command, and the number that a shell expects as exit code: 128 and the signal's own. */
const SIGNALS = Object.freeze({ SIGINT: INTERRUPTED_EXIT, SIGTERM: 143 })

/** Ctrl-C, as one signal for everything that waits. */
export interface Interrupts {
  readonly signal: AbortSignal
  /** The exit code, once interrupted. */
  readonly exitCode: number | undefined
  stop(): void
}

/**
 * Listens for Ctrl-C. The first one aborts the signal: waits end, and what must not be cut off (a grant on its way from
 * Zoho into the store) is finished first. The second one ends the process at once.
 */
export function listenForInterrupts(): Interrupts {
  const controller = new AbortController()
  let exitCode: number | undefined
  const interrupt = (name: NodeJS.Signals): void => {
    const code = SIGNALS[name as keyof typeof SIGNALS]
    if (exitCode !== undefined) process.exit(code)
    exitCode = code
    controller.abort(new Interrupted())
  }
  for (const name of Object.keys(SIGNALS) as NodeJS.Signals[]) process.on(name, interrupt)
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode
    },
    stop() {
      for (const name of Object.keys(SIGNALS) as NodeJS.Signals[]) process.off(name, interrupt)
    },
  }
}

/** The user does not want to go on: Ctrl-C, or a prompt that was left. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'

  constructor() {
    super('interrupted')
  }
}
