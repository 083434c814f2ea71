import { createZohoAuth, memoryConnectionStore, memoryTokenStore, systemClock } from '@zoho-auth/core'
import { startEmulator } from '@zoho-auth/emulator'
import { figure } from '../../testing/figures.mjs'
import { compare, line } from './sample.js'

const CALLS = 300_000
/** Calls whose operations on the stores are counted. */
const COUNTED_CALLS = 10_000

/** A fresh token out of memory, beside `Map.get` and a look at the same clock. */
export async function getToken(): Promise<void> {
  const emulator = await startEmulator()
  const { clientId, clientSecret, accountsUrl, refreshToken } = emulator
  const zoho = createZohoAuth({ clientId, clientSecret, accountsUrl, refreshToken })
  const connection = { dataCenter: 'us', state: 'active', version: 1, createdAt: 0, updatedAt: 0 } as const
  const many = createZohoAuth({
    clientId,
    clientSecret,
    accountsUrl,
    connections: memoryConnectionStore([{ id: 'acme', refreshToken, ...connection }]),
  })
  const token = await zoho.getToken()
  await many.getToken({ connection: 'acme' })
  const clock = systemClock()
  const map = new Map([['default', token]])
  const floor = async () => {
    const held = map.get('default')
    return held !== undefined && clock.now() < held.expiresAt ? held : undefined
  }
  const floorSync = () => {
    const held = map.get('default')
    return held !== undefined && clock.now() < held.expiresAt ? held : undefined
  }
  const named = { connection: 'acme' }
  const loop = (call: () => Promise<unknown>) => async (calls: number) => {
    for (let index = 0; index < calls; index++) await call()
  }
  const results = await compare(
    {
      floor: loop(floor),
      getToken: loop(() => zoho.getToken()),
      named: loop(() => many.getToken(named)),
      scoped: (calls) => many.withConnection('acme', () => loop(() => many.getToken())(calls)),
      floorSync: (calls) => {
        for (let index = 0; index < calls; index++) floorSync()
      },
      peek: (calls) => {
        for (let index = 0; index < calls; index++) zoho.peekToken()
      },
    },
    CALLS,
  )
  const operations = { count: 0 }
  const watched = createZohoAuth({
    clientId,
    clientSecret,
    accountsUrl,
    connections: counting(memoryConnectionStore([{ id: 'acme', refreshToken, ...connection }]), operations),
    tokens: counting(memoryTokenStore(), operations),
  })
  await watched.getToken(named)
  const before = operations.count
  for (let call = 0; call < COUNTED_CALLS; call++) await watched.getToken(named)
  const trips = operations.count - before
  await watched.close()
  await zoho.close()
  await many.close()
  await emulator.close()

  console.log('\na fresh token')
  line('', 'best ns', 'median ns', 'x floor (best)')
  const row = (name: string, key: keyof typeof results, base: keyof typeof results) =>
    line(
      name,
      results[key].best.toFixed(0),
      results[key].median.toFixed(0),
      (results[key].best / results[base].best).toFixed(2),
    )
  row('floor, async: Map.get + clock', 'floor', 'floor')
  row('getToken(), single mode', 'getToken', 'floor')
  row('getToken({ connection })', 'named', 'floor')
  row('getToken() inside withConnection', 'scoped', 'floor')
  row('floor, sync: Map.get + clock', 'floorSync', 'floorSync')
  row('peekToken()', 'peek', 'floorSync')
  line(`operations of the stores in ${COUNTED_CALLS} calls`, String(trips))
  figure(
    'round trips for a fresh token',
    before > 0 && trips === 0,
    `${trips} in ${COUNTED_CALLS} calls; ${results.named.best.toFixed(0)} ns a call`,
  )
}

/** The same store, with each call of a method counted. */
function counting<Store extends object>(store: Store, operations: { count: number }): Store {
  return new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      return (...args: unknown[]) => {
        operations.count += 1
        return Reflect.apply(member, target, args)
      }
    },
  })
}
