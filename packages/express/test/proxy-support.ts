import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { inspect } from 'node:util'
import type { ZohoAuth, ZohoAuthOptions } from '@zoho-auth/core'
import type { Emulator } from '@zoho-auth/emulator'
import type { NextFunction, Request, Response } from 'express'
import { zohoErrorHandler, zohoProxy } from '../src/index.js'
import type { ZohoProxyOptions } from '../src/proxy/options.js'
import { createApp, emulate, engine, listen, serve, single } from './support.js'

export const MIB = 1_048_576
export const PATH = '/recruit/v2/Candidates'

/** For tests about something else than the door. */
export const anyone = (): boolean => true

/** A server of one's own that stands where the product does. */
export interface Upstream {
  readonly emulator: Emulator
  readonly auth: ZohoAuth
  readonly origin: string
  /** What arrived there, in order. */
  readonly seen: IncomingMessage[]
}

/** Answers with `handler` what the emulator's default grant asks of its product. */
export async function upstream(
  handler: (req: IncomingMessage, res: ServerResponse) => unknown,
  options: ZohoAuthOptions = {},
): Promise<Upstream> {
  const emulator = await emulate()
  const seen: IncomingMessage[] = []
  const origin = await listen(
    createServer((req, res) => {
      seen.push(req)
      handler(req, res)
    }),
  )
  emulator.fault({ on: 'token', kind: 'foreign-api-domain', value: origin, times: 10 })
  return { emulator, auth: engine(single(emulator, { allowedOrigins: [origin], ...options })), origin, seen }
}

/** An app with nothing but a proxy below `/recruit`. @returns Its origin, and the errors that reached its end. */
export async function proxied(
  auth: ZohoAuth,
  options: Partial<ZohoProxyOptions> = {},
): Promise<{ origin: string; errors: unknown[] }> {
  const errors: unknown[] = []
  const app = createApp('production')
    .use('/recruit', zohoProxy({ product: 'recruit', authorize: anyone, auth, ...options }))
    .use((error: unknown, _req: Request, _res: Response, next: NextFunction) => {
      errors.push(error)
      next(error)
    })
    .use(zohoErrorHandler())
    // The last word, so that Express prints nothing. A handler that forgets answers which have begun.
    .use((_error: unknown, _req: Request, res: Response, _next: NextFunction) => {
      if (!res.headersSent) res.status(500).send('bare')
    })
  return { origin: await serve(app), errors }
}

/** What a raw client gets for exactly these bytes, until the server hangs up. */
export async function raw(origin: string, bytes: string): Promise<string> {
  const { port } = new URL(origin)
  const socket = connect(Number(port), '127.0.0.1')
  socket.write(bytes, 'latin1')
  let text = ''
  socket.setEncoding('latin1')
  for await (const chunk of socket) text += chunk as string
  return text
}

/** One request by Node's own client, which changes nothing about it and decodes nothing. */
export function ask(
  url: string,
  options: { method?: string; headers?: Record<string, string | string[]>; body?: string } = {},
): Promise<IncomingMessage & { text: string }> {
  const { method = 'GET', headers = {}, body } = options
  return new Promise((resolve, reject) => {
    const sending = request(url, { method, headers, agent: false }, (res) => {
      const chunks: Buffer[] = []
      res.on('data', (chunk: Buffer) => chunks.push(chunk))
      res.on('error', reject)
      res.on('end', () => resolve(Object.assign(res, { text: Buffer.concat(chunks).toString() })))
    })
    sending.on('error', reject)
    sending.end(body === undefined ? undefined : Buffer.from(body))
  })
}

/** Everything that loggers could print of a value. */
export const printed = (value: unknown): string => inspect(value, { depth: 12, showHidden: true })
