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

/** The monotonic clock is read again when the wall clock has moved this far, in milliseconds. */
const READ_AGAIN_MS = 100

/**
 * The clock of a real process: the later of wall clock and monotonic clock.
 *
 * A wall clock that steps back (NTP) and a monotonic clock that stood still (suspend) would each make an old token
 * look young. Once a later time has been seen, it is never taken back.
 *
 * The monotonic clock, which costs more than the wall clock, is read only when that one went back, or moved by more than
 * 100 ms (a tenth of a second). So a step back that ends within these 100 ms of the last reading is noticed 100 ms late.
 */
export function systemClock(
  wall: () => number = Date.now,
  monotonic: () => number = () => performance.now(),
): Clock {
  let ahead = Number.NEGATIVE_INFINITY
  /** The wall clock when both were read, and how far `now` is ahead of it since. */
  let readAt = wall()
  let lead = 0
  /** The wall clock, and `now`, the last time. */
  let lastWall = readAt
  let last = Number.NEGATIVE_INFINITY
  const read = (at: number): number => {
    const steady = monotonic()
    ahead = Math.max(ahead, at - steady)
    last = Math.max(last, steady + ahead)
    readAt = at
    lead = last - at
    return last
  }
  read(readAt)
  return {
    now() {
      const at = wall()
      const sure = at >= lastWall && at - readAt <= READ_AGAIN_MS
      lastWall = at
      if (!sure) return read(at)
      last = at + lead
      return last
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
