/** An emulator, as far as it has to be known to wait for its answers. */
export interface Watched {
  readonly accountsUrls: Readonly<Record<string, string | undefined>>
  onRequest(listener: (request: { readonly outcome: string; readonly path: string }) => void): unknown
}

/** A `fetch` whose answers are kept until they are released. */
export interface HeldFetch {
  readonly fetch: typeof globalThis.fetch
  /** Waits until so many answers are kept; default 1. What was asked for has been done by then. */
  readonly held: (count?: number) => Promise<void>
  /** Lets through the answers that are kept, and those to come. */
  readonly release: () => void
}

/** How long a test's server keeps a connection that nobody uses, in milliseconds (ten minutes). */
export const KEEP_ALIVE_MS: number

/**
 * Waits until something is so.
 *
 * @param what Said if it never becomes so; default the text of the condition.
 */
export function until(condition: () => boolean | Promise<boolean>, what?: string): Promise<void>

/**
 * Measures how late this process gets its turn: a bound on real time is that much wider on a busy machine.
 *
 * @returns Asked once, how late it was at most since the call, in milliseconds.
 */
export function latenessMs(): () => number

export function heldFetch(inner?: typeof globalThis.fetch): HeldFetch

/** Lets {@link answered} wait for the answers of an emulator. */
export function watch(emulator: Watched): void

/** Ends what {@link watch} began: owed after each test. */
export function unwatch(): void

/** Waits until every request to a watched emulator is answered, but for those that it lets hang. */
export function answered(): Promise<void>
