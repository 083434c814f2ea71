import { setImmediate as turn } from 'node:timers/promises'

/**
 * Collects garbage, several times: what is held by a finalizer goes in a turn of the event loop after the collection.
 *
 * @throws Error without `--expose-gc`.
 */
export async function collect(): Promise<void> {
  const { gc } = globalThis as { gc?: () => void }
  if (gc === undefined) throw new Error('run with --expose-gc')
  for (let round = 0; round < 5; round++) {
    gc()
    await turn()
  }
}
