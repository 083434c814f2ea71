import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import { inspect } from 'node:util'
import { afterEach, expect } from '@jest/globals'
import { type Connection, createZohoAuth, type ZohoAuth, type ZohoAuthOptions } from '@zoho-auth/core'
import { type Emulator, type EmulatorOptions, type GrantInfo, startEmulator } from '@zoho-auth/emulator'
import axios, { type AxiosInstance, type AxiosResponse, type CreateAxiosDefaults } from 'axios'
import { KEEP_ALIVE_MS } from '../../../checks/support/waiting.mjs'
import { type InstallOptions, installZohoAuth } from '../src/index.js'

export const CANDIDATES = '/recruit/v2/Candidates'

/** What is closed after each test, all at once: a server that goes away ends requests that hang. */
const opened: { close(): Promise<void> }[] = []

afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()))
})

export function closing<T extends { close(): Promise<void> }>(one: T): T {
  opened.push(one)
  return one
}

export async function emulate(options: EmulatorOptions = {}): Promise<Emulator> {
  return closing(await startEmulator(options))
}

/** An engine for the emulator's default grant, or for many connections. */
export function engine(emulator: Emulator, options: ZohoAuthOptions = {}): ZohoAuth {
  return closing(
    createZohoAuth({
      clientId: emulator.clientId,
      clientSecret: emulator.clientSecret,
      accountsUrl: emulator.accountsUrl,
      logger: { warn: () => {} },
      ...(options.connections === undefined ? { refreshToken: emulator.refreshToken } : {}),
      ...options,
    }),
  )
}

export interface Scene {
  readonly emulator: Emulator
  readonly auth: ZohoAuth
  readonly client: AxiosInstance
}

/** An emulator, an engine and an axios instance with both, ready for `client.get(CANDIDATES)`. */
export async function scene({
  emulate: emulatorOptions = {},
  engine: engineOptions = {},
  axios: defaults = {},
  install = {},
}: {
  emulate?: EmulatorOptions
  engine?: ZohoAuthOptions
  axios?: CreateAxiosDefaults
  install?: InstallOptions
} = {}): Promise<Scene> {
  const emulator = await emulate(emulatorOptions)
  const auth = engine(emulator, engineOptions)
  const client = axios.create({ baseURL: emulator.url, ...defaults })
  installZohoAuth(client, { auth, ...install })
  return { emulator, auth, client }
}

/** Like {@link scene}; one request went through, and its token was killed since. */
export async function killed(options: Parameters<typeof scene>[0] = {}): Promise<Scene> {
  const made = await scene(options)
  await made.client.get(CANDIDATES)
  made.emulator.killTokens()
  made.emulator.resetCounters()
  return made
}

export function connection(id: string, { refreshToken, dataCenter }: GrantInfo): Connection {
  return { id, refreshToken, dataCenter, state: 'active', version: 1, createdAt: 0, updatedAt: 0 }
}

/** What the emulator saw of the body that arrived. */
export function arrived(response: AxiosResponse): { length: number; sha256: string; type: string | null } {
  const { bodyLength, bodySha256, contentType } = response.data.echo
  return { length: bodyLength, sha256: bodySha256, type: contentType }
}

export function digest(body: string | Uint8Array): { length: number; sha256: string } {
  return { length: Buffer.byteLength(body), sha256: createHash('sha256').update(body).digest('hex') }
}

export interface Seen {
  readonly method: string
  readonly url: string
  readonly authorization: string | undefined
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export interface Server {
  readonly url: string
  readonly seen: Seen[]
  close(): Promise<void>
}

/** A plain server that is not Zoho's. */
export async function serve(
  answer: (request: Seen, response: ServerResponse) => void = (_, response) => response.end('{}'),
): Promise<Server> {
  const seen: Seen[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url = '', headers } = request
      const body = Buffer.concat(chunks).toString()
      const one = { method, url, headers, authorization: headers.authorization, body }
      seen.push(one)
      answer(one, response)
    })
  })
  server.keepAliveTimeout = KEEP_ALIVE_MS
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return closing({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  })
}

/** A server that keeps the beginning of what it is sent, and refuses as a proxy does. */
export async function listener(): Promise<{ readonly received: string[]; readonly port: number }> {
  const received: string[] = []
  const sockets = new Set<Socket>()
  const server = createTcpServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('data', (bytes) => {
      received.push(bytes.toString('latin1'))
      socket.end('HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\nconnection: close\r\n\r\n')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing({
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  })
  return { received, port: (server.address() as AddressInfo).port }
}

/** What a rejected promise was rejected with. */
export async function thrown(work: Promise<unknown>): Promise<Record<string, unknown> & Error> {
  try {
    await work
  } catch (error) {
    return error as Record<string, unknown> & Error
  }
  throw new Error('nothing was thrown')
}

/** Every way in which an app's log or dump shows a value; none may show one of the secrets. */
export function expectClean(value: unknown, secrets: readonly string[]): void {
  expect(secrets.length).toBeGreaterThan(0)
  const shown = {
    inspected: inspect(value, { depth: 10, showHidden: true, maxStringLength: null, maxArrayLength: null }),
    getters: inspect(value, { depth: 6, getters: true, maxStringLength: null }),
    plain: inspect(value),
    json: safeJson(value),
    walked: walked(value),
    text: value instanceof Error ? `${value.message} ${value.stack}` : '',
  }
  for (const [how, text] of Object.entries(shown))
    for (const secret of secrets)
      expect({ how, leaked: text.includes(secret) }).toEqual({ how, leaked: false })
}

function safeJson(value: unknown): string {
  const seen = new Set()
  return (
    JSON.stringify(value, (_, item) => {
      if (typeof item !== 'object' || item === null) return typeof item === 'bigint' ? String(item) : item
      if (seen.has(item)) return undefined
      seen.add(item)
      return item
    }) ?? ''
  )
}

/** Every string that own properties lead to, symbols and hidden ones included, also inside maps, sets and buffers. */
function walked(root: unknown): string {
  const found: string[] = []
  const seen = new Set<unknown>()
  const waiting: unknown[] = [root]
  while (waiting.length > 0 && seen.size < 500_000) {
    const value = waiting.pop()
    if (typeof value === 'string') found.push(value)
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value))
      continue
    seen.add(value)
    if (value instanceof Uint8Array) {
      if (value.length < 1_000_000) found.push(Buffer.from(value).toString('latin1'))
      continue
    }
    if (value instanceof Map || value instanceof Set) waiting.push(...value.entries())
    for (const key of Reflect.ownKeys(value)) {
      const descriptor = Reflect.getOwnPropertyDescriptor(value, key)
      if (descriptor !== undefined && 'value' in descriptor) waiting.push(descriptor.value)
    }
  }
  return found.join('\n')
}
