/** Runs pieces of work in order, so many at once. */
export class Lanes {
  readonly #waiting: (() => Promise<void>)[] = []
  #free: number

  constructor(count: number) {
    this.#free = count
  }

  run<T>(work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => work().then(resolve, reject))
      this.#next()
    })
  }

  #next(): void {
    if (this.#free === 0) return
    const work = this.#waiting.shift()
    if (work === undefined) return
    this.#free -= 1
    void work().finally(() => {
      this.#free += 1
      this.#next()
    })
  }
}
