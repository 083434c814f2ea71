import 'reflect-metadata'
import { describe, expect, test } from '@jest/globals'
import {
  type ArgumentsHost,
  Catch,
  Controller,
  type ExceptionFilter,
  Get,
  type INestApplication,
  Injectable,
  Module,
  type ModuleMetadata,
  Param,
} from '@nestjs/common'
import type { ExpressAdapter } from '@nestjs/platform-express'
import { Test } from '@nestjs/testing'
import { type ConnectionStore, memoryConnectionStore, type ZohoAuthOptions } from '@zoho-auth/core'
import type { Emulator } from '@zoho-auth/emulator'
import {
  getZohoAuthToken,
  ZohoAuth,
  ZohoAuthExceptionFilter,
  ZohoAuthModule,
  type ZohoAuthModuleOptions,
  ZohoConnection,
  type ZohoConnectOptions,
} from '@zoho-auth/nestjs'
import { ZohoAuthTestingModule } from '@zoho-auth/nestjs/testing'
import { Browser, ticketIn } from '../../../checks/support/browser.mjs'
import { emulated, Logged, PLATFORMS, type Running, setEnv, start } from './support.js'

const scopes = ['ZohoRecruit.modules.ALL', 'AaaServer.profile.READ']
const SECRET = 'the-client-secret'

/** What the app's own sign-in leaves on a request. */
interface SignedIn {
  readonly user?: { readonly org: string }
}

const orgOf = ({ user }: SignedIn): string | undefined => user?.org

/** Signs in whoever a header names: on Express a middleware before Nest, on Fastify a plugin with an `onRequest` hook. */
function signIn(app: INestApplication): void {
  const sign = (request: SignedIn & { headers: Record<string, unknown> }) => {
    const org = request.headers['x-user']
    if (typeof org === 'string') Object.assign(request, { user: { org } })
  }
  if (app.getHttpAdapter().getType() === 'express') {
    app.use((request: never, _response: unknown, next: () => void) => {
      sign(request)
      next()
    })
    return
  }
  const plugin = async (fastify: { addHook(name: string, hook: object): void }) => {
    fastify.addHook('onRequest', async (request: never) => sign(request))
  }
  const everywhere = Object.assign(plugin, { [Symbol.for('skip-override')]: true })
  ;(app as unknown as { register(plugin: object): void }).register(everywhere)
}

@Injectable()
class Candidates {
  constructor(private readonly zoho: ZohoAuth) {}

  async owner(): Promise<string> {
    const answer = await this.zoho.fetch('/recruit/v2/Candidates', { product: 'recruit' })
    return ((await answer.json()) as { echo: { user: string } }).echo.user
  }
}

@Controller()
class App {
  constructor(private readonly candidates: Candidates) {}

  @Get('owner')
  owner(@ZohoConnection() _id: string): Promise<string> {
    return this.candidates.owner()
  }

  @Get('after')
  after(): string {
    return 'back in the app'
  }

  @Get('zoho/:what')
  own(@Param('what') what: string): string {
    return `the app’s own ${what}`
  }

  @Get('zoho/connect/:more')
  below(@Param('more') more: string): string {
    return `the app’s own ${more}`
  }
}

const APP = { controllers: [App], providers: [Candidates] }

interface Setup extends Running {
  readonly emulator: Emulator
  readonly connections: ConnectionStore
  readonly auth: ZohoAuth
  readonly browser: (user?: string) => Browser
}

interface SetupOptions {
  readonly module?: ZohoAuthModuleOptions
  readonly connect?: Partial<ZohoConnectOptions>
  readonly prepare?: (app: INestApplication) => void
}

/** An app of many users, whose organisation is the connection. */
async function setup(
  adapter: () => ExpressAdapter,
  { module, connect, prepare }: SetupOptions = {},
): Promise<Setup> {
  const emulator = await emulated()
  const connections = memoryConnectionStore()
  const root = ZohoAuthModule.forRoot({
    ...clientOf(emulator),
    connections,
    connection: orgOf,
    connect: { path: '/zoho', scopes, ...connect },
    ...module,
  })
  const running = await start(
    { imports: [root], ...APP },
    {
      adapter,
      prepare(app) {
        signIn(app)
        prepare?.(app)
      },
    },
  )
  return {
    ...running,
    emulator,
    connections,
    auth: running.app.get(ZohoAuth),
    browser: (user = 'acme') => new Browser(running.url, user),
  }
}

const clientOf = ({ clientId, clientSecret, accountsUrl }: Emulator): ZohoAuthOptions => ({
  clientId,
  clientSecret,
  accountsUrl,
  logger: { warn() {} },
})

describe.each(PLATFORMS)('connect on $platform', ({ platform, adapter }) => {
  test('goes to Zoho, back, to a page that says what was connected, and on to the app, which then calls Zoho', async () => {
    const { auth, browser, url } = await setup(adapter)
    const one = browser()
    const page = await one.connect()
    expect(page).toContain('Zoho is connected')
    expect(page).toContain('ada@example.com')
    expect(page).toContain('<dt>Connection</dt><dd>acme</dd>')
    const kept = await one.post('/zoho/confirm', { ticket: ticketIn(page), answer: 'keep' }, { origin: url })
    expect([kept.status, kept.headers.get('location')]).toEqual([303, '/after'])
    expect((await auth.status('acme')).state).toBe('active')
    expect(await (await one.open('/owner')).text()).toBe('ada')
  })

  test('is undone by “no, undo”', async () => {
    const { auth, emulator, browser } = await setup(adapter)
    const one = browser()
    const page = await one.connect({ user: 'grace' })
    const undone = await one.post('/zoho/confirm', { ticket: ticketIn(page), answer: 'undo' })
    expect(await undone.text()).toContain('Zoho is disconnected')
    expect((await auth.status('acme')).state).toBe('revoked')
    expect(emulator.grants.filter(({ user }) => user === 'grace')).toEqual([])
  })

  test('ends on a page where the user refuses at Zoho, and changes nothing', async () => {
    const { browser, connections } = await setup(adapter)
    const one = browser()
    const answer = await one.open(await one.consent({ auto: 'refuse' }))
    expect(answer.status).toBe(409)
    expect(await answer.text()).toContain('The consent was not given at Zoho')
    expect(await connections.get('acme')).toBeUndefined()
  })

  test('is not finished by somebody else, nor in another browser', async () => {
    const { browser, emulator } = await setup(adapter)
    const ada = browser('acme')
    const callback = await ada.consent()
    const bob = browser('other')
    for (const [name, value] of ada.cookies) bob.cookies.set(name, value)
    expect((await bob.open(callback)).status).toBe(400)
    expect((await browser('acme').open(callback)).status).toBe(400)
    expect(emulator.counters.tokenRequests).toBe(0)
  })

  test('needs somebody to be signed in', async () => {
    const { url } = await setup(adapter)
    const answer = await fetch(`${url}/zoho/connect`, { headers: { accept: 'application/json' } })
    expect([answer.status, answer.headers.get('content-type')]).toEqual([409, 'application/problem+json'])
    expect(await answer.json()).toMatchObject({ code: 'ERR_ZOHO_NO_CONNECTION' })
  })

  test('is open to visitors from elsewhere where the module says whose connection it is', async () => {
    const { url } = await setup(adapter, {
      connect: { redirectUri: 'https://app.example.com/zoho/callback' },
    })
    const answer = await fetch(`${url}/zoho/connect`, {
      redirect: 'manual',
      headers: { 'x-forwarded-for': '203.0.113.7', 'x-user': 'acme' },
    })
    expect(answer.status).toBe(302)
    expect(answer.headers.get('location')).toContain(
      encodeURIComponent('https://app.example.com/zoho/callback'),
    )
  })

  test('disconnects for who is asked first, then confirms; twice is the same', async () => {
    const { auth, emulator, browser } = await setup(adapter)
    const one = browser()
    await one.connect()
    expect(await (await one.open('/zoho/disconnect')).text()).toContain('Disconnect Zoho?')
    for (let time = 0; time < 2; time++) expect((await one.post('/zoho/disconnect', {})).status).toBe(200)
    expect((await auth.status('acme')).state).toBe('revoked')
    expect(emulator.counters.revocations).toBe(1)
  })

  test('refuses the forms of another site', async () => {
    const { auth, browser } = await setup(adapter)
    const one = browser()
    const fields = { ticket: ticketIn(await one.connect()), answer: 'undo' }
    for (const origin of ['https://evil.example', 'null', 'http://127.0.0.1:1'])
      for (const place of ['/zoho/confirm', '/zoho/disconnect'])
        expect((await one.post(place, fields, { origin })).status).toBe(400)
    expect((await one.post('/zoho/confirm', { ...fields, ticket: 'guessed' })).status).toBe(400)
    expect((await auth.status('acme')).state).toBe('active')
  })

  test('leaves every other route alone', async () => {
    const { url } = await setup(adapter)
    expect(await (await fetch(`${url}/after`)).text()).toBe('back in the app')
    expect(await (await fetch(`${url}/zoho/else`)).text()).toBe('the app’s own else')
    expect(await (await fetch(`${url}/zoho/confirm`)).text()).toBe('the app’s own confirm')
    expect(await (await fetch(`${url}/zoho/connect/more`)).text()).toBe('the app’s own more')
    for (const [method, place] of [
      ['POST', '/zoho/connect'],
      ['PUT', '/zoho/disconnect'],
      ['POST', '/elsewhere'],
    ] as const)
      expect((await fetch(url + place, { method })).status).toBe(404)
  })

  test('leaves a HEAD to the app', async () => {
    const { url } = await setup(adapter)
    const head = await fetch(`${url}/zoho/connect`, { method: 'HEAD', headers: { 'x-user': 'acme' } })
    expect([head.status, head.headers.getSetCookie()]).toEqual([200, []])
  })

  test('asks `connect.authorize` and `connect.connection` with the platform’s own request, not the module’s `connection`', async () => {
    const seen: object[] = []
    const { connections, browser, url } = await setup(adapter, {
      connect: {
        async authorize(request: object) {
          seen.push(request)
          return 'user' in request
        },
        connection(request: SignedIn) {
          seen.push(request)
          return `zoho-of-${orgOf(request)}`
        },
      },
    })
    expect((await fetch(`${url}/zoho/connect`, { redirect: 'manual' })).status).toBe(403)
    await browser().connect()
    expect((await connections.get('zoho-of-acme'))?.state).toBe('active')
    expect(await connections.get('acme')).toBeUndefined()
    expect(new Set(seen.map((request) => 'raw' in request))).toEqual(new Set([platform === 'Fastify']))
  })

  test('has the path as it is given, whatever the global prefix', async () => {
    const { url, browser } = await setup(adapter, { prepare: (app) => app.setGlobalPrefix('api') })
    await browser().connect()
    expect(await (await fetch(`${url}/api/zoho/connect`)).text()).toBe('the app’s own connect')
  })

  test.each(['/', '/zoho/', '/a/deep.er/place'])('can be at %s', async (path) => {
    const { browser } = await setup(adapter, { connect: { path } })
    const mount = path.replace(/\/$/, '')
    const one = browser()
    const page = await one.connect({}, mount)
    const kept = await one.post(`${mount}/confirm`, { ticket: ticketIn(page), answer: 'keep' })
    expect(kept.status).toBe(303)
  })

  test('sends what others have put on the response along', async () => {
    const { url, browser } = await setup(adapter, {
      prepare(app) {
        if (platform === 'Express')
          app.use(
            (_req: unknown, res: { setHeader(name: string, value: string): void }, next: () => void) => {
              res.setHeader('x-hardened', 'yes')
              res.setHeader('set-cookie', 'session=1; Path=/')
              next()
            },
          )
        else
          app
            .getHttpAdapter()
            .getInstance()
            .addHook('onRequest', async (_request: unknown, reply: FastifyHeaders) => {
              reply.header('x-hardened', 'yes').header('set-cookie', 'session=1; Path=/')
            })
      },
    })
    const one = browser()
    const answer = await one.open('/zoho/connect')
    expect(answer.headers.get('x-hardened')).toBe('yes')
    expect([...one.cookies.keys()]).toEqual(['session', '__Host-zoho-connect'])
    expect((await fetch(`${url}/after`)).headers.get('x-hardened')).toBe('yes')
  })
})

interface FastifyHeaders {
  header(name: string, value: string): this
}

/** What Nest's own exception handling was given. */
@Catch()
class EveryError implements ExceptionFilter {
  readonly caught: unknown[] = []

  catch(error: unknown, host: ArgumentsHost): void {
    this.caught.push(error)
    const reply = host.switchToHttp().getResponse()
    reply.status(500).send({ by: 'the app’s own filter' })
  }
}

describe.each(PLATFORMS)('an error without a status on $platform', ({ adapter }) => {
  const secretOf = (text: string) => expect(text).not.toContain(SECRET)

  test('is a bare 500 and a log', async () => {
    const { url, logged } = await setup(adapter, {
      connect: {
        connection() {
          throw new Error('the session store is down')
        },
      },
    })
    const answer = await fetch(`${url}/zoho/connect`, { headers: { accept: 'text/html' } })
    expect(answer.status).toBe(500)
    expect(await answer.json()).toEqual({ statusCode: 500, message: 'Internal server error' })
    expect(logged.text).toContain('the session store is down')
    expect((await fetch(`${url}/after`)).status).toBe(200)
  })

  test('reaches the filters of the application', async () => {
    const filter = new EveryError()
    const { url } = await setup(adapter, {
      connect: {
        authorize() {
          throw new Error('the session store is down')
        },
      },
      prepare: (app) => app.useGlobalFilters(filter),
    })
    const answer = await fetch(`${url}/zoho/connect`)
    expect([answer.status, await answer.json()]).toEqual([500, { by: 'the app’s own filter' }])
    expect(filter.caught).toMatchObject([{ message: 'the session store is down' }])
  })

  test('of ours is answered by our filter, and shows no secret', async () => {
    const emulator = await emulated()
    const root = ZohoAuthModule.forRoot({
      ...clientOf(emulator),
      clientSecret: SECRET,
      connections: memoryConnectionStore(),
      connection: orgOf,
      connect: { path: '/zoho', scopes },
    })
    const { url, logged } = await start(
      { imports: [root], ...APP },
      {
        adapter,
        prepare(app) {
          signIn(app)
          app.useGlobalFilters(new ZohoAuthExceptionFilter())
        },
      },
    )
    const one = new Browser(url, 'acme')
    const answer = await one.open(await one.consent())
    const body = await answer.text()
    expect(answer.status).toBe(500)
    expect(JSON.parse(body)).toMatchObject({ status: 500 })
    expect(logged.text).toContain('ERR_ZOHO_CLIENT')
    secretOf(body + logged.text)
  })
})

describe.each(PLATFORMS)('roots on $platform', ({ adapter }) => {
  test('with two names have a flow each', async () => {
    const [mine, partners] = [await emulated(), await emulated()]
    const of = (emulator: Emulator, path: string, name?: string) =>
      ZohoAuthModule.forRoot({
        name,
        ...clientOf(emulator),
        connections: memoryConnectionStore(),
        connect: { path, scopes, connection: orgOf },
      })
    const { app, url } = await start(
      { imports: [of(mine, '/zoho'), of(partners, '/partner/zoho', 'partner')], ...APP },
      { adapter, prepare: signIn },
    )
    await new Browser(url, 'acme').connect({}, '/partner/zoho')
    const partner = app.get<ZohoAuth>(getZohoAuthToken('partner'))
    expect((await partner.status('acme')).state).toBe('active')
    await expect(app.get(ZohoAuth).status('acme')).rejects.toMatchObject({ code: 'ERR_ZOHO_NO_CONNECTION' })
    expect(mine.counters.tokenRequests).toBe(0)
    await new Browser(url, 'globex').connect()
    expect((await app.get(ZohoAuth).status('globex')).state).toBe('active')
  })

  test('of one path end the bootstrap', async () => {
    const emulator = await emulated()
    const of = (path: string, name?: string) =>
      ZohoAuthModule.forRoot({
        name,
        ...clientOf(emulator),
        connections: memoryConnectionStore(),
        connect: { path, scopes, connection: orgOf },
      })
    await expect(
      start({ imports: [of('/zoho'), of('/zoho/', 'partner')] }, { adapter }),
    ).rejects.toMatchObject({
      code: 'ERR_ZOHO_CONFIG',
      message: expect.stringContaining('2 roots have the path "/zoho'),
    })
  })

  test('made by forRootAsync get their path when the application starts', async () => {
    const emulator = await emulated()
    @Module({
      providers: [{ provide: 'CONFIG', useValue: { path: '/from/config', scopes } }],
      exports: ['CONFIG'],
    })
    class ConfigModule {}
    const root = ZohoAuthModule.forRootAsync({
      imports: [ConfigModule],
      inject: ['CONFIG'],
      useFactory: async (connect: ZohoConnectOptions) => ({
        ...clientOf(emulator),
        connections: memoryConnectionStore(),
        connection: orgOf,
        connect,
      }),
    })
    const { app, url } = await start({ imports: [root], ...APP }, { adapter, prepare: signIn })
    await new Browser(url, 'acme').connect({}, '/from/config')
    expect((await app.get(ZohoAuth).status('acme')).state).toBe('active')
  })

  test('without `connect` have no routes', async () => {
    const { url } = await setup(adapter, { module: { connect: undefined } })
    expect(await (await fetch(`${url}/zoho/connect`)).text()).toBe('the app’s own connect')
  })

  test('of variables alone connect the one configured connection, from this machine alone', async () => {
    const emulator = await emulated()
    setEnv(emulator.env())
    const root = ZohoAuthModule.forRoot({ connect: { path: '/zoho', scopes } })
    const { url, app } = await start({ imports: [root], ...APP }, { adapter })
    expect(await new Browser(url, 'x').connect()).toContain('<dt>Connection</dt><dd>default</dd>')
    expect((await app.get(ZohoAuth).status()).state).toBe('active')
    const proxied = await fetch(`${url}/zoho/connect`, { headers: { 'x-forwarded-for': '203.0.113.7' } })
    expect(proxied.status).toBe(500)
  })

  test('can be tested with a fake, which says where consents are tested', async () => {
    const root = ZohoAuthModule.forRoot({
      connect: {
        path: '/zoho',
        scopes,
        connection: () => 'acme',
        redirectUri: 'https://app.test/zoho/callback',
      },
    })
    const { url, logged } = await start({ imports: [root, ZohoAuthTestingModule], ...APP }, { adapter })
    expect((await fetch(`${url}/zoho/connect`)).status).toBe(500)
    expect(logged.text).toContain('test consent against @zoho-auth/emulator')
  })
})

describe('the bootstrap', () => {
  const compile = (imports: NonNullable<ModuleMetadata['imports']>) =>
    Test.createTestingModule({ imports }).setLogger(new Logged()).compile()

  test('ends with one error that lists all faults: of the flow, the module and the engine', async () => {
    const faulty = ZohoAuthModule.forRoot({
      clientId: '',
      color: 'red',
      connection: 'acme',
      connect: { path: 'zoho', scopes: [], authorize: true, scope: 'x', returnTo: 'https://evil.example' },
    } as never)
    const error = await compile([faulty]).catch((error) => error)
    expect(error).toMatchObject({ code: 'ERR_ZOHO_CONFIG' })
    const lines = error.message.split('\n')
    expect(lines[0]).toBe('zoho-auth is not configured correctly:')
    for (const start of [
      'connection must be a function',
      'connect: path must begin with "/"',
      'connect: scopes is missing',
      'connect: scope is not an option',
      'connect: authorize must be a function',
      'connect: returnTo must be a path',
      'clientId ',
      'clientSecret ',
      'color ',
    ])
      expect(lines.filter((line: string) => line.startsWith(`  - ${start}`))).toHaveLength(1)
  })

  test.each([
    '',
    'zoho',
    'https://app.example.com/zoho',
    '//zoho',
    '/zoho//',
    '/:org/zoho',
    '/zoho*',
    '/a/../b',
    '/zo ho',
    7,
  ])('refuses the path %j', async (path) => {
    const emulator = await emulated()
    const root = ZohoAuthModule.forRootAsync({
      useFactory: () => ({
        ...clientOf(emulator),
        connections: memoryConnectionStore(),
        connect: { path: path as string, scopes },
      }),
    })
    await expect(compile([root])).rejects.toMatchObject({
      code: 'ERR_ZOHO_CONFIG',
      message: expect.stringMatching(/^ {2}- connect: path must begin with "\/"/m),
    })
  })

  test.each([null, true, '/zoho', {}])('refuses %j as `connect`', async (connect) => {
    const emulator = await emulated()
    const root = ZohoAuthModule.forRoot({
      ...clientOf(emulator),
      connections: memoryConnectionStore(),
      connect: connect as never,
    })
    await expect(compile([root])).rejects.toMatchObject({
      code: 'ERR_ZOHO_CONFIG',
      message: expect.stringMatching(/connect: path must[\s\S]*connect: scopes is missing/),
    })
  })

  test('refuses faults also where a fake stands in for the engine', async () => {
    const root = ZohoAuthModule.forRoot({ connect: { scopes } as never })
    await expect(start({ imports: [root, ZohoAuthTestingModule] })).rejects.toMatchObject({
      message: expect.stringContaining('connect: path must'),
    })
  })
})
