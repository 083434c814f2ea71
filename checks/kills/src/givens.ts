import type { Connection } from '@zoho-auth/core'
import { grantId } from '@zoho-auth/core/adapter'
import { SCOPES } from './acts.js'
import { type Callback, type Case, newKey } from './case.js'
import type { Child } from './child.js'
import type { Act, Space } from './messages.js'

/** Connections of a tenant, and rows that are sealed again. */
const TENANT = 3
const ROWS = 5

/** What is to be killed, and what there was before. */
export interface Scene {
  readonly act: Act
  /** Where the killed process works. */
  readonly space: Space
  /** The grant the connection had. */
  readonly old?: string | undefined
  /** The one it gets. */
  readonly fresh?: string | undefined
  /** With which a consent is finished again. */
  readonly callback?: Callback
  /** All connections of the case. */
  readonly connections?: readonly Connection[]
}

/** Makes a scene. The process that will be killed is there, and may be asked for something before. */
type Given = (one: Case, victim: Child) => Promise<Scene>

export type GivenName =
  | 'connected'
  | 'stale token'
  | 'refused token'
  | 'accepted consent'
  | 'consent to be closed'
  | 'self-client code'
  | 'accepted reconsent'
  | 'wrong account'
  | 'token in use'
  | 'a tenant'
  | 'rows under an old key'
  | 'another grant at hand'
  | 'nothing'

/** What there is before an operation, and the operation. */
export const GIVENS: Readonly<Record<GivenName, Given>> = {
  /** A connection that no process has a token of. */
  async connected(one) {
    const { refreshToken } = await one.customer()
    return { act: { do: 'get', connection: one.user }, space: one.space, old: refreshToken }
  },

  /** A process with a token that it still hands out, and refreshes. */
  async 'stale token'(one, victim) {
    const { refreshToken } = await one.customer()
    const space = { ...one.space, ahead: true }
    await one.must({ do: 'get', connection: one.user })
    await victim.do({ do: 'get', connection: one.user }, space)
    return { act: { do: 'get ahead', connection: one.user }, space, old: refreshToken }
  },

  /** A process with a token that served, and is dead now. */
  async 'refused token'(one, victim) {
    const { refreshToken } = await one.customer()
    await one.must({ do: 'get', connection: one.user })
    await victim.do({ do: 'call', connection: one.user }, one.space)
    one.emulator.killTokens(refreshToken)
    return { act: { do: 'call', connection: one.user }, space: one.space, old: refreshToken }
  },

  /** A user who has accepted, and is on the way back. */
  async 'accepted consent'(one) {
    const callback = await one.accepted()
    return { act: { do: 'finish consent', ...callback }, space: one.space, callback }
  },

  /** The same, at a process that is told to stop meanwhile. */
  async 'consent to be closed'(one) {
    const callback = await one.accepted()
    return { act: { do: 'finish and close', ...callback }, space: one.space, callback }
  },

  /** A code from Zoho's console. */
  async 'self-client code'(one) {
    const code = one.emulator.createCode({ user: one.user, scopes: SCOPES })
    return { act: { do: 'exchange', connection: one.user, code }, space: one.space }
  },

  /** A connection that works, and its user has accepted once more. */
  async 'accepted reconsent'(one) {
    await one.must({ do: 'finish consent', ...(await one.accepted()) })
    const [old] = one.grants()
    await one.must({ do: 'get', connection: one.user })
    const callback = await one.accepted()
    return { act: { do: 'finish consent', ...callback }, space: one.space, callback, old }
  },

  /** A connection whose last consent was given for the wrong account. */
  async 'wrong account'(one) {
    await one.must({ do: 'finish consent', ...(await one.accepted()) })
    const [old] = one.grants()
    await one.must({ do: 'finish consent', ...(await one.accepted()) })
    const fresh = one.grants().find((grant) => grant !== old)
    const stored = await one.stored()
    if (stored === undefined) throw new Error('the wrong account is not connected')
    const act = { do: 'undo', connection: one.user, grant: grantId(stored) } as const
    return { act, space: one.space, old, fresh }
  },

  /** A connection that a process calls with. */
  async 'token in use'(one, victim) {
    const { refreshToken } = await one.customer()
    await victim.do({ do: 'call', connection: one.user }, one.space)
    return { act: { do: 'revoke', connection: one.user }, space: one.space, old: refreshToken }
  },

  /** Connections of one tenant, and one beside them. */
  async 'a tenant'(one) {
    await one.ownSpace(true)
    const connections: Connection[] = []
    for (let index = 0; index < TENANT; index++) connections.push(await one.customer(`${one.user}-${index}`))
    await one.customer()
    return { act: { do: 'revoke all', prefix: `${one.user}-` }, space: one.space, connections }
  },

  /** Rows that the second key sealed, where there is a first one now. */
  async 'rows under an old key'(one) {
    const keys = [newKey('new'), newKey('old')] as const
    await one.ownSpace(true, [keys[1]])
    const connections: Connection[] = []
    for (let index = 0; index < ROWS; index++) connections.push(await one.customer(`${one.user}-${index}`))
    one.space = { ...one.space, keys }
    return { act: { do: 'rotate keys' }, space: one.space, connections }
  },

  /** A connection, and an app that writes another grant into it. */
  async 'another grant at hand'(one) {
    const { refreshToken } = await one.customer()
    const connection = one.connection()
    const fresh = connection.refreshToken
    return { act: { do: 'put', connection }, space: one.space, old: refreshToken, fresh }
  },

  /** A store that nobody has used. */
  async nothing(one) {
    await one.ownSpace(false)
    return { act: { do: 'first start', connection: one.connection() }, space: one.space }
  },
}
