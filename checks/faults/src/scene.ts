import {
  type Connection,
  type ConnectionStore,
  createZohoAuth,
  type Token,
  type ZohoAuth,
  type ZohoAuthErrorCode,
  type ZohoAuthOptions,
} from '@zoho-auth/core'
import type { Emulator } from '@zoho-auth/emulator'
import type { Call } from './calls.js'
import type { JumpClock } from './clock.js'
import type { LendingStore } from './lending-store.js'
import { nameOf } from './names.js'
import type { FaultProxy } from './proxy.js'
import type { FaultRow } from './row.js'

/** Limits where the server answers at once, so that nobody fails on a busy machine, in milliseconds. */
export const PATIENT: Setting['hasty'] = { timeoutMs: 10_000, maxWaitMs: 12_000 }

/** What one case needs: where the servers are, as the library sees them, and as the judge does. */
export interface Setting {
  /** The name of the case, and of its connection. */
  readonly id: string
  readonly emulator: Emulator
  readonly proxy: FaultProxy
  readonly row: FaultRow
  /** Limits where an answer may not come, in milliseconds. */
  readonly hasty: { readonly timeoutMs: number; readonly maxWaitMs: number }
  /** Where the library believes the accounts server to be. */
  readonly accountsUrl: string
  readonly clock: JumpClock
  readonly tokens: LendingStore
  readonly connections: ConnectionStore
  /** The same connections, past any fault. */
  readonly truth: ConnectionStore
  /** Closes what the case opened for the library. */
  close?(): Promise<void>
}

/** One case: an engine between its servers, with one connection, and what was heard of it. */
export class Scene {
  readonly id: string
  readonly zoho: ZohoAuth
  readonly clock: JumpClock
  readonly setting: Setting
  /** The grant of the connection, as it was at the start. */
  readonly refreshToken: string
  /** How long nothing is sent, as last told, in milliseconds. */
  pauseMs = 0
  /** Events, in order. */
  readonly heard: string[] = []
  /** Done before a request to the accounts server is sent. */
  beforeSending: (() => Promise<void>) | undefined
  /** The value of a token that the case is about. */
  token = ''
  /** The second half of a consent under way. */
  finish: (() => Promise<Call>) | undefined
  #next: ZohoAuth | undefined
  readonly #engines: ZohoAuth[] = []

  constructor(setting: Setting) {
    const { id } = setting
    this.id = id
    this.setting = setting
    this.clock = setting.clock
    this.refreshToken = setting.emulator.createGrant({ user: id }).refreshToken
    this.zoho = this.engine()
  }

  /** Writes the connection down. */
  async begin(): Promise<void> {
    const { refreshToken, id } = this
    const at = Date.now()
    const fields = { refreshToken, dataCenter: 'us', state: 'active' } as const
    await this.setting.truth.put({ id, ...fields, version: 0, createdAt: at, updatedAt: at })
  }

  /** One more process of the fleet. */
  engine(options: ZohoAuthOptions = {}): ZohoAuth {
    const { emulator, accountsUrl, tokens, connections, row, hasty, proxy } = this.setting
    const limits = isImpatient(row.codes) ? hasty : PATIENT
    const zoho = createZohoAuth({
      clientId: emulator.clientId,
      clientSecret: emulator.clientSecret,
      accountsUrl,
      tokens,
      connections,
      plaintext: true,
      clock: this.clock,
      logger: { warn: () => {} },
      // What no URL of an accounts server may say: another host name, or TLS where there is none.
      fetch: async (input, init) => {
        await this.beforeSending?.()
        const url = new URL(input instanceof Request ? input.url : input)
        const isProxied = url.host === proxy.host
        if (proxy.fault?.do === 'tls' && isProxied) url.protocol = 'https:'
        if (proxy.fault?.do === 'name' && isProxied) url.hostname = nameOf(this.id)
        return fetch(url, init)
      },
      ...limits,
      ...options,
    })
    zoho.on('token.refresh_failed', ({ retryAfterMs }) => {
      this.pauseMs = retryAfterMs
      this.heard.push('token.refresh_failed')
    })
    for (const name of [
      'token.refreshed',
      'connection.consent_required',
      'store.degraded',
      'store.recovered',
    ] as const)
      zoho.on(name, () => void this.heard.push(name))
    this.#engines.push(zoho)
    return zoho
  }

  /** The process that comes after the first one. */
  next(): ZohoAuth {
    this.#next ??= this.engine()
    return this.#next
  }

  arm(keep = false): Promise<void> {
    const { proxy, row } = this.setting
    return proxy.set(row.fault, keep || row.keep === true)
  }

  disarm(): Promise<void> {
    return this.setting.proxy.set(undefined)
  }

  /** Time goes on, as a pause asks. */
  wait(retryAfterMs = 0): void {
    this.clock.jump(Math.max(retryAfterMs, this.pauseMs) + 1)
    this.pauseMs = 0
  }

  stored(id: string = this.id): Promise<Connection | undefined> {
    return this.setting.truth.get(id)
  }

  /** What is wrong with a token: it must live at Zoho, and be one of the connection. */
  async tokenFault({ value }: Token, id?: string): Promise<string | undefined> {
    const stored = await this.stored(id)
    const grants = [this.refreshToken, stored?.refreshToken].filter((grant) => grant !== undefined)
    return grants.some((grant) => this.lives(value, grant)) ? undefined : 'a token that does not live at Zoho'
  }

  /** Whether a token lives at Zoho. */
  lives(value: string, refreshToken: string = this.refreshToken): boolean {
    return this.setting.emulator.liveTokens(refreshToken).some(({ accessToken }) => accessToken === value)
  }

  isAlive(refreshToken: string | undefined): boolean {
    return this.setting.emulator.grants.some((grant) => grant.refreshToken === refreshToken)
  }

  /** Takes what was written for the case out of the store that all cases share. */
  async forget(): Promise<void> {
    for (const id of [this.id, newId(this.id)]) await this.setting.truth.delete(id)
  }

  /** Closes the engines and what they used. Can be repeated. */
  async closeAll(): Promise<void> {
    await Promise.all(this.#engines.map((one) => one.close()))
    await this.setting.close?.()
  }
}

/** The connection that a consent makes, beside the one there is. */
export const newId = (id: string): string => `${id}-new`

/** Whether the library would wait a pause out, or for an answer that may not come. */
function isImpatient(codes: readonly ZohoAuthErrorCode[]): boolean {
  return codes.includes('ERR_ZOHO_UNAVAILABLE') || codes.includes('ERR_ZOHO_STORE')
}
