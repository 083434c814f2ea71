import type { TokenStore } from '@zoho-auth/core'

/** A token store of which another process can have the lease first. */
export interface LendingStore extends TokenStore {
  /** For how long another process gets the next lease that is asked for, in milliseconds. */
  lendMs: number
  /** Done once that was told. */
  onWait: (() => Promise<void>) | undefined
}

/** @param lender The same store, on a way without faults. */
export function lending(inner: TokenStore, lender: TokenStore): LendingStore {
  const store: LendingStore = {
    lendMs: 0,
    onWait: undefined,
    ...(inner.durable === undefined ? {} : { durable: inner.durable }),
    ready: async () => inner.ready?.(),
    async acquire(key, request) {
      const { lendMs, onWait } = store
      store.lendMs = 0
      if (lendMs > 0) await lender.acquire(key, { ...request, holder: 'another process', leaseMs: lendMs })
      const result = await inner.acquire(key, request)
      store.onWait = undefined
      await onWait?.()
      return result
    },
    commit: (...args) => inner.commit(...args),
    release: (...args) => inner.release(...args),
    invalidate: (...args) => inner.invalidate(...args),
    inspect: (key) => inner.inspect(key),
  }
  return store
}
