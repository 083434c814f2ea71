/** What one run, or many, did. */
export interface Counts {
  calls: number
  apiRefusals: number
  /** Token requests sent. */
  requests: number
  /** Those sent without the store. */
  alone: number
  /** Requests for an eleventh token, where the local buckets of several processes came on top of the budget. */
  overdrawn: number
  minted: number
  denied: number
  revocations: number
  storeCommands: number
  /** Most new tokens of the fleet for one grant in ten minutes. */
  mostInWindow: number
  longestWaitMs: number
  /** Calls that failed, by code. */
  failed: Record<string, number>
}

export function newCounts(): Counts {
  return {
    calls: 0,
    apiRefusals: 0,
    requests: 0,
    alone: 0,
    overdrawn: 0,
    minted: 0,
    denied: 0,
    revocations: 0,
    storeCommands: 0,
    mostInWindow: 0,
    longestWaitMs: 0,
    failed: {},
  }
}

/** Adds one to the other; what is a maximum stays one. */
export function addCounts(sum: Counts, more: Counts): void {
  sum.calls += more.calls
  sum.apiRefusals += more.apiRefusals
  sum.requests += more.requests
  sum.alone += more.alone
  sum.overdrawn += more.overdrawn
  sum.minted += more.minted
  sum.denied += more.denied
  sum.revocations += more.revocations
  sum.storeCommands += more.storeCommands
  sum.mostInWindow = Math.max(sum.mostInWindow, more.mostInWindow)
  sum.longestWaitMs = Math.max(sum.longestWaitMs, more.longestWaitMs)
  addRecord(sum.failed, more.failed)
}

export function addRecord(sum: Record<string, number>, more: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(more)) sum[name] = (sum[name] ?? 0) + count
}
