import 'reflect-metadata'
import { inspect } from 'node:util'
import { describe, expect, test } from '@jest/globals'
import { HttpService } from '@nestjs/axios'
import { Controller, Get, Injectable, Module, type ModuleMetadata, Param } from '@nestjs/common'
import { Test } from '@nestjs/testing'
import { ZohoAuth, ZohoAuthExceptionFilter, ZohoAuthModule } from '@zoho-auth/nestjs'
import { ZohoHttpModule, ZohoHttpService } from '@zoho-auth/nestjs/axios'
import { type FakeZohoAuth, ZohoAuthTestingModule } from '@zoho-auth/nestjs/testing'
import { firstValueFrom, map, timeout } from 'rxjs'
import { heldFetch } from '../../../checks/support/waiting.mjs'
import { afterwards, emulated, engineOptions, Logged, PLATFORMS, start, tenants } from './support.js'

interface Answer {
  readonly data: readonly unknown[]
  readonly echo: { readonly user: string; readonly headers: Record<string, string> }
}

@Injectable()
class Candidates {
  constructor(private readonly http: ZohoHttpService) {}

  list = (connection?: string) =>
    this.http.get<Answer>('/recruit/v2/Candidates', { zoho: { product: 'recruit', connection } })
}

@Controller()
class Api {
  constructor(private readonly candidates: Candidates) {}

  @Get('mine')
  mine() {
    return this.candidates.list().pipe(map(({ data }) => data.echo.user))
  }

  @Get('of/:id')
  of(@Param('id') id: string) {
    return this.candidates.list(id).pipe(map(({ data }) => data.echo.user))
  }
}

const APP = { controllers: [Api], providers: [Candidates] }

/** A module without a server, for as long as the test. */
async function compile(imports: NonNullable<ModuleMetadata['imports']>, providers = [Candidates]) {
  const module = await Test.createTestingModule({ imports, providers }).setLogger(new Logged()).compile()
  await module.init()
  afterwards(() => module.close())
  return module
}

describe.each(PLATFORMS)('ZohoHttpService in a request on $platform', ({ adapter }) => {
  test('takes the connection of the request, or the one that is named', async () => {
    const emulator = await emulated()
    const { options } = tenants(emulator, 'acme', 'globex')
    const connection = async ({ headers }: { headers: Record<string, string> }) => headers['x-org']
    const { get } = await start(
      { imports: [ZohoAuthModule.forRoot({ ...options, connection }), ZohoHttpModule], ...APP },
      { adapter },
    )
    const orgs = Array.from({ length: 100 }, (_, index) => (index % 2 === 0 ? 'acme' : 'globex'))
    const answers = await Promise.all(orgs.map((org) => get('/mine', { 'x-org': org })))
    expect(answers.map(({ body }) => body)).toEqual(orgs)
    expect((await get('/of/globex', { 'x-org': 'acme' })).body).toBe('globex')
    expect(emulator.counters.tokenRequests).toBe(2)
  })

  test('hides a token that Zoho has forgotten, with one refresh for 100', async () => {
    const emulator = await emulated()
    const { get } = await start(
      { imports: [ZohoAuthModule.forRoot(engineOptions(emulator)), ZohoHttpModule], ...APP },
      { adapter },
    )
    expect((await get('/mine')).body).toBe('ada')
    emulator.killTokens()
    const answers = await Promise.all(Array.from({ length: 100 }, () => get('/mine')))
    expect(new Set(answers.map(({ body }) => body))).toEqual(new Set(['ada']))
    expect(emulator.counters.tokenRequests).toBe(2)
  })

  test('gives the errors of the library, which the filter answers', async () => {
    const emulator = await emulated()
    const running = await start(
      { imports: [ZohoAuthModule.forRoot(engineOptions(emulator)), ZohoHttpModule], ...APP },
      { adapter, prepare: (app) => app.useGlobalFilters(new ZohoAuthExceptionFilter()) },
    )
    emulator.throttle()
    const { status, body, headers } = await running.get('/mine')
    expect(status).toBe(503)
    expect(body).toMatchObject({ code: 'ERR_ZOHO_THROTTLED' })
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
  })
})

describe('ZohoHttpService', () => {
  test('is an HttpService', async () => {
    const emulator = await emulated()
    const module = await compile([ZohoAuthModule.forRoot(engineOptions(emulator)), ZohoHttpModule])
    const http = module.get(ZohoHttpService)
    expect(http).toBeInstanceOf(HttpService)
    const { data } = await http.axiosRef.get<Answer>('/recruit/v2/Candidates', {
      zoho: { product: 'recruit' },
    })
    expect(data.echo.user).toBe('ada')
  })

  test('hides a token that Zoho has forgotten where the refusal may mean something else too', async () => {
    const emulator = await emulated()
    const module = await compile([ZohoAuthModule.forRoot(engineOptions(emulator)), ZohoHttpModule])
    const http = module.get(ZohoHttpService)
    const plans = () =>
      firstValueFrom(http.get<Answer>('/billing/v1/plans', { zoho: { product: 'billing' } }))
    expect((await plans()).status).toBe(200)
    emulator.killTokens()
    const { status, data } = await plans()
    expect({ status, user: data.echo.user }).toEqual({ status: 200, user: 'ada' })
    expect(emulator.counters).toMatchObject({ tokenRequests: 2, apiRequests: 3, apiRefused: 1 })
  })

  test('sends the token to nobody but Zoho', async () => {
    const [emulator, other] = [await emulated(), await emulated()]
    const module = await compile([ZohoAuthModule.forRoot(engineOptions(emulator)), ZohoHttpModule])
    const http = module.get(ZohoHttpService)
    await expect(firstValueFrom(http.get(`${other.url}/recruit/v2/Candidates`))).rejects.toMatchObject({
      response: { status: 401 },
    })
    expect(emulator.counters.tokenRequests).toBe(0)
  })

  test('keeps tokens out of its errors', async () => {
    const emulator = await emulated()
    const module = await compile([ZohoAuthModule.forRoot(engineOptions(emulator)), ZohoHttpModule])
    emulator.fault({ on: 'api', kind: 'status', status: 500 })
    const error = await firstValueFrom(module.get(Candidates).list()).catch((error) => error)
    expect(error).toMatchObject({ isAxiosError: true, response: { status: 500 } })
    const tokens = emulator.liveTokens().map(({ accessToken }) => accessToken)
    expect(tokens).toHaveLength(1)
    for (const token of tokens) expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(token)
  })

  test('whose Observable is unsubscribed ends the wait for a token, and leaves the refresh to others', async () => {
    const emulator = await emulated()
    const { fetch, held, release } = heldFetch()
    const auth = ZohoAuthModule.forRoot({ ...engineOptions(emulator), timeoutMs: 60_000, fetch })
    const module = await compile([auth, ZohoHttpModule])
    const heard: string[] = []
    const subscription = module
      .get(Candidates)
      .list()
      .subscribe({
        next: () => heard.push('next'),
        error: () => heard.push('error'),
        complete: () => heard.push('complete'),
      })
    const other = firstValueFrom(module.get(Candidates).list())
    const token = module.get(ZohoAuth).getToken()
    await held()
    subscription.unsubscribe()
    release()
    await token
    expect((await other).status).toBe(200)
    expect(heard).toEqual([])
    expect(emulator.counters).toMatchObject({ tokenRequests: 1, apiRequests: 1 })
  })

  test('ends its wait with an operator or a signal while the token endpoint hangs', async () => {
    const emulator = await emulated()
    const auth = ZohoAuthModule.forRoot({ ...engineOptions(emulator), timeoutMs: 60_000 })
    const module = await compile([auth, ZohoHttpModule])
    emulator.fault({ on: 'token', kind: 'hang', times: Number.POSITIVE_INFINITY })
    let hasEnded = false
    const token = module
      .get(ZohoAuth)
      .getToken()
      .finally(() => {
        hasEnded = true
      })
    token.catch(() => {})
    const http = module.get(ZohoHttpService)
    const operator = firstValueFrom(module.get(Candidates).list().pipe(timeout(50)))
    const signal = AbortSignal.timeout(50)
    const aborted = firstValueFrom(
      http.get('/recruit/v2/Candidates', { signal, zoho: { product: 'recruit' } }),
    )
    const timed = firstValueFrom(
      http.get('/recruit/v2/Candidates', { timeout: 50, zoho: { product: 'recruit' } }),
    )
    await expect(operator).rejects.toMatchObject({ name: 'TimeoutError' })
    await expect(aborted).rejects.toMatchObject({ code: 'ERR_CANCELED' })
    await expect(timed).rejects.toMatchObject({ code: 'ECONNABORTED' })
    // The refresh they gave up waiting for goes on, until its server goes away.
    expect(hasEnded).toBe(false)
    expect(emulator.counters.apiRequests).toBe(0)
    await emulator.close()
  })

  test('can be registered for a product, a connection, a named client, with options of axios', async () => {
    const emulator = await emulated()
    const { options } = tenants(emulator, 'reseller')
    const module = await compile([
      ZohoAuthModule.forRoot({ name: 'partner', ...options }),
      ZohoHttpModule.register({
        name: 'partner',
        connection: 'reseller',
        product: 'recruit',
        axios: { headers: { 'x-app': 'the-app' } },
      }),
    ])
    const { data } = await firstValueFrom(module.get(ZohoHttpService).get<Answer>('/recruit/v2/Candidates'))
    expect(data.echo).toMatchObject({ user: 'reseller', headers: { 'x-app': 'the-app' } })
  })

  test('takes the engine of a module that is not global', async () => {
    const emulator = await emulated()
    const local = ZohoAuthModule.forRoot({ ...engineOptions(emulator), isGlobal: false })
    const module = await compile([local, ZohoHttpModule.register({ imports: [local] })])
    expect((await firstValueFrom(module.get(Candidates).list())).status).toBe(200)
  })

  test('answers from a fake in an application’s own tests', async () => {
    @Module({ imports: [ZohoAuthModule.forRoot(), ZohoHttpModule], providers: [Candidates] })
    class AppModule {}
    const fetch = (url: URL) =>
      Response.json({ asked: url.href }, { status: url.pathname === '/no' ? 404 : 200 })
    const module = await compile([AppModule, ZohoAuthTestingModule.forRoot({ fetch })], [])
    const { data } = await firstValueFrom(module.get(Candidates, { strict: false }).list('acme'))
    expect(data).toEqual({ asked: 'https://recruit.zoho.test/recruit/v2/Candidates' })
    expect((module.get(ZohoAuth) as FakeZohoAuth).asked).toEqual(['acme'])
    const http = module.get(ZohoHttpService, { strict: false })
    await expect(firstValueFrom(http.get('/no', { zoho: { product: 'desk' } }))).rejects.toMatchObject({
      isAxiosError: true,
      response: { status: 404, data: { asked: 'https://desk.zoho.test/no' } },
    })
  })

  test('opens no socket in an application’s own tests, whatever it is asked', async () => {
    const module = await compile([ZohoAuthTestingModule, ZohoHttpModule])
    await expect(firstValueFrom(module.get(Candidates).list())).rejects.toThrow('opens no socket')
  })
})
