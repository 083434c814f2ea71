import { setTimeout as sleep } from 'node:timers/promises'
import type { Row } from '../../../support/report.mjs'
import { sum, total } from '../bounded.js'
import { Fleet } from '../fleet.js'
import type { Place, PlaceName } from '../places.js'
import { PLACES } from '../places.js'
import type { Scenario } from '../scenario.js'
import type { Customer, Stage, Stampede } from '../stage.js'

/** Life of a token in this scenario, in milliseconds: an expiry is waited for, on real clocks. */
const TOKEN_LIFE_MS = 8_000
/** After an expiry, in milliseconds. */
const AFTER_MS = 50

interface Shape {
  readonly processes: number
  readonly callers: number
  readonly places: readonly PlaceName[]
  /** How long a refresh takes, in milliseconds. */
  readonly latencies: readonly number[]
}

const FULL: readonly Shape[] = [
  { processes: 4, callers: 100, places: PLACES, latencies: [200, 2_500] },
  { processes: 16, callers: 50, places: PLACES, latencies: [200, 2_500] },
  { processes: 64, callers: 10, places: PLACES, latencies: [200, 2_500] },
]

const BOUNDED: readonly Shape[] = [
  { processes: 4, callers: 100, places: PLACES, latencies: [200, 2_500] },
  { processes: 16, callers: 50, places: PLACES, latencies: [200] },
  { processes: 64, callers: 10, places: ['redis'], latencies: [200] },
]

interface Case {
  readonly place: Place
  readonly latencyMs: number
  readonly customer: Customer
  /** The first time, when nobody has a token. */
  readonly cold: Stampede
}

/** Many callers in many processes: first nobody has a token, then the one they share expires under all of them. */
export const callers: Scenario = {
  name: 'callers',
  emulator: () => ({ tokenLifeMs: TOKEN_LIFE_MS }),
  async play(stage) {
    const shapes = stage.full ? FULL : BOUNDED
    const places = await stage.places()
    const most = Math.max(...shapes.map(({ processes }) => processes))
    const fleet = await Fleet.gently(most, stage.worker(places))
    for (const place of places) {
      const needed = shapes.filter((shape) => shape.places.includes(place.name))
      await stage.warmUp(fleet.first(Math.max(...needed.map(({ processes }) => processes))), place)
    }
    for (const shape of shapes)
      await playShape(
        stage,
        fleet.first(shape.processes),
        shape,
        places.filter(({ name }) => shape.places.includes(name)),
      )
  },
}

async function playShape(stage: Stage, fleet: Fleet, shape: Shape, places: readonly Place[]): Promise<void> {
  const cases: Case[] = []
  for (const place of places)
    for (const latencyMs of shape.latencies) {
      const id = `callers-${shape.processes}-${latencyMs}`
      const customer = await stage.customer(place, id)
      await stage.emulator.slow(customer.refreshToken, latencyMs)
      const cold = await stage.stampede(fleet, place.name, customer, shape.callers)
      cases.push({ place, latencyMs, customer, cold })
    }
  for (const one of cases) {
    const name = `${shape.processes} × ${shape.callers} callers, refresh ${one.latencyMs / 1_000} s, ${one.place.name}`
    const expiresAt = Math.max(...one.cold.gets.map((gets) => gets.expiresAt))
    await sleep(Math.max(0, expiresAt + AFTER_MS - Date.now()))
    await stage.row(name, async () => {
      const expiry = await stage.stampede(fleet, one.place.name, one.customer, shape.callers)
      return judged(one.cold, expiry, shape.processes * shape.callers)
    })
  }
}

function judged(cold: Stampede, expiry: Stampede, expected: number): Row {
  const both = [cold, expiry]
  const failures = both.map(({ gets }) => total(gets.map(({ failed }) => failed)))
  const right = ({ gets, requests }: Stampede) =>
    requests === 1 &&
    gets.reduce((served, one) => served + one.served, 0) === expected &&
    new Set(gets.flatMap(({ tokens }) => tokens)).size === 1
  return {
    ok: both.every(right),
    figure: `${expiry.requests} token request, ${failures[1]} failed (with none before: ${cold.requests}, ${failures[0]})`,
    seen: both.map(({ gets, requests, after }) => ({
      requests,
      failed: sum(gets.map(({ failed }) => failed)),
      differentTokens: new Set(gets.flatMap(({ tokens }) => tokens)).size,
      longestMs: Math.max(...gets.map(({ longestMs }) => longestMs)),
      emulator: after,
    })),
  }
}
