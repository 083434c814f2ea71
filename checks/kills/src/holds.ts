import type { Case } from './case.js'
import type { Scene } from './givens.js'

/** Callers of the next process. */
const CALLERS = 5
/** What another process may be told that finishes a consent again. */
const START_AGAIN: readonly string[] = ['ERR_ZOHO_STATE', 'ERR_ZOHO_CONSENT_REQUIRED']
const TOKEN_PATH = '/oauth/v2/token'

/** What is wrong after a kill. Nothing is, where all are empty. */
export interface Verdict {
  /** Connections and grants that are lost, each in words. */
  readonly lost: readonly string[]
  /** What is half done and stays so, or stands in others' way. */
  readonly half: readonly string[]
  /** Grants that Zoho made for a code while the process died, before it could have stored them. */
  readonly unkept: number
}

/** What the next processes find. */
interface Aftermath {
  readonly one: Case
  readonly scene: Scene
  /** The steps the killed process has taken. */
  readonly steps: readonly string[]
}

type Holds = (after: Aftermath) => Promise<Verdict>

/** Collects what is wrong. */
class Findings {
  readonly #lost: string[] = []
  readonly #half: string[] = []
  #unkept = 0

  lost(wrong: boolean, what: string): void {
    if (wrong) this.#lost.push(what)
  }

  half(wrong: boolean, what: string): void {
    if (wrong) this.#half.push(what)
  }

  unkept(count: number): void {
    this.#unkept += count
  }

  verdict(): Verdict {
    return { lost: this.#lost, half: this.#half, unkept: this.#unkept }
  }
}

export type HoldsName =
  | 'usable'
  | 'whole or none'
  | 'old or new'
  | 'undone by the next'
  | 'revoked by the next'
  | 'all revoked by the next'
  | 'every row opens'
  | 'one of both'
  | 'the next one starts'

/** What must hold after an operation was killed. */
export const HOLDS: Readonly<Record<HoldsName, Holds>> = {
  /** The connection works as before. */
  async usable({ one, scene }) {
    const found = new Findings()
    const got = await one.next({ do: 'get', connection: one.user, callers: CALLERS })
    found.half(got.failed !== 0, `callers of the next process got ${got.code}`)
    await isWorking(one, found, [scene.old])
    return found.verdict()
  },

  /** A new connection works, or is not there; whoever starts again gets one. */
  async 'whole or none'(after) {
    const found = new Findings()
    await isWhole(after, found)
    return found.verdict()
  },

  /** The same for a new grant: until it is stored the old one works. */
  async 'old or new'(after) {
    const { one, scene } = after
    const found = new Findings()
    const left = await one.stored()
    found.lost(left === undefined, 'the connection is gone')
    found.lost(
      left?.refreshToken !== scene.old && left?.replaced === undefined,
      'nobody gives the old grant back',
    )
    await isWhole(after, found)
    return found.verdict()
  },

  /** The connection works, with the account before or the wrong one; the next process undoes it, once and for all. */
  async 'undone by the next'({ one, scene }) {
    const found = new Findings()
    found.lost((await one.unkept()).length > 0, 'a grant at Zoho that nobody keeps')
    await isWorking(one, found, [scene.old, scene.fresh])
    const again = await one.next(scene.act)
    found.half(again.code !== undefined, `undoing again ended with ${again.code}`)
    await isWorking(one, found, [scene.old])
    found.lost(!(await one.gone(scene.fresh ?? '')), 'the wrong grant was not given back')
    return found.verdict()
  },

  /** It is what it says, and revoked as soon as another process says so again. */
  async 'revoked by the next'({ one }) {
    const found = new Findings()
    await isRevokedNow(one, found, one.user)
    const again = await one.next({ do: 'revoke', connection: one.user })
    found.half(again.code !== undefined, `revoking again ended with ${again.code}`)
    await isRevoked(one, found, one.user)
    return found.verdict()
  },

  /** The same for each connection of a tenant, and for no other one. */
  async 'all revoked by the next'({ one, scene: { connections = [], act } }) {
    const found = new Findings()
    for (const { id } of connections) await isRevokedNow(one, found, id)
    const again = await one.next(act)
    found.half(again.failed !== 0, `${again.failed} were not revoked again`)
    for (const { id } of connections) await isRevoked(one, found, id)
    await isWorking(one, found)
    return found.verdict()
  },

  /** Every row opens with the ring, and with the new key alone when another process has rotated. */
  async 'every row opens'({ one, scene: { connections = [], act } }) {
    const found = new Findings()
    const { keys } = one.space
    const open = async (ring: readonly string[], what: string) => {
      for (const { id, refreshToken } of connections) {
        const stored = await one.stored(id, ring).catch(() => undefined)
        found.lost(stored?.refreshToken !== refreshToken, `${id} does not open ${what}`)
      }
    }
    await open(keys, 'with the ring')
    const again = await one.next(act)
    found.half(again.failed !== 0, `${again.failed} were not sealed again`)
    await open(keys.slice(0, 1), 'with the new key')
    const [first] = connections
    found.lost(
      first === undefined || (await one.health(first.id)) !== 'working',
      'the first one does not work',
    )
    return found.verdict()
  },

  /** The row is as before or as after, and works. */
  async 'one of both'({ one, scene }) {
    const found = new Findings()
    await isWorking(one, found, [scene.old, scene.fresh])
    return found.verdict()
  },

  /** Another process does what the killed one was about to do. */
  async 'the next one starts'({ one, scene }) {
    const found = new Findings()
    const again = await one.next(scene.act)
    found.half(again.code !== undefined, `the next start ended with ${again.code}`)
    await isWorking(one, found)
    return found.verdict()
  },
}

/** @param grants With which of them; default with any. */
async function isWorking(
  one: Case,
  found: Findings,
  grants?: readonly (string | undefined)[],
): Promise<void> {
  const health = await one.health()
  found.lost(health !== 'working', `the connection is ${health}`)
  const { refreshToken } = (await one.stored()) ?? {}
  found.lost(
    grants !== undefined && !grants.includes(refreshToken),
    'the connection has a grant that is none of its own',
  )
}

/** A new grant: stored or not, kept or not, made again or not, and in nobody's way. */
async function isWhole({ one, scene, steps }: Aftermath, found: Findings): Promise<void> {
  const unkept = await one.unkept()
  found.lost(unkept.length > 0 && !couldNotStore(steps), 'a grant at Zoho that nobody keeps')
  found.unkept(unkept.length)
  const { act } = scene
  const again = await one.next(act.do === 'finish and close' ? { ...act, do: 'finish consent' } : act)
  const { code } = again
  const health = await one.health()
  found.half(code !== undefined && !START_AGAIN.includes(code), `finishing again ended with ${code}`)
  found.lost(
    health === 'broken' || (health === 'none' && (code === undefined || scene.old !== undefined)),
    `the connection is ${health} after ${code ?? 'connecting'}`,
  )
  const next = await one.next({ do: 'finish consent', ...(await one.accepted()) })
  found.half(next.code !== undefined, `the next consent ended with ${next.code}`)
  found.lost((await one.health()) !== 'working', 'the next consent does not work')
  const more = (await one.unkept()).filter((grant) => !unkept.includes(grant))
  found.lost(more.length > 0, 'later grants at Zoho that nobody keeps')
}

/**
 * Whether the process died with Zoho's answer on its way, or in its hands and before the first write: nobody could have stored
 * the grant. Reading the connection is all that stands between the two; whoever asks or writes anything else first loses it.
 */
function couldNotStore(steps: readonly string[]): boolean {
  const asked = steps.indexOf(`asks ${TOKEN_PATH}`)
  const later = steps.slice(asked + 1)
  return asked >= 0 && !later.some((step) => /^(asks |tokens\.|connections\.put done)/.test(step))
}

/** Half-way: who may use a connection has a grant that lives, and one that is called revoked has none. */
async function isRevokedNow(one: Case, found: Findings, id: string): Promise<void> {
  const stored = await one.stored(id)
  const alive = one.grants(id).length > 0
  found.lost(stored === undefined, `${id} is gone`)
  found.lost(stored?.state === 'active' && !alive, `${id} is active with a dead grant`)
  found.lost(stored?.state === 'revoked' && alive, `${id} is called revoked, and lives at Zoho`)
}

async function isRevoked(one: Case, found: Findings, id: string): Promise<void> {
  const state = (await one.stored(id))?.state
  found.half(state !== 'revoked', `${id} is ${state}`)
  found.lost(one.grants(id).length > 0, `${id} lives at Zoho, and nobody keeps it`)
  const got = await one.next({ do: 'get', connection: id })
  found.half(got.code !== 'ERR_ZOHO_REVOKED', `a token of ${id}: ${got.code ?? 'served'}`)
}
