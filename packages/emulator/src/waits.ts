/** Real-time delays that end together, so that closing the emulator leaves no timer behind. */
export class Waits {
  readonly #ends = new Set<() => void>()
  #closed = false

  async for(ms: number): Promise<void> {
    if (ms <= 0 || this.#closed) return
    await new Promise<void>((resolve) => {
      const end = (): void => {
        clearTimeout(timer)
        this.#ends.delete(end)
        resolve()
      }
      const timer = setTimeout(end, ms)
      this.#ends.add(end)
    })
  }

  /** Ends every delay now; later ones end at once. */
  close(): void {
    this.#closed = true
    for (const end of [...this.#ends]) end()
  }
}
