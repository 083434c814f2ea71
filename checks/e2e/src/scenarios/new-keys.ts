import { sum } from '../bounded.js'
import { Fleet } from '../fleet.js'
import type { Scenario } from '../scenario.js'

const PROCESSES = 16
/** Keys that all processes ask for at the same moment. */
const BATCH = 50

/** Sixteen processes ask for the same new record at the same moment: one of them gets the turn, for each key. */
export const newKeys: Scenario = {
  name: 'new-keys',
  async play(stage) {
    const keys = stage.full ? 1_000 : 200
    const places = await stage.places()
    const fleet = await Fleet.gently(PROCESSES, stage.worker(places))
    for (const place of places)
      await stage.row(`${keys} new keys × ${PROCESSES} acquire, ${place.name}`, async () => {
        const wrong: Record<string, Record<string, number>> = {}
        for (let from = 0; from < keys; from += BATCH) {
          const batch = Array.from(
            { length: Math.min(BATCH, keys - from) },
            (_, index) => `us:new:${from + index}`,
          )
          const kinds = await fleet.ask({ do: 'acquire', engine: place.name, keys: batch, at: fleet.soon() })
          for (const [index, key] of batch.entries()) {
            const answers = sum(kinds.map((of) => ({ [of[index] ?? 'none']: 1 })))
            if (answers.acquired !== 1 || answers.wait !== PROCESSES - 1) wrong[key] = answers
          }
        }
        const count = Object.keys(wrong).length
        return {
          ok: count === 0,
          figure: `exactly one lease each${count === 0 ? '' : `, but for ${count} keys`}`,
          seen: Object.fromEntries(Object.entries(wrong).slice(0, 10)),
        }
      })
  },
}
