import 'reflect-metadata'
import { describe, expect, test } from '@jest/globals'
import {
  type ArgumentMetadata,
  type CallHandler,
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  type INestApplication,
  Inject,
  Injectable,
  type MiddlewareConsumer,
  Module,
  type NestInterceptor,
  Param,
  type PipeTransform,
  Post,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common'
import {
  InjectZohoAuth,
  ZohoAuth,
  ZohoAuthExceptionFilter,
  ZohoAuthModule,
  ZohoConnection,
} from '@zoho-auth/nestjs'
import { mergeMap } from 'rxjs'
import { whole } from '../../../checks/support/form.mjs'
import { emulated, engineOptions, PLATFORMS, start, tenants } from './support.js'

type WithOrg = { headers: Record<string, string | undefined>; org?: string }

/** Whose token a call gets: the user that the emulator saw. */
async function userOf(zoho: ZohoAuth): Promise<string> {
  const answer = await zoho.fetch('/recruit/v2/Candidates', { product: 'recruit' })
  return ((await answer.json()) as { echo: { user: string } }).echo.user
}

@Injectable()
class Candidates {
  constructor(private readonly zoho: ZohoAuth) {}

  async owner(): Promise<string> {
    await new Promise((resolve) => setImmediate(resolve))
    return userOf(this.zoho)
  }
}

/** Signs the user in, as passport would: what `connection` reads is not there before. */
@Injectable()
class SignIn implements CanActivate {
  constructor(@Inject(ZohoAuth) private readonly zoho: ZohoAuth) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<WithOrg & { seen?: string[] }>()
    await new Promise((resolve) => setTimeout(resolve, 1))
    if (request.headers['x-org'] !== undefined) request.org = request.headers['x-org']
    request.seen = [`guard ${await userOf(this.zoho)}`]
    return true
  }
}

@Injectable()
class Around implements NestInterceptor {
  constructor(@Inject(ZohoAuth) private readonly zoho: ZohoAuth) {}

  async intercept(context: ExecutionContext, next: CallHandler) {
    const { seen } = context.switchToHttp().getRequest<{ seen: string[] }>()
    seen.push(`interceptor ${await userOf(this.zoho)}`)
    return next
      .handle()
      .pipe(mergeMap(async (value) => [...seen, ...value, `afterwards ${await userOf(this.zoho)}`]))
  }
}

@Injectable()
class OwnerPipe implements PipeTransform {
  constructor(@Inject(ZohoAuth) private readonly zoho: ZohoAuth) {}

  async transform(_value: unknown, _metadata: ArgumentMetadata): Promise<string> {
    return `pipe ${await userOf(this.zoho)}`
  }
}

@Controller()
class Everywhere {
  constructor(
    private readonly zoho: ZohoAuth,
    private readonly candidates: Candidates,
  ) {}

  @Post('everywhere/:id')
  @UseGuards(SignIn)
  @UseInterceptors(Around)
  async everywhere(@Param('id', OwnerPipe) pipe: string, @ZohoConnection() id: string): Promise<string[]> {
    return [
      pipe,
      `parameter ${id}`,
      `handler ${await userOf(this.zoho)}`,
      `service ${await this.candidates.owner()}`,
    ]
  }

  @Get('plain')
  plain(): string {
    return 'plain'
  }

  @Get('owner')
  owner(): Promise<string> {
    return this.candidates.owner()
  }

  @Get('connection')
  connection(@ZohoConnection() id: string): { id: string } {
    return { id }
  }

  @Get('both')
  async both(@ZohoConnection() id: string): Promise<{ id: string; owner: string }> {
    return { id, owner: await this.candidates.owner() }
  }
}

const APP = { controllers: [Everywhere], providers: [Candidates, SignIn, Around, OwnerPipe] }

/** Node lets 511 connections wait: one more is reset if the machine is too busy to take them. */
const AT_ONCE = 250

describe.each(PLATFORMS)('a request on $platform', ({ adapter }) => {
  test('is one scope for its guard, interceptor, pipe, parameter, handler and service', async () => {
    const emulator = await emulated()
    const { options } = tenants(emulator, 'acme')
    let asked = 0
    const connection = async ({ org }: WithOrg) => {
      asked += 1
      return org
    }
    const { url } = await start(
      { imports: [ZohoAuthModule.forRoot({ ...options, connection })], ...APP },
      { adapter },
    )
    const response = await fetch(`${url}/everywhere/7`, {
      method: 'POST',
      headers: { 'x-org': 'acme', 'content-type': 'application/json' },
      body: JSON.stringify({ a: 'body that has to be read' }),
    })
    expect(await response.json()).toEqual([
      'guard acme',
      'interceptor acme',
      'pipe acme',
      'parameter acme',
      'handler acme',
      'service acme',
      'afterwards acme',
    ])
    expect(asked).toBe(1)
    expect(emulator.counters.tokenRequests).toBe(1)
  })

  test(`never mixes two tenants, in ${whole(1_000)} interleaved requests`, async () => {
    const emulator = await emulated()
    const { options } = tenants(emulator, 'acme', 'globex')
    const connection = async ({ headers }: WithOrg) => {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 3))
      return headers['x-org']
    }
    const { get } = await start(
      { imports: [ZohoAuthModule.forRoot({ ...options, connection })], ...APP },
      { adapter },
    )
    const orgs = Array.from({ length: whole(1_000) }, (_, index) => (index % 2 === 0 ? 'acme' : 'globex'))
    const answers: { body: unknown }[] = []
    for (let first = 0; first < orgs.length; first += AT_ONCE) {
      const some = orgs.slice(first, first + AT_ONCE)
      answers.push(...(await Promise.all(some.map((org) => get('/both', { 'x-org': org })))))
    }
    expect(answers.map(({ body }) => body)).toEqual(orgs.map((org) => ({ id: org, owner: org })))
    expect(emulator.counters.tokenRequests).toBe(2)
  })

  test('that does not use Zoho is never asked whose it is', async () => {
    const emulator = await emulated()
    const { options } = tenants(emulator)
    const connection = () => {
      throw new Error('asked')
    }
    const { get } = await start(
      { imports: [ZohoAuthModule.forRoot({ ...options, connection })], ...APP },
      { adapter },
    )
    expect(await get('/plain')).toMatchObject({ status: 200, body: 'plain' })
    expect(emulator.counters.tokenRequests).toBe(0)
  })

  test('may ask inside `connection` for a token of a connection it names, but not for its own', async () => {
    const emulator = await emulated()
    const { options } = tenants(emulator, 'acme', 'directory')
    const auth = (): ZohoAuth => running.app.get(ZohoAuth)
    const running = await start(
      {
        imports: [
          ZohoAuthModule.forRoot({
            ...options,
            async connection({ headers }: WithOrg) {
              await auth().getToken({ connection: 'directory' })
              if (headers['x-circle']) await auth().getToken()
              return 'acme'
            },
          }),
        ],
        ...APP,
      },
      { adapter, prepare: (app) => app.useGlobalFilters(new ZohoAuthExceptionFilter()) },
    )
    expect(await running.get('/both')).toMatchObject({ body: { id: 'acme', owner: 'acme' } })
    expect(await running.get('/both', { 'x-circle': '1' })).toMatchObject({
      status: 409,
      body: { code: 'ERR_ZOHO_NO_CONNECTION' },
    })
  })

  test('has the only configured connection where there is no `connection` option', async () => {
    const emulator = await emulated()
    const { get } = await start(
      { imports: [ZohoAuthModule.forRoot(engineOptions(emulator))], ...APP },
      { adapter },
    )
    expect(await get('/both')).toMatchObject({ body: { id: 'default', owner: 'ada' } })
  })

  test('has no scope with `ambient: false`, and a connection to name all the same', async () => {
    const emulator = await emulated()
    const { options } = tenants(emulator, 'acme')
    const root = ZohoAuthModule.forRoot({ ...options, ambient: false, connection: () => 'acme' })
    const prepare = (app: INestApplication) => app.useGlobalFilters(new ZohoAuthExceptionFilter())
    const { get } = await start({ imports: [root], ...APP }, { adapter, prepare })
    expect((await get('/connection')).body).toEqual({ id: 'acme' })
    expect(await get('/both')).toMatchObject({ status: 409, body: { code: 'ERR_ZOHO_NO_CONNECTION' } })
  })

  test('can use two OAuth clients, each with a scope of its own', async () => {
    const [mine, partners] = [await emulated(), await emulated()]
    @Controller()
    class Two {
      constructor(
        private readonly zoho: ZohoAuth,
        @InjectZohoAuth('partner') private readonly partner: ZohoAuth,
      ) {}

      @Get('two')
      async two(@ZohoConnection() id: string, @ZohoConnection('partner') other: string): Promise<string[]> {
        return [id, await userOf(this.zoho), other, await userOf(this.partner)]
      }
    }
    const { get } = await start(
      {
        imports: [
          ZohoAuthModule.forRoot({ ...tenants(mine, 'acme').options, connection: () => 'acme' }),
          ZohoAuthModule.forRoot({
            name: 'partner',
            ...tenants(partners, 'reseller').options,
            connection: async () => 'reseller',
          }),
        ],
        controllers: [Two],
      },
      { adapter },
    )
    expect((await get('/two')).body).toEqual(['acme', 'acme', 'reseller', 'reseller'])
  })

  test('whose token Zoho has forgotten goes through all the same, with one refresh for 100', async () => {
    const emulator = await emulated()
    const { get } = await start(
      { imports: [ZohoAuthModule.forRoot(engineOptions(emulator))], ...APP },
      { adapter },
    )
    expect((await get('/owner')).status).toBe(200)
    emulator.killTokens()
    const answers = await Promise.all(Array.from({ length: 100 }, () => get('/owner')))
    expect(new Set(answers.map(({ status, body }) => [status, body].join(' ')))).toEqual(new Set(['200 ada']))
    expect(emulator.counters.tokenRequests).toBe(2)
  })
})

describe.each(PLATFORMS)('Nest’s middleware on $platform', ({ platform, adapter }) => {
  test('runs inside the scope on Express, before it on Fastify', async () => {
    const emulator = await emulated()
    @Module({})
    class Logs {
      configure(consumer: MiddlewareConsumer): void {
        consumer
          .apply(async (req: { headers: object }, _res: unknown, next: () => void) => {
            const zoho = running.app.get(ZohoAuth)
            const code = await zoho.getToken().then(
              () => 'a token',
              ({ code }) => code,
            )
            Object.assign(req.headers, { seen: code })
            next()
          })
          .forRoutes('{*path}')
      }
    }
    @Controller()
    class Seen {
      @Get('seen')
      seen(@ZohoConnection() _id: string): string {
        return 'seen'
      }
    }
    const { options } = tenants(emulator, 'acme')
    const running = await start(
      {
        imports: [Logs, ZohoAuthModule.forRoot({ ...options, connection: () => 'acme' })],
        controllers: [Seen],
      },
      { adapter },
    )
    expect((await running.get('/seen')).status).toBe(200)
    expect(emulator.counters.tokensIssued).toBe(platform === 'Express' ? 1 : 0)
  })
})
