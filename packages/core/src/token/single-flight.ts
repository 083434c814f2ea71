import type { EngineClock } from '../words/engine-clock.js'
import { Stop } from '../words/stop.js'

/** Where a flight is, for whoever waited for it in vain. */
export type FlightStage = 'starting' | 'queued' | 'elsewhere' | 'paused' | 'sending'

/** One caller of a flight. */
export interface Caller {
  /** When this caller gives up, in milliseconds since the epoch. */
  readonly until: number
  /** It has a token to fall back on, so that it waits for no pause. */
  readonly fallback: boolean
  /** Ends this caller's wait, with its reason. */
  readonly signal: AbortSignal | undefined
  /** What this caller is told when its time is over. @param failure Why the flight paused last, if it did. */
  readonly late: (stage: FlightStage, failure: Error | undefined) => Error
}

/** What a running task sees of its own flight, and can do to it. */
export interface FlightControl {
  /**
   * Stopped when nobody wants the outcome any more and nothing has been sent, or when the engine closes. Whatever the task
   * waits for ends with it; a request that was sent does not.
   */
  readonly stop: Stop
  stage: FlightStage
  /** When the last of those who wait gives up, in milliseconds since the epoch; never, if nobody has to wait. */
  lastUntil(): number
  /**
   * Nothing is sent until then. Who has something to fall back on, or gives up before, is told so at once.
   *
   * @param reason What those are told who cannot wait so long.
   * @returns Whether somebody waits for it.
   */
  pause(untilAt: number, reason: Error): boolean
}

/**
 * Gate 2, single flight: one task per connection at a time in this process; whoever asks while it runs shares its
 * outcome, and waits no longer than its own time.
 *
 * Covers one process; for many see `lease.ts`. A caller's signal, or the end of its time, never ends a request that was
 * sent: somebody will want the token. Before that, the last caller who leaves takes the flight with it. A failed task
 * leaves nothing behind: the next caller starts another.
 */
export class SingleFlight<Outcome> {
  readonly #clock: EngineClock
  readonly #flights = new Map<string, Flight<Outcome>>()
  readonly #running = new Set<Promise<unknown>>()

  constructor(clock: EngineClock) {
    this.#clock = clock
  }

  /**
   * The outcome of a key's flight, which `task` starts if none is under way. `undefined`: it pauses, and the caller has
   * something to fall back on.
   */
  join(
    key: string,
    caller: Caller,
    task: (control: FlightControl) => Promise<Outcome>,
  ): Promise<Outcome | undefined> {
    return (this.#flights.get(key) ?? this.#start(key, false, task)).wait(caller)
  }

  /** Starts a flight that nobody waits for, if none is under way. */
  startInBackground(key: string, task: (control: FlightControl) => Promise<Outcome>): void {
    if (!this.#flights.has(key)) this.#start(key, true, task)
  }

  has(key: string): boolean {
    return this.#flights.has(key)
  }

  /** Ends every flight that has sent nothing. */
  stop(reason: Error): void {
    for (const flight of this.#flights.values()) flight.end(reason)
  }

  /** Settles, never rejects, when nothing is under way any more. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#running)
  }

  #start(
    key: string,
    inBackground: boolean,
    task: (control: FlightControl) => Promise<Outcome>,
  ): Flight<Outcome> {
    const flight: Flight<Outcome> = new Flight(this.#clock, inBackground, () => {
      // A caller who comes after the last one has left must not share what is being given up.
      if (this.#flights.get(key) === flight) this.#flights.delete(key)
    })
    this.#flights.set(key, flight)
    const running = flight.run(task).finally(() => this.#running.delete(running))
    this.#running.add(running)
    return flight
  }
}

/** Why a flight ends whose last caller has left. Nobody sees it. */
const NOBODY_WAITS = new Error('nobody waits any more')

/** One refresh under way in this process. */
class Flight<Outcome> implements FlightControl {
  stage: FlightStage = 'starting'
  readonly stop: Stop = new Stop()
  readonly #clock: EngineClock
  /** It was started to have a new token ready, and goes on with nobody waiting. */
  readonly #inBackground: boolean
  readonly #forget: () => void
  readonly #callers = new Set<WaitingCaller<Outcome>>()
  #failure: Error | undefined

  constructor(clock: EngineClock, inBackground: boolean, forget: () => void) {
    this.#clock = clock
    this.#inBackground = inBackground
    this.#forget = forget
  }

  /** Never rejects: callers are told, and a background refresh that fails is reported by its task. */
  async run(task: (control: FlightControl) => Promise<Outcome>): Promise<void> {
    try {
      // Whoever starts it joins first.
      const outcome = await Promise.resolve().then(() => task(this))
      this.#forget()
      for (const caller of this.#callers) caller.resolve(outcome)
    } catch (error) {
      // Also if it took too long: what it still waits for ends, and nothing is sent later.
      this.stop.stop(error as Error)
      this.#forget()
      for (const caller of this.#callers) caller.reject(error)
    }
  }

  wait({ until, fallback, signal, late }: Caller): Promise<Outcome | undefined> {
    return new Promise((resolve, reject) => {
      const leave = (): boolean => {
        if (!this.#callers.delete(caller)) return false
        callOff()
        signal?.removeEventListener('abort', onAbort)
        return true
      }
      const caller: WaitingCaller<Outcome> = {
        until,
        fallback,
        resolve: (outcome) => leave() && resolve(outcome),
        reject: (error) => leave() && reject(error),
      }
      const giveUp = (error: unknown) => {
        caller.reject(error)
        this.#left()
      }
      const onAbort = () => giveUp(signal?.reason)
      this.#callers.add(caller)
      signal?.addEventListener('abort', onAbort, { once: true })
      const callOff = this.#clock.after(until - this.#clock.now(), () =>
        giveUp(late(this.stage, this.#failure)),
      )
    })
  }

  lastUntil(): number {
    if (this.#inBackground) return Number.POSITIVE_INFINITY
    let last = 0
    for (const { until } of this.#callers) last = Math.max(last, until)
    return last
  }

  pause(untilAt: number, reason: Error): boolean {
    this.stage = 'paused'
    this.#failure = reason
    const stays = ({ fallback, until }: WaitingCaller<Outcome>) => !fallback && until > untilAt
    const goesOn = [...this.#callers].some(stays)
    // Who is told, and asks again, must not meet a flight that is at its end.
    if (!goesOn) this.#forget()
    for (const caller of this.#callers) {
      if (caller.fallback) caller.resolve(undefined)
      else if (!stays(caller)) caller.reject(reason)
    }
    return goesOn
  }

  /** Nothing that was sent is ended: somebody will want the token. */
  end(reason: Error): void {
    if (this.stage === 'sending') return
    this.#forget()
    this.stop.stop(reason)
    for (const caller of this.#callers) caller.reject(reason)
  }

  #left(): void {
    if (this.#callers.size === 0 && !this.#inBackground) this.end(NOBODY_WAITS)
  }
}

interface WaitingCaller<Outcome> {
  readonly until: number
  readonly fallback: boolean
  resolve(outcome: Outcome | undefined): void
  reject(error: unknown): void
}
