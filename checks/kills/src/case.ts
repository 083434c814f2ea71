import { randomBytes } from 'node:crypto'
import { type Connection, type ConnectionStore, sealedConnectionStore } from '@zoho-auth/core'
import type { OpenedStores } from '@zoho-auth/core/store'
import type { Emulator } from '@zoho-auth/emulator'
import { browse } from 'e2e/consents'
import { openStoresAt } from 'e2e/open-stores'
import type { Place } from 'e2e/places'
import { until } from '../../support/within.mjs'
import type { Child, Done } from './child.js'
import type { Act, Space } from './messages.js'

/** Zoho is told of what is due with nobody waiting, in milliseconds at most, on a busy machine. */
const GIVEN_BACK_MS = 30_000

/** How a connection is, judged from outside. */
type Health = 'none' | 'working' | 'broken'

/** A browser on its way back from Zoho. */
export interface Callback {
  readonly callback: string
  readonly state: string
}

/** A key for sealing. */
export function newKey(id: string): string {
  return `${id}:${randomBytes(32).toString('base64')}`
}

/** What all cases of one store share. */
export interface CaseStage {
  readonly place: Place
  readonly emulator: Emulator
  readonly keys: readonly string[]
  /** Where this process itself reads and writes. */
  readonly opened: OpenedStores
}

/** One kill: its own Zoho user, its own connections, and the processes that come after. */
export class Case {
  readonly id: string
  readonly emulator: Emulator
  readonly #place: Place
  readonly #keys: readonly string[]
  readonly #next: Child
  /** Where this case keeps its connections. Default what all cases of a store share. */
  space: Space
  #opened: OpenedStores
  #own = false
  /** The longest that another process took for anything, and for a token that nobody was in the way of, in milliseconds. */
  slowestMs = 0
  undisturbedMs = 0

  constructor(id: string, stage: CaseStage, next: Child) {
    const { place, emulator, keys, opened } = stage
    this.id = id
    this.emulator = emulator
    this.#place = place
    this.#keys = keys
    this.#opened = opened
    this.#next = next
    this.space = { url: place.url, keys }
  }

  /** The one connection of most cases, whose user has the same name. */
  get user(): string {
    return `${this.#place.name}-${this.id}`
  }

  /** Takes a space of its own, with tables where `made` says so. */
  async ownSpace(made: boolean, keys: readonly string[] = this.#keys): Promise<void> {
    const { url, name } = this.#place
    const own = `case_${this.id.replaceAll('-', '_')}`
    const query = { file: `/${own}`, redis: `?prefix=${own}:`, postgres: `?schema=${own}` } as const
    this.space = { url: `${url}${query[name]}`, keys }
    this.#opened = await openStoresAt(this.space.url)
    this.#own = true
    if (made) await this.next({ do: 'migrate' })
  }

  /** Another process does something, in the space of this case. */
  async next(act: Act): Promise<Done> {
    const since = performance.now()
    const done = await this.#next.do(act, this.space)
    this.slowestMs = Math.max(this.slowestMs, performance.now() - since)
    return done
  }

  /** As `next`. @throws Error where it was refused. */
  async must(act: Act): Promise<Done> {
    const done = await this.next(act)
    if (done.code !== undefined) throw new Error(`${act.do} was refused: ${done.code}`)
    return done
  }

  /** The connections as they are stored, read with these keys. */
  stored(id: string = this.user, keys: readonly string[] = this.space.keys): Promise<Connection | undefined> {
    return this.#connections(keys).get(id)
  }

  #connections(keys: readonly string[]): ConnectionStore {
    return sealedConnectionStore(this.#opened.connections, { encryptionKeys: keys })
  }

  /** A connection with a grant that works. */
  async customer(id: string = this.user): Promise<Connection> {
    const connection = this.connection(id)
    await this.#connections(this.space.keys).put(connection)
    return connection
  }

  /** The same, not stored. */
  connection(id: string = this.user): Connection {
    const { refreshToken } = this.emulator.createGrant({ user: id })
    const now = Date.now()
    const times = { createdAt: now, updatedAt: now }
    return { id, refreshToken, dataCenter: 'us', state: 'active', version: 0, ...times }
  }

  /** Another process starts a consent, and the user accepts. */
  async accepted(): Promise<Callback> {
    const { url = '', state = '' } = await this.must({ do: 'start consent', connection: this.user })
    return { callback: await browse(url, this.user), state }
  }

  /** The living grants of a user at Zoho. */
  grants(user: string = this.user): readonly string[] {
    return this.emulator.grants.filter((grant) => grant.user === user).map(({ refreshToken }) => refreshToken)
  }

  /** Those that no connection keeps, nor is going to give back. */
  async unkept(): Promise<readonly string[]> {
    const stored = await this.stored()
    const kept = [stored?.refreshToken, ...(stored?.replaced ?? []).map(({ refreshToken }) => refreshToken)]
    return this.grants().filter((grant) => !kept.includes(grant))
  }

  /** Whether a connection is what it says: Zoho knows its grant, makes another token for it, and an API accepts that. */
  async health(id: string = this.user): Promise<Health> {
    const stored = await this.stored(id)
    if (stored === undefined) return 'none'
    if (stored.state !== 'active' || !this.grants(id).includes(stored.refreshToken ?? '')) return 'broken'
    const renewed = await this.next({ do: 'renew', connection: id })
    this.undisturbedMs = Math.max(this.undisturbedMs, renewed.ms)
    if (renewed.code !== undefined) return 'broken'
    const called = await this.next({ do: 'call', connection: id })
    return called.status === 200 ? 'working' : 'broken'
  }

  /** Waits until Zoho does not know a grant any more. */
  async gone(refreshToken: string): Promise<boolean> {
    const isGone = async () => !this.grants().includes(refreshToken)
    return until(GIVEN_BACK_MS, 'a grant that is given back', isGone).then(
      () => true,
      () => false,
    )
  }

  async close(): Promise<void> {
    if (!this.#own) return
    await this.next({ do: 'leave' })
    await this.#opened.close()
  }
}
