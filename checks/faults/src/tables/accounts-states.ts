import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '../../../support/within.mjs'
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
  madeElsewhere,
  many,
  mustGetToken,
  newerToken,
  refreshEnded,
  revoke,
  revokedFault,
  stale,
  tokenAtHand,
  warm,
} from '../steps.js'

/** How long another process keeps its lease, in milliseconds. */
const LEASE_MS = 200

/** A request that was under way when its caller left has ended by then, in milliseconds, and its pause begun. */
const PAUSE_SEEN_MS = 3_000

/** How long a request has to be on its way before the engine is closed, in milliseconds. */
const UNDER_WAY_MS = 30

/** What most states have in common. */
const ORDINARY = {
  recover: (scene: Scene) => getToken(scene, 'the next getToken'),
  end: (scene: Scene) => activeFault(scene),
}

/** A revocation knows no answer that makes no sense: it did not happen, then. */
const ofRevocation = (codes: readonly Code[]): readonly Code[] =>
  codes.length === 0
    ? []
    : [...codes.filter((code) => code !== 'ERR_ZOHO_BAD_RESPONSE'), 'ERR_ZOHO_UNAVAILABLE']

/** What the library is doing when the accounts server goes wrong. */
export const ACCOUNTS_STATES: readonly State[] = [
  { ...ORDINARY, name: 'no token anywhere', act: async (scene) => [await getToken(scene)] },
  {
    ...ORDINARY,
    name: 'a fresh token in memory',
    prepare: fresh,
    act: async (scene) => [await mustGetToken(scene)],
  },
  {
    ...ORDINARY,
    name: 'a fresh token in the store alone',
    prepare: madeElsewhere,
    act: async (scene) => [await mustGetToken(scene)],
  },
  {
    ...ORDINARY,
    name: 'a stale token',
    prepare: stale,
    act: async (scene) => [
      await mustGetToken(scene),
      await mustCall('the refresh in the background', () => refreshEnded(scene)),
    ],
    recover: newerToken,
  },
  { ...ORDINARY, name: 'an expired token', prepare: expired, act: async (scene) => [await getToken(scene)] },
  {
    ...ORDINARY,
    name: 'a rejected token',
    prepare: fresh,
    act: async (scene) => [await getToken(scene, 'getToken', tokenAtHand(scene))],
  },
  {
    ...ORDINARY,
    name: 'a rejected token, and another caller',
    prepare: fresh,
    act: async (scene) => {
      const rejected = tokenAtHand(scene)
      return Promise.all([getToken(scene, 'getToken', rejected), mustGetToken(scene)])
    },
  },
  {
    ...ORDINARY,
    name: 'another process has the lease',
    act: async (scene) => {
      scene.setting.tokens.lendMs = LEASE_MS
      return [await getToken(scene)]
    },
  },
  { ...ORDINARY, name: 'in the pause after a failure', act: inThePause },
  { ...ORDINARY, name: 'many callers', act: many },
  { ...ORDINARY, name: 'warm', act: async (scene) => [await warm(scene)] },
  {
    ...ORDINARY,
    name: 'status after a failure',
    act: async (scene) => [
      await getToken(scene),
      await mustCall(
        'status',
        () => scene.zoho.status(scene.id),
        ({ state }) => (state === 'active' ? undefined : `state ${state}`),
      ),
    ],
  },
  {
    ...ORDINARY,
    name: 'consent.exchange',
    prepare: fresh,
    act: async (scene) => [await exchange(scene)],
    after: (scene) => activeFault(scene),
    recover: exchange,
  },
  {
    ...ORDINARY,
    name: 'consent.finish',
    prepare: async (scene) => {
      scene.finish = await consented(scene)
    },
    act: async (scene) => (scene.finish === undefined ? [] : [await scene.finish()]),
    after: (scene) => activeFault(scene, newId(scene.id)),
    recover: consent,
    end: (scene) => activeFault(scene, newId(scene.id)),
  },
  {
    name: 'revoke',
    prepare: fresh,
    codes: ofRevocation,
    act: async (scene) => [await revoke(scene)],
    after: revokedFault,
    recover: revoke,
    end: revokedFault,
  },
  {
    ...ORDINARY,
    name: 'revoke of one token',
    prepare: async (scene) => {
      scene.token = (await fresh(scene)).value
    },
    codes: ofRevocation,
    act: async (scene) => [await call('revoke', () => revokeToken(scene))],
    recover: (scene) =>
      call(
        'revoke',
        () => revokeToken(scene),
        () => (scene.lives(scene.token) ? 'a token that lives on' : undefined),
      ),
  },
  {
    ...ORDINARY,
    name: 'close',
    codes: (codes) => [...codes, 'ERR_ZOHO_CONFIG'],
    act: async (scene) => {
      const token = getToken(scene)
      await sleep(UNDER_WAY_MS)
      return [await mustCall('close', () => scene.zoho.close()), await token]
    },
    recover: (scene) => {
      const next = scene.next()
      return call(
        'getToken of the next process',
        () => next.getToken({ connection: scene.id }),
        (token) => scene.tokenFault(token),
      )
    },
  },
]

function revokeToken(scene: Scene): Promise<void> {
  return scene.zoho.revoke({ connection: scene.id, token: scene.token })
}

/** Fails once, and asks again in the pause: nothing may be sent before its end. */
async function inThePause(scene: Scene): Promise<readonly Call[]> {
  const first = await getToken(scene)
  if (first.outcome.kind !== 'failed') return [first]
  const { setting, clock, zoho, id } = scene
  const untilAt = async () => (await zoho.status(id)).cooldown?.untilAt
  // A caller whose time was over may leave a request under way, or just at the end of a pause, and then there is none.
  await until(PAUSE_SEEN_MS, 'a pause', async () => (await untilAt()) !== undefined).catch(() => {})
  const since = performance.now()
  const endsAt = since + ((await untilAt()) ?? 0) - clock.now()
  const second = await getToken(scene, 'getToken in the pause')
  const { sentAt } = setting.proxy
  const wrong = sentAt > since && sentAt < endsAt ? 'something was sent in the pause' : undefined
  return [first, { ...second, wrong: second.wrong ?? wrong }]
}
