/**
 * One group of sides in a process of its own, so that none changes what another one costs: `withConnection` switches async
 * hooks on for the whole process. Prints the results as JSON.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { createZohoAuth, memoryConnectionStore, memoryTokenStore } from '@zoho-auth/core'
import { startEmulator } from '@zoho-auth/emulator'
import { compare } from './sample.js'

const CALLS = 300_000
/** Calls whose operations on the stores are counted. */
const COUNTED_CALLS = 10_000

const emulator = await startEmulator()
const { clientId, clientSecret, accountsUrl, refreshToken } = emulator
const acme = {
  id: 'acme',
  refreshToken,
  dataCenter: 'us',
  state: 'active',
  version: 1,
  createdAt: 0,
  updatedAt: 0,
} as const
const zoho = createZohoAuth({ clientId, clientSecret, accountsUrl, refreshToken })
const many = createZohoAuth({
  clientId,
  clientSecret,
  accountsUrl,
  connections: memoryConnectionStore([acme]),
})
const handle = many.forConnection('acme')
const named = { connection: 'acme' }
const token = await zoho.getToken()
await many.getToken(named)

const map = new Map([['default', token]])
const floorSync = () => {
  const cached = map.get('default')
  return cached !== undefined && Date.now() < cached.expiresAt ? cached : undefined
}
const floor = async () => floorSync()
const loop = (call: () => Promise<unknown>) => async (calls: number) => {
  for (let index = 0; index < calls; index++) await call()
}

async function plain() {
  const results = await compare(
    {
      floor: loop(floor),
      getToken: loop(() => zoho.getToken()),
      getAccessToken: loop(() => zoho.getAccessToken()),
      named: loop(() => many.getToken(named)),
      handle: loop(() => handle.getAccessToken()),
      floorSync: (calls) => {
        for (let index = 0; index < calls; index++) floorSync()
      },
      peekToken: (calls) => {
        for (let index = 0; index < calls; index++) zoho.peekToken()
      },
    },
    CALLS,
  )
  return { results, operations: await operations() }
}

/** What a scope costs the call, and what it costs every other promise of the process. */
async function scoped() {
  const before = await compare({ floor: loop(floor) }, CALLS)
  const inside = await compare(
    { scoped: (calls) => many.withConnection('acme', () => loop(() => many.getToken())(calls)) },
    CALLS,
  )
  const storage = new AsyncLocalStorage<string>()
  const after = await compare(
    {
      floor: loop(floor),
      floorScoped: (calls) => storage.run('acme', () => loop(floor)(calls)),
    },
    CALLS,
  )
  return { results: { before: before.floor, ...inside, ...after } }
}

/** Operations of the stores while fresh tokens are handed out. */
async function operations(): Promise<{ readonly before: number; readonly during: number }> {
  let count = 0
  const counting = <Store extends object>(store: Store): Store =>
    new Proxy(store, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name)
        if (typeof member !== 'function') return member
        return (...args: unknown[]) => {
          count += 1
          return Reflect.apply(member, target, args)
        }
      },
    })
  const watched = createZohoAuth({
    clientId,
    clientSecret,
    accountsUrl,
    connections: counting(memoryConnectionStore([acme])),
    tokens: counting(memoryTokenStore()),
  })
  await watched.getToken(named)
  const before = count
  for (let call = 0; call < COUNTED_CALLS; call++) await watched.getToken(named)
  await watched.close()
  return { before, during: count - before }
}

console.log(JSON.stringify(await (process.argv[2] === 'scoped' ? scoped() : plain())))
await zoho.close()
await many.close()
await emulator.close()
