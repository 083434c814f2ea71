/** Waits for something, and no longer than `ms` milliseconds. @throws Error that says what did not come. */
export function within<T>(ms: number, what: string, work: Promise<T>): Promise<T>

/**
 * Looks until something is so, and no longer than `ms` milliseconds.
 *
 * @param everyMs How long it waits between two looks, in milliseconds. Default 20.
 * @throws Error that says what did not come.
 */
export function until(
  ms: number,
  what: string,
  holds: () => Promise<boolean>,
  everyMs?: number,
): Promise<void>
