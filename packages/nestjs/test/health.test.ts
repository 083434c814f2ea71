import 'reflect-metadata'
import { readdir, readFile } from 'node:fs/promises'
import { describe, expect, test } from '@jest/globals'
import { Controller, Get, Inject, type ModuleMetadata, Query } from '@nestjs/common'
import { HealthCheckService, TerminusModule } from '@nestjs/terminus'
import { memoryConnectionStore, memoryTokenStore, type TokenStore } from '@zoho-auth/core'
import type { Emulator } from '@zoho-auth/emulator'
import { getZohoAuthToken, ZohoAuth, ZohoAuthModule } from '@zoho-auth/nestjs'
import { ZohoAuthHealthIndicator, type ZohoHealthOptions } from '@zoho-auth/nestjs/terminus'
import { ZohoAuthTestingModule } from '@zoho-auth/nestjs/testing'
import { until } from '../../../checks/support/waiting.mjs'
import { afterwards, emulated, engineOptions, PLATFORMS, type Running, start, tenants } from './support.js'

@Controller()
class Health {
  constructor(
    @Inject(HealthCheckService) private readonly health: HealthCheckService,
    @Inject(ZohoAuthHealthIndicator) private readonly zoho: ZohoAuthHealthIndicator,
  ) {}

  @Get('health')
  check(@Query() query: Record<string, string>) {
    const { timeoutMs, ...options }: ZohoHealthOptions & Record<string, unknown> = query
    const limit = timeoutMs === undefined ? {} : { timeoutMs: Number(timeoutMs) }
    return this.health.check([() => this.zoho.isHealthy('zoho', { ...options, ...limit })])
  }
}

const APP = { controllers: [Health], providers: [ZohoAuthHealthIndicator] }

type Imports = NonNullable<ModuleMetadata['imports']>

/** An application with a health endpoint. */
function healthy(imports: Imports, adapter?: (typeof PLATFORMS)[number]['adapter']): Promise<Running> {
  return start(
    { imports: [...imports, TerminusModule.forRoot({ logger: false })], ...APP },
    adapter && { adapter },
  )
}

/** What the endpoint says: its status, and the details of the check. */
async function checked({ get }: Running, query = ''): Promise<object> {
  const { status, body } = await get<{ details: { zoho: object } }>(`/health${query}`)
  return { http: status, ...body.details.zoho }
}

const UP = { http: 200, status: 'up', state: 'active', dataCenter: 'us' }
const DOWN = { http: 503, status: 'down' }

/** The default grant is taken back at Zoho, as its user would. */
const takeBack = (emulator: Emulator) => emulator.revokeGrant(emulator.refreshToken)

const used = (running: Running) =>
  running.app
    .get(ZohoAuth)
    .getToken()
    .then(
      () => 'a token',
      ({ code }) => code,
    )

describe.each(PLATFORMS)('the health of a connection on $platform', ({ adapter }) => {
  test('is up before the first token, and asks Zoho for none', async () => {
    const emulator = await emulated()
    const running = await healthy([ZohoAuthModule.forRoot(engineOptions(emulator))], adapter)
    for (let time = 0; time < 20; time++) expect(await checked(running)).toEqual({ ...UP, budgetLeft: 8 })
    expect(emulator.requests).toEqual([])
  })

  test('tells the life that the token at hand has left', async () => {
    const emulator = await emulated()
    const running = await healthy([ZohoAuthModule.forRoot(engineOptions(emulator))], adapter)
    await used(running)
    const details = await checked(running)
    expect(details).toEqual({ ...UP, budgetLeft: 7, lifeLeftMs: expect.any(Number) })
    const { lifeLeftMs } = details as { lifeLeftMs: number }
    expect(lifeLeftMs).toBeGreaterThan(3_000_000)
    expect(lifeLeftMs).toBeLessThanOrEqual(3_600_000)
    expect(emulator.counters.tokenRequests).toBe(1)
  })

  test('is down where a person has to consent again, at once and for good', async () => {
    const emulator = await emulated()
    const running = await healthy([ZohoAuthModule.forRoot(engineOptions(emulator))], adapter)
    takeBack(emulator)
    expect(await used(running)).toBe('ERR_ZOHO_CONSENT_REQUIRED')
    expect(await checked(running)).toMatchObject({
      ...DOWN,
      dataCenter: 'us',
      cooldown: 'dead',
      lastError: 'ERR_ZOHO_CONSENT_REQUIRED',
    })
  })
})

describe('the health of a connection', () => {
  test.each(['consent-required', 'revoking', 'revoked'] as const)('is down where it is %s', async (state) => {
    const emulator = await emulated()
    const { refreshToken, ...client } = engineOptions(emulator)
    const connection = {
      id: 'acme',
      refreshToken,
      dataCenter: 'us',
      version: 1,
      createdAt: 0,
      updatedAt: 0,
    } as const
    const connections = memoryConnectionStore([{ ...connection, state }])
    const running = await healthy([ZohoAuthModule.forRoot({ ...client, connections })])
    expect(await checked(running, '?connection=acme')).toMatchObject({ ...DOWN, state, dataCenter: 'us' })
    expect(emulator.counters.tokenRequests).toBe(0)
  })

  test('is down once it was disconnected', async () => {
    const emulator = await emulated()
    const { refreshToken, ...client } = engineOptions(emulator)
    const connections = memoryConnectionStore([
      { id: 'acme', refreshToken, dataCenter: 'us', state: 'active', version: 1, createdAt: 0, updatedAt: 0 },
    ])
    const running = await healthy([ZohoAuthModule.forRoot({ ...client, connections })])
    expect(await checked(running, '?connection=acme')).toMatchObject(UP)
    await running.app.get(ZohoAuth).revoke({ connection: 'acme' })
    expect(await checked(running, '?connection=acme')).toMatchObject({ ...DOWN, state: 'revoked' })
  })

  test('is up while refreshes wait for room, and says how many', async () => {
    const emulator = await emulated()
    const { options } = tenants(emulator, 'acme', 'globex', 'initech')
    const running = await healthy([ZohoAuthModule.forRoot({ ...options, maxConcurrentRefreshes: 1 })])
    emulator.fault({ on: 'token', kind: 'hang' })
    const zoho = running.app.get(ZohoAuth)
    const leaving = new AbortController()
    const calls = ['acme', 'globex', 'initech'].map((connection) =>
      zoho.getToken({ connection, signal: leaving.signal }).catch(() => {}),
    )
    await until(async () => (await zoho.status('acme')).requests.queued === 2)
    expect(await checked(running, '?connection=acme')).toEqual({ ...UP, budgetLeft: 7, queued: 2 })
    leaving.abort()
    await Promise.all(calls)
    expect(await checked(running, '?connection=acme')).toEqual({ ...UP, budgetLeft: 7 })
  })

  test('is up while Zoho throttles: the tokens at hand still work', async () => {
    const emulator = await emulated()
    const running = await healthy([ZohoAuthModule.forRoot(engineOptions(emulator))])
    emulator.throttle()
    expect(await used(running)).toBe('ERR_ZOHO_THROTTLED')
    expect(await checked(running)).toMatchObject({
      ...UP,
      cooldown: 'throttled',
      lastError: 'ERR_ZOHO_THROTTLED',
    })
  })

  test('is down while the token store is, and up again with it', async () => {
    const emulator = await emulated()
    const tokens = new Unsteady()
    const running = await healthy([ZohoAuthModule.forRoot({ ...engineOptions(emulator), tokens })])
    expect(await checked(running)).toMatchObject(UP)
    tokens.isDown = true
    expect(await checked(running)).toMatchObject({
      ...DOWN,
      state: 'active',
      dataCenter: 'us',
      store: 'down',
    })
    expect(await checked(running)).toMatchObject({ ...DOWN, store: 'down' })
    tokens.isDown = false
    expect(await checked(running)).toEqual({ ...UP, budgetLeft: 8 })
  })

  test('is down where the token store went down before the first check', async () => {
    const emulator = await emulated()
    const tokens = new Unsteady()
    const running = await healthy([ZohoAuthModule.forRoot({ ...engineOptions(emulator), tokens })])
    tokens.isDown = true
    await used(running)
    expect(await checked(running)).toMatchObject({ ...DOWN, store: 'down' })
  })

  test('is down where connections cannot be read, or there is none', async () => {
    const emulator = await emulated()
    const { options } = tenants(emulator, 'acme')
    const connections = async (id: string) => {
      if (id === 'broken') throw new Error('password authentication failed for the-database-password')
      return options.connections(id)
    }
    const running = await healthy([ZohoAuthModule.forRoot({ ...options, connections })])
    expect(await checked(running, '?connection=acme')).toMatchObject(UP)
    expect(await checked(running, '?connection=broken')).toEqual({ ...DOWN, error: 'ERR_ZOHO_STORE' })
    expect(await checked(running, '?connection=unknown')).toEqual({
      ...DOWN,
      error: 'ERR_ZOHO_NO_CONNECTION',
    })
    expect(await checked(running)).toEqual({ ...DOWN, error: 'ERR_ZOHO_NO_CONNECTION' })
    // The engine tells the operator the cause, in a line of its own; the check, which Terminus logs, does not.
    const ofCheck = running.logged.lines.filter((line) => !line.endsWith(' ZohoAuth'))
    expect(ofCheck.join('\n')).not.toContain('the-database-password')
  })

  test('is that of the request’s connection where none is named; what goes wrong with it is not told', async () => {
    const emulator = await emulated()
    const { options } = tenants(emulator, 'acme')
    const connection = ({ headers }: { headers: Record<string, string> }) => {
      if (headers['x-org'] === undefined) throw new Error('no session for the-session-id')
      return headers['x-org']
    }
    const { get } = await healthy([ZohoAuthModule.forRoot({ ...options, connection })])
    expect(await get('/health', { 'x-org': 'acme' })).toMatchObject({ status: 200 })
    const { status, body } = await get<{ details: object }>('/health')
    expect([status, body.details]).toEqual([503, { zoho: { status: 'down', error: 'unknown' } }])
  })

  test('is down where the answer takes longer than timeoutMs', async () => {
    const emulator = await emulated()
    const { options } = tenants(emulator, 'acme')
    const connections = () =>
      new Promise<undefined>((resolve) => {
        afterwards(() => resolve(undefined))
      })
    const running = await healthy([ZohoAuthModule.forRoot({ ...options, connections, timeoutMs: 60_000 })])
    expect(await checked(running, '?connection=acme&timeoutMs=20')).toEqual({ ...DOWN, error: 'timeout' })
  })

  test.each([0, -1, Number.NaN, 60_001])('refuses %d as timeoutMs', async (timeoutMs) => {
    const emulator = await emulated()
    const running = await healthy([ZohoAuthModule.forRoot(engineOptions(emulator))])
    const indicator = running.app.get(ZohoAuthHealthIndicator)
    await expect(indicator.isHealthy('zoho', { timeoutMs })).rejects.toThrow(/^timeoutMs must be/)
  })

  test('can be that of another root, by its name', async () => {
    const [mine, partners] = [await emulated(), await emulated()]
    const running = await healthy([
      ZohoAuthModule.forRoot(engineOptions(mine)),
      ZohoAuthModule.forRoot({ name: 'partner', isGlobal: false, ...engineOptions(partners) }),
    ])
    takeBack(partners)
    const partner = running.app.get<ZohoAuth>(getZohoAuthToken('partner'), { strict: false })
    await expect(partner.getToken()).rejects.toMatchObject({ code: 'ERR_ZOHO_CONSENT_REQUIRED' })
    expect(await checked(running)).toMatchObject(UP)
    expect(await checked(running, '?name=partner')).toMatchObject(DOWN)
  })

  test('shows no token, no secret and no id', async () => {
    const emulator = await emulated()
    const { grants, options } = tenants(emulator, 'the-connection-id')
    const running = await healthy([ZohoAuthModule.forRoot(options)])
    const { value } = await running.app.get(ZohoAuth).getToken({ connection: 'the-connection-id' })
    const { body } = await running.get<string>('/health?connection=the-connection-id')
    const text = JSON.stringify(body)
    const secrets = [value, emulator.clientSecret, grants.get('the-connection-id')?.refreshToken]
    for (const secret of [...secrets, 'the-connection-id']) {
      expect(secret).toMatch(/.{8}/)
      expect(text).not.toContain(secret)
    }
  })

  test('is up for the fake of an application’s own tests', async () => {
    const running = await healthy([ZohoAuthModule.forRoot(), ZohoAuthTestingModule])
    expect(await checked(running)).toMatchObject(UP)
  })
})

test('only the entry /terminus loads @nestjs/terminus, which is optional', async () => {
  const folder = new URL('../src/', import.meta.url)
  const files = await readdir(folder, { recursive: true })
  const loading: string[] = []
  for (const file of files.filter((name) => name.endsWith('.ts')))
    if (/from '@nestjs\/terminus'/.test(await readFile(new URL(file, folder), 'utf8'))) loading.push(file)
  expect(loading).toEqual(['terminus/zoho-auth.health.ts'])
})

/** A token store of another process that goes away, and comes back. */
class Unsteady implements TokenStore {
  isDown = false
  readonly #store = memoryTokenStore()

  async #ask<T>(work: () => Promise<T>): Promise<T> {
    if (this.isDown) throw new Error('connect ECONNREFUSED')
    return work()
  }

  acquire: TokenStore['acquire'] = (...args) => this.#ask(() => this.#store.acquire(...args))
  commit: TokenStore['commit'] = (...args) => this.#ask(() => this.#store.commit(...args))
  release: TokenStore['release'] = (...args) => this.#ask(() => this.#store.release(...args))
  invalidate: TokenStore['invalidate'] = (...args) => this.#ask(() => this.#store.invalidate(...args))
  inspect: TokenStore['inspect'] = (...args) => this.#ask(() => this.#store.inspect(...args))
}
