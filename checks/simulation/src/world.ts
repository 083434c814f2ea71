import { Trace } from './trace.js'

/** Where virtual time starts, in milliseconds since the epoch (January 2027). */
export const START_AT = 1_800_000_000_000

/** The most steps of one run: a run that needs more has lost its way. */
const MAX_STEPS = 20_000_000

/** Something that will happen. */
export interface Scheduled {
  readonly at: number
  readonly order: number
  run: (() => void) | undefined
}

/**
 * Virtual time and the queue of everything that will happen.
 *
 * One step: the next event runs, and then everything that it woke, until nothing but events is left to wait for. All of
 * that happens at one instant of virtual time.
 */
export class World {
  now: number = START_AT
  steps = 0
  readonly trace: Trace
  /** Turns of the real event loop after each event. Three are enough: core lets one pass between two requests, and before it sleeps. */
  readonly #turns: number
  readonly #heap: Scheduled[] = []
  #order = 0

  constructor(turns = 3, print?: (line: string) => void) {
    this.#turns = turns
    this.trace = new Trace(START_AT, print)
  }

  at(time: number, run: () => void): Scheduled {
    const event: Scheduled = { at: Math.max(time, this.now), order: this.#order++, run }
    this.#push(event)
    return event
  }

  after(ms: number, run: () => void): Scheduled {
    return this.at(this.now + ms, run)
  }

  cancel(event: Scheduled): void {
    event.run = undefined
  }

  note(who: string, what: string, detail?: string | number): void {
    this.trace.add(this.now, who, what, detail)
  }

  /** Runs until a time, or until `stopped`, which is asked after each step. */
  async run(until: number, stopped: () => boolean): Promise<void> {
    for (;;) {
      const event = this.#heap[0]
      if (event === undefined || event.at > until) break
      this.#pop()
      const { run } = event
      if (run === undefined) continue
      this.now = event.at
      this.steps += 1
      if (this.steps > MAX_STEPS) throw new Error(`a run of more than ${MAX_STEPS} steps`)
      run()
      for (let turn = 0; turn < this.#turns; turn++) await nextTurn()
      if (stopped()) return
    }
    this.now = until
  }

  #push(event: Scheduled): void {
    const heap = this.#heap
    let index = heap.length
    while (index > 0) {
      const above = (index - 1) >> 1
      const parent = heap[above] as Scheduled
      if (!before(event, parent)) break
      heap[index] = parent
      index = above
    }
    heap[index] = event
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop() as Scheduled
    if (heap.length === 0) return
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      if (child >= heap.length) break
      const right = heap[child + 1]
      if (right !== undefined && before(right, heap[child] as Scheduled)) child += 1
      const smaller = heap[child] as Scheduled
      if (!before(smaller, last)) break
      heap[index] = smaller
      index = child
    }
    heap[index] = last
  }
}

function before(one: Scheduled, other: Scheduled): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order)
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
