import type { Connection, ConnectionStore } from '@zoho-auth/core'
import type { Judge } from './judge.js'
import type { Random } from './random.js'
import type { Life } from './virtual-process.js'
import type { Weather } from './weather.js'
import type { World } from './world.js'

/** One way to the database, in milliseconds; a slow one may take longer than core waits. */
const LATENCY = { low: 0.2, high: 15 }
const SLOW = { low: 200, high: 6_000 }

export interface ConnectionLinkParts {
  readonly world: World
  readonly random: Random
  readonly weather: Weather
  readonly judge: Judge
  readonly connections: ConnectionStore
}

/** The connection store as one process sees it: durable and right, behind a link that fails. */
export function connectionLink(life: Life, parts: ConnectionLinkParts): ConnectionStore {
  const { connections, judge } = parts
  return {
    get: (id) => command(life, parts, () => connections.get(id)),
    put: (connection, options) =>
      command(life, parts, async () => {
        const before = await connections.get(connection.id)
        const after: Connection = await connections.put(connection, options)
        judge.connectionWritten(life, before, after)
        return after
      }),
    delete: (id) => command(life, parts, () => connections.delete(id)),
    list: () => connections.list(),
  }
}

function command<T>(
  life: Life,
  { world, random, weather }: ConnectionLinkParts,
  apply: () => Promise<T>,
): Promise<T> {
  const fault = weather.draw('connections', life.host.index)
  if (fault) world.note(life.host.name, 'connections', fault)
  return new Promise<T>((resolve, reject) => {
    const range = fault === 'slow' ? SLOW : LATENCY
    const there = random.between(range.low, range.high)
    const back = random.between(range.low, range.high)
    const fail = () => life.deliver(there + back, () => reject(new Error('the database is not there')))
    if (fault === 'refused') return void fail()
    if (fault === 'hang' && random.chance(0.5)) return
    world.after(there, () => {
      apply().then(
        (value) => {
          if (fault === 'hang') return
          if (fault === 'lost-answer') fail()
          else life.deliver(back, () => resolve(value))
        },
        (error) => life.deliver(back, () => reject(error)),
      )
    })
  })
}
