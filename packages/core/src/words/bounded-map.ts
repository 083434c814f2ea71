/** A map of at most `max` entries: to make room for one more, the one that was added first goes. */
export class BoundedMap<Key, Value> extends Map<Key, Value> {
  readonly #max: number

  constructor(max: number) {
    super()
    this.#max = max
  }

  override set(key: Key, value: Value): this {
    if (this.size >= this.#max && !this.has(key)) {
      const [oldest] = this.keys()
      this.delete(oldest as Key)
    }
    return super.set(key, value)
  }
}
