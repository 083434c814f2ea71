import 'reflect-metadata'
import { once } from 'node:events'
import { describe, expect, test } from '@jest/globals'
import {
  type CallHandler,
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  type INestApplication,
  type INestMicroservice,
  Injectable,
  type ModuleMetadata,
  type NestInterceptor,
  Param,
  UseFilters,
  UseGuards,
} from '@nestjs/common'
import { APP_INTERCEPTOR } from '@nestjs/core'
import {
  AbstractGraphQLDriver,
  Args,
  type GqlModuleOptions,
  GraphQLModule,
  Query,
  Resolver,
} from '@nestjs/graphql'
import {
  type ClientProxy,
  ClientProxyFactory,
  EventPattern,
  MessagePattern,
  type MicroserviceOptions,
  Payload,
  Transport,
} from '@nestjs/microservices'
import { IoAdapter } from '@nestjs/platform-socket.io'
import { WsAdapter } from '@nestjs/platform-ws'
import { Test } from '@nestjs/testing'
import { MessageBody, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets'
import {
  ZohoAuth,
  ZohoAuthError,
  type ZohoAuthErrorCode,
  ZohoAuthExceptionFilter,
  ZohoAuthModule,
  ZohoConnection,
} from '@zoho-auth/nestjs'
import { createFakeZohoAuth } from '@zoho-auth/nestjs/testing'
import { graphql as execute, type GraphQLSchema } from 'graphql'
import { firstValueFrom, from, lastValueFrom, type Observable, throwError } from 'rxjs'
import { io } from 'socket.io-client'
import { WebSocket } from 'ws'
import { afterwards, emulated, engineOptions, Logged, PLATFORMS, start, tenants } from './support.js'

/** Fails as the message says, with what no stranger may learn. */
function failed(code: ZohoAuthErrorCode): ZohoAuthError {
  return new ZohoAuthError(code, {
    connection: 'the-connection',
    cause: new Error('the-cause'),
    action: 'the-action',
    ...(code === 'ERR_ZOHO_THROTTLED' ? { retryAfterMs: 1_500 } : {}),
  })
}

const FAILURES = [
  {
    code: 'ERR_ZOHO_CONSENT_REQUIRED',
    told: { code: 'ERR_ZOHO_CONSENT_REQUIRED', retryable: false },
    message: 'Zoho has to be connected again',
    statusCode: 409,
  },
  {
    code: 'ERR_ZOHO_THROTTLED',
    told: { code: 'ERR_ZOHO_THROTTLED', retryable: true, retryAfterMs: 1_500 },
    message: 'Zoho limits how many tokens may be made; try again later',
    statusCode: 503,
  },
  {
    code: 'ERR_ZOHO_HOST_DENIED',
    told: { retryable: false },
    message: 'Internal Server Error',
    statusCode: 500,
  },
] satisfies { code: ZohoAuthErrorCode; told: object; message: string; statusCode: number }[]

/** The tenant of a caller, as an application's own sign-in of messages would leave it where no sender can. */
@Injectable()
class SignIn implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const caller =
      context.getType() === 'rpc' ? context.switchToRpc().getContext() : context.switchToWs().getClient()
    caller.user = { org: 'acme' }
    return true
  }
}

@Injectable()
class AsGlobex implements NestInterceptor {
  constructor(private readonly zoho: ZohoAuth) {}

  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return from(this.zoho.withConnection('globex', () => lastValueFrom(next.handle())))
  }
}

const ofUser = ({ user }: { user?: { org?: string } }) => user?.org

@Controller()
class Messages {
  constructor(private readonly zoho: ZohoAuth) {}

  @MessagePattern('fails')
  fails(@Payload() code: ZohoAuthErrorCode): never {
    throw failed(code)
  }

  @MessagePattern('fails late')
  failsLate(@Payload() code: ZohoAuthErrorCode): Observable<never> {
    return throwError(() => failed(code))
  }

  @MessagePattern('candidates')
  async candidates(): Promise<number> {
    return (await this.zoho.fetch('/recruit/v2/Candidates', { product: 'recruit' })).status
  }

  @MessagePattern('connection')
  connection(@Payload() _message: unknown, @ZohoConnection() id: string): string {
    return id
  }

  @MessagePattern('connection of a user')
  @UseGuards(SignIn)
  connectionOfUser(@ZohoConnection() id: string): string {
    return id
  }

  @EventPattern('happens')
  happens(@Payload() _message: unknown): void {
    throw failed('ERR_ZOHO_REVOKED')
  }
}

/** A microservice on loopback, for as long as the test, and its caller. */
async function microservice(metadata: ModuleMetadata): Promise<{ client: ClientProxy; logged: Logged }> {
  const logged = new Logged()
  const module = await Test.createTestingModule({ controllers: [Messages], ...metadata })
    .setLogger(logged)
    .compile()
  const app = module.createNestMicroservice<MicroserviceOptions>(TCP)
  app.useLogger(logged)
  app.useGlobalFilters(new ZohoAuthExceptionFilter())
  await app.listen()
  afterwards(() => app.close())
  return { client: caller(app), logged }
}

const TCP = { transport: Transport.TCP, options: { host: '127.0.0.1', port: 0 } } as const

function caller(app: INestMicroservice): ClientProxy {
  const server = app.unwrap<{ address(): { port: number } }>()
  const client = ClientProxyFactory.create({
    transport: Transport.TCP,
    options: { host: '127.0.0.1', port: server.address().port },
  })
  afterwards(() => client.close())
  return client
}

/** What a call fails with. */
function failure(
  client: ClientProxy,
  pattern: string,
  message: unknown = '',
): Promise<Record<string, unknown>> {
  return firstValueFrom(client.send(pattern, message)).then(
    (answer) => {
      throw new Error(`answered ${answer}`)
    },
    (error) => error,
  )
}

const fake = () => ZohoAuthModule.forRoot({ auth: createFakeZohoAuth() })

describe('the filter in a microservice', () => {
  // A caller never got an answer: the server subscribes to what a filter returns, and this one threw.
  test.each(FAILURES.flatMap((one) => ['fails', 'fails late'].map((pattern) => ({ ...one, pattern }))))(
    'tells the caller of $pattern what to do about $code',
    async ({ code, pattern, told, message, statusCode }) => {
      const { client, logged } = await microservice({ imports: [fake()] })
      expect(await failure(client, pattern, code)).toEqual({ status: 'error', message, statusCode, ...told })
      expect(logged.text).toContain(code)
    },
  )

  test('tells the caller of a throttle by Zoho', async () => {
    const emulator = await emulated()
    const { client } = await microservice({ imports: [ZohoAuthModule.forRoot(engineOptions(emulator))] })
    emulator.throttle()
    expect(await failure(client, 'candidates')).toMatchObject({
      status: 'error',
      code: 'ERR_ZOHO_THROTTLED',
      retryable: true,
      retryAfterMs: expect.any(Number),
    })
  })

  // Nobody waits for an event: its error would be lost without a line in the log.
  test('logs the error of an event, and lets the next message through', async () => {
    const { client, logged } = await microservice({ imports: [fake()] })
    await firstValueFrom(client.emit('happens', ''), { defaultValue: undefined })
    expect(await failure(client, 'fails', 'ERR_ZOHO_THROTTLED')).toMatchObject({ code: 'ERR_ZOHO_THROTTLED' })
    expect(logged.text).toContain('ERR_ZOHO_REVOKED')
  })

  test('answers in a hybrid application that inherits it, and an HTTP handler hands the answer on', async () => {
    let client: ClientProxy | undefined
    @Controller()
    class Front {
      @Get('front/:code')
      front(@Param('code') code: string): Observable<unknown> {
        return (client as ClientProxy).send('fails', code)
      }
    }
    let part: INestMicroservice | undefined
    const { get, app } = await start(
      { imports: [fake()], controllers: [Messages, Front] },
      {
        prepare: (app) => {
          app.useGlobalFilters(new ZohoAuthExceptionFilter())
          part = app.connectMicroservice<MicroserviceOptions>(TCP, { inheritAppConfig: true })
        },
      },
    )
    await app.startAllMicroservices()
    client = caller(part as INestMicroservice)
    expect(await failure(client, 'fails', 'ERR_ZOHO_REVOKED')).toMatchObject({ code: 'ERR_ZOHO_REVOKED' })
    expect(await get('/front/ERR_ZOHO_REVOKED')).toMatchObject({ status: 409 })
  })
})

@WebSocketGateway()
@UseFilters(ZohoAuthExceptionFilter)
class Gateway {
  @SubscribeMessage('fails')
  fails(@MessageBody() { code }: { code: ZohoAuthErrorCode }): never {
    throw failed(code)
  }

  @SubscribeMessage('fails late')
  failsLate(@MessageBody() { code }: { code: ZohoAuthErrorCode }): Observable<never> {
    return throwError(() => failed(code))
  }

  @SubscribeMessage('connection')
  connection(@ZohoConnection() id: string): object {
    return { event: 'connection', data: id }
  }

  @SubscribeMessage('connection of a user')
  @UseGuards(SignIn)
  connectionOfUser(@ZohoConnection() id: string): object {
    return { event: 'connection', data: id }
  }
}

/** A client of a gateway: sends, and waits for the next event it is sent. */
interface Client {
  readonly ask: (event: string, data: unknown) => Promise<{ event: string; data: unknown }>
}

interface Sockets {
  readonly library: string
  readonly adapter: (app: INestApplication) => WsAdapter | IoAdapter
  readonly connect: (url: string) => Promise<Client>
}

const SOCKETS: Sockets[] = [
  {
    library: 'ws',
    adapter: (app) => new WsAdapter(app),
    connect: async (url) => {
      const socket = new WebSocket(url.replace('http', 'ws'))
      afterwards(() => socket.terminate())
      await once(socket, 'open')
      return {
        ask: async (event, data) => {
          const answered = once(socket, 'message')
          socket.send(JSON.stringify({ event, data }))
          return JSON.parse(String((await answered)[0]))
        },
      }
    },
  },
  {
    library: 'socket.io',
    adapter: (app) => new IoAdapter(app),
    connect: async (url) => {
      const socket = io(url, { transports: ['websocket'] })
      afterwards(() => socket.disconnect())
      return {
        ask: (event, data) =>
          new Promise((resolve) => {
            socket.onAny((event, data) => resolve({ event, data }))
            socket.emit(event, data)
          }),
      }
    },
  },
]

async function gateway({ adapter, connect }: Sockets, imports = [fake()]) {
  const running = await start(
    { imports, providers: [Gateway] },
    { prepare: (app) => app.useWebSocketAdapter(adapter(app)) },
  )
  return { client: await connect(running.url), logged: running.logged }
}

describe.each(SOCKETS)('the filter in a gateway on $library', (sockets) => {
  // One error ended the process: what a filter throws in a gateway nobody catches.
  test.each(FAILURES.flatMap((one) => ['fails', 'fails late'].map((pattern) => ({ ...one, pattern }))))(
    'tells the client that $pattern what to do about $code, and goes on',
    async ({ code, pattern, told, message, statusCode }) => {
      const { client, logged } = await gateway(sockets)
      for (const n of [1, 2])
        expect(await client.ask(pattern, { code, n })).toEqual({
          event: 'exception',
          data: { status: 'error', message, statusCode, ...told, cause: { pattern, data: { code, n } } },
        })
      expect(logged.text.includes(code)).toBe(statusCode === 500)
    },
  )
})

@Resolver()
class Queries {
  @Query(() => String)
  fails(@Args('code') code: string): string {
    throw failed(code as ZohoAuthErrorCode)
  }

  @Query(() => String)
  connection(@ZohoConnection() id: string): string {
    return id
  }
}

/** GraphQL over HTTP on either platform, with what Nest's drivers for Apollo and for Mercurius hand to resolvers. */
class Driver extends AbstractGraphQLDriver {
  readonly instance = undefined

  async start({ path, schema }: GqlModuleOptions): Promise<void> {
    const { httpAdapter } = this.httpAdapterHost
    httpAdapter.post(path as string, async (req: { body: { query: string } }, res: unknown) => {
      const answer = await execute({
        schema: schema as GraphQLSchema,
        source: req.body.query,
        contextValue: { req },
      })
      httpAdapter.setHeader(res, 'content-type', 'application/json')
      httpAdapter.reply(res, answer, 200)
    })
  }

  async stop(): Promise<void> {}
}

/** A GraphQL application on loopback, and how to ask it. */
async function graphql({ adapter }: (typeof PLATFORMS)[number], imports = [fake()]) {
  const { url, logged } = await start(
    {
      imports: [...imports, GraphQLModule.forRoot({ driver: Driver, autoSchemaFile: true })],
      providers: [Queries],
    },
    {
      adapter,
      prepare: (app) => app.useGlobalFilters(new ZohoAuthExceptionFilter()),
    },
  )
  const ask = async (query: string, headers = {}) => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query }),
    })
    return (await response.json()) as {
      data: Record<string, unknown> | null
      errors?: { message: string; extensions?: object }[]
    }
  }
  return { ask, logged }
}

describe.each(PLATFORMS)('the filter under GraphQL on $platform', (platform) => {
  // The error reached the caller as a message alone.
  test.each(FAILURES)(
    'says in extensions what to do about $code',
    async ({ code, told, message, statusCode }) => {
      const { ask, logged } = await graphql(platform)
      const answer = await ask(`{ fails(code: "${code}") }`)
      expect(answer.errors).toMatchObject([{ message, extensions: told }])
      expect(JSON.stringify(answer)).not.toMatch(/the-cause|the-action|the-connection|host/i)
      expect(logged.text.includes(code)).toBe(statusCode === 500)
    },
  )
})

describe('@ZohoConnection()', () => {
  // Outside HTTP it was ERR_ZOHO_CONFIG: no middleware sees a message.
  test('in a microservice is the only connection, else that of the context, and never one that the message names', async () => {
    const emulator = await emulated()
    const alone = await microservice({ imports: [ZohoAuthModule.forRoot(engineOptions(emulator))] })
    expect(await firstValueFrom(alone.client.send('connection', ''))).toBe('default')
    const { options } = tenants(emulator, 'acme')
    const { client } = await microservice({
      imports: [ZohoAuthModule.forRoot({ ...options, connection: ofUser })],
    })
    expect(await firstValueFrom(client.send('connection of a user', ''))).toBe('acme')
    expect(await failure(client, 'connection', { user: { org: 'acme' } })).toMatchObject({
      code: 'ERR_ZOHO_NO_CONNECTION',
    })
  })

  test('in a microservice is that of the surrounding withConnection', async () => {
    const { options } = tenants(await emulated(), 'acme', 'globex')
    const { client } = await microservice({
      imports: [ZohoAuthModule.forRoot({ ...options, connection: () => 'acme' })],
      providers: [{ provide: APP_INTERCEPTOR, useClass: AsGlobex }],
    })
    expect(await firstValueFrom(client.send('connection', ''))).toBe('globex')
  })

  test('in a microservice without a root says so', async () => {
    const { client, logged } = await microservice({
      providers: [{ provide: ZohoAuth, useValue: createFakeZohoAuth() }],
    })
    expect(await failure(client, 'connection')).toMatchObject({ statusCode: 500 })
    expect(logged.text).toContain('found no ZohoAuthModule "default"')
  })

  test.each(SOCKETS)('in a gateway on $library is asked about the client', async (sockets) => {
    const { options } = tenants(await emulated(), 'acme')
    const { client } = await gateway(sockets, [ZohoAuthModule.forRoot({ ...options, connection: ofUser })])
    expect(await client.ask('connection', { user: { org: 'acme' } })).toMatchObject({
      event: 'exception',
      data: { code: 'ERR_ZOHO_NO_CONNECTION' },
    })
    expect(await client.ask('connection of a user', {})).toEqual({ event: 'connection', data: 'acme' })
  })

  test.each(PLATFORMS)('under GraphQL on $platform is that of the request', async (platform) => {
    const { options } = tenants(await emulated(), 'acme')
    const connection = (req: { headers: Record<string, string> }) => req.headers['x-org']
    const { ask } = await graphql(platform, [ZohoAuthModule.forRoot({ ...options, connection })])
    expect(await ask('{ connection }', { 'x-org': 'acme' })).toMatchObject({ data: { connection: 'acme' } })
    expect(await ask('{ connection }')).toMatchObject({
      errors: [{ extensions: { code: 'ERR_ZOHO_NO_CONNECTION', retryable: false } }],
    })
  })
})
