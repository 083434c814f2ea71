import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach } from '@jest/globals'
import { createZohoAuth, memoryConnectionStore, type ZohoAuth, type ZohoAuthOptions } from '@zoho-auth/core'
import { type Emulator, startEmulator } from '@zoho-auth/emulator'
import express from 'express'
import { KEEP_ALIVE_MS, unwatch, watch } from '../../../checks/support/waiting.mjs'

const open: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
  unwatch()
})

/** Closed after the test. */
export async function emulate(): Promise<Emulator> {
  const emulator = await startEmulator()
  open.push(() => emulator.close())
  watch(emulator)
  return emulator
}

/** An engine of the emulator's client, without a connection. Closed after the test. */
export function engine(emulator: Emulator, options: ZohoAuthOptions = {}): ZohoAuth {
  const { clientId, clientSecret, accountsUrl } = emulator
  const connections = options.refreshToken === undefined ? { connections: memoryConnectionStore() } : {}
  const auth = createZohoAuth({
    clientId,
    clientSecret,
    accountsUrl,
    ...connections,
    logger: { warn() {} },
    ...options,
  })
  open.push(() => auth.close())
  return auth
}

/** An app that logs no errors and tells strangers none. */
export function createApp(): express.Express {
  const app = express()
  app.set('env', 'test')
  return app
}

/** Listens on loopback until the test ends. @returns The origin. */
export async function serve(app: express.Express): Promise<string> {
  const server = createServer(app)
  server.keepAliveTimeout = KEEP_ALIVE_MS
  await new Promise<void>((resolve) => {
    server.listen({ port: 0, host: '127.0.0.1' }, resolve)
  })
  open.push(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
