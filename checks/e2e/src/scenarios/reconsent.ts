import { setTimeout as sleep } from 'node:timers/promises'
import type { Row } from '../../../support/report.mjs'
import { until } from '../../../support/within.mjs'
import { sum, total } from '../bounded.js'
import { type Consent, connect } from '../consents.js'
import { fingerprint } from '../emulator.js'
import { Fleet, type Worker } from '../fleet.js'
import { PLACES, type Place } from '../places.js'
import type { Scenario } from '../scenario.js'
import type { Stage } from '../stage.js'

const PROCESSES = 4
const CONSENTS = 25
/** Other connections of the same Zoho user, connected before: with one grant more each time they would be pushed out. */
const TENANTS = ['tenant-1', 'tenant-2', 'tenant-3'] as const
/** The connection that is connected again and again. */
const ID = 'reconsented'
/** Each process calls with each connection this often, in milliseconds. */
const EVERY_MS = 250
/** Zoho's minute, in which a user gets five refresh tokens, its window of ten minutes, and the life of a token. */
const [MINUTE_MS, WINDOW_MS, LIFE_MS] = [60_000, 600_000, 3_600_000] as const
/** Grants of one connection at any moment: its own, the one before, and one that is being revoked. */
const MAX_GRANTS = 3
/** For what is waited for beyond its own time, in milliseconds. */
const PATIENCE_MS = 60_000

/** Life of a code, in milliseconds, as at Zoho: a browser does not get faster. */
const CODE_LIFE_MS = 120_000

/** How much faster than Zoho. */
const speed = (full: boolean): number => (full ? 60 : 600)

/** One user consents again and again for one connection, while all processes use it. */
export const reconsent: Scenario = {
  name: 'reconsent',
  emulator: (full) => ({ speed: speed(full), codeLifeMs: CODE_LIFE_MS }),
  async play(stage) {
    const budget = { windowMs: WINDOW_MS / speed(stage.full) }
    // Side by side, as most of it is waiting for the end of a token's life.
    await Promise.all(
      (await stage.places(stage.full ? PLACES : ['redis'])).map(async (place) => {
        const fleet = await Fleet.gently(PROCESSES, stage.worker([place], { budget }))
        await stage.row(`${CONSENTS} consents in a row for one connection, ${place.name}`, () =>
          play(stage, place, fleet),
        )
      }),
    )
  },
}

async function play(stage: Stage, place: Place, fleet: Fleet): Promise<Row> {
  const engine = place.name
  const user = `${place.name}-user`
  const consents = [...TENANTS, ID].map((connection): Consent => ({ engine, connection, user }))
  let waits = 0
  for (const [round, consent] of consents.entries()) waits += await insist(stage, fleet, round, consent)
  await fleet.ask({ do: 'use', engine, connections: [...TENANTS, ID], everyMs: EVERY_MS })

  let most = 0
  for (let round = 0; round < CONSENTS; round++) {
    waits += await insist(stage, fleet, round, { engine, connection: ID, user })
    most = Math.max(most, (await stage.emulator.grantsOf(user)).length - TENANTS.length)
  }
  const stored = await stage.connection(place, ID)
  const lifeMs = LIFE_MS / speed(stage.full)
  await until(lifeMs + PATIENCE_MS, 'the end of what was replaced', async () => {
    const grants = await stage.emulator.grantsOf(user)
    return grants.length <= TENANTS.length + 1
  })
  const uses = await fleet.ask({ do: 'uses', end: true })
  const calls = await Promise.all(
    [...TENANTS, ID].map((connection) => fleet.ask({ do: 'call', engine, connection })),
  )

  const all = uses.flatMap((one) => Object.values(one))
  const failed = sum(all.map((one) => one.failed))
  const served = all.reduce((sofar, one) => sofar + one.served, 0)
  const grants = await stage.emulator.grantsOf(user)
  const live = grants.length - TENANTS.length
  const right = stored !== undefined && grants.includes(fingerprint(stored.refreshToken ?? ''))
  const working = calls.every((one) => one.every(({ status }) => status === 200))
  const { throttled } = await stage.emulator.counters()
  return {
    ok: total([failed]) === 0 && live === 1 && right && working && throttled === 0 && most <= MAX_GRANTS,
    figure: `${total([failed])} of ${served} calls failed, ≤ ${most} grants at once, ${live} in the end, others ${working ? 'work' : 'lost'}, ${waits} waits for the minute`,
    seen: { failed, live, most, right, working, throttled, uses },
  }
}

/**
 * Connects, and waits if the library says that Zoho would refuse a sixth refresh token within a minute.
 *
 * @returns How often.
 * @throws Error with the code of any other refusal.
 */
async function insist(stage: Stage, { workers }: Fleet, round: number, consent: Consent): Promise<number> {
  const [starter, finisher] = [0, 1].map((step) => workers[(round + step) % PROCESSES]) as [Worker, Worker]
  const deadline = performance.now() + PATIENCE_MS
  for (let waits = 0; ; waits++) {
    const { code, retryAfterMs = 0 } = await connect(stage, starter, finisher, consent)
    if (code === undefined) return waits
    if (code !== 'ERR_ZOHO_THROTTLED' || retryAfterMs > MINUTE_MS || performance.now() > deadline)
      throw new Error(`consent ${round} for ${consent.connection} ended with ${code}`)
    await sleep(retryAfterMs)
  }
}
