import { Report } from '../../support/report.mjs'
import { within } from '../../support/within.mjs'
import type { Arrival, World } from './world.js'

/** How long one case may take, in milliseconds (twenty seconds). It takes a few; what hangs takes as long, and has failed. */
const CASE_MS = 20_000

/** After so many cases that hang, the rest of a series is left out. */
const MAX_HANGS = 8

/** Cases under way at once. */
const LANES = 8

/** One case: what is sent, and what may come of it. */
export interface Case {
  /** Its row in words, by which it can be understood and repeated. */
  readonly row: string
  send(): Promise<unknown>
  /** What is wrong, if anything is. */
  judge(outcome: Outcome): string | undefined
}

/** What came of a case. */
export interface Outcome {
  readonly arrivals: readonly Arrival[]
  /** The code or the name of the error that the caller got. */
  readonly error: string | undefined
}

/** How many cases there are of a kind, and how one is made. */
export interface Series {
  readonly name: string
  /** All cases there are; the bounded form takes `bounded` of them, spread over all as the seed has it. */
  readonly whole: number
  readonly bounded: number
  /** Variables that the process has for as long as it lasts. */
  readonly environment?: Readonly<Record<string, string>> | undefined
  make(index: number, id: string, random: () => number): Case
  /** Why the series has proved nothing, where nothing arrived that should have. */
  isEmpty?(counts: Counts): boolean
}

/** What came of the cases of a series. */
export interface Counts {
  trials: number
  /** Cases that reached a host off the list of every data centre, and cases that reached Zoho with a token. */
  strangers: number
  delivered: number
  /** Cases in which nothing was sent. */
  unsent: number
}

/** What is played: how much of it, and from which seed. */
export interface Program {
  readonly full: boolean
  readonly seed: number
  readonly only: string
  /** One case alone, by its number. */
  readonly index: number | undefined
}

/** Plays series of cases, and reports each in a line. */
export class Trials {
  readonly report: Report = new Report(58, 86)
  readonly #world: World
  readonly #program: Program
  #played = 0

  constructor(world: World, program: Program) {
    this.#world = world
    this.#program = program
  }

  /** @returns How many cases were played, and how many of them failed. */
  async play(series: Series): Promise<{ readonly trials: number; readonly failures: number }> {
    const { only, seed } = this.#program
    if (!series.name.includes(only)) return { trials: 0, failures: 0 }
    const counts: Counts = { trials: 0, strangers: 0, delivered: 0, unsent: 0 }
    let failures = 0
    await this.report.row(series.name, async () => {
      const faults = await this.#all(series, counts)
      failures = faults.length
      const { trials, strangers, delivered, unsent } = counts
      const isEmpty =
        this.#program.index === undefined && (trials === 0 || (series.isEmpty?.(counts) ?? false))
      return {
        ok: faults.length === 0 && !isEmpty,
        figure: `${trials} cases: ${strangers} at strangers, ${delivered} at Zoho with a token, ${unsent} not sent; ${failures} wrong`,
        seen: isEmpty ? 'proves nothing: what should arrive did not' : faults.slice(0, MAX_SHOWN),
        trials,
        failures,
        seed,
      }
    })
    this.#played += 1
    return { trials: counts.trials, failures }
  }

  get played(): number {
    return this.#played
  }

  async #all(series: Series, counts: Counts): Promise<string[]> {
    const rows = new Map<string, string>()
    /** One of each case. */
    const faults = new Map<string, string>()
    let hangs = 0
    const indexes = this.#indexes(series)
    const lane = async (): Promise<void> => {
      for (let index = indexes.shift(); index !== undefined; index = indexes.shift()) {
        const id = `c${this.#played}.${index}`
        const one = series.make(index, id, randomOf(this.#program.seed, index))
        const row = `case ${index}: ${one.row}`
        rows.set(id, row)
        const error = await within(CASE_MS, HANG, sent(one)).then(() => undefined, nameOf)
        const arrivals = this.#world.taken(id)
        counts.trials += 1
        if (arrivals.length === 0) counts.unsent += 1
        if (arrivals.some(({ isZoho }) => !isZoho)) counts.strangers += 1
        if (arrivals.some(({ isZoho, secrets }) => isZoho && secrets.length > 0)) counts.delivered += 1
        if (error === HANG && ++hangs >= MAX_HANGS) indexes.length = 0
        const fault = error === HANG ? HANG : one.judge({ arrivals, error })
        if (fault !== undefined) faults.set(row, `${fault}${error === undefined ? '' : ` (${error})`}`)
      }
    }
    Object.assign(process.env, series.environment)
    await Promise.all(Array.from({ length: LANES }, lane))
    for (const name of Object.keys(series.environment ?? {})) delete process.env[name]
    for (const { id = '', what } of this.#world.leaks.splice(0))
      faults.set(rows.get(id) ?? `request ${id}`, what)
    return [...faults].map(([row, fault]) => `${row}: ${fault}`)
  }

  #indexes({ name, whole, bounded }: Series): number[] {
    const { full, seed, index } = this.#program
    if (index !== undefined) return index < whole ? [index] : []
    const all = full ? whole : Math.min(bounded, whole)
    const random = full ? () => 0 : randomOf(seed, hashOf(name))
    // One out of each of as many equal parts.
    const parts = Array.from({ length: all }, (_, part) => Math.floor(((part + random()) * whole) / all))
    return [...new Set(parts)]
  }
}

/** Faults that are printed of a series. */
const MAX_SHOWN = 12

/** Also what is thrown at once is an outcome. */
async function sent(one: Case): Promise<unknown> {
  return one.send()
}

const HANG = 'hang'

function nameOf(error: unknown): string {
  const { code, name = '', message = '' } = error as { code?: string; name?: string; message?: string }
  return message.startsWith(HANG) ? HANG : (code ?? `${name}: ${message}`)
}

function hashOf(name: string): number {
  return Buffer.from(name).reduce((sum, byte) => (Math.imul(sum, 31) + byte) | 0, 7)
}

/** Numbers from 0 to 1 that depend on a seed and a case alone (mulberry32). */
function randomOf(seed: number, index: number): () => number {
  let state = Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** One of a list. */
export function pick<T>(list: readonly T[], random: () => number): T {
  return list[Math.floor(random() * list.length)] as T
}
