/** Makes room for one more in what is kept up to a bound: while there is none, the oldest entry goes. */
export function makeRoom<Key>(kept: Map<Key, unknown> | Set<Key>, max: number): void {
  for (const oldest of kept.keys()) {
    if (kept.size < max) return
    kept.delete(oldest)
  }
}
