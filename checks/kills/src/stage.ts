import type { OpenedStores } from '@zoho-auth/core/store'
import type { Emulator } from '@zoho-auth/emulator'
import { openStoresAt } from 'e2e/open-stores'
import type { Place } from 'e2e/places'
import { Case, newKey } from './case.js'
import { Child } from './child.js'
import { Gate } from './gate.js'
import type { Setup } from './messages.js'
import type { Program } from './program.js'
import { TIMEOUT_MS } from './table.js'

/** Processes of one store that come after the killed ones, and one that shows how long an operation takes. */
const NEXT = 2
/** Of those, in milliseconds: nobody kills them. */
const NEXT_TIMEOUT_MS = 10_000
/** Kills of one store that are under way at the same time: most of each is waiting for a lease. */
const AT_ONCE = 8

/** The connection whose token every process takes over when it comes up. */
const WARM = 'warm'

/** Processes that start at the same time, on all stores together: as many as cores, and one more. */
const starting = new Gate(3)

/** One store under attack: its servers, its processes, and where they find Zoho. */
export class Stage {
  readonly place: Place
  readonly emulator: Emulator
  readonly keys: readonly string[]
  readonly opened: OpenedStores
  readonly atOnce: Gate = new Gate(AT_ONCE)
  /** One operation at a time is shown. */
  readonly showing: Gate = new Gate(1)
  readonly children: Child[] = []
  readonly #program: readonly string[]
  readonly #nexts: Child[] = []
  #cases = 0

  private constructor(place: Place, emulator: Emulator, program: Program, opened: OpenedStores) {
    this.place = place
    this.emulator = emulator
    this.keys = [newKey('kills')]
    this.opened = opened
    this.#program = [program.bundle, program.cacheOf(place.name)]
  }

  static async set(place: Place, emulator: Emulator, program: Program): Promise<Stage> {
    const stage = new Stage(place, emulator, program, await openStoresAt(place.url))
    const first = stage.#start(NEXT_TIMEOUT_MS)
    await new Case(WARM, stage, first).customer(WARM)
    await stage.#warm(first)
    await first.learn()
    const others = Array.from({ length: NEXT }, () => stage.process(NEXT_TIMEOUT_MS))
    stage.#nexts.push(first, ...(await Promise.all(others)))
    return stage
  }

  /** A process that is up, connected, and has the code of everything it will do. */
  process(timeoutMs: number = TIMEOUT_MS): Promise<Child> {
    return starting.through(async () => {
      const child = this.#start(timeoutMs)
      await this.#warm(child)
      return child
    })
  }

  async #warm(child: Child): Promise<void> {
    await child.do({ do: 'get', connection: WARM }, { url: this.place.url, keys: this.keys })
  }

  /** A case, and the process that shows an operation. */
  case(): Case {
    this.#cases += 1
    const next = this.#nexts[this.#cases % NEXT] as Child
    return new Case(`kill-${this.#cases}`, this, next)
  }

  get shower(): Child {
    return this.#nexts[NEXT] as Child
  }

  async close(): Promise<void> {
    await Promise.all(this.children.map((child) => child.kill()))
    await this.opened.close()
  }

  #start(timeoutMs: number): Child {
    const { clientId, clientSecret, url } = this.emulator
    const setup: Setup = { clientId, clientSecret, accountsUrl: url, timeoutMs }
    const child = new Child(this.#program, setup)
    this.children.push(child)
    return child
  }
}
