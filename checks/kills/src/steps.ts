import { subscribe } from 'node:diagnostics_channel'
import { writeSync } from 'node:fs'
import { BEGINS, ENDS, STEP } from './messages.js'

const STDOUT = 1

/**
 * The steps of one operation, as it takes them: each is written to the output before the operation goes on, so that whoever
 * reads it knows how far a killed process came.
 */
export class Steps {
  #dieAt: string | number | undefined
  #count = 0
  active = false

  begin(dieAt: string | number | undefined): void {
    this.#dieAt = dieAt
    this.#count = 0
    this.active = true
    writeSync(STDOUT, `${BEGINS}\n`)
  }

  end(): void {
    this.active = false
    writeSync(STDOUT, `${ENDS}\n`)
  }

  /** A step is reached. The process ends here if it is to. */
  at(name: string): void {
    if (!this.active) return
    writeSync(STDOUT, `${STEP}${name}\n`)
    if (this.#dieAt === name || this.#dieAt === this.#count) process.kill(process.pid, 'SIGKILL')
    this.#count += 1
  }
}

/** Tells of requests: before one is sent, when it is on its way as a whole, and when its answer is there. */
export function steppedFetch(steps: Steps): typeof fetch {
  subscribe('undici:request:bodySent', (message) => {
    const { path } = (message as { request: { path: string } }).request
    steps.at(`sent ${pathOf(path)}`)
  })
  return async (input, init) => {
    const path = pathOf(input instanceof Request ? input.url : String(input))
    steps.at(`asks ${path}`)
    const answer = await fetch(input, init)
    steps.at(`answered ${path}`)
    return answer
  }
}

/** Tells of every call of a store, before and after. */
export function steppedStore<T extends object>(name: string, store: T, steps: Steps): T {
  return new Proxy(store, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key)
      if (typeof value !== 'function') return value
      const call = `${name}.${String(key)}`
      return (...args: unknown[]) => {
        steps.at(call)
        const answer: unknown = Reflect.apply(value, target, args)
        if (!(answer instanceof Promise)) return answer
        return answer.then((result: unknown) => {
          steps.at(`${call} done`)
          return result
        })
      }
    },
  })
}

function pathOf(url: string): string {
  return new URL(url, 'http://localhost').pathname
}
