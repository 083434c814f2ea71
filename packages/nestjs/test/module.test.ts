import { setImmediate as setImmediately } from 'node:timers/promises'
import 'reflect-metadata'
import { readdir, readFile } from 'node:fs/promises'
import { request } from 'node:http'
import { json } from 'node:stream/consumers'
import { describe, expect, test } from '@jest/globals'
import { Controller, Get, Inject, Injectable, Module, type ModuleMetadata } from '@nestjs/common'
import { Test } from '@nestjs/testing'
import { createZohoAuth, defaultZohoAuth, memoryTokenStore } from '@zoho-auth/core'
import {
  getZohoAuthToken,
  InjectZohoAuth,
  ZohoAuth,
  ZohoAuthModule,
  type ZohoAuthModuleOptions,
  ZohoConnection,
} from '@zoho-auth/nestjs'
import { createFakeZohoAuth, type FakeZohoAuth, ZohoAuthTestingModule } from '@zoho-auth/nestjs/testing'
import { heldFetch, until } from '../../../checks/support/waiting.mjs'
import { afterwards, emulated, engineOptions, Logged, PLATFORMS, setEnv, start } from './support.js'

@Injectable()
class Candidates {
  constructor(private readonly zoho: ZohoAuth) {}
  token = () => this.zoho.getAccessToken()
}

@Controller()
class Api {
  constructor(
    private readonly zoho: ZohoAuth,
    @Inject(Candidates) readonly candidates: Candidates,
  ) {}

  @Get('candidates')
  async list(): Promise<unknown> {
    return (await this.zoho.fetch('/recruit/v2/Candidates', { product: 'recruit' })).json()
  }

  @Get('connection')
  connection(@ZohoConnection() id: string): string {
    return id
  }
}

/** A module without a server, for as long as the test. */
async function compile(imports: NonNullable<ModuleMetadata['imports']>, providers = [Candidates]) {
  const module = await Test.createTestingModule({ imports, providers }).setLogger(new Logged()).compile()
  await module.init()
  afterwards(() => module.close())
  return module
}

const MAX_LOOKS = 100_000

describe('forRoot', () => {
  test('without options is configured by ZOHO_* variables, and shares one engine with the process', async () => {
    const emulator = await emulated()
    setEnv(emulator.env())
    const module = await compile([ZohoAuthModule.forRoot()])
    await module.get(Candidates).token()
    await defaultZohoAuth().getToken()
    expect(module.get(ZohoAuth)).toBe(defaultZohoAuth())
    expect(emulator.counters.tokenRequests).toBe(1)
  })

  test('reads variables when the application is made, not when its modules are written down', async () => {
    const imports = [ZohoAuthModule.forRoot()]
    const emulator = await emulated()
    setEnv(emulator.env())
    await (await compile(imports)).get(Candidates).token()
    expect(emulator.counters.tokenRequests).toBe(1)
  })

  test('with options makes an engine of its own', async () => {
    const emulator = await emulated()
    const module = await compile([ZohoAuthModule.forRoot(engineOptions(emulator))])
    await module.get(Candidates).token()
    expect(emulator.counters.tokenRequests).toBe(1)
  })

  test('takes an engine, and leaves it open', async () => {
    const emulator = await emulated()
    const auth = createZohoAuth(engineOptions(emulator))
    afterwards(() => auth.close())
    const module = await compile([ZohoAuthModule.forRoot({ auth })])
    expect(module.get(ZohoAuth)).toBe(auth)
    await module.close()
    expect((await auth.getToken()).value).not.toBe('')
  })

  test('lists every fault at the bootstrap', async () => {
    const faulty = ZohoAuthModule.forRoot({
      clientId: '',
      scheme: 'Basic' as never,
      timeoutMs: -1,
      color: 'red',
    } as never)
    const error = await compile([faulty]).catch((error) => error)
    expect(error).toMatchObject({ code: 'ERR_ZOHO_CONFIG' })
    for (const name of ['clientId', 'clientSecret', 'refreshToken', 'scheme', 'timeoutMs', 'color'])
      expect(error.message).toMatch(new RegExp(`^ {2}- ${name} `, 'm'))
  })

  test('lists the faults that are its own', async () => {
    const auth = createFakeZohoAuth()
    const faulty = ZohoAuthModule.forRoot({ auth, clientId: 'the-client-id', connection: 'acme' as never })
    const error = await compile([faulty]).catch((error) => error)
    expect(error.message.split('\n')).toEqual([
      'zoho-auth is not configured correctly:',
      '  - auth has options of its own: pass clientId to it instead',
      '  - connection must be a function of the request, such as (req) => req.user?.org',
    ])
  })

  test('is global unless it is told not to be', async () => {
    const auth = createFakeZohoAuth()
    @Module({ providers: [Candidates], exports: [Candidates] })
    class Feature {}
    await compile([ZohoAuthModule.forRoot({ auth }), Feature], [])
    const local = ZohoAuthModule.forRoot({ auth, isGlobal: false })
    await expect(compile([local, Feature], [])).rejects.toThrow(/resolve dependencies of the Candidates/)

    @Module({ imports: [local], providers: [Candidates], exports: [Candidates] })
    class Importing {}
    const module = await compile([local, Importing], [])
    expect(await module.get(Candidates, { strict: false }).token()).toBe('test-token')
  })
})

describe('forRootAsync', () => {
  test('takes a factory with what it injects', async () => {
    const emulator = await emulated()
    @Module({ providers: [{ provide: 'CONFIG', useValue: engineOptions(emulator) }], exports: ['CONFIG'] })
    class ConfigModule {}
    const module = await compile([
      ZohoAuthModule.forRootAsync({
        imports: [ConfigModule],
        inject: ['CONFIG'],
        useFactory: async (config: object) => config,
      }),
    ])
    await module.get(Candidates).token()
    expect(emulator.counters.tokenRequests).toBe(1)
  })

  test('takes a class, also one that another module has', async () => {
    @Injectable()
    class Options {
      create = () => ({ auth: createFakeZohoAuth({ token: 'by-class' }) })
    }
    @Module({ providers: [Options], exports: [Options] })
    class OptionsModule {}
    const module = await compile([
      ZohoAuthModule.forRootAsync({ useClass: Options }),
      ZohoAuthModule.forRootAsync({ name: 'other', imports: [OptionsModule], useExisting: Options }),
    ])
    expect(await module.get(Candidates).token()).toBe('by-class')
    expect(await module.get<ZohoAuth>(getZohoAuthToken('other')).getAccessToken()).toBe('by-class')
  })

  test('whose factory gives nothing is as good as forRoot()', async () => {
    const emulator = await emulated()
    setEnv(emulator.env())
    const module = await compile([ZohoAuthModule.forRootAsync({ useFactory: () => ({}) })])
    expect(module.get(ZohoAuth)).toBe(defaultZohoAuth())
  })
})

describe('what the engine has to say', () => {
  const twins = /two ZohoAuth engines use one refresh token/

  /** A module on a grant that another engine of this process uses already, which is a warning. */
  async function warned(options?: ZohoAuthModuleOptions): Promise<Logged> {
    const emulator = await emulated()
    setEnv(emulator.env())
    const other = createZohoAuth(engineOptions(emulator))
    afterwards(() => other.close())
    const logged = new Logged()
    const root = ZohoAuthModule.forRoot(options && { ...engineOptions(emulator), ...options })
    const module = await Test.createTestingModule({ imports: [root] })
      .setLogger(logged)
      .compile()
    afterwards(() => module.close())
    return logged
  }

  // In a Nest application it went past the application's log, to standard error.
  test.each([
    { what: 'with options', options: {} },
    { what: 'without options', options: undefined },
  ])('is in the log of Nest, as ZohoAuth, of an engine $what', async ({ options }) => {
    const { lines } = await warned(options)
    expect(lines.filter((line) => twins.test(line))).toEqual([expect.stringMatching(/ ZohoAuth$/)])
  })

  test('goes to a logger of the application’s own', async () => {
    const said: string[] = []
    const { text } = await warned({ logger: { warn: (message) => said.push(message) } })
    expect(said).toEqual([expect.stringMatching(twins)])
    expect(text).not.toMatch(twins)
  })
})

test('the main entry loads nothing optional: no HTTP client, no transport', async () => {
  const folder = new URL('../src/', import.meta.url)
  const files = (await readdir(folder)).filter((file) => file.endsWith('.ts'))
  expect(files).toContain('index.ts')
  for (const file of files)
    expect(await readFile(new URL(file, folder), 'utf8')).not.toMatch(
      /from '.*(axios|microservices|websockets|graphql).*'/,
    )
})

describe('names', () => {
  test('are OAuth clients: each is injected by its own', async () => {
    @Injectable()
    class Both {
      constructor(
        private readonly zoho: ZohoAuth,
        @InjectZohoAuth('partner') private readonly partner: ZohoAuth,
      ) {}
      tokens = () => Promise.all([this.zoho.getAccessToken(), this.partner.getAccessToken()])
    }
    const module = await compile(
      [
        ZohoAuthModule.forRoot({ auth: createFakeZohoAuth({ token: 'mine' }) }),
        ZohoAuthModule.forRootAsync({
          name: 'partner',
          useFactory: () => ({ auth: createFakeZohoAuth({ token: 'theirs' }) }),
        }),
      ],
      [Both as never],
    )
    expect(await module.get(Both).tokens()).toEqual(['mine', 'theirs'])
  })

  test.each([
    { name: undefined, which: 'without a name' },
    { name: 'partner', which: 'called "partner"' },
  ])('two roots $which are an error that names the fix', async ({ name, which }) => {
    const root = () => ZohoAuthModule.forRoot({ name, auth: createFakeZohoAuth() })
    @Module({ imports: [root()] })
    class Feature {}
    await expect(compile([root(), Feature], [])).rejects.toMatchObject({
      code: 'ERR_ZOHO_CONFIG',
      message: expect.stringMatching(`2 roots of ZohoAuthModule ${which}.*forRoot\\(\\{ name: 'partner'`),
    })
  })

  test('one root that two modules import is one root', async () => {
    const root = ZohoAuthModule.forRoot({ auth: createFakeZohoAuth() })
    @Module({ imports: [root] })
    class Feature {}
    expect(await (await compile([root, Feature])).get(Candidates).token()).toBe('test-token')
  })
})

describe.each(PLATFORMS)('the shutdown on $platform', ({ adapter }) => {
  test('lets a request finish that waits for its token, then closes the engine', async () => {
    const emulator = await emulated()
    const { fetch, held, release } = heldFetch()
    const { app, url } = await start(
      {
        imports: [ZohoAuthModule.forRoot({ ...engineOptions(emulator), fetch })],
        controllers: [Api],
        providers: [Candidates],
      },
      { adapter },
    )
    const zoho = app.get(ZohoAuth)
    // Without keep-alive, for which Fastify would wait.
    const answer = new Promise((resolve, reject) => {
      request(`${url}/candidates`, { agent: false }, (response) => {
        json(response).then((body) => resolve({ status: response.statusCode, body }), reject)
      })
        .on('error', reject)
        .end()
    })
    await held()
    const closed = app.close()
    await until(() => !app.getHttpServer().listening, 'the server takes nothing new')
    release()
    await closed
    expect(await answer).toMatchObject({ status: 200, body: { data: [{}, {}] } })
    await expect(zoho.getToken()).rejects.toThrow('closed')
  })
})

describe('the shutdown', () => {
  test('leaves no timer and no server behind', async () => {
    const emulator = await emulated()
    const held = () => process.getActiveResourcesInfo().filter((name) => /Timeout|Server/.test(name)).length
    const before = held()
    const { app, get } = await start({
      imports: [ZohoAuthModule.forRoot(engineOptions(emulator))],
      controllers: [Api],
      providers: [Candidates],
    })
    expect((await get('/candidates')).status).toBe(200)
    await app.close()
    // Fewer, if a timer of an earlier test ended meanwhile; a socket of the request may take a moment to end.
    for (let look = 0; look < MAX_LOOKS && held() > before; look++) await setImmediately()
    expect(held()).toBeLessThanOrEqual(before)
  })

  test('closes the shared engine with the last application that uses it; others get a new one', async () => {
    const emulator = await emulated()
    setEnv(emulator.env())
    const [first, second] = [
      await compile([ZohoAuthModule.forRoot()]),
      await compile([ZohoAuthModule.forRoot()]),
    ]
    const shared = defaultZohoAuth()
    await first.close()
    await shared.getToken()
    await second.close()
    expect(defaultZohoAuth()).not.toBe(shared)
    await defaultZohoAuth().getToken()
    await defaultZohoAuth().close()
  })

  test('leaves the shared engine to whoever used it before', async () => {
    const emulator = await emulated()
    setEnv(emulator.env())
    const shared = defaultZohoAuth()
    afterwards(() => shared.close())
    await (await compile([ZohoAuthModule.forRoot()])).close()
    expect(defaultZohoAuth()).toBe(shared)
    await shared.getToken()
  })

  test('leaves a store open that the application has opened', async () => {
    const emulator = await emulated()
    let closed = 0
    const close = async () => {
      closed += 1
    }
    const tokens = Object.assign(memoryTokenStore(), { close })
    const module = await compile([ZohoAuthModule.forRoot({ ...engineOptions(emulator), tokens })])
    await module.get(Candidates).token()
    await module.close()
    expect(closed).toBe(0)
  })
})

describe('an application’s own tests', () => {
  test('need one module, and neither variables nor sockets', async () => {
    @Module({ imports: [ZohoAuthModule.forRoot()], controllers: [Api], providers: [Candidates] })
    class AppModule {}
    const module = await Test.createTestingModule({ imports: [AppModule, ZohoAuthTestingModule] }).compile()
    expect(await module.get(Candidates).token()).toBe('test-token')
    expect((module.get(ZohoAuth) as FakeZohoAuth).asked).toEqual(['default'])
  })

  test.each(PLATFORMS)('answer requests on $platform from a fake', async ({ adapter }) => {
    const fetch = (url: URL, { connection }: { connection: string }) => Response.json({ url, connection })
    const { get } = await start(
      {
        imports: [
          ZohoAuthModule.forRoot({ connection: () => 'acme' }),
          ZohoAuthTestingModule.forRoot({ fetch }),
        ],
        controllers: [Api],
        providers: [Candidates],
      },
      { adapter },
    )
    expect((await get('/candidates')).body).toMatchObject({
      url: 'https://recruit.zoho.test/recruit/v2/Candidates',
    })
    expect((await get('/connection')).body).toBe('acme')
  })

  test('can go without ZohoAuthModule, with names', async () => {
    const module = await compile([ZohoAuthTestingModule.forRoot({ token: 'mine', names: ['partner'] })])
    expect(await module.get(Candidates).token()).toBe('mine')
    expect(await module.get<ZohoAuth>(getZohoAuthToken('partner')).getAccessToken()).toBe('mine')
  })

  test('can override a provider or a module', async () => {
    const root = ZohoAuthModule.forRoot()
    const app = { imports: [root], providers: [Candidates] }
    const byProvider = await Test.createTestingModule(app)
      .overrideProvider(ZohoAuth)
      .useValue(createFakeZohoAuth({ token: 'mine' }))
      .compile()
    expect(await byProvider.get(Candidates).token()).toBe('mine')
    const byModule = await Test.createTestingModule(app)
      .overrideModule(root)
      .useModule(ZohoAuthTestingModule)
      .compile()
    expect(await byModule.get(Candidates).token()).toBe('test-token')
  })
})
