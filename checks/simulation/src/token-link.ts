import type { TokenStore } from '@zoho-auth/core'
import type { AcquireResult } from '@zoho-auth/core/store'
import type { Judge } from './judge.js'
import type { Random } from './random.js'
import type { SharedStore } from './shared-store.js'
import type { Life } from './virtual-process.js'
import type { Weather } from './weather.js'
import type { World } from './world.js'

/** One way of a healthy link to the store, in milliseconds. */
const LATENCY = { low: 0.2, high: 20 }
/** One way of a slow one, in milliseconds: sometimes more than core waits for. */
const SLOW = { low: 100, high: 1_500 }
/** How late a late command arrives, in milliseconds. */
const LATE = { low: 1_000, high: 60_000 }

export interface LinkParts {
  readonly world: World
  readonly random: Random
  readonly weather: Weather
  readonly judge: Judge
  readonly store: SharedStore
}

/**
 * The token store as one process sees it: behind a link that is slow, breaks before or after a command was carried out,
 * sends a command twice, or delivers it when nobody waits for it any more.
 */
export function tokenLink(life: Life, parts: LinkParts): TokenStore {
  const { judge, store, world } = parts
  const { name } = life.host
  const run = <T>(
    what: string,
    key: string,
    apply: (store: TokenStore) => Promise<T>,
    arrived?: (answer: T) => void,
  ) => command(life, parts, `${what} ${key.slice(-6)}`, apply, arrived)
  return {
    acquire: (key, request) =>
      run(
        'acquire',
        key,
        async (tokens) => {
          const { epoch } = store
          const result = await tokens.acquire(key, request)
          world.note(name, 'gets', textOf(result))
          judge.acquired(key, request, result, epoch)
          return result
        },
        (result) => judge.leaseArrived(life, key, result),
      ),
    commit: (key, lease, value, lifeMs) =>
      run('commit', key, async (tokens) => {
        const written = await tokens.commit(key, lease, value, lifeMs)
        judge.committed(key, lease, value, written)
        return written
      }),
    release: (key, lease, options) =>
      run(
        `release ${options?.cooldown?.reason ?? ''}${options?.unspent ? ' unspent' : ''}`,
        key,
        async (tokens) => {
          await tokens.release(key, lease, options)
          judge.released(key, lease, options)
        },
      ),
    invalidate: (key, cooldown) =>
      run('invalidate', key, async (tokens) => {
        await tokens.invalidate(key, cooldown)
        judge.invalidated(key)
      }),
    inspect: (key) => run('inspect', key, (tokens) => tokens.inspect(key)),
  }
}

function textOf(result: AcquireResult): string {
  if (result.kind === 'acquired') return `lease ${result.lease.generation} used ${result.lease.used}`
  if (result.kind === 'hit') return `hit ${result.token.generation}`
  return result.kind === 'wait' ? 'wait' : `cooldown ${result.reason} ${Math.round(result.ms)}`
}

function command<T>(
  life: Life,
  { world, random, weather, judge, store }: LinkParts,
  what: string,
  apply: (store: TokenStore) => Promise<T>,
  arrived: (answer: T) => void = () => {},
): Promise<T> {
  judge.counts.storeCommands += 1
  const { name, index } = life.host
  const fault = weather.draw('tokens', index)
  world.note(name, what, fault)
  return new Promise<T>((resolve, reject) => {
    const fail = (ms: number, message: string) => life.deliver(ms, () => reject(new Error(message)))
    const range = fault === 'slow' ? SLOW : LATENCY
    const there = random.between(range.low, range.high)
    const back = random.between(range.low, range.high)
    const carryOut = (ms: number, answer: (result: Promise<T>) => void) =>
      world.after(ms, () => {
        const tokens = store.current
        if (tokens === undefined) return void fail(back, 'the store is down')
        answer(apply(tokens))
      })
    const reply = (result: Promise<T>) => {
      result.then(
        (value) =>
          life.deliver(back, () => {
            arrived(value)
            resolve(value)
          }),
        (error) => life.deliver(back, () => reject(error)),
      )
    }
    const ignore = (result: Promise<T>) => void result.catch(() => {})
    switch (fault) {
      case 'refused':
        return void fail(there, 'connection refused')
      case 'lost-command':
        return void fail(there + back, 'connection lost')
      case 'lost-answer':
        fail(there + back, 'connection lost')
        return void carryOut(there, ignore)
      case 'hang':
        if (random.chance(0.5)) carryOut(there, ignore)
        return
      case 'late':
        return void carryOut(random.between(LATE.low, LATE.high), reply)
      case 'twice':
        carryOut(there, reply)
        return void carryOut(there + random.between(0, random.pick([50, 5_000, LATE.high])), ignore)
      default:
        return void carryOut(there, reply)
    }
  })
}
