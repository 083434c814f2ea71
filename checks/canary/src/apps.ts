import 'reflect-metadata'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { All, Controller, Inject, Module, Req, Res } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { HealthCheckService, TerminusModule } from '@nestjs/terminus'
import type { ZohoAuth } from '@zoho-auth/core'
import { zohoAuth, zohoErrorHandler, zohoProxy } from '@zoho-auth/express'
import { ZohoAuthExceptionFilter, ZohoAuthModule } from '@zoho-auth/nestjs'
import { ZohoHttpModule, ZohoHttpService } from '@zoho-auth/nestjs/axios'
import { ZohoAuthHealthIndicator } from '@zoho-auth/nestjs/terminus'
import express from 'express'
import { type Client, told } from './clients.js'
import type { EngineName } from './situations.js'
import type { World } from './world.js'

const CANDIDATES = '/recruit/v2/Candidates'

/** What an app answered, and what its caller and its log see of it. */
interface Answer {
  readonly status: number
  readonly headers: string
  readonly body: string
  /** What the app knows of it. */
  readonly told: string | null
}

/** Programs that are asked over HTTP. A reader adds one by adding a line. */
export async function appsOf(world: World): Promise<readonly Client[]> {
  return [
    await expressApp(world, 'Express in production', 'production', CANDIDATES),
    await expressApp(world, 'Express in development', 'development', CANDIDATES),
    await expressApp(world, 'zohoProxy', 'production', `/proxy${CANDIDATES}`),
    ...(await nestApps(world)),
  ]
}

/** A client of an app. The app is told by headers for whom, and through which engine. */
function clientOf(name: string, url: string, close: () => unknown, engine?: EngineName): Client {
  return {
    name,
    kind: 'app',
    ...(engine === undefined ? {} : { engine }),
    async send({ tenant, request, signal }): Promise<Answer> {
      const headers = { 'x-engine': tenant.engine, 'x-tenant': request.connection ?? tenant.id }
      const post = { method: 'POST', body: '{"a":1}' }
      const answer = await fetch(url, { signal, headers, ...(request.body === undefined ? {} : post) })
      const told = answer.headers.get('x-told')
      const body = await answer.text()
      return { status: answer.status, headers: JSON.stringify([...answer.headers]), body, told }
    },
    told(outcome) {
      const { status, body, told } = outcome as Answer
      return told ?? /"code":"(ERR_ZOHO_\w+)"/.exec(body)?.[1] ?? String(status)
    },
    read(scans, from, outcome, owner) {
      const { status, headers, body } = outcome as Answer
      scans.text(from, `headers of an answer of ${name}`, `${status} ${headers}`, owner)
      scans.text(from, `body of an answer of ${name}`, body, owner)
    },
    close,
  }
}

/** Lets the caller of an app know what came of its work, and the app's framework answer it. */
async function telling<T>(res: ServerResponse, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    res.setHeader('x-told', told(error))
    throw error
  }
}

/** Which engine a request is for, by its name. */
function named(world: World, { headers }: IncomingMessage): ZohoAuth {
  return world.engine(String(headers['x-engine']) as EngineName)
}

const tenantOf = ({ headers }: IncomingMessage): string => String(headers['x-tenant'])

async function expressApp(world: World, name: string, env: string, path: string): Promise<Client> {
  const app = express()
  app.set('env', env)
  app.use((req, res, next) => zohoAuth({ auth: named(world, req), connection: tenantOf })(req, res, next))
  app.use('/proxy', zohoProxy({ product: 'recruit', authorize: () => true, rewrite: () => CANDIDATES }))
  app.all(CANDIDATES, async (req, res) => {
    const { method } = req
    const body = method === 'POST' ? { body: '{"a":1}' } : {}
    world.say('req.zoho', inspect(req.zoho, { depth: 10, showHidden: true, getters: true }), tenantOf(req))
    world.say('an incoming request, inspected', inspect(req, { depth: 6, showHidden: true }), tenantOf(req))
    const answer = await telling(res, () =>
      req.zoho.fetch(CANDIDATES, { method, product: 'recruit', ...body }),
    )
    res
      .status(answer.status)
      .type('text')
      .send(await answer.text())
  })
  app.use(zohoErrorHandler())
  const server = createServer(app)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return clientOf(name, `http://127.0.0.1:${port}${path}`, () => {
    server.closeAllConnections()
    server.close()
  })
}

async function nestApps(world: World): Promise<readonly Client[]> {
  @Controller()
  class Candidates {
    constructor(
      @Inject(ZohoHttpService) private readonly http: ZohoHttpService,
      @Inject(HealthCheckService) private readonly health: HealthCheckService,
      @Inject(ZohoAuthHealthIndicator) private readonly indicator: ZohoAuthHealthIndicator,
    ) {}

    @All('candidates')
    async byFetch(
      @Req() req: IncomingMessage,
      @Res({ passthrough: true }) res: ServerResponse,
    ): Promise<string> {
      const connection = tenantOf(req)
      const answer = await telling(res, () =>
        named(world, req).fetch(CANDIDATES, { connection, product: 'recruit' }),
      )
      res.setHeader('x-told', answer.status)
      return answer.text()
    }

    @All('http')
    async byAxios(
      @Req() req: IncomingMessage,
      @Res({ passthrough: true }) res: ServerResponse,
    ): Promise<unknown> {
      const zoho = { connection: tenantOf(req), product: 'recruit' } as const
      const probe = () => this.indicator.isHealthy('zoho', zoho)
      const health = await this.health.check([probe]).catch((error: unknown) => error)
      world.say('the health indicator of Nest', shown(health), zoho.connection)
      return telling(res, async () => (await this.http.axiosRef.get<unknown>(CANDIDATES, { zoho })).data)
    }
  }

  @Module({
    imports: [
      ZohoAuthModule.forRoot({ auth: world.engine('patient') }),
      ZohoHttpModule,
      TerminusModule.forRoot({ logger: false }),
    ],
    controllers: [Candidates],
    providers: [ZohoAuthHealthIndicator],
  })
  class App {}

  const say = (...args: unknown[]): void => world.say('the log of Nest', args.map(shown).join(' '))
  const logger = { log: say, error: say, warn: say, debug: say, verbose: say }
  const app = await NestFactory.create(App, { logger })
  app.useGlobalFilters(new ZohoAuthExceptionFilter())
  await app.listen(0, '127.0.0.1')
  const url = await app.getUrl()
  return [
    clientOf('Nest', `${url}/candidates`, () => app.close()),
    clientOf('ZohoHttpModule of Nest', `${url}/http`, () => {}, 'patient'),
  ]
}

const shown = (value: unknown): string =>
  typeof value === 'string' ? value : inspect(value, { depth: 10, showHidden: true })
