/** What has to be closed after a check, the last opened first. */
export class Closers {
  readonly #open: (() => unknown)[] = []

  add(close: () => unknown): void {
    this.#open.push(close)
  }

  async close(): Promise<void> {
    for (const close of this.#open.splice(0).reverse()) await close()
  }
}
