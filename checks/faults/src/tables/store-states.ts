import { type Call, call, mustCall } from '../calls.js'
import type { State } from '../play.js'
import type { Code } from '../row.js'
import { newId, type Scene } from '../scene.js'
import {
  activeFault,
  consent,
  consented,
  exchange,
  expired,
  fresh,
  getToken,
  many,
  mustGetToken,
  revoke,
  revokedFault,
  stale,
  tokenAtHand,
  warm,
} from '../steps.js'

/** How long another process keeps its lease, in milliseconds. */
const LEASE_MS = 300

/** The stores are connected, and the fault meets them there. */
const connected = {
  prepare: (scene: Scene) => scene.zoho.status(scene.id),
  arm: (scene: Scene) => scene.arm(true),
}

const ORDINARY = { recover: nextCalls, end: (scene: Scene) => activeFault(scene) }

/** A store that does not take the token: whoever asked for it has it all the same, unless time runs out. */
const atCommit = (codes: readonly Code[]): readonly Code[] =>
  codes.filter((code) => code === 'ERR_ZOHO_UNAVAILABLE')

/** The fault comes when the request for a token is about to be sent. */
const whileSending = (keep: boolean) => ({
  prepare: connected.prepare,
  arm: async (scene: Scene) => {
    scene.beforeSending = async () => {
      scene.beforeSending = undefined
      await scene.arm(keep)
    }
  },
})

/** What the library is doing when the server of its stores goes wrong. */
export const STORE_STATES: readonly State[] = [
  { ...ORDINARY, name: 'not connected yet', act: async (scene) => [await getToken(scene)] },
  { ...ORDINARY, ...connected, name: 'no token anywhere', act: async (scene) => [await getToken(scene)] },
  {
    ...ORDINARY,
    ...connected,
    name: 'a fresh token in memory',
    prepare: fresh,
    act: async (scene) => [await mustGetToken(scene)],
  },
  {
    ...ORDINARY,
    ...connected,
    name: 'a stale token',
    prepare: stale,
    act: async (scene) => [await mustGetToken(scene)],
  },
  {
    ...ORDINARY,
    ...connected,
    name: 'an expired token',
    prepare: expired,
    act: async (scene) => [await getToken(scene)],
  },
  {
    ...ORDINARY,
    ...connected,
    name: 'a rejected token',
    prepare: fresh,
    act: async (scene) => {
      const rejected = tokenAtHand(scene)
      return Promise.all([getToken(scene, 'getToken', rejected), mustGetToken(scene)])
    },
  },
  { ...ORDINARY, ...connected, name: 'many callers', act: many },
  { ...ORDINARY, ...connected, name: 'warm', act: async (scene) => [await warm(scene)] },
  {
    ...ORDINARY,
    name: 'another process has the lease',
    prepare: connected.prepare,
    arm: async (scene) => {
      const { tokens } = scene.setting
      tokens.lendMs = LEASE_MS
      tokens.onWait = () => scene.arm(true)
    },
    act: async (scene) => [await getToken(scene)],
  },
  {
    ...ORDINARY,
    ...whileSending(false),
    name: 'between lease and commit',
    codes: atCommit,
    act: async (scene) => [await getToken(scene)],
    after: degraded,
  },
  {
    ...ORDINARY,
    ...whileSending(true),
    name: 'at the commit',
    codes: atCommit,
    act: async (scene) => [await getToken(scene)],
    after: degraded,
  },
  {
    ...ORDINARY,
    ...whileSending(true),
    name: 'a new grant is stored',
    prepare: fresh,
    act: async (scene) => [await exchange(scene)],
    recover: async (scene) => well(await exchange(scene), () => nextCalls(scene)),
  },
  {
    ...ORDINARY,
    ...connected,
    name: 'consent.finish',
    prepare: async (scene) => {
      scene.finish = await consented(scene)
    },
    act: async (scene) => (scene.finish === undefined ? [] : [await scene.finish()]),
    recover: async (scene) => well(await consent(scene), () => nextCalls(scene)),
    end: (scene) => activeFault(scene, newId(scene.id)),
  },
  {
    ...ORDINARY,
    ...connected,
    name: 'connections are listed',
    act: async (scene) => [
      await call('revokeAll of none', () => scene.zoho.revokeAll({ where: () => false })),
    ],
  },
  {
    ...ORDINARY,
    ...connected,
    name: 'status',
    act: async (scene) => [
      await call(
        'status',
        () => scene.zoho.status(scene.id),
        ({ state }) => (state === 'active' ? undefined : `state ${state}`),
      ),
    ],
  },
  {
    ...connected,
    name: 'revoke',
    prepare: fresh,
    act: async (scene) => [await revoke(scene)],
    after: revokedFault,
    recover: revoke,
    end: revokedFault,
  },
  {
    ...ORDINARY,
    ...connected,
    name: 'close',
    codes: (codes) => [...codes, 'ERR_ZOHO_CONFIG'],
    act: async (scene) => {
      const token = getToken(scene)
      return [await mustCall('close', () => scene.closeAll()), await token]
    },
    recover: () => call('nothing', async () => {}),
  },
]

/** The next call finds the store again, and says so. */
function nextCalls(scene: Scene): Promise<Call> {
  const { zoho, id, heard } = scene
  return call(
    'the next calls',
    async () => {
      const token = await zoho.getToken({ connection: id })
      return { token, status: await zoho.status(id) }
    },
    async ({ token, status }) => {
      if (status.store !== 'up') return 'the store is not found again'
      const said = heard.filter((name) => name.startsWith('store.')).at(-1)
      return said === 'store.degraded' ? 'store.recovered is not said' : scene.tokenFault(token)
    },
  )
}

/** The second call, if the first one went well. */
async function well(first: Call, second: () => Promise<Call>): Promise<Call> {
  return first.outcome.kind === 'well' && first.wrong === undefined ? second() : first
}

/** A store that cannot be reached at a commit is told of. */
async function degraded({ setting, heard }: Scene): Promise<string | undefined> {
  return setting.row.out !== true || heard.includes('store.degraded')
    ? undefined
    : 'store.degraded is not said'
}
