import { memoryConnectionStore, memoryTokenStore } from '@zoho-auth/core'
import type { OpenedStores } from '@zoho-auth/core/store'
import { startEmulator } from '@zoho-auth/emulator'
import { JumpClock } from './clock.js'
import { lending } from './lending-store.js'
import { nameOf } from './names.js'
import { FaultProxy } from './proxy.js'
import type { FaultRow } from './row.js'
import type { Setting } from './scene.js'

/** Limits where an accounts server may not answer, in milliseconds. Too short for the second pause after a failure. */
const HASTY = { timeoutMs: 1_500, maxWaitMs: 1_900 }

/** Limits where a store may not answer: longer than the 2 s that one of its operations has. */
const HASTY_WITH_STORE = { timeoutMs: 2_400, maxWaitMs: 2_600 }

/** One case among the others: its name, and where its proxy listens. */
export interface Place {
  readonly id: string
  readonly address: string
  readonly port: number
}

/** The proxy stands before the accounts server; the stores are in memory. */
export async function beforeAccounts({ id, address, port }: Place, row: FaultRow): Promise<Setting> {
  const emulator = await startEmulator()
  const proxy = await FaultProxy.start(address, port, Number(new URL(emulator.accountsUrl).port))
  const clock = new JumpClock()
  const tokens = memoryTokenStore({ clock })
  const connections = memoryConnectionStore()
  return {
    id,
    emulator,
    proxy,
    row,
    clock,
    hasty: HASTY,
    accountsUrl: `http://${proxy.host}`,
    tokens: lending(tokens, tokens),
    connections,
    truth: connections,
  }
}

/** A server that stores are kept on. */
export interface StoreServer {
  readonly port: number
  /** The stores behind a host and port. */
  open(host: string): OpenedStores
  /** The same on a way without faults. */
  readonly direct: OpenedStores
}

/** The proxy stands before the server of both stores. */
export async function beforeStores(
  server: StoreServer,
  { id, address, port }: Place,
  row: FaultRow,
): Promise<Setting> {
  const emulator = await startEmulator()
  const proxy = await FaultProxy.start(address, port, server.port)
  // One name for all: with another URL each time, `redis` makes a class of its own for each client, which takes long.
  const stores = server.open(`${nameOf('store')}:${port}`)
  return {
    id,
    emulator,
    proxy,
    row,
    clock: new JumpClock(),
    hasty: HASTY_WITH_STORE,
    accountsUrl: emulator.accountsUrl,
    tokens: lending(stores.tokens, server.direct.tokens),
    connections: stores.connections,
    truth: server.direct.connections,
    close: () => stores.close(),
  }
}
