/** A wait that ends with the caller's signal, for its reason. The work itself goes on. */
export async function raceSignal<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work
  if (signal.aborted) {
    // It fails on its own, with nobody there to hear it.
    work.catch(() => {})
    throw signal.reason
  }
  let onAbort = (): void => {}
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/** For a signal to which as many listen as there are requests: Node warns of more than ten otherwise. */
export function unlimitedListeners(signal: AbortSignal): AbortSignal {
  process.getBuiltinModule('node:events').setMaxListeners(0, signal)
  return signal
}

/** Settles when a signal is aborted. */
export function ended(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** Getting ready, done once for everyone who asks meanwhile. What does not work shows later. */
export function once(ready: () => Promise<void>): () => Promise<void> {
  let preparing: Promise<void> | undefined
  return () => {
    preparing ??= ready().catch(() => {})
    return preparing
  }
}
