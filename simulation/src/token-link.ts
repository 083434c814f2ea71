import type { RefreshTurn, TokenStore } from '@zoho-auth/core'
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
    begin: (key, request) =>
      run(
        'begin',
        key,
        async (tokens) => {
          const { epoch } = store
          const turn = await tokens.begin(key, request)
          world.note(name, 'turn', turnText(turn))
          judge.begun(key, request, turn, epoch)
          return turn
        },
        (turn) => judge.turnArrived(life, key, turn),
      ),
    commit: (key, turn, value, lifeMs) =>
      run('commit', key, async (tokens) => {
        const written = await tokens.commit(key, turn, value, lifeMs)
        judge.committed(key, turn, value, written)
        return written
      }),
    abandon: (key, turn, options) =>
      run(
        `abandon ${options?.quiet?.reason ?? ''}${options?.unspent ? ' unspent' : ''}`,
        key,
        async (tokens) => {
          await tokens.abandon(key, turn, options)
          judge.abandoned(key, turn, options)
        },
      ),
    forget: (key, quiet) =>
      run('forget', key, async (tokens) => {
        await tokens.forget(key, quiet)
        judge.forgotten(key)
      }),
    inspect: (key) => run('inspect', key, (tokens) => tokens.inspect(key)),
  }
}

function turnText(turn: RefreshTurn): string {
  if (turn.kind === 'go') return `go ${turn.generation} used ${turn.used}`
  if (turn.kind === 'adopt') return `adopt ${turn.token.generation}`
  return turn.kind === 'wait' ? 'wait' : `quiet ${turn.reason} ${Math.round(turn.ms)}`
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
