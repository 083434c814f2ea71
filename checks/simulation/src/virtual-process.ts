import { type Clock, systemClock, type Token, type ZohoAuth } from '@zoho-auth/core'
import type { Random } from './random.js'
import type { Scheduled, World } from './world.js'

/** Events that piled up in a pause come within this time after it, in any order, in milliseconds. */
const PILE_MS = 2

/** Something on its way into a process. */
export interface Delivery {
  event: Scheduled
}

/** One start of a process, until it is killed or stopped. What is on its way to a dead one never arrives. */
export class Life {
  readonly host: VirtualProcess
  readonly clock: Clock
  engine: ZohoAuth | undefined
  alive = true
  closing = false
  /** What callers of this life hold, by connection. */
  readonly last: Map<string, Token> = new Map()
  readonly refused: Set<string> = new Set()
  /** Highest generation handed out, by connection and grant. */
  readonly generations: Map<string, number> = new Map()
  /** Until when Zoho's throttle lasts, as this process was told, by refresh token. */
  readonly throttles: Map<string, number> = new Map()
  /** Grants whose revocation it was told is done. */
  readonly revoked: Set<string> = new Set()
  /** The step in which it was last given a lease. */
  goStep = -1
  /** When tokens were asked for without the store, by grant. */
  readonly aloneAt: Map<string, number[]> = new Map()

  constructor(host: VirtualProcess) {
    this.host = host
    const { world } = host
    const real = systemClock(
      () => world.now + host.wallOffset,
      () => world.now - host.frozenMs,
    )
    this.clock = { now: () => real.now(), sleep: (ms, signal) => this.#sleep(ms, signal) }
  }

  /** Lets something reach this process later: not while it is paused, never when it is dead. */
  deliver(ms: number, run: () => void, timer = false): Delivery {
    const { world, random } = this.host
    let frozen = this.host.frozenMs
    const fire = () => {
      const { host } = this
      if (!this.alive) return
      if (timer && host.frozenMs > frozen) {
        const more = host.frozenMs - frozen
        frozen = host.frozenMs
        delivery.event = world.after(more, fire)
      } else if (host.pausedUntil > world.now) {
        delivery.event = world.at(host.pausedUntil + random.next() * PILE_MS, fire)
      } else run()
    }
    const delivery: Delivery = { event: world.after(ms, fire) }
    return delivery
  }

  #sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const onAbort = () => {
        this.host.world.cancel(delivery.event)
        reject(signal?.reason)
      }
      const wake = () => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      }
      const delivery = this.deliver(Math.max(0, ms), wake, true)
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }
}

/** One virtual process: a clock of its own, and one life after another. */
export class VirtualProcess {
  readonly world: World
  readonly random: Random
  readonly index: number
  readonly name: string
  life: Life | undefined
  /** The wall clock is off by this, in milliseconds. */
  wallOffset = 0
  /** How long the monotonic clock has stood still, in milliseconds. */
  frozenMs = 0
  pausedUntil = 0
  pausedMs = 0
  /** When it was last paused, or its clock moved. */
  troubledAt: number = Number.NEGATIVE_INFINITY

  constructor(world: World, random: Random, index: number) {
    this.world = world
    this.random = random
    this.index = index
    this.name = `p${index}`
  }

  begin(): Life {
    this.life = new Life(this)
    return this.life
  }

  /** Ends the life at once: `kill -9`. */
  kill(): void {
    if (this.life) this.life.alive = false
    this.life = undefined
  }

  /** Nothing runs for a while; `frozen`: the monotonic clock stands still too, as in a suspended machine. */
  pause(ms: number, frozen: boolean): void {
    const { now } = this.world
    const until = Math.max(this.pausedUntil, now) + ms
    this.pausedMs += ms
    this.pausedUntil = until
    if (frozen) this.frozenMs += ms
    this.troubledAt = until
  }

  /** The wall clock steps. */
  step(ms: number): void {
    this.wallOffset += ms
    this.troubledAt = Math.max(this.troubledAt, this.world.now)
  }
}
