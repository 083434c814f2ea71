/** The `test` function of any runner: Jest, Vitest, node:test. */
export type TestFunction = (name: string, run: () => Promise<void>) => unknown

/** Waits on whatever clock the opened thing lives by. */
export type Wait = (ms: number) => Promise<void>

/** What a contract works with: the thing itself, or the thing with its own time and its own end. */
export interface Opened<T> {
  readonly store: T
  /** Lets time pass on the store's clock. Default: real time; the contract then waits for tenths of a second. */
  readonly advance?: Wait
  /** Called after the test. Default: the store's own `close`. */
  readonly close?: () => Promise<void>
}

/** Opens an empty or shared store; each test uses keys of its own. */
export type Open<T> = () => T | Opened<T> | Promise<T | Opened<T>>

const realWait: Wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** Runs one test on a store that is opened for it and closed after it. `ownTime`: hours pass as fast as milliseconds. */
export async function withStore<T extends { close?(): Promise<void> }>(
  open: Open<T>,
  run: (store: T, wait: Wait, ownTime: boolean) => Promise<void>,
): Promise<void> {
  const opened = await open()
  const { store, advance, close } = isOpened(opened) ? opened : { store: opened }
  try {
    await run(store, advance ?? realWait, advance !== undefined)
  } finally {
    await (close === undefined ? store.close?.() : close())
  }
}

function isOpened<T>(opened: T | Opened<T>): opened is Opened<T> {
  return typeof opened === 'object' && opened !== null && 'store' in opened
}

let keys = 0

/** A key nobody else uses, also in a store that other tests share. */
export function freshKey(prefix = 'us:contract'): string {
  keys += 1
  return `${prefix}:${globalThis.crypto.randomUUID()}:${keys}`
}
