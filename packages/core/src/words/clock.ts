/** What the library asks about time. Everything takes a `Clock`, so that a test can turn it by hand. */
export interface Clock {
  /** Milliseconds since the epoch. Never runs slow and never goes back. */
  now(): number
  /**
   * Resolves after `ms` milliseconds.
   *
   * @param options.unref The wait alone does not keep the process running.
   * @throws The reason of `signal`, as soon as it is aborted.
   */
  sleep(ms: number, signal?: AbortSignal, options?: { readonly unref?: boolean }): Promise<void>
}

/** The longest delay a Node timer takes, in milliseconds (about 24.8 days); a longer one would fire at once. */
const MAX_TIMER_MS = 2_147_483_647

/**
 * The clock of a real process: the later of wall clock and monotonic clock.
 *
 * A wall clock that steps back (NTP) and a monotonic clock that stood still (suspend) would each make an old token
 * look young. Once a later time has been seen, it is never taken back.
 */
export function systemClock(
  wall: () => number = Date.now,
  monotonic: () => number = () => performance.now(),
): Clock {
  let ahead = wall() - monotonic()
  return {
    now() {
      const steady = monotonic()
      const seen = wall() - steady
      if (seen > ahead) ahead = seen
      return steady + ahead
    },
    sleep,
  }
}

function sleep(
  ms: number,
  signal?: AbortSignal,
  { unref = false }: { readonly unref?: boolean } = {},
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const onAbort = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(
      () => {
        signal?.removeEventListener('abort', onAbort)
        // A process that was held up sees first what arrived meanwhile, and only then that time is over.
        setImmediate(resolve)
      },
      Math.min(Math.max(ms, 0), MAX_TIMER_MS),
    )
    if (unref) timer.unref()
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
