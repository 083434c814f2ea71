/** Lets the calls of one process through one at a time for each key, so that they do not poll a lock against each other. */
export class KeyedMutex {
  /** The last in each line; a line that is empty is dropped. */
  readonly #last = new Map<string, Promise<unknown>>()

  /** @param work Told whether it had to wait. */
  async run<T>(key: string, work: (waited: boolean) => Promise<T>): Promise<T> {
    const before = this.#last.get(key)
    const mine = before === undefined ? work(false) : before.then(() => work(true))
    const settled = mine.then(ignore, ignore)
    this.#last.set(key, settled)
    try {
      return await mine
    } finally {
      if (this.#last.get(key) === settled) this.#last.delete(key)
    }
  }
}

function ignore(): void {}
