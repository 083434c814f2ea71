import { AsyncLocalStorage } from 'node:async_hooks'
import type { Random } from './random.js'

/**
 * Replaces what core takes from the real world beside its options: `Math.random` and `crypto.randomUUID`, so that a seed
 * replays exactly, and the storage behind `withConnection`, which no call here uses and which would make every promise of
 * a run pay for every engine ever made.
 *
 * @returns What puts everything back.
 */
export function replaceGlobals(random: Random): () => void {
  const mathRandom = Math.random
  const storage = AsyncLocalStorage.prototype as unknown as Record<'run' | 'getStore', unknown>
  const { run, getStore } = storage
  Math.random = () => random.next()
  Object.defineProperty(globalThis.crypto, 'randomUUID', { value: () => random.uuid(), configurable: true })
  storage.run = (_store: unknown, fn: (...args: unknown[]) => unknown, ...args: unknown[]) => fn(...args)
  storage.getStore = () => undefined
  return () => {
    Math.random = mathRandom
    Reflect.deleteProperty(globalThis.crypto, 'randomUUID')
    storage.run = run
    storage.getStore = getStore
  }
}
