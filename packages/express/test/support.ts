import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach } from '@jest/globals'
import {
  type Connection,
  createZohoAuth,
  type DataCenter,
  memoryConnectionStore,
  type ZohoAuth,
  type ZohoAuthOptions,
} from '@zoho-auth/core'
import { type Emulator, type EmulatorOptions, startEmulator } from '@zoho-auth/emulator'
import express, { type NextFunction, type Request, type Response } from 'express'
import { KEEP_ALIVE_MS, unwatch, watch } from '../../../checks/support/waiting.mjs'

const open: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
  unwatch()
})

/** Closed after the test. */
export async function emulate(options: EmulatorOptions = {}): Promise<Emulator> {
  const emulator = await startEmulator(options)
  open.push(() => emulator.close())
  watch(emulator)
  return emulator
}

export const quiet = { warn() {} }

/** Options that point an engine at an emulator, for its default grant. */
export function single(emulator: Emulator, options: ZohoAuthOptions = {}): ZohoAuthOptions {
  const { clientId, clientSecret, refreshToken, accountsUrl } = emulator
  return { clientId, clientSecret, refreshToken, accountsUrl, logger: quiet, ...options }
}

/** Options for several connections, each the consent of a user of the same name. */
export function many(
  emulator: Emulator,
  ids: readonly string[],
  options: ZohoAuthOptions = {},
): ZohoAuthOptions {
  const { clientId, clientSecret, accountsUrl, dataCenter } = emulator
  const connections = memoryConnectionStore(ids.map((id) => connectionOf(emulator, id, dataCenter)))
  return { clientId, clientSecret, accountsUrl, connections, logger: quiet, ...options }
}

function connectionOf(emulator: Emulator, id: string, dataCenter: DataCenter): Connection {
  const { refreshToken } = emulator.createGrant({ user: id, dataCenter })
  return { id, refreshToken, dataCenter, state: 'active', version: 1, createdAt: 0, updatedAt: 0 }
}

/** Closed after the test. */
export function engine(options: ZohoAuthOptions): ZohoAuth {
  const auth = createZohoAuth(options)
  open.push(() => auth.close())
  return auth
}

/** An app; in `test` Express logs no errors, in `production` it tells strangers none. */
export function createApp(env: 'test' | 'production' = 'test'): express.Express {
  const app = express()
  app.set('env', env)
  return app
}

/** Listens on loopback until the test ends. @returns The origin. */
export function serve(app: express.Express): Promise<string> {
  return listen(createServer(app))
}

/** Connections that may wait: with Node's 511, one more is reset if the machine is too busy to take them. */
const BACKLOG = 4_096

/** Listens on loopback until the test ends. @returns The origin. */
export async function listen(server: Server): Promise<string> {
  server.keepAliveTimeout = KEEP_ALIVE_MS
  await new Promise<void>((resolve) => {
    server.listen({ port: 0, host: '127.0.0.1', backlog: BACKLOG }, resolve)
  })
  open.push(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A handler whose rejections reach `next`, as Express 5 does by itself. */
export function route(handler: (req: Request, res: Response) => Promise<unknown>) {
  return async (req: Request, res: Response, next: NextFunction): Promise<void> => {
    try {
      await handler(req, res)
    } catch (error) {
      next(error)
    }
  }
}

/** Calls Recruit with `req.zoho`, and answers whose token Zoho saw. */
export const whoAmI = route(async (req, res) => {
  const answer = await req.zoho.fetch('/recruit/v2/Candidates', { product: 'recruit' })
  res.json(await userOf(answer))
})

/** Whose token Zoho saw. */
export async function userOf(answer: globalThis.Response): Promise<{ user: string | undefined }> {
  const { echo } = (await answer.json()) as { echo?: { user: string } }
  return { user: echo?.user }
}

export async function getJson(url: string, headers: Record<string, string> = {}): Promise<unknown> {
  const response = await fetch(url, { headers })
  return response.json()
}

/** What a sign-in does in real apps: here the tenant is whoever the header says. */
export function signIn(req: Request, _res: Response, next: NextFunction): void {
  const org = req.get('x-test-org')
  if (org !== undefined) req.user = { org }
  next()
}

declare global {
  namespace Express {
    interface Request {
      user?: { readonly org: string }
    }
  }
}
