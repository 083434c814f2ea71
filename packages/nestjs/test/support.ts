import { inspect } from 'node:util'
import { afterEach } from '@jest/globals'
import type { INestApplication, LoggerService, ModuleMetadata } from '@nestjs/common'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { Test } from '@nestjs/testing'
import type { Connection } from '@zoho-auth/core'
import { type Emulator, type EmulatorOptions, type GrantInfo, startEmulator } from '@zoho-auth/emulator'
import { KEEP_ALIVE_MS } from '../../../checks/support/waiting.mjs'

/** Both platforms, for `describe.each`. */
export const PLATFORMS = [
  { platform: 'Express', adapter: () => new ExpressAdapter() },
  { platform: 'Fastify', adapter: () => new FastifyAdapter() as unknown as ExpressAdapter },
]

const undo: (() => unknown)[] = []

afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step()
})

/** Done after the test, in reverse order. */
export function afterwards(step: () => unknown): void {
  undo.push(step)
}

/** An emulator that lives as long as the test. */
export async function emulated(options?: EmulatorOptions): Promise<Emulator> {
  const emulator = await startEmulator(options)
  afterwards(() => emulator.close())
  return emulator
}

/** Sets variables for the test. */
export function setEnv(variables: Record<string, string>): void {
  for (const [name, value] of Object.entries(variables)) {
    const before = process.env[name]
    process.env[name] = value
    afterwards(() => {
      if (before === undefined) delete process.env[name]
      else process.env[name] = before
    })
  }
}

/** Options of an engine with one connection. */
export function engineOptions(emulator: Emulator, grant: GrantInfo = emulator.grants[0] as GrantInfo) {
  return {
    clientId: emulator.clientId,
    clientSecret: emulator.clientSecret,
    refreshToken: grant.refreshToken,
    accountsUrl: emulator.accountsUrl,
  }
}

/** Options of an engine with one connection per user, each with a grant of its own. */
export function tenants(emulator: Emulator, ...users: string[]) {
  const grants = new Map<string, GrantInfo>(users.map((user) => [user, emulator.createGrant({ user })]))
  const connections = async (id: string): Promise<Connection | undefined> => {
    const grant = grants.get(id)
    if (grant === undefined) return undefined
    const { refreshToken, dataCenter } = grant
    return { id, refreshToken, dataCenter, state: 'active', version: 1, createdAt: 0, updatedAt: 0 }
  }
  const { refreshToken: _, ...client } = engineOptions(emulator)
  return { grants, options: { ...client, connections } }
}

/** Everything that Nest logs, as text. */
export class Logged implements LoggerService {
  readonly lines: string[] = []
  readonly log = (...args: unknown[]) => this.#note(args)
  readonly error = (...args: unknown[]) => this.#note(args)
  readonly warn = (...args: unknown[]) => this.#note(args)
  readonly debug = (...args: unknown[]) => this.#note(args)
  readonly verbose = (...args: unknown[]) => this.#note(args)

  #note(args: unknown[]): void {
    this.lines.push(args.map((arg) => (typeof arg === 'string' ? arg : inspect(arg, { depth: 8 }))).join(' '))
  }

  get text(): string {
    return this.lines.join('\n')
  }
}

/** A running application, and where it answers. */
export interface Running {
  readonly app: INestApplication
  readonly url: string
  readonly logged: Logged
  readonly get: <T>(
    path: string,
    headers?: Record<string, string>,
  ) => Promise<{ status: number; body: T; headers: Headers }>
}

interface StartOptions {
  readonly adapter?: () => ExpressAdapter
  readonly prepare?: (app: INestApplication) => void
}

/** Starts an application on loopback, for as long as the test. */
export async function start(metadata: ModuleMetadata, options: StartOptions = {}): Promise<Running> {
  const logged = new Logged()
  const module = await Test.createTestingModule(metadata).setLogger(logged).compile()
  const app = module.createNestApplication(options.adapter?.() ?? new ExpressAdapter())
  app.useLogger(logged)
  options.prepare?.(app)
  app.getHttpServer().keepAliveTimeout = KEEP_ALIVE_MS
  await app.listen(0, '127.0.0.1')
  afterwards(() => app.close())
  const url = await app.getUrl()
  return {
    app,
    url,
    logged,
    get: async (path, headers = {}) => {
      const response = await fetch(url + path, { headers })
      const text = await response.text()
      const isJson = response.headers.get('content-type')?.includes('json')
      return {
        status: response.status,
        body: isJson ? JSON.parse(text) : (text as never),
        headers: response.headers,
      }
    },
  }
}
